package rtmp

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/live/stream"
)

// TestFFmpegAsServer publishes to ffmpeg as a foreign server: it lets the push in, understands what comes, and
// notices its end.
func TestFFmpegAsServer(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-listen", "1", "-i", "rtmp://"+addr+"/app/inst/key",
		"-c", "copy", "-f", "framecrc", "pipe:1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := sync.OnceValue(cmd.Wait)
	defer func() { cancel(); _ = wait() }()

	u := urlOf(t, addr, "/app/inst/key?token=1")
	var o *Outgoing
	for o == nil {
		if o, err = Publish(ctx, ClientConfig{}, u); err != nil {
			code, words := codeOf(t, err)
			if code != FailRefused || ctx.Err() != nil {
				t.Fatalf("%s: %s", code, words)
			}
		}
	}
	defer o.Close()
	for _, tag := range tagsOf(t, pushed(t), 6) {
		if tag.Kind() != stream.Script {
			o.Add(tag, uint32(tag.Time()))
		}
	}
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	o.Close()
	_ = wait() // it has left; the pictures are not such as can be decoded
	if said := errs.String(); ctx.Err() != nil || strings.Contains(said, "[rtmp") || !strings.Contains(said, "[h264") {
		t.Errorf("ffmpeg says: %s%s", out.String(), said)
	}
}
