package chat

import (
	"context"
	"strconv"
	"time"
)

// sanction makes a change durable and lets then say what it means to the room. Networks asks for those of the users'
// sessions.
func (s *Service) sanction(ctx context.Context, group string, by Identity, c SanctionChange, networks bool, then func(*room, SanctionChange, []Sanction) outcome) error {
	var r *room
	permit := func(found *room) error {
		r = found
		if networks {
			c.From = r.networks(c.Users)
		}
		return r.mayActOn(by, c.Users)
	}
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		n := note{By: tellerOf(by)}
		if c.Kind == Muting {
			n.Nicks = r.nicks(c.Users)
		}
		done, err := s.store.PutSanctions(s.noting(ctx, n), group, c)
		if err != nil || len(done) == 0 {
			return outcome{late: func(e Entry) outcome { return then(r, c, e.Sanctions.Done) }}, s.storeError(err, "put sanctions")
		}
		return then(r, c, done), nil
	})
}

// action is the name of a change in the audit log.
func (c SanctionChange) action(of string) string {
	if c.For > 0 {
		return of
	}
	return "un" + of
}

// sanctioned are the users of sanctions.
func sanctioned(done []Sanction) []string {
	users := make([]string, len(done))
	for i, one := range done {
		users[i] = one.User
	}
	return users
}

// seconds is when something ends, as members are told; 0: it has.
func seconds(until time.Time) int64 {
	if until.IsZero() {
		return 0
	}
	return until.Unix()
}

// Mutes lists up to limit mutes in force, by user, after the given user, and the user to go on after; empty: these were
// the last. Owner and administrators may.
func (s *Service) Mutes(ctx context.Context, group string, by Identity, after string, limit int) ([]Sanction, string, error) {
	return s.list(ctx, group, by, after, limit, func(r *room) *sanctions { return &r.mutes })
}

// Bans is Mutes for bans.
func (s *Service) Bans(ctx context.Context, group string, by Identity, after string, limit int) ([]Sanction, string, error) {
	return s.list(ctx, group, by, after, limit, func(r *room) *sanctions { return &r.bans })
}

// Bounds of a page of sanctions.
const (
	defaultPage = 100
	maxPage     = 500
)

func (s *Service) list(ctx context.Context, group string, by Identity, after string, limit int, of func(*room) *sanctions) (page []Sanction, next string, err error) {
	if limit < 0 || limit > maxPage {
		return nil, "", ErrParameter.with("limit", "must be 1 to %d", maxPage)
	}
	def(&limit, defaultPage)
	more := false
	err = s.with(ctx, group, func(r *room) error {
		if err := r.mayModerate(by); err != nil {
			return err
		}
		page, more = of(r).page(time.Now(), after, limit)
		return nil
	})
	if more {
		next = page[len(page)-1].User
	}
	return page, next, err
}

// detail is what the audit log keeps of a change.
func (c SanctionChange) detail() map[string]string {
	if c.For == 0 {
		return nil
	}
	d := map[string]string{"seconds": strconv.FormatInt(int64(c.For/time.Second), 10), "reason": c.Reason}
	if len(c.From) > 0 {
		d["address"] = "true"
	}
	return d
}
