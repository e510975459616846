// Package wait waits for a time to pass where somebody may end the waiting.
package wait

import (
	"context"
	"time"
)

// For waits so long, or answers the error of a context that ends before.
func For(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
