package chat_test

import (
	"cmp"
	"context"
	"sync"

	"liveroom/chat"
)

// acts is a journal in memory.
type acts struct {
	mu  sync.Mutex
	all []chat.Act
}

func (a *acts) Record(_ context.Context, act chat.Act) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, act)
}

// lines are action, target and what kind of it.
func (a *acts) lines() (lines []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, act := range a.all {
		lines = append(lines, act.Action+" "+act.Target+" "+cmp.Or(act.Detail["kind"], act.Detail["verdict"]))
	}
	return lines
}
