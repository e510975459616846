package bench

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestWebSocketMessages(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	wire := "\x82\x03abc" + // a message
		"\x02\x01d" + "\x89\x04ping" + "\x80\x01e" + // one in two parts, with a ping between them
		"\x82\x00" + // an empty one
		"\x82\x7e\x00\x80" + long[:128] +
		"\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + long
	m := &messages{in: bufio.NewReader(strings.NewReader(wire + "\x88\x02\x03\xe9"))}
	got, err := io.ReadAll(m)
	if !errors.Is(err, errWebSocket) || string(got) != "abcde"+long[:128]+long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	for _, bad := range []string{"\x82\x83", "\xc2\x01a", "\x83\x01a"} {
		if _, err := io.ReadAll(&messages{in: bufio.NewReader(strings.NewReader(bad))}); err == nil {
			t.Errorf("% x is a frame", bad)
		}
	}
}

func TestFLVThatIsNone(t *testing.T) {
	good := append([]byte("FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"), flvTag(nil, flvVideo, 0, []byte{0x17, 0, 1, 2, 3})...)
	for name, c := range map[string]struct {
		stream []byte
		says   string
	}{
		"a page":       {[]byte("<!doctype html>"), "header"},
		"a tag":        {append(bytes.Clone(good), flvTag(nil, 7, 0, []byte{1, 2})...), "type 7"},
		"previous tag": {append(bytes.Clone(good[:len(good)-1]), 99), "previous"},
		"the end":      {good, "EOF"},
	} {
		v := &viewer{crowd: &crowd{protocol: FLV, window: newWindow()}}
		if err := v.readFLV(bytes.NewReader(c.stream), io.Discard); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeadersAreNoMedia(t *testing.T) {
	for name, c := range map[string]struct {
		kind byte
		body []byte
		want bool
	}{
		"AVC header":      {flvVideo, []byte{0x17, 0}, true},
		"AVC picture":     {flvVideo, []byte{0x27, 1}, false},
		"enhanced header": {flvVideo, []byte{0x90, 'h'}, true},
		"enhanced frames": {flvVideo, []byte{0x91, 'h'}, false},
		"AAC header":      {flvAudio, []byte{0xaf, 0}, true},
		"AAC frame":       {flvAudio, []byte{0xaf, 1}, false},
		"Opus header":     {flvAudio, []byte{0x90, 'O'}, true},
		"MP3":             {flvAudio, []byte{0x2f, 0}, false},
	} {
		if got := isHeader(c.kind, c.body); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// flvTag appends a tag with its size after it.
func flvTag(b []byte, kind byte, at time.Duration, body []byte) []byte {
	n, ms := len(body), uint32(at.Milliseconds()) //nolint:gosec // wraps as FLV's clock does
	b = append(b, kind, byte(n>>16), byte(n>>8), byte(n), byte(ms>>16), byte(ms>>8), byte(ms), byte(ms>>24), 0, 0, 0)
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, uint32(n+11)) //nolint:gosec // bounded by Format.Validate
}
