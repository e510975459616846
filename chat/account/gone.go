package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	tellAge  = 30 * time.Second // after which all are told of a deletion once more: by then whatever was under way at its time is done
	tellMost = 1000             // deletions that are told at once
)

// Gone is a user whose account was deleted.
type Gone struct {
	User string
	At   time.Time // by the clock of the store; what there is of him from later times is his who came after
}

// UntoldError is what a Store refuses to make an account with while there is an Untold deletion of the same name.
type UntoldError struct{ Gone }

func (e *UntoldError) Error() string {
	return fmt.Sprintf("account: others may still keep something of the deleted account %s", e.User)
}

// tellNow tells at once of deletions that are noted in the store. Where that fails, or this process ends before, TellDeleted does it.
func (s *Service) tellNow(ctx context.Context, gone ...Gone) {
	if err := s.deleted(ctx, gone); err != nil {
		s.log.Warn("what others keep of deleted accounts is still there; will retry", "accounts", len(gone), "err", err)
	}
}

// tell tells of deletions for the last time.
func (s *Service) tell(ctx context.Context, gone ...Gone) error {
	if err := s.deleted(ctx, gone); err != nil {
		return fmt.Errorf("tell of %d deleted accounts: %w", len(gone), err)
	}
	return s.store.Told(ctx, gone)
}

// TellDeleted tells all others of accounts that were deleted some time ago, also by a process that died before it could. It is
// run every few seconds by one node.
func (s *Service) TellDeleted(ctx context.Context) error {
	for {
		rest, err := s.store.Untold(ctx, time.Now().Add(-tellAge), tellMost)
		if err == nil && len(rest) > 0 {
			err = s.tell(ctx, rest...)
		}
		if err != nil || len(rest) < tellMost {
			return err
		}
	}
}

// put is Store.PutAccount. An account is not made before all have let go of an earlier one of its name.
func (s *Service) put(ctx context.Context, a Account, p Patch) (stored Account, created bool, err error) {
	stored, created, err = s.store.PutAccount(ctx, a, p)
	if untold, is := errors.AsType[*UntoldError](err); is {
		if err = s.tell(ctx, untold.Gone); err == nil {
			stored, created, err = s.store.PutAccount(ctx, a, p)
		}
	}
	return stored, created, err
}
