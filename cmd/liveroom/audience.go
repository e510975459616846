package main

import (
	"sync"
	"time"
)

// audience remembers for a moment who watches each group's stream. The count stands beside every status that anybody may
// ask for, and to list the viewers of a large room for each of them would be a cheap way to keep the server busy.
type audience struct {
	ask func(group string) (sessions int, linked []string)

	mu    sync.Mutex // guards what follows; never held while asking
	seen  map[string]watched
	swept time.Time
}

type watched struct {
	sessions int
	linked   []string // shared, read only
	until    time.Time
}

const (
	audienceFresh = 500 * time.Millisecond // how long an answer is good
	audienceKept  = 1024                   // answers kept before old ones are thrown away
)

func newAudience(ask func(string) (int, []string)) *audience {
	return &audience{ask: ask, seen: map[string]watched{}}
}

// of tells who watches, as of half a second ago or less. The list must not be changed.
func (a *audience) of(group string) (sessions int, linked []string) {
	now := time.Now()
	a.mu.Lock()
	w, ok := a.seen[group]
	a.mu.Unlock()
	if ok && now.Before(w.until) {
		return w.sessions, w.linked
	}
	w = watched{until: now.Add(audienceFresh)}
	w.sessions, w.linked = a.ask(group)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.seen) >= audienceKept && now.Sub(a.swept) > audienceFresh {
		a.swept = now
		for g, old := range a.seen {
			if now.After(old.until) {
				delete(a.seen, g)
			}
		}
	}
	if w.sessions > 0 || ok { // of the many rooms that nobody watches nothing is worth keeping
		a.seen[group] = w
	}
	return w.sessions, w.linked
}
