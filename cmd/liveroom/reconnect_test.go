package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/status"
)

// TestReconnect loses the push in each way, for each length of time, while viewers of every protocol watch: within the
// grace they go on in the same session on the same connection, after it they are told the end.
func TestReconnect(t *testing.T) {
	t.Parallel()
	const grace = 4 * time.Second
	files, https := newPair(t, "one"), freeAddr(t)
	n := startNode(t, "--https", https, "--tls-cert", files.cert, "--tls-key", files.key)
	for _, c := range []struct {
		name  string
		clean bool
		away  time.Duration
	}{
		{"killed, 1s", false, time.Second},
		{"killed, grace-1s", false, grace - time.Second},
		{"killed, grace+1s", false, grace + time.Second},
		{"said goodbye, 1s", true, time.Second},
		{"said goodbye, grace-1s", true, grace - time.Second},
		{"said goodbye, grace+1s", true, grace + time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := n.with(t)
			room := "room-" + strings.NewReplacer(" ", "", ",", "-", "+", "p").Replace(c.name)
			n.createRoom(map[string]any{"id": room, "grace": grace.String()})
			a := n.addresses(room)
			p := pushClip(t, a.Push.RTMP)
			first := n.waitStatus(room, status.Live)
			all := n.house(a, https)
			waitMedia(t, all.watchers, 10, 0)
			all.hls.waitStretch(1)
			for name, c := range all.ffmpeg {
				n.eventually("ffmpeg copies "+name, func() bool { return strings.Count(c.out.String(), "\n") > 20 })
			}

			end, want := p.kill, status.ReasonPushLost
			if c.clean {
				end, want = p.quit, status.ReasonPushClosed
			}
			end()
			lost := n.waitStatus(room, status.Paused)
			if lost.Reason != want || lost.Session != first.Session || lost.GraceUntil == nil || lost.StreamActive {
				t.Fatalf("without its push: %+v, want %s", lost, want)
			}
			back := lost.GraceUntil.Add(c.away - grace)
			if c.away > grace {
				n.graceOver(room, first.Session, a, all, back)
				return
			}
			n.goesOn(room, first.Session, a, all, back)
		})
	}
}

// house is a viewer of each protocol and, of those that it knows, ffmpeg.
type house struct {
	watchers []*watcher
	hls      *hlsWatcher
	ffmpeg   map[string]*copying
}

func (n *node) house(a addresses, https string) *house {
	n.t.Helper()
	tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test's own certificate
	n.t.Cleanup(tr.CloseIdleConnections)
	secure := strings.Replace(a.Play.FLV, "http://"+n.http, "https://"+https, 1)
	return &house{
		watchers: []*watcher{
			watchFLV(n.t, "FLV", a.Play.FLV, nil, nil),
			watchFLV(n.t, "FLV over h2", secure, &http.Client{Transport: tr}, nil),
			watchWSFLV(n.t, "WebSocket-FLV", a.Play.WSFLV, nil, nil),
			watchRTMP(n.t, "RTMP", a.Play.RTMP, nil, nil),
		},
		hls:    n.watchHLS(a.Play.HLS),
		ffmpeg: map[string]*copying{"FLV": copyStamps(n.t, a.Play.FLV), "RTMP": copyStamps(n.t, a.Play.RTMP), "HLS": copyStamps(n.t, a.Play.HLS)},
	}
}

// mustEnd checks that every viewer was told of the end and saw a sound stream with so many breaks.
func (all *house) mustEnd(t *testing.T, breaks int) {
	t.Helper()
	for _, w := range all.watchers {
		w.mustEnd(breaks)
	}
	all.hls.mustEnd(breaks + 1)
	for name, c := range all.ffmpeg {
		c.mustEnd(name)
	}
}

// goesOn pushes again in time: the session and all who watch it go on, until the room is ended.
func (n *node) goesOn(room, session string, a addresses, all *house, back time.Time) {
	n.t.Helper()
	c := testClip(n.t)
	p, err := dialRTMP(a.Push.RTMP, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	time.Sleep(time.Until(back)) // the absence is what is tested
	if code, description, err := p.publish(); err != nil || code != "NetStream.Publish.Start" {
		n.t.Fatalf("pushing again: %s %s %v", code, description, err)
	}
	ctx, cancel := context.WithCancel(n.t.Context())
	over := make(chan error, 1)
	go func() { over <- p.replay(ctx, c) }()
	defer func() { <-over }()
	defer cancel()

	if r := n.status(room); r.Code != status.Live || r.Reason != status.ReasonPushResumed || r.Session != session || r.GraceUntil != nil {
		n.t.Fatalf("pushed again: %+v, session was %s", r, session)
	}
	waitMedia(n.t, all.watchers, 10, 1)
	all.hls.waitStretch(2)
	n.call(http.MethodPost, "/api/v1/rooms/"+room+"/end", map[string]any{}, nil)
	all.mustEnd(n.t, 1)
	n.refused(a.Push.RTMP, "room_ended")
}

// graceOver comes back too late: the viewers were told the end, and what is pushed is another session.
func (n *node) graceOver(room, session string, a addresses, all *house, back time.Time) {
	n.t.Helper()
	over := n.waitStatus(room, status.Ended)
	if over.Reason != status.ReasonGraceOver || over.Session != session {
		n.t.Fatalf("after the grace: %+v", over)
	}
	all.mustEnd(n.t, 0)
	time.Sleep(time.Until(back)) // the absence is what is tested
	pushClip(n.t, a.Push.RTMP)
	if r := n.waitStatus(room, status.Live); r.Session == session || r.Reason != status.ReasonPushStarted {
		n.t.Fatalf("pushed after the grace: %+v", r)
	}
	fresh := watchFLV(n.t, "FLV of the new session", a.Play.FLV, nil, nil)
	waitMedia(n.t, []*watcher{fresh}, 10, 0)
	fresh.mustBeSound()
}

// refused checks that a push is refused with a code.
func (n *node) refused(rawURL, want string) {
	n.t.Helper()
	p, err := dialRTMP(rawURL, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if code, description, err := p.publish(); err != nil || code == "NetStream.Publish.Start" || !strings.HasPrefix(description, want+":") {
		n.t.Errorf("a push was answered %s %q %v, want %s", code, description, err, want)
	}
}

// copying is an ffmpeg that copies a stream and prints each packet's times.
type copying struct {
	t         *testing.T
	cmd       *exec.Cmd
	out, errs logBuffer
	done      chan struct{}
	err       error
}

// copyStamps lets ffmpeg copy a play address until the stream is over.
func copyStamps(t *testing.T, rawURL string) *copying {
	t.Helper()
	c := &copying{t: t, done: make(chan struct{})}
	cmd := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error", "-copyts", "-i", rawURL, "-c", "copy", "-flush_packets", "1", "-f", "framecrc", "pipe:1")
	c.cmd = cmd
	cmd.Stdout, cmd.Stderr = &c.out, &c.errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		c.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-c.done
	})
	return c
}

// mustEnd checks that ffmpeg took the end for one and saw no packet go back.
func (c *copying) mustEnd(name string) {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(time.Minute):
		c.t.Fatalf("ffmpeg goes on watching %s", name)
	}
	if c.err != nil {
		c.t.Errorf("ffmpeg over %s: %v\n%s", name, c.err, c.errs.String())
	}
	last, packets := map[string]int{}, 0
	for line := range strings.Lines(c.out.String()) { // stream, dts, pts, duration, size, crc
		if f := strings.Split(line, ","); !strings.HasPrefix(line, "#") && len(f) > 4 {
			dts, err := strconv.Atoi(strings.TrimSpace(f[1]))
			before, known := last[f[0]]
			if err != nil || known && dts <= before {
				c.t.Errorf("ffmpeg over %s: packet %d of stream %s has time %s after %d", name, packets, f[0], f[1], before)
				return
			}
			last[f[0]] = dts
			packets++
		}
	}
	if len(last) != 2 || packets < 20 {
		c.t.Errorf("ffmpeg over %s: %d packets of streams %v\n%s", name, packets, last, c.errs.String())
	}
}
