package stream

import (
	"context"
	"time"
)

// Tend calls woken each time that wake receives, and sweep each time that every is over, until ctx ends: neither while the
// other runs.
func Tend(ctx context.Context, wake <-chan struct{}, every time.Duration, woken func(), sweep func(now time.Time)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wake:
			woken()
		case now := <-tick.C:
			sweep(now)
		}
	}
}
