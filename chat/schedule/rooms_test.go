package schedule_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"liveroom/chat"
	"liveroom/chat/schedule"
)

// rooms are n rooms, r000 and so on, with two people each.
type rooms struct {
	mu    sync.Mutex
	n     int
	page  int             // most of them at a look-up
	gone  map[string]bool // they have no group any more
	fence map[string]uint64
	got   map[string][]uint64        // by group: the runs whose message it has
	at    []time.Time                // when one was told
	plan  func() error               // of each look-up, what goes wrong
	fate  func(uint64, string) error // of each message on its way to a group, what goes wrong before it is there
	lost  func(uint64, string) bool  // whether the answer to it is lost
}

func newRooms(n int) *rooms {
	return &rooms{
		n: n, page: 4, gone: map[string]bool{}, fence: map[string]uint64{}, got: map[string][]uint64{},
		plan: func() error { return nil }, fate: func(uint64, string) error { return nil }, lost: func(uint64, string) bool { return false },
	}
}

// errBlocked is a fate: it takes until its time is over.
var errBlocked = fmt.Errorf("blocked")

func (r *rooms) Targets(_ context.Context, f schedule.Filter, cursor string, limit int) ([]schedule.Target, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.plan(); err != nil {
		return nil, "", err
	}
	limit = min(limit, r.page)
	var some []schedule.Target
	for i := range r.n {
		id := fmt.Sprintf("r%03d", i)
		if id > cursor && len(some) < limit && (len(f.Rooms) == 0 || slices.Contains(f.Rooms, id)) {
			some = append(some, schedule.Target{Room: id, Group: id})
		}
	}
	if len(some) < limit {
		return some, "", nil
	}
	return some, some[limit-1].Room, nil
}

func (r *rooms) Append(ctx context.Context, group string, run uint64, _ string) (int, error) {
	err := r.asked(group, run)
	if err == errBlocked {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if run > r.fence[group] {
		r.fence[group] = run
		r.got[group] = append(r.got[group], run)
		r.at = append(r.at, time.Now())
	}
	if r.lost(run, group) {
		return 0, errDead
	}
	return 2, nil
}

func (r *rooms) asked(group string, run uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[group] {
		return chat.ErrNoGroup
	}
	return r.fate(run, group)
}

// has is which runs' message a group has, the first of all numbered 1, and how many groups have one.
func (r *rooms) has(group string) (runs []int, groups int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []uint64
	for _, some := range r.got {
		all = append(all, some...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, run := range r.got[group] {
		runs = append(runs, slices.Index(all, run)+1)
	}
	return runs, len(r.got)
}
