package hls

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"strings"
	"testing"

	"liveroom/live/stream"
)

// message is one RTMP message of a push.
type message struct {
	kind stream.Kind
	ms   uint32
	body []byte
}

// encode has ffmpeg make an FLV stream and returns its messages.
func encode(t testing.TB, args string) []message {
	t.Helper()
	cmd := exec.Command("ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"}, append(strings.Fields(args), "-f", "flv", "-")...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, problems.String())
	}
	return readFLV(t, out.Bytes())
}

// readFLV takes an FLV file apart.
func readFLV(t testing.TB, b []byte) []message {
	t.Helper()
	if len(b) < 13 || string(b[:3]) != "FLV" {
		t.Fatalf("no FLV: % x", b[:min(len(b), 16)])
	}
	var out []message
	for b = b[13:]; len(b) >= 15; {
		size := int(binary.BigEndian.Uint32(b) & 0xffffff)
		ms := uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6]) | uint32(b[7])<<24
		out = append(out, message{stream.Kind(b[0]), ms, b[11 : 11+size]})
		b = b[15+size:]
	}
	return out
}

// push writes messages, moved by ms, to a publisher.
func push(t testing.TB, p *stream.Publisher, all []message, ms uint32) {
	t.Helper()
	for _, m := range all {
		buf := stream.NewBuffer(len(m.body))
		copy(buf[stream.HeaderBytes:], m.body)
		if err := p.Write(m.kind, m.ms+ms, buf); err != nil {
			t.Fatalf("write: %v", err)
		}
	}
}
