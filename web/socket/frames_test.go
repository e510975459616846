package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// drip is a connection that hands out its bytes in pieces of one size.
type drip struct {
	net.Conn
	left []byte
	size int
}

func (d *drip) Read(b []byte) (int, error) {
	if len(d.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, d.left[:min(d.size, len(d.left))])
	d.left = d.left[n:]
	return n, nil
}

type got struct {
	op      byte
	payload string
}

// readFrames reads all frames of raw, which comes in pieces of that size, and why there were no more.
func readFrames(t testing.TB, raw []byte, size int) (all []got, err error) {
	t.Helper()
	bufs := &sync.Pool{New: func() any { b := make([]byte, 0, 64); return &b }}
	f := frames{in: anyInput{&drip{left: raw, size: size}}, lent: bufs}
	defer f.release()
	for {
		op, payload, err := f.next()
		if err != nil {
			return all, err
		}
		if len(payload) > maxFrameBytes {
			t.Fatalf("a payload of %d bytes", len(payload))
		}
		all = append(all, got{op, string(payload)})
	}
}

// clientFrame is a masked frame.
func clientFrame(first byte, payload string) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	key := []byte{1, 2, 3, 250}
	b = append(b, key...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i&3])
	}
	return b
}

func TestFramesComeWholeHoweverTheyAreCut(t *testing.T) {
	long := strings.Repeat("0123456789abcde\n", 1000)
	var raw []byte
	for _, f := range [][]byte{
		clientFrame(0x81, "one"), clientFrame(0x81, ""), clientFrame(0x89, "ping"), clientFrame(0x81, long),
		clientFrame(0x01, "in "), clientFrame(0x8a, ""), clientFrame(0x00, "two "), clientFrame(0x89, "between"), clientFrame(0x80, "parts"),
		clientFrame(0x82, "\x00\xff"), clientFrame(0x88, "\x03\xe8bye"), clientFrame(0x81, "after the end"),
	} {
		raw = append(raw, f...)
	}
	want := []got{
		{opText, "one"},
		{opText, ""},
		{opPing, "ping"},
		{opText, long},
		{opPong, ""},
		{opPing, "between"},
		{opText, "in two parts"},
		{opBinary, "\x00\xff"},
	}
	for _, size := range []int{1, 2, 3, 7, 500, 1 << 20} {
		all, err := readFrames(t, raw, size)
		if !errors.Is(err, errSaidGoodbye) || len(all) != len(want) {
			t.Fatalf("in pieces of %d: %d frames, %v", size, len(all), err)
		}
		for i := range want {
			if all[i] != want[i] {
				t.Errorf("in pieces of %d: frame %d is %v", size, i, all[i])
			}
		}
	}
}

func TestForgedFramesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"reserved bit":              {clientFrame(0xc1, "x"), "reserved"},
		"not masked":                {[]byte{0x81, 1, 'x'}, "masked"},
		"unknown data opcode":       {clientFrame(0x83, "x"), "opcode"},
		"unknown control opcode":    {clientFrame(0x8b, "x"), "control"},
		"ping in fragments":         {clientFrame(0x09, "x"), "control"},
		"long ping":                 {clientFrame(0x89, strings.Repeat("x", 126)), "control"},
		"continuation of nothing":   {clientFrame(0x80, "x"), "nothing"},
		"message inside of another": {append(clientFrame(0x01, "x"), clientFrame(0x81, "y")...), "inside"},
		"too long":                  {clientFrame(0x81, strings.Repeat("x", maxFrameBytes+1)), "16384"},
		"too long in all":           {append(clientFrame(0x01, strings.Repeat("x", 16000)), clientFrame(0x80, strings.Repeat("x", 400))...), "16384"},
		"absurdly long":             {[]byte{0x81, 0xff, 255, 255, 255, 255, 255, 255, 255, 255}, "16384"},
		"close with half a code":    {clientFrame(0x88, "x"), "code"},
		"close with a reserved one": {clientFrame(0x88, "\x03\xed"), "code"},
		"close in bad UTF-8":        {clientFrame(0x88, "\x03\xe8\xff"), "UTF-8"},
		"cut off":                   {clientFrame(0x81, "text")[:5], "EOF"},
	} {
		if _, err := readFrames(t, c.raw, 1<<20); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSilentClientsHoldNoBuffer(t *testing.T) {
	lent := 0
	bufs := &sync.Pool{New: func() any { lent++; b := make([]byte, 0, 64); return &b }}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	f := frames{in: newInput(server), lent: bufs}
	for range 3 {
		if _, err := client.Write(clientFrame(0x81, "text")); err != nil {
			t.Fatal(err)
		}
		if op, payload, err := f.next(); op != opText || string(payload) != "text" || err != nil {
			t.Fatalf("%d %q %v", op, payload, err)
		}
	}
	_ = client.Close()
	if _, _, err := f.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	if f.release(); f.buf != nil || f.parts != nil || lent == 0 {
		t.Errorf("a buffer is held: %+v", f)
	}
}

// FuzzFrames: whatever comes, in whatever pieces, reads the same and ends.
func FuzzFrames(f *testing.F) {
	f.Add(clientFrame(0x81, "text"), byte(1))
	f.Add(append(clientFrame(0x01, "in "), clientFrame(0x80, "two")...), byte(3))
	f.Add([]byte{0x81, 0xfe, 0, 4, 0, 0, 0, 0, 't', 'e', 'x', 't'}, byte(2))
	f.Fuzz(func(t *testing.T, raw []byte, size byte) {
		whole, err := readFrames(t, bytes.Clone(raw), len(raw)+1)
		cut, err2 := readFrames(t, bytes.Clone(raw), int(size)+1)
		if len(whole) != len(cut) || err.Error() != err2.Error() {
			t.Fatalf("%d frames, %v; in pieces of %d %d frames, %v", len(whole), err, int(size)+1, len(cut), err2)
		}
		for i := range whole {
			if whole[i] != cut[i] {
				t.Fatalf("frame %d: %v, %v", i, whole[i], cut[i])
			}
		}
	})
}
