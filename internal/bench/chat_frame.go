package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
)

// Opcodes of WebSocket frames (RFC 6455, 5.2).
const (
	wsContinuation = 0x0
	wsText         = 0x1
	wsClose        = 0x8
	wsPing         = 0x9
	wsPong         = 0xA
)

// maxServerFrame bounds what a server may send at once.
const maxServerFrame = 16 << 20

var errServerFrame = errors.New("not a WebSocket frame of a server")

// wsFrame is one frame of a server. Its payload lies in what was read.
type wsFrame struct {
	fin     bool
	op      byte
	payload []byte
}

// parseFrame reads the frame at the head of b; n is 0 when it is not whole yet.
func parseFrame(b []byte) (f wsFrame, n int, err error) {
	if len(b) < 2 {
		return f, 0, nil
	}
	if b[0]&0x70 != 0 || b[1]&0x80 != 0 { // an extension, or masked
		return f, 0, errServerFrame
	}
	f.fin, f.op = b[0]&0x80 != 0, b[0]&0x0f
	head, length := 2, uint64(b[1])
	switch length {
	case 126:
		if head = 4; len(b) < head {
			return f, 0, nil
		}
		length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if head = 10; len(b) < head {
			return f, 0, nil
		}
		length = binary.BigEndian.Uint64(b[2:])
	}
	if length > maxServerFrame {
		return f, 0, errServerFrame
	}
	if uint64(len(b)-head) < length { //nolint:gosec // at least head
		return f, 0, nil
	}
	end := head + int(length) //nolint:gosec // at most maxServerFrame
	f.payload = b[head:end]
	return f, end, nil
}

// appendFrame adds a frame of a client. It is masked with zeros, which leaves the payload as it is.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x80|126, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(dst, 0, 0, 0, 0)
	return append(dst, payload...)
}

// A stamp stands in the text of each message: when it was sent, in 16 digits of a nanosecond's Unix time in hexadecimal.
const (
	stampHead  = "liveroom-bench~"
	stampBytes = len(stampHead) + 16
)

func appendStamp(b []byte, sentAt int64) []byte {
	b = append(b, stampHead...)
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[sentAt>>shift&0xf])
	}
	return b
}

// item is one message of a batch: its number, and when it was sent. A message that is not ours was sent at 0.
type item struct {
	seq    uint64
	sentAt int64
}

var (
	itemHead  = []byte(`{"type":"message","seq":`)
	stampMark = []byte(stampHead)
)

// appendItems adds the messages that a frame carries, a batch or the answer to a join.
func appendItems(items []item, frame []byte) []item {
	at := bytes.Index(frame, itemHead)
	for at >= 0 {
		frame = frame[at+len(itemHead):]
		if at = bytes.Index(frame, itemHead); at < 0 {
			at = len(frame)
		}
		one := item{seq: digitsOf(frame)}
		if mark := bytes.Index(frame[:at], stampMark); mark >= 0 && mark+stampBytes <= at {
			sent, err := strconv.ParseInt(string(frame[mark+len(stampHead):mark+stampBytes]), 16, 64)
			if err == nil {
				one.sentAt = sent
			}
		}
		items = append(items, one)
		if at == len(frame) {
			break
		}
	}
	return items
}

// digitsOf is the number at the head of b.
func digitsOf(b []byte) (n uint64) {
	for _, c := range b {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// numberOf is the number behind the first name in b; 0 without one.
func numberOf(b []byte, name string) uint64 {
	at := bytes.Index(b, []byte(name))
	if at < 0 {
		return 0
	}
	return digitsOf(b[at+len(name):])
}

// textOf is the text behind the first name in b, up to the next quotation mark.
func textOf(b []byte, name string) string {
	at := bytes.Index(b, []byte(name))
	if at < 0 {
		return ""
	}
	b = b[at+len(name):]
	if end := bytes.IndexByte(b, '"'); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// memo remembers the batches it has read: all members of a room get the same bytes, and comparing them is cheaper than
// reading them again.
type memo struct {
	batches [remembered]struct {
		raw   []byte
		items []item
	}
	next int
}

const remembered = 16 // batches of a room, for those who are a little behind the others

// items are the messages of a frame.
func (m *memo) items(frame []byte) []item {
	for i := range m.batches {
		if bytes.Equal(m.batches[i].raw, frame) {
			return m.batches[i].items
		}
	}
	b := &m.batches[m.next]
	m.next = (m.next + 1) % remembered
	b.raw = append(b.raw[:0], frame...)
	b.items = appendItems(b.items[:0], frame)
	return b.items
}
