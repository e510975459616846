package status

import (
	"context"
	"errors"
	"time"
)

// holdRenewals is how often a claim is renewed within its lifetime.
const holdRenewals = 3

// errClaimLost ends work whose claim could not be renewed.
var errClaimLost = errors.New("status: the claim was lost")

// Hold does work while this node has a claim, which it renews. It answers false where another has it. The work's context
// ends when the claim can't be renewed in time, by this node's own monotonic clock counted from before it was asked for:
// before another may have it.
func Hold(ctx context.Context, c Claims, name string, life time.Duration, work func(ctx context.Context, fence uint64) error) (held bool, err error) {
	asked := time.Now()
	fence, err := c.Take(ctx, name, life)
	if err != nil || fence == 0 {
		return false, err
	}
	working, lose := context.WithCancelCause(ctx)
	expiry := time.AfterFunc(time.Until(asked.Add(life)), func() { lose(errClaimLost) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		keepClaim(working, c, name, fence, asked, life, expiry)
	}()
	defer func() {
		lose(nil)
		expiry.Stop()
		<-done
		// What the caller gave up must not be kept from others; where this fails the claim lapses.
		leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), life)
		defer cancel()
		_ = c.Leave(leave, name, fence)
	}()
	return true, work(working, fence)
}

// keepClaim renews a claim until ctx ends. It counts from when it was asked for, as the claim does: a slow store leaves less
// time.
func keepClaim(ctx context.Context, c Claims, name string, fence uint64, asked time.Time, life time.Duration, expiry *time.Timer) {
	wait := func() time.Duration { return max(time.Until(asked.Add(life/holdRenewals)), life/100) }
	next := time.NewTimer(wait())
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		asked = time.Now()
		switch err := c.Renew(ctx, name, fence, life); {
		case err == nil:
			expiry.Reset(time.Until(asked.Add(life)))
		case errors.Is(err, ErrFenced):
			expiry.Reset(0)
			return
		}
		next.Reset(wait())
	}
}
