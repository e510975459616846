package live

import (
	"sync"
	"time"

	"liveroom/live/stream"
)

// Bounds of what is remembered about refusals: they are caused by strangers.
const (
	refusalsPerRoom = 20
	refusalRooms    = 5000
)

// RefusalEntry is one refused push, as the anchor is shown it. It holds no secret.
type RefusalEntry struct {
	At       time.Time
	Code     string
	Detail   string
	Protocol string
	Remote   string // address of the client
}

// refusals remembers the newest refused pushes of each room, and counts all refusals by code.
type refusals struct {
	mu     sync.Mutex
	byRoom map[string][]RefusalEntry
	counts map[refusalKey]uint64
}

type refusalKey struct{ Action, Protocol, Code string }

func newRefusals() *refusals {
	return &refusals{byRoom: map[string][]RefusalEntry{}, counts: map[refusalKey]uint64{}}
}

func (r *refusals) count(action, protocol, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[refusalKey{action, protocol, code}]++
}

// add remembers a refused push of a room that exists.
func (r *refusals) add(room string, req stream.Request, why *stream.Refusal, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.byRoom[room]; !known && len(r.byRoom) >= refusalRooms {
		r.forgetOldest()
	}
	list := append(r.byRoom[room], RefusalEntry{
		At: at, Code: why.Code, Detail: why.Detail, Protocol: req.Protocol, Remote: req.Remote,
	})
	if len(list) > refusalsPerRoom {
		list = append([]RefusalEntry(nil), list[len(list)-refusalsPerRoom:]...)
	}
	r.byRoom[room] = list
}

// forgetOldest drops the room whose newest refusal is the oldest. It is a linear search, on a path that only a room's
// first refusal takes and only when the table is full.
func (r *refusals) forgetOldest() {
	var oldest string
	var at time.Time
	for room, list := range r.byRoom {
		if last := list[len(list)-1].At; oldest == "" || last.Before(at) {
			oldest, at = room, last
		}
	}
	delete(r.byRoom, oldest)
}

// of returns the refusals of a room, newest first.
func (r *refusals) of(room string) []RefusalEntry {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.byRoom[room]
	out := make([]RefusalEntry, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i])
	}
	return out
}

func (r *refusals) forget(room string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byRoom, room)
}

// RefusalCount is how often pushes or plays were refused for one reason.
type RefusalCount struct {
	Action   string // push or play
	Protocol string
	Code     string
	Count    uint64
}

func (r *refusals) stats() []RefusalCount {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]RefusalCount, 0, len(r.counts))
	for k, n := range r.counts {
		out = append(out, RefusalCount{k.Action, k.Protocol, k.Code, n})
	}
	return out
}
