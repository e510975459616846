package chat

import (
	"net/netip"
	"time"
)

// restraints are what keeps people of one group from speaking or from being there. A room and its store hold the same, so
// that what was accepted and is forbidden before it is delivered is refused after all (design §6). Its owner guards it.
type restraints struct {
	mutes sanctions
	bans  sanctions
}

// mayBeHeard says why a message must not be delivered: by whom it is, and the network it comes from if that is known.
// MuteAll is the group's setting.
func (x *restraints) mayBeHeard(g *Group, muteAll bool, user string, from netip.Prefix, now time.Time) *Error {
	if user == g.Owner && user != "" {
		return nil
	}
	until, manages := x.bans.until(user, now), g.manages(user)
	if !manages {
		until = later(until, x.bans.untilFrom(from, now))
	}
	if !until.IsZero() {
		return banned(until)
	}
	if until := x.mutes.until(user, now); !until.IsZero() {
		return muted(until)
	}
	if muteAll && !manages {
		return ErrMutedAll
	}
	return nil
}

// restraints are the state's.
func (s *GroupState) restraints() restraints {
	return restraints{mutes: newSanctions(s.Mutes), bans: newSanctions(s.Bans)}
}

// apply takes over what a store did.
func (s *sanctions) apply(c SanctionChange, done []Sanction) {
	if c.For > 0 {
		s.change(done, nil)
	} else {
		s.change(nil, c.Users)
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func banned(until time.Time) *Error {
	return ErrBanned.lasting(until, "you are banned from this group")
}

func muted(until time.Time) *Error {
	return ErrMuted.lasting(until, "you may not speak in this group")
}

// lasting returns a copy of e that says when it ends.
func (e *Error) lasting(until time.Time, detail string) *Error {
	if !IsEndless(until) {
		detail += " until " + until.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	c := e.with("", "%s", detail)
	c.Until = until
	return c
}

// standing is what frees a message from restraints, or makes it subject to one: that an application administrator speaks,
// and the network its sender comes from. Who has it sent by an administrator is subject to his own.
func (c *Config) standing(from string, who Identity) (netip.Prefix, bool) {
	if who.Admin {
		return netip.Prefix{}, from == who.User || c.who(from).Admin
	}
	return who.Network(), false
}

// maySpeak says why a user's message must not be delivered here. The room's lock is held.
func (r *room) maySpeak(user string, from netip.Prefix) error {
	now := time.Now()
	if err := r.s.silences.silenced(user, now); err != nil {
		return err
	}
	if err := r.mayBeHeard(&r.group, r.settings.MuteAll, user, from, now); err != nil {
		return err
	}
	return nil
}
