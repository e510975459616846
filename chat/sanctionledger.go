package chat

import (
	"slices"
	"time"
)

// SaveSanctions makes sanctions of one kind durable and forgets those of other users. Nil saves nothing.
type SaveSanctions func(kind SanctionKind, set []Sanction, forget []string) error

// PutSanctions is Store.PutSanctions. A save that fails leaves the ledger as it was. What is over goes with the change;
// what is lifted goes even if it is not known: after a save that failed, the file may hold what was refused.
func (l *Ledger) PutSanctions(now time.Time, c SanctionChange, save SaveSanctions) ([]Sanction, error) {
	of, err := l.sanctions(c.Kind)
	if err != nil {
		return nil, err
	}
	over := of.over(now)
	if c.For <= 0 {
		return of.lift(now, c.Users, over, func(forget []string) error { return save.do(c.Kind, nil, forget) })
	}
	fresh := 0
	set := make([]Sanction, len(c.Users))
	for i, user := range c.Users {
		set[i] = Sanction{User: user, Until: endsAt(now, c.For), By: c.By, Reason: c.Reason, At: now.UTC(), From: c.From[user]}
		if of.until(user, now).IsZero() {
			fresh++
		}
	}
	if there := len(of.byUser) - len(over); fresh > 0 && there+fresh > c.Limit {
		return nil, ErrTooManySanctions.with("", "this group has %d of at most %d; lift some first", there, c.Limit)
	}
	over = slices.DeleteFunc(over, func(user string) bool { return slices.Contains(c.Users, user) })
	if err := save.do(c.Kind, set, over); err != nil {
		return nil, err
	}
	of.change(set, over)
	return set, nil
}

func (l *Ledger) sanctions(kind SanctionKind) (*sanctions, error) {
	switch kind {
	case Muting:
		return &l.bars.mutes, nil
	case Banning:
		return &l.bars.bans, nil
	}
	return nil, ErrParameter.with("kind", "unknown kind of sanction %d", kind)
}

// sift finds the candidates that were delivered before, and those that may not be delivered after all, because of what was
// forbidden since they were accepted: their acks say so, and the keys of the latter are free again. It returns the others.
func (l *Ledger) sift(now time.Time, candidates []Candidate, acks []Ack) []Candidate {
	out := 0
	for i, c := range candidates {
		if acks[i] = l.dedup.deliveredAs(now, c.Key); acks[i].Before {
			out++
		} else if acks[i].Refused = l.MayBeHeard(now, c); acks[i].Refused != nil {
			l.dedup.release(c.Key)
			out++
		}
	}
	if out == 0 {
		return candidates
	}
	rest := make([]Candidate, 0, len(candidates)-out)
	for i, c := range candidates {
		if acks[i].Refused == nil && !acks[i].Before {
			rest = append(rest, c)
		}
	}
	return rest
}

// MayBeHeard says why a candidate must not be delivered; nil if it may. It changes nothing.
func (l *Ledger) MayBeHeard(now time.Time, c Candidate) *Error {
	if c.Message.Server || c.Trusted {
		return nil
	}
	return l.bars.mayBeHeard(&l.head.Group, l.head.Settings.MuteAll, c.Message.From, c.Address, now)
}

func (s SaveSanctions) do(kind SanctionKind, set []Sanction, forget []string) error {
	if s == nil || len(set)+len(forget) == 0 {
		return nil
	}
	return s(kind, set, forget)
}
