package chat

import (
	"context"
	"sync"
)

// births are the groups that are being made or dismissed at this moment. While one is, nobody gets it who did not have it:
// what is told of it begins with that it was made, and ends with that it was dismissed.
type births struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when it is over
}

// enter waits until the group is neither made nor dismissed by others. It is left with done.
func (b *births) enter(ctx context.Context, group string) (done func(), err error) {
	over := make(chan struct{})
	for !b.begin(group, over) {
		if err := b.wait(ctx, group); err != nil {
			return nil, err
		}
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.busy, group)
		close(over)
	}, nil
}

// begin says whether the group is the caller's now, until over is closed.
func (b *births) begin(group string, over chan struct{}) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy[group] != nil {
		return false
	}
	if b.busy == nil {
		b.busy = make(map[string]chan struct{})
	}
	b.busy[group] = over
	return true
}

// wait waits until the group is neither made nor dismissed, but not beyond ctx.
func (b *births) wait(ctx context.Context, group string) error {
	b.mu.Lock()
	over, busy := b.busy[group]
	b.mu.Unlock()
	if !busy {
		return nil
	}
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
