package callback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/web/callback/delivery"
)

var css = Endpoint{ID: "css", URL: "http://x/", Format: FormatCSS}

// streams runs until stop is called.
func streams(t *testing.T, store PushStore, queue Queue, all ...Endpoint) (s *Streams, stop func()) {
	t.Helper()
	s = NewStreams(StreamsConfig{App: testApp, Domain: "push.example.com"}, registryOf(t, all...), queue, store, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	return s, func() { cancel(); <-done }
}

func pushInfo(room string, generation uint64) live.PushInfo {
	return live.PushInfo{
		Room: room, Stream: room + ".s", Generation: generation, StartedAt: time.Now(),
		Request: stream.Request{App: "live", Query: []string{"txSecret=a&txTime=b", "x=1"}, Remote: "[2001:db8::7]:5000", Local: "192.0.2.10:1935"},
	}
}

// fields are what a CSS event says.
func fields(t *testing.T, e delivery.Event) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(e.Body, &m); err != nil {
		t.Fatalf("%s: %v", e.Body, err)
	}
	return m
}

// TestStartAndStop: one sequence, all that CSS says of a push, and the store is empty in the end.
func TestStartAndStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, queue := NewPushMemory(), &kept{}
		s, stop := streams(t, store, queue, css)
		p := pushInfo("r1", 1)
		s.PushBegan(p)
		synctest.Wait()
		if noted, _ := store.Pushes(t.Context()); len(noted) != 1 || len(queue.events) != 1 {
			t.Fatalf("%d noted, %d told", len(noted), len(queue.events))
		}
		time.Sleep(128581 * time.Millisecond)
		s.PushOver(p, live.PushEnd{At: time.Now(), Why: live.EndClosed, Format: live.Format{Width: 1280, Height: 720}})
		synctest.Wait()
		stop()
		if len(queue.events) != 2 || queue.settled != 1 {
			t.Fatalf("%d events, settled %d times", len(queue.events), queue.settled)
		}
		began, over := fields(t, queue.events[0]), fields(t, queue.events[1])
		sequence, _ := began["sequence"].(string)
		if strings.Trim(sequence, "0123456789") != "" || len(sequence) < 15 || over["sequence"] != sequence {
			t.Errorf("sequences %q and %q", sequence, over["sequence"])
		}
		same := map[string]any{
			"app": "push.example.com", "appid": 1400000001., "appname": "live", "channel_id": "r1.s", "stream_id": "r1.s",
			"stream_param": "txSecret=a&txTime=b&x=1", "user_ip": "2001:db8::7", "node": "192.0.2.10", "sequence": sequence,
		}
		for name, want := range same {
			if began[name] != want || over[name] != want {
				t.Errorf("%s: %v and %v, want %v", name, began[name], over[name], want)
			}
		}
		for i, want := range []map[string]any{
			{"event_type": 1., "errcode": 0., "errmsg": "ok", "width": 0., "height": 0., "push_duration": nil, "event_time": float64(p.StartedAt.Unix())},
			{
				"event_type": 0., "errcode": 1., "errmsg": "The push client actively stopped the push", "width": 1280., "height": 720.,
				"push_duration": "128581", "event_time": float64(p.StartedAt.Add(128581 * time.Millisecond).Unix()),
			},
		} {
			for name, value := range want {
				if got := []map[string]any{began, over}[i][name]; got != value {
					t.Errorf("event %d: %s is %v, want %v", i, name, got, value)
				}
			}
		}
		for i, kind := range []string{":start", ":stop"} {
			e := queue.events[i]
			if e.ID != "r1:"+sequence+kind || e.Room != "r1" || e.Class != delivery.State || e.Endpoint != "css" {
				t.Errorf("%+v", e)
			}
		}
		if noted, _ := store.Pushes(t.Context()); len(noted) != 0 {
			t.Errorf("still noted: %+v", noted)
		}
	})
}

// TestEveryEndHasACode: all that live says has one.
func TestEveryEndHasACode(t *testing.T) {
	for why, want := range map[live.EndReason]int{
		live.EndClosed: 1, live.EndStopping: 5, live.EndRefused: 6, live.EndSilent: 8, live.EndLost: 12,
		live.EndDropped: 21, live.EndForbidden: 21, live.EndReplaced: 21, live.EndRoomOver: 21,
	} {
		if got := stops[why]; got.Code != want || got.Message == "" {
			t.Errorf("%s: %+v", why, got)
		}
	}
}

// TestStopAfterACrash: starts that were told have their stops told by the next run, before anything new.
func TestStopAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, queue := NewPushMemory(), &kept{}
		s, stop := streams(t, store, queue, css)
		s.PushBegan(pushInfo("r1", 1))
		s.PushBegan(pushInfo("r2", 1))
		synctest.Wait()
		stop() // the process ends, and nobody tells the stops
		time.Sleep(time.Minute)
		s, stop = streams(t, store, queue, css)
		synctest.Wait()
		s.PushBegan(pushInfo("r1", 2))
		synctest.Wait()
		stop()
		var got []string
		for _, e := range queue.events {
			f := fields(t, e)
			got = append(got, fmt.Sprintf("%s %v %v", e.Room, f["errcode"], f["push_duration"]))
		}
		slices.Sort(got[2:4])
		if want := []string{"r1 0 <nil>", "r2 0 <nil>", "r1 5 60000", "r2 5 60000", "r1 0 <nil>"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if noted, _ := store.Pushes(t.Context()); len(noted) != 1 {
			t.Errorf("noted: %+v", noted)
		}
	})
}

// TestNobodyWantsStreams: then nothing is noted; who comes while a push runs is told of its stop.
func TestNobodyWantsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, queue := &counting{PushMemory: NewPushMemory()}, &kept{}
		s, stop := streams(t, store, queue)
		p, q := pushInfo("r1", 1), pushInfo("r2", 1)
		s.PushBegan(p)
		s.PushBegan(q)
		s.PushOver(q, live.PushEnd{At: time.Now(), Why: live.EndLost})
		synctest.Wait()
		if len(queue.events) != 0 || store.written != 0 {
			t.Errorf("%d events, %d pushes written", len(queue.events), store.written)
		}
		if _, err := s.receivers.Create(t.Context(), Endpoint{ID: "late", URL: "http://x/", Format: FormatCSS, Enabled: true}); err != nil {
			t.Fatal(err)
		}
		s.PushOver(p, live.PushEnd{At: time.Now(), Why: live.EndLost})
		s.PushOver(p, live.PushEnd{At: time.Now(), Why: live.EndClosed}) // unknown by now
		synctest.Wait()
		stop()
		if len(queue.events) != 1 || fields(t, queue.events[0])["errcode"] != 12. {
			t.Errorf("%+v", queue.events)
		}
	})
}

// counting counts the pushes that are noted and forgotten, and fails when it is told to.
type counting struct {
	*PushMemory
	written int
	away    atomic.Bool
}

var errAway = errors.New("away")

func (c *counting) Pushes(ctx context.Context) ([]Push, error) {
	if c.away.Load() {
		return nil, errAway
	}
	return c.PushMemory.Pushes(ctx)
}

func (c *counting) PutPushes(ctx context.Context, all ...Push) error {
	if c.written += len(all); c.away.Load() {
		return errAway
	}
	return c.PushMemory.PutPushes(ctx, all...)
}

func (c *counting) DeletePushes(ctx context.Context, sequences ...string) error {
	if c.written += len(sequences); c.away.Load() {
		return errAway
	}
	return c.PushMemory.DeletePushes(ctx, sequences...)
}

// TestStoreThatIsAway: what the last run left is told when the store is back; what waits for it has a bound.
func TestStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, queue := &counting{PushMemory: NewPushMemory()}, &kept{}
		store.away.Store(true)
		if err := store.PushMemory.PutPushes(t.Context(), Push{Sequence: "1", Room: "r0"}); err != nil {
			t.Fatal(err)
		}
		s, stop := streams(t, store, queue, css)
		for i := range maxSteps + 5 {
			s.PushBegan(pushInfo("r1", uint64(i)))
		}
		synctest.Wait()
		if len(queue.events) != 0 || s.Skipped() != 5 {
			t.Errorf("%d events, %d skipped", len(queue.events), s.Skipped())
		}
		s.PushOver(pushInfo("r1", maxSteps+1), live.PushEnd{Why: live.EndLost}) // of one that is not told of at all
		store.away.Store(false)
		time.Sleep(pushStorePause)
		synctest.Wait()
		stop()
		if n := len(queue.events); n != maxSteps+1 || queue.events[0].Room != "r0" {
			t.Errorf("%d events", n)
		}
	})
}

// TestWhatWaitsAtTheEndIsTold: a push that ends while the program stops.
func TestWhatWaitsAtTheEndIsTold(t *testing.T) {
	queue := &kept{}
	s := NewStreams(StreamsConfig{App: testApp}, registryOf(t, css), queue, NewPushMemory(), slog.New(slog.DiscardHandler))
	p := pushInfo("r1", 1)
	s.PushBegan(p)
	s.PushOver(p, live.PushEnd{At: time.Now(), Why: live.EndStopping})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _ = s.Run(over); len(queue.events) != 2 {
		t.Errorf("%d events", len(queue.events))
	}
}

// TestPushesOfANodeThatDied: another node tells their stops, and none of nodes that live; a node that was taken for dead does
// not tell again what another told for it.
func TestPushesOfANodeThatDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, queue := NewPushMemory(), &kept{}
		var alive atomic.Value
		alive.Store("a b")
		run := func(owner string) (s *Streams, stop func()) {
			s = NewStreams(StreamsConfig{App: testApp, Owner: owner, Alive: func(owner string) bool {
				return slices.Contains(strings.Fields(alive.Load().(string)), owner)
			}}, registryOf(t, css), queue, store, slog.New(slog.DiscardHandler))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = s.Run(ctx) }()
			return s, func() { cancel(); <-done }
		}
		a, stopA := run("a")
		b, stopB := run("b")
		defer stopB()
		defer stopA()
		first, second, third := pushInfo("r1", 1), pushInfo("r2", 1), pushInfo("r3", 1)
		a.PushBegan(first)
		synctest.Wait()
		b.PushBegan(second)
		synctest.Wait()
		told := func(want int) {
			t.Helper()
			if err := b.Sweep(t.Context()); err != nil || len(queue.events) != want {
				t.Fatalf("%d events, want %d, %v", len(queue.events), want, err)
			}
		}
		told(2)
		alive.Store("b")
		told(3)
		told(3)
		if over := fields(t, queue.events[2]); over["stream_id"] != "r1.s" || over["errcode"] != 5. {
			t.Errorf("%v", over)
		}
		alive.Store("a b") // it was cut off only
		a.PushBegan(third)
		a.PushOver(first, live.PushEnd{At: time.Now(), Why: live.EndClosed})
		a.PushOver(third, live.PushEnd{At: time.Now(), Why: live.EndClosed})
		synctest.Wait()
		told(5)
		if over := fields(t, queue.events[4]); over["stream_id"] != "r3.s" || over["errcode"] != 1. {
			t.Errorf("%v", over)
		}
	})
}
