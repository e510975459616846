package rtmp

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

func TestPaceWindow(t *testing.T) {
	p := pace{most: 40 * time.Millisecond, processors: 1}
	for pushes, want := range map[int64]time.Duration{
		0: 0, 1: 0, paceFrom: 0, paceFrom + 8: 10 * time.Millisecond, paceFull: 40 * time.Millisecond, 5000: 40 * time.Millisecond,
	} {
		if got := p.window(pushes); got != want {
			t.Errorf("%d pushes: %v, want %v", pushes, got, want)
		}
	}
	if got := (&pace{most: 40 * time.Millisecond, processors: 4}).window(paceFull); got != 2500*time.Microsecond {
		t.Errorf("%d pushes on four processors: %v", paceFull, got)
	}
	off := pace{most: -1, processors: 1}
	if got := off.window(1000); got != 0 {
		t.Errorf("switched off: %v", got)
	}
}

// All pushes wait for the same ticks, whenever they come.
func TestPaceTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{most: 40 * time.Millisecond, began: time.Now(), processors: 1}
		for _, step := range []struct{ away, want time.Duration }{{3 * time.Millisecond, 37 * time.Millisecond}, {39 * time.Millisecond, time.Millisecond}, {80 * time.Millisecond, 40 * time.Millisecond}} {
			time.Sleep(step.away)
			before := time.Now()
			p.wait(p.window(paceFull))
			if got := time.Since(before); got != step.want {
				t.Errorf("after %v waited %v, want %v", step.away, got, step.want)
			}
		}
	})
}

// A push whose reads are merged notices what any other notices: commands, the end of the connection, silence, a takeover,
// and data after a rest of any length.
func TestMergedReadsMissNothing(t *testing.T) {
	t.Parallel()
	r, others := newRoom(), newRoom()
	others.stops, others.started = make(chan stream.StopReason, 3*paceFull), make(chan *watched, 3*paceFull)
	d := open(t, Config{MaxPushesPerAddr: -1, Silent: 3 * time.Second}, doorman{
		play: r.Play,
		publish: func(ctx context.Context, req stream.Request) (Push, error) {
			if strings.HasPrefix(req.Name, "crowd") { // one that has no time for so long is no matter
				return others.Publish(ctx, req)
			}
			return r.Publish(ctx, req)
		},
	})
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	defer crowd.Wait()
	defer close(stop)
	for i := range paceFull {
		c := dial(t, d.addr).publish("crowd" + strconv.Itoa(i))
		crowd.Go(func() {
			for tick := time.NewTicker(300 * time.Millisecond); ; {
				select {
				case <-stop:
					tick.Stop()
					return
				case <-tick.C:
					c.raw(appendMessage(nil, c.size, 4, messageStream, 0, message.TypeIDAudioMessage, sound(20))...)
				}
			}
		})
	}
	for _, tt := range []struct {
		name string
		end  func(*client)
		want stream.StopReason
	}{
		{"deleteStream", func(c *client) { c.call("deleteStream", nil, 1) }, stream.StopClosed},
		{"connection closed", func(c *client) { _ = c.nc.Close() }, stream.StopLost},
		{"silence", func(*client) {}, stream.StopSilent},
		{"takeover", func(*client) { dial(t, d.addr).publish("one") }, stream.StopLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, player := dial(t, d.addr).publish("one"), dial(t, d.addr).play("one")
			for i, rest := range []time.Duration{0, 50 * time.Millisecond, 450 * time.Millisecond, 0} {
				time.Sleep(rest)
				c.say(message.TypeIDVideoMessage, uint32(40*i), frame(true, 50+i))
				if p := player.media(); len(p.body) != 50+i {
					t.Fatalf("frame %d has %d bytes", i, len(p.body))
				}
			}
			c.say(message.TypeIDUserCtrl, 0, []byte{0, 6, 0, 0, 0, 9})
			c.until("the pong", func(p packet) bool { return p.kind == message.TypeIDUserCtrl && p.body[1] == 7 })
			tt.end(c)
			if why := within(t, "the stop", r.stops); why != tt.want {
				t.Errorf("stopped %q, want %q", why, tt.want)
			}
			if tt.want != stream.StopClosed { // after a goodbye the connection stays
				c.gone()
			}
		})
	}
}

// More pushes than are read at once, with messages larger than what one read takes.
func TestManyPushesAreAllThere(t *testing.T) {
	r := newRoom()
	r.stops, r.started = make(chan stream.StopReason, 2*paceFull), make(chan *watched, 2*paceFull)
	d := open(t, Config{MaxPushesPerAddr: -1}, r)
	var pushes, players []*client
	for i := range paceFull + 2 {
		pushes = append(pushes, dial(t, d.addr).publish("room"+strconv.Itoa(i)))
		if i%20 == 0 {
			players = append(players, dial(t, d.addr).play("room"+strconv.Itoa(i)))
		}
	}
	for _, c := range pushes {
		c.say(message.TypeIDVideoMessage, 0, avcHeader)
		for i := range uint32(3) {
			c.say(message.TypeIDVideoMessage, 40*i, frame(i == 0, 3*pushReadBytes))
			c.say(message.TypeIDAudioMessage, 40*i, sound(100))
		}
		c.call("deleteStream", nil, 1)
	}
	for range pushes {
		if why := within(t, "a stop", r.stops); why != stream.StopClosed {
			t.Errorf("stopped %q", why)
		}
	}
	for i, c := range players {
		c.media()
		for n := range 3 {
			if p := c.media(); !bytes.Equal(p.body, frame(n == 0, 3*pushReadBytes)) {
				t.Errorf("player %d, frame %d: %d bytes", i, n, len(p.body))
			}
			if p := c.media(); !bytes.Equal(p.body, sound(100)) {
				t.Errorf("player %d, sound %d: %d bytes", i, n, len(p.body))
			}
		}
	}
}
