package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/status"
)

// fakeLog is a log of status changes that can be cut short and taken away.
type fakeLog struct {
	mu      sync.Mutex
	entries []status.LogEntry
	oldest  uint64 // entries up to it are gone
	err     error
	reads   int
}

func (l *fakeLog) add(rooms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, room := range rooms {
		l.entries = append(l.entries, status.LogEntry{Seq: uint64(len(l.entries) + 1), Record: status.Record{Room: room}})
	}
}

func (l *fakeLog) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *fakeLog) Events(_ context.Context, after uint64, limit int) ([]status.LogEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	switch {
	case l.err != nil:
		return nil, l.err
	case after < l.oldest || after > uint64(len(l.entries)):
		return nil, status.ErrGone
	}
	found := l.entries[after:]
	return found[:min(limit, len(found))], nil
}

func (l *fakeLog) EventHead(context.Context) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.entries)), l.err
}

// followFeed runs a feed over the log inside a bubble of fake time.
func followFeed(t *testing.T, test func(t *testing.T, f *feed, l *fakeLog)) {
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLog{}
		f := newFeed(l, nil, time.Second, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := f.run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("run = %v", err)
			}
		})
		synctest.Wait()
		test(t, f, l)
		cancel()
		wg.Wait()
		select {
		case <-f.ended:
		default:
			t.Error("nobody is told of the end")
		}
	})
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestFeedWakesTheRoomsConcerned(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		a, forgetA := f.changes("a")
		b, forgetB := f.changes("b")
		defer forgetA()
		defer forgetB()
		grown := f.growth()
		l.add("a")
		f.wake()
		synctest.Wait()
		if !closed(a) || closed(b) || !closed(grown) {
			t.Errorf("a %v, b %v, grown %v", closed(a), closed(b), closed(grown))
		}
	})
}

func TestFeedPollsForOtherNodes(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		a, forget := f.changes("a")
		defer forget()
		l.add("a")
		time.Sleep(999 * time.Millisecond) // the bubble's time
		if closed(a) {
			t.Error("woken before the poll")
		}
		<-a
	})
}

func TestFeedReadsLongStretchesWhole(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		var all []<-chan struct{}
		for i := range 3 * followLimit {
			room := fmt.Sprint(i)
			c, forget := f.changes(room)
			defer forget()
			all = append(all, c)
			l.add(room)
		}
		f.wake()
		synctest.Wait()
		for i, c := range all {
			if !closed(c) {
				t.Fatalf("room %d of %d was not woken", i, len(all))
			}
		}
	})
}

func TestFeedWakesEveryoneWhenItLostItsPlace(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		untouched, forget := f.changes("untouched")
		defer forget()
		l.add("a", "b", "c")
		l.set(func() { l.oldest = 2 })
		f.wake()
		synctest.Wait()
		if !closed(untouched) {
			t.Error("what is gone from the log may have been its change")
		}
		again, forgetAgain := f.changes("d")
		defer forgetAgain()
		l.add("d")
		f.wake()
		synctest.Wait()
		if !closed(again) {
			t.Error("it doesn't follow on")
		}
	})
}

func TestFeedOutlivesTheStoreBeingAway(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		a, forget := f.changes("a")
		defer forget()
		l.set(func() { l.err = status.ErrUnavailable })
		f.wake()
		synctest.Wait()
		l.set(func() { l.err = nil })
		l.add("a")
		time.Sleep(time.Second)
		synctest.Wait()
		if !closed(a) {
			t.Error("a change during an outage was lost")
		}
	})
}

func TestFeedForgetsWaiters(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		_, first := f.changes("a")
		_, second := f.changes("a")
		first()
		if len(f.rooms) != 1 {
			t.Error("one who left took the other's place away")
		}
		second()
		if len(f.rooms) != 0 {
			t.Error("a room nobody waits for is remembered")
		}
		_, late := f.changes("a")
		l.add("a")
		f.wake()
		synctest.Wait()
		next, keep := f.changes("a")
		late() // of the channel before: must not take away the new one
		if len(f.rooms) != 1 || closed(next) {
			t.Error("a late goodbye took another's place away")
		}
		keep()
	})
}

func TestFeedNudgesDoNotPileUp(t *testing.T) {
	followFeed(t, func(t *testing.T, f *feed, l *fakeLog) {
		l.set(func() { l.reads = 0 })
		for range 1000 {
			f.wake()
		}
		synctest.Wait()
		l.set(func() {
			if l.reads > 1000 || l.reads == 0 {
				t.Errorf("%d reads", l.reads)
			}
		})
	})
}
