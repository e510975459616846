package chat_test

import (
	"cmp"
	"context"
	"sync"
	"time"

	"liveroom/chat"
)

// acts is a journal in memory.
type acts struct {
	mu  sync.Mutex
	all []chat.Act

	settled int // acts there were at the last Settle
}

func (a *acts) Record(acts ...chat.Act) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, acts...)
}

// Settle notes what was kept when somebody was answered.
func (a *acts) Settle(context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.settled = len(a.all)
}

// Busy lets everybody act.
func (a *acts) Busy(chat.Identity) (until time.Time) { return until }

// lines are action, target and what kind of it.
func (a *acts) lines() (lines []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, act := range a.all {
		lines = append(lines, act.Action+" "+act.Target+" "+cmp.Or(act.Detail["kind"], act.Detail["verdict"]))
	}
	return lines
}
