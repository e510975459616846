package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// slowWrite is how long a write to a viewer may take (docs/operating.md): nobody is cut sooner.
const slowWrite = 10 * time.Second

// TestSlowViewersHarmNobody lets every fifth of 30 viewers stop reading, over each protocol. The others get every frame, in
// order; memory does not grow with those who wait; the slow ones are cut and counted.
func TestSlowViewersHarmNobody(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--max-per-address", "0")
	n.createRoom(map[string]any{"id": "r1"})
	a, each, size := n.addresses("r1"), 10*scale(), max(40_000/scale(), 4000)
	n.numberPush(a.Push.RTMP, nil, testClip(t), 1, size)
	n.eventually("the push has begun", func() bool { return n.gauge("liveroom_stream_publishers") == 1 })

	c := &theatre{n: n, a: a, held: make(chan struct{})}
	c.release = sync.OnceFunc(func() { close(c.held) })
	for _, slow := range []bool{false, true} { // the slow ones last, that none is cut before all are in
		for i := range each {
			for _, protocol := range []string{"FLV", "WebSocket-FLV", "RTMP"} {
				if slow == (i%5 == 4) {
					c.enter(fmt.Sprintf("%s %d", protocol, i), protocol, slow)
				}
			}
		}
	}
	waitMedia(t, c.healthy, 25, 0)
	const segmenter = 1 // subscribes too
	n.eventually("all are in, or were", func() bool {
		cut := n.gauge("liveroom_flv_closed_slow_total") + n.gauge("liveroom_rtmp_slow_writes_total")
		return n.gauge("liveroom_stream_subscribers")+cut == float64(len(c.healthy)+len(c.slow)+segmenter)
	})
	before := n.weight()

	perProtocol := float64(len(c.slow) / 3)
	within(t, slowWrite+time.Duration(20*scale())*time.Second, "the slow ones are cut", func() bool {
		if grown := n.weight() - before; grown > 32<<20 {
			t.Fatalf("memory grew by %.0f MiB while %d viewers waited", grown/(1<<20), len(c.slow))
		}
		return n.gauge("liveroom_flv_closed_slow_total") == 2*perProtocol && n.gauge("liveroom_rtmp_slow_writes_total") == perProtocol
	})
	n.eventually("nothing is kept for them", func() bool {
		return n.gauge("liveroom_stream_subscribers") == float64(len(c.healthy)+segmenter)
	})
	waitMedia(t, c.healthy, 25, 0)
	if n.gauge("liveroom_flv_closed_slow_total") != 2*perProtocol || n.gauge("liveroom_rtmp_slow_writes_total") != perProtocol {
		t.Error("others were cut as well")
	}
	c.trickle()
	for _, count := range c.counts {
		count.mustBeSound(t, "a viewer who reads")
	}
	c.release()
	for _, w := range c.slow {
		<-w.done
		if _, _, err := w.state(); errors.Is(err, errOver) {
			t.Errorf("%s was told that the stream is over", w.name)
		}
	}
}

// weight is the memory the node uses, without the segments of HLS, whose window fills anyway.
func (n *node) weight() float64 { return n.used() - n.gauge("liveroom_hls_held_bytes") }

// theatre is many viewers of one stream.
type theatre struct {
	n             *node
	a             addresses
	healthy, slow []*watcher
	counts        []*counting
	held          chan struct{} // closed when the slow ones may read on
	release       func()
}

// enter adds a viewer. A slow one reads a tag, then nothing.
func (c *theatre) enter(name, protocol string, slow bool) {
	c.n.t.Helper()
	client, dialer, dial := http.DefaultClient, websocket.DefaultDialer, rtmpDialer(nil)
	count := &counting{}
	each := count.saw
	if slow {
		client = &http.Client{Transport: &http.Transport{DialContext: dialNarrow}}
		dialer = &websocket.Dialer{NetDialContext: dialNarrow}
		dial = func(addr string) (net.Conn, error) { return dialNarrow(context.Background(), "tcp", addr) }
		each = func(mediaTag) { <-c.held }
	}
	var w *watcher
	switch protocol {
	case "FLV":
		w = watchFLV(c.n.t, name, c.a.Play.FLV, client, each)
	case "WebSocket-FLV":
		w = watchWSFLV(c.n.t, name, c.a.Play.WSFLV, dialer, each)
	case "RTMP":
		w = watchRTMP(c.n.t, name, c.a.Play.RTMP, dial, each)
	}
	c.n.t.Cleanup(c.release) // before the watcher's own, which waits for it
	if slow {
		c.slow = append(c.slow, w)
		return
	}
	c.healthy, c.counts = append(c.healthy, w), append(c.counts, count)
}

// trickle watches at a third of the speed, in the long form: whoever loses GOPs again and again is cut as well, after some
// minutes, or sooner if a single write takes too long: a kernel tells of room in its buffer only when there is much.
func (c *theatre) trickle() {
	if scale() < 4 {
		return
	}
	c.n.t.Helper()
	before := c.n.gauge("liveroom_flv_closed_slow_total")
	for i := range 10 {
		client := &http.Client{Transport: &http.Transport{DialContext: narrow(256 << 10)}}
		c.slow = append(c.slow, watchFLV(c.n.t, fmt.Sprintf("FLV, trickling %d", i), c.a.Play.FLV, client, func(mediaTag) {
			select {
			case <-c.held:
			case <-time.After(120 * time.Millisecond): // three frames long
			}
		}))
	}
	within(c.n.t, 5*time.Minute, "those who trickle are cut", func() bool {
		return c.n.gauge("liveroom_flv_closed_slow_total") == before+10
	})
}

// dialNarrow connects with a receive buffer so small that who does not read is noticed.
func dialNarrow(ctx context.Context, network, addr string) (net.Conn, error) {
	return narrow(16<<10)(ctx, network, addr)
}

// narrow connects with a receive buffer of that many bytes.
func narrow(bytes int) func(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if e := raw.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, bytes) }); e != nil {
			return e
		}
		return err
	}}
	return d.DialContext
}
