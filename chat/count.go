package chat

import (
	"encoding/json"
	"math"
	"time"
)

// counter is what a room knows of its count. The room's lock guards it.
type counter struct {
	watching int // play sessions, when last asked
	linked   int // of those, the ones of a live session here
	askedAt  time.Time

	// While there are other nodes:
	strangers       []string // vids of those who are not here
	doubles, manned int      // see room.doubled
	linkedElsewhere int      // play sessions on other nodes of those who are here

	pushed   Count // what members were told last
	pushedAt time.Time
	version  uint64
	waiting  bool // a push is on its way
}

// Count tells how many are in a group now.
func (s *Service) Count(group string) Count {
	watching, vids := s.cfg.Viewers(group)
	r := s.inMemory(group)
	if r == nil {
		return s.others(group).plus(Headcount{Viewers: watching}).count()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch(watching, vids)
	return r.count()
}

// watch notes who watches. The room's lock is held.
func (r *room) watch(sessions int, vids []string) {
	r.counter.watching, r.counter.linked, r.counter.askedAt = sessions, 0, time.Now()
	r.counter.strangers = nil
	for _, vid := range vids {
		if r.watches[vid] > 0 {
			r.counter.linked++
		} else if r.s.abroad != nil {
			r.counter.strangers = append(r.counter.strangers, vid)
		}
	}
}

// count adds up. The room's lock is held.
func (r *room) count() Count {
	if r.s.abroad != nil {
		return r.headcount().plus(r.s.others(r.id)).count()
	}
	members := r.local()
	return Count{Members: members, Viewers: r.counter.watching, Online: members + max(0, r.counter.watching-r.counter.linked)}
}

// pushCount sends the count to the members if it moved enough, or at all and long ago (design §6).
func (s *Service) pushCount(r *room, now time.Time) {
	r.mu.Lock()
	empty := len(r.members) == 0
	r.mu.Unlock()
	if empty {
		return
	}
	watching, vids := s.cfg.Viewers(r.id)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch(watching, vids)
	n := r.count()
	if r.gone || len(r.members) == 0 || r.counter.waiting || !s.cfg.worthPushing(n, r.counter, now) {
		return
	}
	r.counter.waiting = true
	c := &change{done: make(chan struct{})}
	c.apply = func(r *room) (outcome, error) { return r.countEvent(), nil }
	if s.enqueue(r, nil, c) != nil {
		r.counter.waiting = false
	}
}

func (c Config) worthPushing(n Count, last counter, now time.Time) bool {
	if n == last.pushed {
		return false
	}
	return moved(n.Online, last.pushed.Online, c.CountChange) || moved(n.Members, last.pushed.Members, c.CountChange) ||
		now.Sub(last.pushedAt) >= c.CountMaxAge
}

// moved says whether n differs from before by at least share.
func moved(n, before int, share float64) bool {
	return n != before && math.Abs(float64(n-before)) >= share*float64(before)
}

// countEvent makes the event of the count at this moment.
func (r *room) countEvent() outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.counter.waiting = false
	r.counter.pushed, r.counter.pushedAt = r.count(), now
	r.counter.version = max(r.counter.version+1, uint64(now.UnixMilli())) // goes on over a restart
	return outcome{items: []Item{event("count", r.counter.version, r.counter.pushed)}}
}

// event makes a state event. Data is of our own types, which always encode.
func event(kind string, version uint64, data any) Item {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return Item{Event: &Event{Kind: kind, Version: version, Data: raw}}
}
