package bench

import (
	"bytes"
	"encoding/binary"
)

// A mark is a supplemental enhancement message (user_data_unregistered, H.264 D.1.7) at the head of each picture: a UUID,
// then the moment of sending and the picture's number in bytes that all have their highest bit set. So a mark never holds
// what emulation prevention would change, and is found by looking for the UUID in any container that keeps pictures whole.
var markID = []byte("liveroom-bench/1")

const (
	markTimeBytes   = 10 // 7 bits each
	markNumberBytes = 5
	markBytes       = 16 + markTimeBytes + markNumberBytes
)

// mark says which picture this is and when it was sent.
type mark struct {
	sentAt int64 // Unix time in ns
	number uint32
}

// put writes the mark at the start of b, which has at least markBytes.
func (m mark) put(b []byte) {
	copy(b, markID)
	sevens(b[16:16+markTimeBytes], uint64(m.sentAt)) //nolint:gosec // a time after 1970
	sevens(b[16+markTimeBytes:markBytes], uint64(m.number))
}

func sevens(b []byte, v uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = 0x80 | byte(v&0x7f)
		v >>= 7
	}
}

// findMark returns the first mark in b and what comes after it; ok is false when there is none.
func findMark(b []byte) (m mark, rest []byte, ok bool) {
	for {
		at := bytes.Index(b, markID)
		if at < 0 || len(b)-at < markBytes {
			return mark{}, nil, false
		}
		sent, ok1 := fromSevens(b[at+16 : at+16+markTimeBytes])
		number, ok2 := fromSevens(b[at+16+markTimeBytes : at+markBytes])
		if b = b[at+16:]; ok1 && ok2 {
			return mark{int64(sent), uint32(number)}, b[markBytes-16:], true //nolint:gosec // as written by put
		}
	}
}

func fromSevens(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		if c < 0x80 {
			return 0, false
		}
		v = v<<7 | uint64(c&0x7f)
	}
	return v, true
}

// seiMessage is a NAL unit with a mark still to be put at offset markAt, and padding up to size bytes. It returns nil
// when size is less than a mark needs, or is one that no message can have.
func seiMessage(size int) (nal []byte, markAt int) {
	payload := size - 3 // NAL header, type, and the trailing bits; the length follows
	lengths := 0
	for lengths = 1; payload-lengths >= 255*lengths; lengths++ {
	}
	payload -= lengths
	if payload < markBytes || payload/255+1 != lengths {
		return nil, 0
	}
	nal = make([]byte, 0, size)
	nal = append(nal, 0x06, 5)
	nal = append(nal, bytes.Repeat([]byte{0xff}, lengths-1)...)
	nal = append(nal, byte(payload%255))
	markAt = len(nal)
	nal = append(nal, bytes.Repeat([]byte{0xa5}, payload)...)
	mark{}.put(nal[markAt:])
	return append(nal, 0x80), markAt
}

// appendUnit adds a NAL unit with its length in four bytes, as AVCC and FLV have it.
func appendUnit(b, nal []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(nal))) //nolint:gosec // bounded by Format.Validate
	return append(b, nal...)
}
