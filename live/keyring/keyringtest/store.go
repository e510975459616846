// Package keyringtest holds what every keyring.Store must do. Memory, the file and Redis pass the same suite.
package keyringtest

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/live/keyring"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Sample is a ring with keys of all kinds.
func Sample(version uint64) keyring.Ring {
	return keyring.Ring{
		Version: version, From: "mark",
		Push: keyring.Pair{Primary: keyring.Key{Secret: `a: "new" push key`, Since: at}, Backup: keyring.Key{Secret: "old push key"}},
		Play: keyring.Pair{Primary: keyring.Key{Secret: "1e3"}},
	}
}

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) keyring.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s keyring.Store)
	}{
		{"rings take each other's place in order", rings},
		{"of two who change the same one does", together},
		{"when keys were used", uses},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func is(t *testing.T, s keyring.Store, want keyring.Ring) {
	t.Helper()
	if got, err := s.Ring(t.Context()); err != nil || got != want {
		t.Fatalf("kept is version %d, %v; want %d", got.Version, err, want.Version)
	}
}

func rings(t *testing.T, s keyring.Store) {
	is(t, s, keyring.Ring{})
	put := func(was uint64, next keyring.Ring, want error) {
		t.Helper()
		if err := s.Put(t.Context(), was, next); !errors.Is(err, want) {
			t.Fatalf("put: %v, want %v", err, want)
		}
	}
	put(3, Sample(4), keyring.ErrChanged)
	is(t, s, keyring.Ring{})
	put(0, Sample(4), nil) // a Store that has forgotten is given what a node knows
	is(t, s, Sample(4))
	put(0, Sample(1), keyring.ErrChanged)
	put(5, Sample(6), keyring.ErrChanged)
	put(4, keyring.Ring{Version: 5, From: "other"}, nil)
	is(t, s, keyring.Ring{Version: 5, From: "other"})
}

func together(t *testing.T, s keyring.Store) {
	var done atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := s.Put(t.Context(), 0, Sample(1)); {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, keyring.ErrChanged):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := done.Load(); n != 1 {
		t.Errorf("%d have put the first ring, want one", n)
	}
	is(t, s, Sample(1))
}

func uses(t *testing.T, s keyring.Store) {
	note := func(u map[string]time.Time, want map[string]time.Time) {
		t.Helper()
		if err := s.Use(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Uses(t.Context()); err != nil || !maps.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%v, %v; want %v", got, err, want)
		}
	}
	type m = map[string]time.Time
	note(m{"a": at, "b": {}}, m{"a": at})
	note(m{"a": at.Add(-time.Hour), "b": at}, m{"a": at, "b": at})
	note(m{"a": {}, "b": at.Add(time.Second)}, m{"a": at, "b": at.Add(time.Second)})
	note(m{"b": {}, "c": at}, m{"b": at.Add(time.Second), "c": at})
	is(t, s, keyring.Ring{})
}
