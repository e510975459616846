package snapshot

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
)

// spooling is a store that takes what it is given also while nothing answers what is there, as a spool does.
type spooling struct {
	blob.Store
	away atomic.Bool
}

func (s *spooling) List(ctx context.Context, prefix, after string, see func(blob.Held) error) error {
	if s.away.Load() {
		<-ctx.Done()
		return blob.ErrUnavailable
	}
	return s.Store.List(ctx, prefix, after, see)
}

func (s *spooling) Remove(ctx context.Context, names ...string) error {
	if s.away.Load() {
		return blob.ErrUnavailable
	}
	return s.Store.Remove(ctx, names...)
}

// TestPicturesAreTakenWhileS3IsAway, the newest is the cover, and those that are too many go when it is back.
func TestPicturesAreTakenWhileS3IsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{Keep: 3})
		store := &spooling{Store: s.store}
		s.Service.store = store
		s.room("a", 10*time.Second)
		defer s.begin()()
		time.Sleep(off)
		pictures := func(n int) {
			for range n {
				s.frame("a")
				time.Sleep(10 * time.Second)
			}
		}
		pictures(2)
		store.away.Store(true)
		pictures(4)
		if names := s.names(); len(names) != 6 {
			t.Errorf("kept %v", names)
		}
		var newest time.Time
		s.change(func() { newest = s.taken[5].Shots[0].At })
		if p, err := s.Cover(t.Context(), "a", time.Time{}, 0); err != nil || !p.At.Equal(newest) {
			t.Errorf("%v, should be of %s, %v", p.Shot, newest, err)
		}
		if shots, err := s.Shots(t.Context(), "a", time.Time{}); err != nil || len(shots) != 3 {
			t.Errorf("%+v, %v", shots, err)
		}
		store.away.Store(false)
		pictures(1)
		if names, st := s.names(), s.Stats(); len(names) != 3 || st.Removed != 4 || st.Taken != 7 || st.Failed["store"] != 0 {
			t.Errorf("kept %v, %+v", names, st)
		}
	})
}

// TestPicturesAreTakenByWhoBeginsWhileS3IsAway, beside those that are there and not known.
func TestPicturesAreTakenByWhoBeginsWhileS3IsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio(t, Config{Keep: 3})
		store := &spooling{Store: s.store}
		s.Service.store = store
		s.room("a", 10*time.Second)
		defer s.begin()()
		time.Sleep(off)
		picture := func() {
			s.frame("a")
			time.Sleep(10 * time.Second)
		}
		for range 3 {
			picture()
		}
		s.cache.forget("a") // as another process has it
		store.away.Store(true)
		picture()
		if names, st := s.names(), s.Stats(); len(names) != 4 || st.Failed["store"] != 0 {
			t.Errorf("kept %v, %+v", names, st)
		}
		if shots, err := s.Shots(t.Context(), "a", time.Time{}); err != nil || len(shots) != 1 {
			t.Errorf("%+v, %v", shots, err)
		}
		store.away.Store(false)
		picture()
		shots, err := s.Shots(t.Context(), "a", time.Time{})
		if names, st := s.names(), s.Stats(); err != nil || len(shots) != 3 || len(names) != 3 || st.Removed != 2 {
			t.Errorf("%+v, %v, kept %v, %+v", shots, err, names, st)
		}
	})
}
