package level

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// Bounds of what backends may ask.
const (
	MaxPoints       = 1_000_000_000_000
	MaxReasonRunes  = 200
	MaxAdjustmentID = 64 // bytes
)

// Card is how far a user has come.
type Card struct {
	User  string
	Score int64
	Next  int64 // score of the level above; 0: there is none
	Standing
	Member Member // in force; the zero value: none
	Tier   Tier   // of Member, as it is called now
}

// Card reads how far a user has come. What he earned in the last seconds may be missing. Of one who never earned anything it
// says so.
func (s *Service) Card(ctx context.Context, user string) (Card, error) {
	records, err := s.store.Records(ctx, []string{user})
	if err != nil {
		return Card{}, fmt.Errorf("read the level of %s: %w", user, err)
	}
	rec := NewRecord(&s.cfg.Rules, user)
	if len(records) > 0 {
		rec = records[0]
	}
	return s.card(&rec, time.Now()), nil
}

func (s *Service) card(rec *Record, now time.Time) Card {
	rules := &s.cfg.Rules
	c := Card{User: rec.User, Score: rules.Score(rec)}
	c.Standing = s.recorded(rec, now).Standing
	c.Next, _ = rules.Next(c.Level)
	if rec.Member.InForce(now) {
		c.Member = rec.Member
		c.Tier, _ = rules.Tier(c.Member.Tier)
	}
	return c
}

// Standings are levels and badges of users for their cards: as known here, else as stored. Who can't be read at present is as who never
// earned anything.
func (s *Service) Standings(ctx context.Context, users []string) map[string]Standing {
	all, now := make(map[string]Standing, len(users)), time.Now()
	var unknown []string
	for _, user := range users {
		one, found := s.known.get(user)
		if !found {
			one = s.nobody().Standing
			unknown = append(unknown, user)
		}
		all[user] = one
	}
	_ = s.each(ctx, unknown, func(rec *Record) { all[rec.User] = s.recorded(rec, now).Standing })
	return all
}

// Levels reads the levels of users, for what must not be decided by chance. Who never earned anything is left out, unless that
// makes a level too.
func (s *Service) Levels(ctx context.Context, users []string) (map[string]int, error) {
	all, lowest := make(map[string]int, len(users)), s.nobody().Level
	if lowest > 0 {
		for _, user := range users {
			all[user] = lowest
		}
	}
	err := s.each(ctx, users, func(rec *Record) { all[rec.User] = s.cfg.Rules.Level(s.cfg.Rules.Score(rec)) })
	if err != nil {
		return nil, fmt.Errorf("read levels: %w", err)
	}
	return all, nil
}

// each reads the records of users.
func (s *Service) each(ctx context.Context, users []string, see func(rec *Record)) error {
	for some := range slices.Chunk(users, MaxAsked) {
		records, err := s.store.Records(ctx, some)
		if err != nil {
			return err
		}
		for i := range records {
			see(&records[i])
		}
	}
	return nil
}

// Adjust adds points to a user's score, or takes them away. Asked again with the same id it does nothing more; without an id it
// is always another one.
func (s *Service) Adjust(ctx context.Context, user string, a Adjustment, reason string) (Card, error) {
	switch {
	case a.Points == 0 || a.Points < -MaxPoints || a.Points > MaxPoints:
		return Card{}, invalid("points", "must be from -%d to %d and not 0", int64(MaxPoints), int64(MaxPoints))
	case reason == "" || !utf8.ValidString(reason) || utf8.RuneCountInString(reason) > MaxReasonRunes:
		return Card{}, invalid("reason", "must be 1 to %d characters", MaxReasonRunes)
	case !utf8.ValidString(a.ID) || len(a.ID) > MaxAdjustmentID:
		return Card{}, invalid("id", "must be at most %d bytes", MaxAdjustmentID)
	}
	return s.do(ctx, Deed{User: user, Adjust: &a})
}

// SetMember makes a user a member, or with the zero value none any more.
func (s *Service) SetMember(ctx context.Context, user string, m Member) (Card, error) {
	if _, known := s.cfg.Rules.Tier(m.Tier); !known && m.Tier != "" {
		return Card{}, invalid("tier", "there is no such tier; see the setting level-tiers")
	}
	if m.Tier == "" {
		m.Until = time.Time{}
	} else if now := time.Now(); !m.Until.IsZero() && (!m.Until.After(now) || m.Until.Year() > 9999) {
		return Card{}, invalid("until", "must be later than now, or absent")
	}
	m.Until = m.Until.UTC().Truncate(time.Millisecond)
	return s.do(ctx, Deed{User: user, Member: &m})
}

// do has one deed done at once.
func (s *Service) do(ctx context.Context, d Deed) (Card, error) {
	guest, earns := s.cfg.Earns(d.User)
	if !earns {
		return Card{}, invalid("user", "this user has no level")
	}
	d.Guest = guest
	changes, err := s.store.Take(ctx, Step{Maker: s.maker, Time: time.Now(), Rules: &s.cfg.Rules, Deeds: []Deed{d}})
	if err != nil {
		return Card{}, fmt.Errorf("change the level of %s: %w", d.User, err)
	}
	s.made(ctx, changes)
	return s.Card(ctx, d.User)
}

// Delete forgets users who are no more. What they earned since they went stays, of those who came back.
func (s *Service) Delete(ctx context.Context, gone ...Gone) error {
	for some := range slices.Chunk(gone, MaxAsked) {
		for _, g := range some {
			s.pending.drop(g.User) // else he would be there again, for ever
		}
		if err := s.store.Delete(ctx, some); err != nil {
			return fmt.Errorf("delete levels of %d users: %w", len(gone), err)
		}
		for _, g := range some {
			s.known.forget(g.User)
		}
	}
	return nil
}

// SweepGuests forgets guests whose records are older than an age.
func (s *Service) SweepGuests(ctx context.Context, age time.Duration) error {
	const some = 1000
	for {
		n, err := s.store.DeleteGuests(ctx, time.Now().Add(-age), some)
		if err != nil || n < some {
			return err
		}
	}
}
