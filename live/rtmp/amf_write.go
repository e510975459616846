package rtmp

import (
	"encoding/binary"
	"math"
)

// encodeAMF writes values one after the other. It is only given what this package itself says, so a type it does not
// know is a mistake in the program.
func encodeAMF(values ...any) []byte {
	var b []byte
	for _, v := range values {
		b = appendAMF(b, v)
	}
	return b
}

func appendAMF(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, amfNull)
	case amfVoid:
		return append(b, amfUndefined)
	case bool:
		if v {
			return append(b, amfBoolean, 1)
		}
		return append(b, amfBoolean, 0)
	case int:
		return appendAMF(b, float64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, amfNumber), math.Float64bits(v))
	case amfTime:
		b = binary.BigEndian.AppendUint64(append(b, amfDate), math.Float64bits(float64(v)))
		return append(b, 0, 0)
	case string:
		return appendAMFText(b, v)
	case amfProps:
		return appendAMFPairs(append(b, amfObject), v)
	case amfMap:
		b = binary.BigEndian.AppendUint32(append(b, amfECMAArray), uint32(len(v)))
		return appendAMFPairs(b, v)
	case amfList:
		b = binary.BigEndian.AppendUint32(append(b, amfStrictArray), uint32(len(v)))
		for _, e := range v {
			b = appendAMF(b, e)
		}
		return b
	default:
		panic("rtmp: value without an AMF0 form")
	}
}

// appendAMFText writes a string, as a long one when its length needs more than two bytes.
func appendAMFText(b []byte, s string) []byte {
	if len(s) > math.MaxUint16 {
		b = binary.BigEndian.AppendUint32(append(b, amfLongString), uint32(len(s)))
		return append(b, s...)
	}
	b = binary.BigEndian.AppendUint16(append(b, amfString), uint16(len(s)))
	return append(b, s...)
}

func appendAMFPairs(b []byte, pairs []property) []byte {
	for _, p := range pairs {
		key := p.key[:min(len(p.key), math.MaxUint16)]
		b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
		b = append(b, key...)
		b = appendAMF(b, p.value)
	}
	return append(b, 0, 0, amfObjectEnd)
}
