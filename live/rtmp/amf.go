package rtmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// AMF0 type markers (AMF0 specification, section 2.1).
const (
	amfNumber      = 0x00
	amfBoolean     = 0x01
	amfString      = 0x02
	amfObject      = 0x03
	amfNull        = 0x05
	amfUndefined   = 0x06
	amfECMAArray   = 0x08
	amfObjectEnd   = 0x09
	amfStrictArray = 0x0a
	amfDate        = 0x0b
	amfLongString  = 0x0c
	amfUnsupported = 0x0d
	amfXML         = 0x0f
	amfTyped       = 0x10
	amfSwitch      = 0x11 // the value that follows is AMF3
)

// What one AMF0 body may hold, its values in AMF3 included. Real commands nest two deep and hold some dozens of values; the announcement of enhanced
// RTMP nests three deep.
const (
	amfMaxDepth  = 8
	amfMaxValues = 4096
)

// errAMF is wrapped by every decoding error, so that a session can tell a peer's nonsense from a broken connection.
var errAMF = errors.New("invalid AMF")

type (
	// property is one named value of an amfProps.
	property struct {
		key   string
		value any
	}
	// amfProps is an object's properties in wire order. Typed objects decode to it too, without their class name.
	amfProps []property
	// amfMap is an ECMA array: on the wire an object with a count in front.
	amfMap []property
	// amfList is a strict array.
	amfList []any
	// amfTime is a date in milliseconds since 1970.
	amfTime float64
	// amfVoid is undefined; nil is null.
	amfVoid struct{}
)

// get returns the value of a key, nil when it is absent.
func (o amfProps) get(key string) any {
	for _, p := range o {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// text returns a string property, empty when it is absent or of another type.
func (o amfProps) text(key string) string {
	s, _ := o.get(key).(string)
	return s
}

// amfReader decodes AMF0 from a complete message. It allocates in proportion to the bytes present, never to a count
// that was merely declared.
type amfReader struct {
	rest     []byte
	values   int
	expanded int  // bytes of text in AMF3 values, as often as they are referred to
	switched bool // there was a value in AMF3
}

// decodeAMF decodes a body into its values.
func decodeAMF(body []byte) ([]any, error) {
	r := amfReader{rest: body}
	return r.all()
}

// all decodes the values that are left.
func (r *amfReader) all() ([]any, error) {
	var values []any
	for len(r.rest) > 0 {
		v, err := r.value(0)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

func amfError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errAMF, fmt.Sprintf(format, args...))
}

// take returns the next n bytes.
func (r *amfReader) take(n int) ([]byte, error) {
	if n > len(r.rest) {
		return nil, amfError("%d bytes wanted, %d left", n, len(r.rest))
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b, nil
}

// value decodes one value; depth counts the containers around it.
func (r *amfReader) value(depth int) (any, error) {
	if depth > amfMaxDepth {
		return nil, amfError("nested deeper than %d", amfMaxDepth)
	}
	if r.values++; r.values > amfMaxValues {
		return nil, amfError("more than %d values", amfMaxValues)
	}
	marker, err := r.take(1)
	if err != nil {
		return nil, err
	}
	switch marker[0] {
	case amfNumber:
		return r.number()
	case amfBoolean:
		b, err := r.take(1)
		if err != nil {
			return nil, err
		}
		return b[0] != 0, nil
	case amfString:
		return r.text16()
	case amfLongString, amfXML:
		return r.text32()
	case amfNull:
		return nil, nil
	case amfUndefined, amfUnsupported:
		return amfVoid{}, nil
	case amfDate:
		return r.date()
	case amfSwitch:
		return r.amf3(depth)
	default:
		return r.container(marker[0], depth)
	}
}

// container decodes the values that hold others.
func (r *amfReader) container(marker byte, depth int) (any, error) {
	switch marker {
	case amfObject:
		props, err := r.properties(depth, -1)
		return amfProps(props), err
	case amfTyped:
		if _, err := r.text16(); err != nil {
			return nil, err
		}
		props, err := r.properties(depth, -1)
		return amfProps(props), err
	case amfECMAArray:
		count, err := r.take(4)
		if err != nil {
			return nil, err
		}
		props, err := r.properties(depth, int64(binary.BigEndian.Uint32(count)))
		return amfMap(props), err
	case amfStrictArray:
		return r.list(depth)
	default:
		return nil, amfError("type 0x%02x", marker)
	}
}

func (r *amfReader) number() (any, error) {
	b, err := r.take(8)
	if err != nil {
		return nil, err
	}
	return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
}

func (r *amfReader) date() (any, error) {
	b, err := r.take(10) // a number and a time zone that must be ignored
	if err != nil {
		return nil, err
	}
	return amfTime(math.Float64frombits(binary.BigEndian.Uint64(b))), nil
}

func (r *amfReader) text16() (string, error) {
	n, err := r.take(2)
	if err != nil {
		return "", err
	}
	b, err := r.take(int(binary.BigEndian.Uint16(n)))
	return string(b), err
}

func (r *amfReader) text32() (any, error) {
	n, err := r.take(4)
	if err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(n)
	if uint64(size) > uint64(len(r.rest)) {
		return nil, amfError("string of %d bytes, %d left", size, len(r.rest))
	}
	b, err := r.take(int(size))
	return string(b), err
}

// properties decodes key-value pairs up to the end marker. The count of an ECMA array is only a hint (encoders write 0
// as well), but some encoders end the body after that many pairs without a marker, which is accepted.
func (r *amfReader) properties(depth int, count int64) ([]property, error) {
	var props []property
	for {
		if len(r.rest) == 0 && int64(len(props)) == count {
			return props, nil
		}
		key, err := r.text16()
		if err != nil {
			return nil, err
		}
		if key == "" && len(r.rest) > 0 && r.rest[0] == amfObjectEnd {
			r.rest = r.rest[1:]
			return props, nil
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		props = append(props, property{key, v})
	}
}

func (r *amfReader) list(depth int) (any, error) {
	b, err := r.take(4)
	if err != nil {
		return nil, err
	}
	count := binary.BigEndian.Uint32(b)
	if uint64(count) > uint64(len(r.rest)) { // a value has one byte at least
		return nil, amfError("array of %d values in %d bytes", count, len(r.rest))
	}
	var list amfList
	for range count {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
