package bench

import (
	"encoding/binary"
	"math"
)

// object is an AMF0 object; its order is kept.
type object []property

type property struct {
	name  string
	value any
}

// appendAMF adds values in AMF0: float64, bool, string, object, nil.
func appendAMF(b []byte, values ...any) []byte {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 5)
		case float64:
			b = binary.BigEndian.AppendUint64(append(b, 0), math.Float64bits(v))
		case bool:
			b = append(b, 1, 0)
			if v {
				b[len(b)-1] = 1
			}
		case string:
			b = appendText(append(b, 2), v)
		case object:
			b = append(b, 3)
			for _, p := range v {
				b = appendAMF(appendText(b, p.name), p.value)
			}
			b = append(b, 0, 0, 9)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(s))) //nolint:gosec // names and addresses
	return append(b, s...)
}

// maxAMFDepth bounds objects in objects.
const maxAMFDepth = 8

// readAMF reads values up to the first that it can't read; objects become map[string]any.
func readAMF(b []byte) (values []any) {
	for len(b) > 0 {
		v, rest, ok := readValue(b, 0)
		if !ok {
			break
		}
		values, b = append(values, v), rest
	}
	return values
}

func readValue(b []byte, depth int) (v any, rest []byte, ok bool) {
	if len(b) == 0 || depth > maxAMFDepth {
		return nil, nil, false
	}
	kind := b[0]
	b = b[1:]
	switch {
	case kind == 0 && len(b) >= 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), b[8:], true
	case kind == 1 && len(b) >= 1:
		return b[0] != 0, b[1:], true
	case kind == 2:
		s, rest, ok := readText(b)
		return s, rest, ok
	case kind == 3:
		return readObject(b, depth)
	case kind == 8 && len(b) >= 4:
		return readObject(b[4:], depth)
	case kind == 5 || kind == 6:
		return nil, b, true
	}
	return nil, nil, false
}

func readText(b []byte) (s string, rest []byte, ok bool) {
	if len(b) < 2 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(b) < 2+n {
		return "", nil, false
	}
	return string(b[2 : 2+n]), b[2+n:], true
}

func readObject(b []byte, depth int) (v any, rest []byte, ok bool) {
	found := map[string]any{}
	for {
		name, after, ok := readText(b)
		if !ok {
			return nil, nil, false
		}
		if name == "" && len(after) > 0 && after[0] == 9 {
			return found, after[1:], true
		}
		if found[name], b, ok = readValue(after, depth+1); !ok {
			return nil, nil, false
		}
	}
}
