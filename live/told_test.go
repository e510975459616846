package live_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// told remembers what is told of pushes.
type told struct {
	mu   sync.Mutex
	said []string
	last live.PushInfo
}

func (l *told) PushBegan(p live.PushInfo) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said, l.last = append(l.said, fmt.Sprintf("%s/%d begins", p.Room, p.Generation)), p
}

func (l *told) PushOver(p live.PushInfo, end live.PushEnd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, fmt.Sprintf("%s/%d %s %d", p.Room, p.Generation, end.Why, end.Format.Width))
}

func (l *told) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.said)
}

// TestPushesAreTold: each push once when it begins and once when it is over, with why and what its pictures were, however
// often its door closes it; what is replaced is over before the newer one begins.
func TestPushesAreTold(t *testing.T) {
	admin := status.ReasonByAdmin
	drive := func(f func(*fixture) error) func(*fixture, *live.Push) {
		return func(x *fixture, p *live.Push) { must(x.t, f(x)); <-p.Done(); p.Close(stream.StopLost) }
	}
	for _, tt := range []struct {
		want string
		end  func(*fixture, *live.Push)
	}{
		{"closed", func(_ *fixture, p *live.Push) { p.Close(stream.StopClosed) }},
		{"lost", func(_ *fixture, p *live.Push) { p.Close(stream.StopLost); p.Close(stream.StopClosed) }},
		{"silent", func(_ *fixture, p *live.Push) { p.Close(stream.StopSilent) }},
		{"refused", func(_ *fixture, p *live.Push) {
			p.Refuse(&stream.Refusal{Code: "too_fast"})
			p.Close(stream.StopLost)
		}},
		{"stopping", func(x *fixture, p *live.Push) { x.Retire(); p.Close(stream.StopLost) }},
		{"dropped", drive(func(x *fixture) error { _, err := x.Drop(x.t.Context(), "r1", ""); return err })},
		{"forbidden", drive(func(x *fixture) error { _, err := x.Forbid(x.t.Context(), "r1", time.Time{}, ""); return err })},
		{"room_ended", drive(func(x *fixture) error { _, err := x.End(x.t.Context(), "r1", admin, ""); return err })},
		{"room_ended", drive(func(x *fixture) error { return x.Delete(x.t.Context(), "r1", "") })},
	} {
		var l told
		x := newFixture(t, func(c *live.Config) {
			c.Pushes, c.Describe = &l, func(stream.Info) live.Format { return live.Format{Width: 1280, Height: 720} }
		})
		x.create(live.Draft{ID: "r1"})
		p := x.push("r1")
		if l.last.Stream != "r1" || l.last.Request.Remote != "192.0.2.1:5" || len(l.last.Request.Query) != 1 || l.last.StartedAt.IsZero() {
			t.Errorf("told of %+v", l.last)
		}
		tt.end(x, p)
		if got := l.all(); !slices.Equal(got, []string{"r1/1 begins", "r1/1 " + tt.want + " 1280"}) {
			t.Errorf("%s: told %q", tt.want, got)
		}
	}
}

func TestAReplacedPushIsToldFirst(t *testing.T) {
	var l told
	x := newFixture(t, func(c *live.Config) { c.Pushes = &l })
	x.create(live.Draft{ID: "r1"})
	old := x.push("r1")
	newer := x.push("r1")
	<-old.Done()
	old.Close(stream.StopLost)
	newer.Close(stream.StopClosed)
	if got := l.all(); !slices.Equal(got, []string{"r1/1 begins", "r1/1 replaced 0", "r1/2 begins", "r1/2 closed 0"}) {
		t.Errorf("told %q", got)
	}
}

// TestRefusedPushesAreNotTold: also one that was admitted and overtaken before it could begin.
func TestRefusedPushesAreNotTold(t *testing.T) {
	var l told
	x := newFixture(t, func(c *live.Config) { c.Pushes = &l })
	x.create(live.Draft{ID: "r1"})
	if _, err := x.Publish(t.Context(), signed("wrong", "r1")); err == nil {
		t.Error("a badly signed push was admitted")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Publish(cancelled, signed(pushKey, "r1")); err == nil {
		t.Error("a push whose client is gone was admitted")
	}
	if got := l.all(); len(got) != 0 {
		t.Errorf("told %q", got)
	}
}
