package chattest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// Ear is a Follower that remembers what it was told.
type Ear struct {
	mu      sync.Mutex
	entries []chat.Entry
	missed  int
	heard   chan struct{} // closed and made anew with each call
}

// NewEar returns an Ear that has heard nothing.
func NewEar() *Ear { return &Ear{heard: make(chan struct{})} }

// Took implements chat.Follower.
func (e *Ear) Took(one chat.Entry) { e.hear(func() { e.entries = append(e.entries, one) }) }

// Missed implements chat.Follower.
func (e *Ear) Missed() { e.hear(func() { e.missed++ }) }

func (e *Ear) hear(what func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	what()
	close(e.heard)
	e.heard = make(chan struct{})
}

// Entries returns what was told by position, each once.
func (e *Ear) Entries() []chat.Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.Clone(e.entries)
	slices.SortStableFunc(all, func(a, b chat.Entry) int { return int(a.Pos) - int(b.Pos) })
	return slices.CompactFunc(all, func(a, b chat.Entry) bool { return a.Pos == b.Pos && a.Epoch == b.Epoch })
}

// MissedTimes is how often Missed was called.
func (e *Ear) MissedTimes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.missed
}

// Wait waits until what is true of what was heard.
func (e *Ear) Wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		e.mu.Lock()
		heard := e.heard
		e.mu.Unlock()
		if is() {
			return
		}
		select {
		case <-heard:
		case <-limit:
			t.Fatalf("%s: not after 30 s; heard %d entries, missed %d times", what, len(e.Entries()), e.MissedTimes())
		}
	}
}

// Until waits for the entry at a position and returns all so far.
func (e *Ear) Until(t *testing.T, pos uint64) []chat.Entry {
	t.Helper()
	e.Wait(t, fmt.Sprint("entry ", pos), func() bool {
		return slices.ContainsFunc(e.Entries(), func(one chat.Entry) bool { return one.Pos == pos })
	})
	return e.Entries()
}

// Listen follows a group until the test ends.
func Listen(t *testing.T, s chat.Feed, group string) *Ear {
	t.Helper()
	ear := NewEar()
	stop, err := s.Follow(t.Context(), group, ear)
	if err != nil {
		t.Fatalf("follow %s: %v", group, err)
	}
	t.Cleanup(stop)
	return ear
}
