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

// spoolingStudio is a studio over such a store, with a room a that has a picture taken every ten seconds, of which three are kept.
func spoolingStudio(t *testing.T) (*studio, *spooling) {
	s := newStudio(t, Config{Keep: 3})
	store := &spooling{Store: s.store}
	s.Service.store = store
	s.room("a", 10*time.Second)
	return s, store
}

// pictures lets so many be taken of room a.
func (s *studio) pictures(n int) {
	for range n {
		s.frame("a")
		time.Sleep(10 * time.Second)
	}
}

// TestPicturesAreTakenWhileS3IsAway, the newest is the cover, and those that are too many go when it is back.
func TestPicturesAreTakenWhileS3IsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := spoolingStudio(t)
		defer s.begin()()
		time.Sleep(off)
		s.pictures(2)
		store.away.Store(true)
		s.pictures(4)
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
		s.pictures(1)
		if names, st := s.names(), s.Stats(); len(names) != 3 || st.Removed != 4 || st.Taken != 7 || st.Failed["store"] != 0 {
			t.Errorf("kept %v, %+v", names, st)
		}
	})
}

// TestPicturesAreTakenByWhoBeginsWhileS3IsAway, beside those that are there and not known.
func TestPicturesAreTakenByWhoBeginsWhileS3IsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, store := spoolingStudio(t)
		defer s.begin()()
		time.Sleep(off)
		s.pictures(3)
		s.cache.forget("a") // as another process has it
		store.away.Store(true)
		s.pictures(1)
		if names, st := s.names(), s.Stats(); len(names) != 4 || st.Failed["store"] != 0 {
			t.Errorf("kept %v, %+v", names, st)
		}
		if shots, err := s.Shots(t.Context(), "a", time.Time{}); err != nil || len(shots) != 1 {
			t.Errorf("%+v, %v", shots, err)
		}
		store.away.Store(false)
		s.pictures(1)
		shots, err := s.Shots(t.Context(), "a", time.Time{})
		if names, st := s.names(), s.Stats(); err != nil || len(shots) != 3 || len(names) != 3 || st.Removed != 2 {
			t.Errorf("%+v, %v, kept %v, %+v", shots, err, names, st)
		}
	})
}
