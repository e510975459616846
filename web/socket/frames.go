package socket

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"unicode/utf8"
)

// Opcodes of frames (RFC 6455 §5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// Why reading frames ended, besides errors of the network.
var (
	errSaidGoodbye = errors.New("the client closed")
	errFrameTooBig = errors.New("a frame may have 16384 bytes, fragments together")
)

// errBadFrame is what a client must not send; the text says what.
type errBadFrame string

func (e errBadFrame) Error() string { return string(e) }

// frames reads the frames of a client. While nothing comes it holds no buffer: thousands of clients say nothing for
// minutes.
type frames struct {
	in   input
	lent *sync.Pool // of *[]byte

	buf   *[]byte // what was read; nil: nothing is unread
	at    int     // what comes before it in buf is done with
	parts []byte  // of a message in fragments
	kind  byte    // opcode of that message, 0: none has begun
}

// input is where frames come from.
type input interface {
	// read waits until there is something and appends it to f.buf, which it borrows if there is none: but not before there
	// is something, if it can.
	read(f *frames) error
}

// next reads the next message or control frame. The payload is valid until the next call. Errors are final.
func (f *frames) next() (op byte, payload []byte, err error) {
	for {
		h, err := f.header()
		if err != nil {
			return 0, nil, err
		}
		for len(f.unread()) < h.size+h.length {
			if err := f.fill(); err != nil {
				return 0, nil, err
			}
		}
		payload = f.unread()[h.size : h.size+h.length]
		unmask(payload, f.unread()[h.size-4:h.size])
		f.at += h.size + h.length
		if h.op >= opClose {
			return h.op, payload, checkControl(h.op, payload)
		}
		if op, payload, whole := f.message(h, payload); whole {
			return op, payload, nil
		}
	}
}

// message puts a data frame to those before it, and says whether the message is whole.
func (f *frames) message(h header, payload []byte) (op byte, all []byte, whole bool) {
	switch {
	case h.fin && f.kind == 0:
		return h.op, payload, true
	case f.kind == 0:
		f.kind = h.op
	}
	f.parts = append(f.parts, payload...)
	if !h.fin {
		return 0, nil, false
	}
	op, all = f.kind, f.parts
	f.kind, f.parts = 0, nil
	return op, all, true
}

// header is the beginning of a frame; size is its own.
type header struct {
	fin    bool
	op     byte
	size   int
	length int
}

// header reads the next frame's header and refuses what must not be.
func (f *frames) header() (h header, err error) {
	if err := f.need(2); err != nil {
		return h, err
	}
	b := f.unread()
	h = header{fin: b[0]&0x80 != 0, op: b[0] & 0x0f, size: 6, length: int(b[1] & 0x7f)}
	switch {
	case b[0]&0x70 != 0:
		return h, errBadFrame("reserved bits are set")
	case b[1]&0x80 == 0:
		return h, errBadFrame("the frame is not masked")
	case h.op >= opClose && (h.op > opPong || !h.fin || h.length > 125):
		return h, errBadFrame("bad control frame")
	case h.op > opBinary && h.op < opClose:
		return h, errBadFrame("unknown opcode")
	case h.op == opContinuation && f.kind == 0:
		return h, errBadFrame("a continuation of nothing")
	case (h.op == opText || h.op == opBinary) && f.kind != 0:
		return h, errBadFrame("a message began inside of another")
	}
	if h.length >= 126 {
		more := 2
		if h.length == 127 {
			more = 8
		}
		if err := f.need(2 + more); err != nil {
			return h, err
		}
		h.size += more
		var long [8]byte
		copy(long[8-more:], f.unread()[2:2+more])
		h.length = int(min(binary.BigEndian.Uint64(long[:]), maxFrameBytes+1))
	}
	if h.op < opClose && h.length+len(f.parts) > maxFrameBytes {
		return h, errFrameTooBig
	}
	return h, f.need(h.size)
}

// need reads until n bytes are unread.
func (f *frames) need(n int) error {
	for len(f.unread()) < n {
		if err := f.fill(); err != nil {
			return err
		}
	}
	return nil
}

func (f *frames) unread() []byte {
	if f.buf == nil {
		return nil
	}
	return (*f.buf)[f.at:]
}

// fill reads more, and first gives the buffer back if all of it was used.
func (f *frames) fill() error {
	switch {
	case f.buf == nil:
	case f.at == len(*f.buf):
		f.release()
	case f.at > 0:
		*f.buf = (*f.buf)[:copy(*f.buf, (*f.buf)[f.at:])]
		f.at = 0
	}
	return f.in.read(f)
}

// borrow takes a buffer.
func (f *frames) borrow() {
	f.buf, f.at = f.lent.Get().(*[]byte), 0
	*f.buf = (*f.buf)[:0]
}

// release gives the buffer back.
func (f *frames) release() {
	if f.buf != nil {
		f.lent.Put(f.buf)
	}
	f.buf, f.at = nil, 0
}

// checkControl looks at the payload of a control frame. A close frame ends reading.
func checkControl(op byte, payload []byte) error {
	if op != opClose {
		return nil
	}
	if len(payload) == 0 {
		return errSaidGoodbye
	}
	if len(payload) == 1 || !mayClose(int(binary.BigEndian.Uint16(payload))) {
		return errBadFrame("bad close code")
	}
	if !utf8.Valid(payload[2:]) {
		return errBadFrame("the reason of a close frame is not valid UTF-8")
	}
	return errSaidGoodbye
}

// mayClose says whether a close frame may carry a code (RFC 6455 §7.4).
func mayClose(code int) bool {
	switch {
	case code >= 3000:
		return code < 5000
	case code >= 1012:
		return code <= 1014
	case code >= 1007:
		return code <= 1011
	}
	return code >= 1000 && code <= 1003
}

// unmask applies a frame's key to its payload.
func unmask(payload, key []byte) {
	k := binary.LittleEndian.Uint32(key)
	if k == 0 {
		return
	}
	k2 := uint64(k)<<32 | uint64(k)
	i := 0
	for ; i+8 <= len(payload); i += 8 {
		binary.LittleEndian.PutUint64(payload[i:], binary.LittleEndian.Uint64(payload[i:])^k2)
	}
	for ; i < len(payload); i++ {
		payload[i] ^= key[i&3]
	}
}

// readMore is how much room a read has at least.
const readMore = 512

// roomIn returns the free space of a buffer, at least readMore.
func roomIn(b *[]byte) []byte {
	if cap(*b)-len(*b) < readMore {
		grown := make([]byte, len(*b), 2*cap(*b)+readMore)
		copy(grown, *b)
		*b = grown
	}
	return (*b)[len(*b):cap(*b)]
}

// anyInput reads from a connection of any kind, which needs the buffer while it waits.
type anyInput struct{ net.Conn }

func (c anyInput) read(f *frames) error {
	if f.buf == nil {
		f.borrow()
	}
	n, err := c.Read(roomIn(f.buf))
	if n > 0 {
		*f.buf = (*f.buf)[:len(*f.buf)+n]
		return nil // an error comes again
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}
