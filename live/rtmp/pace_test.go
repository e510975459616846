package rtmp

import (
	"bytes"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

func TestPaceWindow(t *testing.T) {
	p := pace{most: 40 * time.Millisecond}
	for pushes, want := range map[int64]time.Duration{
		0: 0, 1: 0, paceFrom: 0, paceFrom + 8: 10 * time.Millisecond, paceFull: 40 * time.Millisecond, 5000: 40 * time.Millisecond,
	} {
		if got := p.window(pushes); got != want {
			t.Errorf("%d pushes: %v, want %v", pushes, got, want)
		}
	}
	off := pace{most: -1}
	if got := off.window(1000); got != 0 {
		t.Errorf("switched off: %v", got)
	}
}

// All pushes wait for the same ticks, whenever they come.
func TestPaceTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{most: 40 * time.Millisecond, began: time.Now()}
		for _, step := range []struct{ away, want time.Duration }{{3 * time.Millisecond, 37 * time.Millisecond}, {39 * time.Millisecond, time.Millisecond}, {80 * time.Millisecond, 40 * time.Millisecond}} {
			time.Sleep(step.away)
			before := time.Now()
			p.wait(paceFull)
			if got := time.Since(before); got != step.want {
				t.Errorf("after %v waited %v, want %v", step.away, got, step.want)
			}
		}
		before := time.Now()
		p.wait(1)
		if got := time.Since(before); got != 0 {
			t.Errorf("a single push waited %v", got)
		}
	})
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
