package chaos

import (
	"bufio"
	"context"
	"os/exec"
	"strings"
	"time"
)

// Encoder is an anchor with a real ffmpeg.
func (w *World) Encoder(ctx context.Context, who, room string) {
	rng := w.rng(who)
	a, ok := w.addressesOf(ctx, rng, room)
	for ok {
		n := w.any(rng)
		w.encode(ctx, who, room, n, n.at(a.Push.RTMP))
		ok = pause(ctx, rng, 500*time.Millisecond)
	}
}

// encode runs ffmpeg until it ends. It tells of progress once its push was let in.
func (w *World) encode(ctx context.Context, who, room string, n Node, to string) {
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostats", "-progress", "pipe:1", "-re",
		"-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-b:v", "80k", "-c:a", "aac", "-b:a", "32k", "-threads", "1",
		"-rw_timeout", "5000000", "-f", "flv", to)
	var said strings.Builder
	cmd.Stderr = &said
	progress, err := cmd.StdoutPipe()
	if err != nil {
		return
	}
	if err := cmd.Start(); err != nil {
		w.History.Add(who, n.Name, room, Pushed{"ffmpeg does not start: " + err.Error()})
		return
	}
	let := false
	for lines := bufio.NewScanner(progress); lines.Scan(); {
		if !let && strings.HasPrefix(lines.Text(), "out_time_us=") {
			let = true
			w.History.Add(who, n.Name, room, Pushing{})
		}
	}
	_ = cmd.Wait() // why it ended it said
	if let {
		w.History.Add(who, n.Name, room, Pushed{strings.TrimSpace(said.String())})
	}
}
