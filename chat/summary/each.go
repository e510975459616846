package summary

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Bounds of what is asked about many sessions.
const (
	eachAtOnce = 8
	eachWait   = 5 * time.Second // for one
)

// each calls do for each of some things, several at a time and each for a bounded time, so that a slow answer holds up few. It
// returns when all have returned: with the first error, and how many there were.
func each[T any](ctx context.Context, things []T, do func(context.Context, T) error) error {
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, eachAtOnce)

		mu    sync.Mutex // guards what follows
		n     int
		first error
	)
	for _, one := range things {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, eachWait)
			defer cancel()
			if err := do(ctx, one); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if n++; first == nil {
					first = err
				}
			}
		})
	}
	wg.Wait()
	if n > 1 {
		return fmt.Errorf("%d of %d: %w", n, len(things), first)
	}
	return first
}
