package pass

import (
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

func sessionN(n int) (k Key) {
	binary.BigEndian.PutUint32(k[:], uint32(n)*2654435761)
	binary.BigEndian.PutUint32(k[8:], uint32(n))
	return k
}

// visit uses a session as a player does that may come from another node.
func (s *Sessions) visit(k Key, start time.Time, name, viewer string, now time.Time) error {
	if err := s.Touch(k, now); !errors.Is(err, ErrUnknown) {
		return err
	}
	return s.Enter(k, NewSession(start, name, viewer, func() {}, now))
}

func TestSessionLives(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, 1000)
	begin := time.Unix(1_700_000_000, 0)
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	touch := func(n int, d time.Duration) error { return s.visit(sessionN(n), begin, "demo", "", at(d)) }

	for d := time.Duration(0); d < 10*time.Minute; d += 50 * time.Second {
		if err := touch(1, d); err != nil {
			t.Fatalf("after %v: %v", d, err)
		}
		s.Sweep(at(d))
	}
	if n := s.Viewers("demo"); n != 1 {
		t.Errorf("%d viewers, want 1", n)
	}
	// The last use was at 9m10s: at 10m11s it is dead, swept or not, and stays so.
	if err := touch(1, 10*time.Minute+11*time.Second); !errors.Is(err, ErrIdle) {
		t.Errorf("after a minute of silence: %v", err)
	}
	if n, total := s.Viewers("demo"), s.total.Load(); n != 0 || total != 0 {
		t.Errorf("%d viewers, %d in all, want none", n, total)
	}
	s.Sweep(at(11 * time.Minute))
	if err := touch(1, 11*time.Minute); !errors.Is(err, ErrIdle) {
		t.Errorf("a dead session came back: %v", err)
	}
	s.Sweep(at(12*time.Hour + time.Second))
	if n := len(s.shard(sessionN(1)).byID); n != 0 {
		t.Errorf("%d sessions remembered whose ids are too old anyway", n)
	}
	if len(s.audiences) != 0 {
		t.Errorf("audiences remembered: %v", s.audiences)
	}
}

// TestPausedViewersReturn: where they may, as newcomers with a place of their own.
func TestPausedViewersReturn(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, 1000)
	s.Return = true
	begin := time.Unix(1_700_000_000, 0)
	places := 0
	visit := func(after time.Duration) error {
		if err := s.Touch(sessionN(1), begin.Add(after)); !errors.Is(err, ErrUnknown) {
			return err
		}
		places++
		return s.Enter(sessionN(1), NewSession(begin, "demo", "v", func() { places-- }, begin.Add(after)))
	}
	for _, after := range []time.Duration{0, 30 * time.Second, 5 * time.Minute, 6 * time.Minute} {
		if err := visit(after); err != nil || places != 1 || s.Viewers("demo") != 1 {
			t.Fatalf("after %v: %v, %d places, %d viewers", after, err, places, s.Viewers("demo"))
		}
	}
	s.Sweep(begin.Add(10 * time.Minute))
	if n := s.Viewers("demo"); n != 0 || places != 0 || len(s.shard(sessionN(1)).byID) != 0 {
		t.Errorf("%d viewers, %d places are left", n, places)
	}
	if err := visit(11 * time.Minute); err != nil || s.Viewers("demo") != 1 {
		t.Errorf("swept, then back: %v", err)
	}
	s.Revoke("demo", "v")
	if err := visit(12 * time.Minute); !errors.Is(err, ErrRevoked) {
		t.Errorf("a revoked session returns: %v", err)
	}
}

func TestSweepCountsOut(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, 10000)
	now := time.Unix(1_700_000_000, 0)
	for n := range 300 {
		name := "demo"
		if n%3 == 0 {
			name = "other"
		}
		if err := s.visit(sessionN(n), now, name, "", now.Add(time.Duration(n)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	s.Sweep(now.Add(300 * time.Second)) // those used at 240 s and later live
	if a, b, all := s.Viewers("demo"), s.Viewers("other"), s.total.Load(); a != 40 || b != 20 || all != 60 {
		t.Errorf("%d, %d, %d viewers, want 40, 20, 60", a, b, all)
	}
}

func TestRevoke(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, 1000)
	now := time.Unix(1_700_000_000, 0)
	for n, v := range []struct{ name, viewer string }{{"demo", "v1"}, {"demo", "v2"}, {"demo", ""}, {"other", "v1"}, {"demo", "v1"}} {
		if err := s.visit(sessionN(n), now, v.name, v.viewer, now); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Linked("demo")
	slices.Sort(got)
	if want := []string{"v1", "v1", "v2"}; !slices.Equal(got, want) {
		t.Errorf("linked %q, want %q", got, want)
	}
	if n := s.Revoke("demo", "v1"); n != 2 {
		t.Errorf("%d revoked, want 2", n)
	}
	if err := s.visit(sessionN(0), now, "demo", "v1", now); !errors.Is(err, ErrRevoked) {
		t.Errorf("a revoked session goes on: %v", err)
	}
	if err := s.visit(sessionN(3), now, "other", "v1", now); err != nil {
		t.Errorf("a session of another stream: %v", err)
	}
	if n := s.Revoke("demo", ""); n != 2 {
		t.Errorf("%d revoked, want the other 2", n)
	}
	if n := s.Viewers("demo"); n != 0 {
		t.Errorf("%d viewers left", n)
	}
}

// TestSessionLimit fills the table: those beyond are served, but not counted.
func TestSessionLimit(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, Shards)
	now := time.Unix(1_700_000_000, 0)
	for n := range 10 * Shards {
		if err := s.visit(sessionN(n), now, "demo", "", now); err != nil {
			t.Fatal(err)
		}
	}
	counted, uncounted := s.Viewers("demo"), int(s.uncounted.Load())
	if counted > Shards || counted+uncounted != 10*Shards {
		t.Errorf("%d counted and %d not", counted, uncounted)
	}
}

func TestSessionsAtOnce(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, 100_000)
	now := time.Unix(1_700_000_000, 0)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 500 {
				_ = s.visit(sessionN(n), now, "demo", "", now)
				if n%100 == g {
					s.Sweep(now)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Viewers("demo"); n != 500 {
		t.Errorf("%d viewers, want 500", n)
	}
}

// TestMintedSessionKeepsItsPlace: from the moment it is given out, for as long as a player needs to use it, then for as long
// as it is used; and it gives it back once.
func TestMintedSessionKeepsItsPlace(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, 1000)
	begin := time.Unix(1_700_000_000, 0)
	places := 0
	mint := func(n int) {
		places++
		s.Mint(sessionN(n), NewSession(begin, "demo", "v", func() { places-- }, begin))
	}
	expect := func(what string, held, viewers int) {
		t.Helper()
		if n := s.Viewers("demo"); places != held || n != viewers || len(s.Linked("demo")) != viewers {
			t.Errorf("%s: %d places and %d viewers (%v), want %d and %d", what, places, n, s.Linked("demo"), held, viewers)
		}
	}
	for n := range 4 {
		mint(n)
	}
	expect("nobody has used one", 4, 0)
	for n := range 2 {
		if err := s.Touch(sessionN(n), begin.Add(5*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	s.Sweep(begin.Add(MintKept))
	expect("two are used", 4, 2)
	if err := s.Touch(sessionN(2), begin.Add(MintKept+time.Second)); !errors.Is(err, ErrUnknown) {
		t.Errorf("used too late: %v", err)
	}
	expect("one came too late", 3, 2)
	s.Sweep(begin.Add(MintKept + time.Second))
	expect("one never came", 2, 2)
	s.Revoke("demo", "v")
	expect("revoked", 0, 0)
	mint(5)
	s.Revoke("demo", "v")
	expect("revoked before its use", 0, 0)
	if err := s.Touch(sessionN(5), begin); !errors.Is(err, ErrRevoked) {
		t.Errorf("a revoked session is used: %v", err)
	}
	mint(6)
	_ = s.Touch(sessionN(6), begin)
	s.Sweep(begin.Add(2 * time.Minute))
	s.Sweep(begin.Add(13 * time.Hour))
	expect("idle", 0, 0)
	if n := len(s.shard(sessionN(2)).byID); n != 0 {
		t.Errorf("%d sessions are remembered", n)
	}
}

// TestPlacesWithoutRoomForSessions: who mints more sessions than are remembered holds no more places than that.
func TestPlacesWithoutRoomForSessions(t *testing.T) {
	s := NewSessions(time.Minute, 12*time.Hour, Shards)
	now := time.Unix(1_700_000_000, 0)
	places := 0
	for n := range 10 * Shards {
		places++
		s.Mint(sessionN(n), NewSession(now, "demo", "", func() { places-- }, now))
	}
	if places > Shards || places == 0 {
		t.Errorf("%d places are held", places)
	}
	s.Sweep(now.Add(time.Minute))
	if places != 0 {
		t.Errorf("%d places are never given back", places)
	}
}
