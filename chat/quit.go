package chat

import "context"

// Quit says which of a user's devices leave a room when he quits on one of them.
type Quit uint8

// The rules.
const (
	QuitApps       Quit = iota // pages and mini-programs take the apps along, not the reverse (spec im-rest §5)
	QuitEverywhere             // all devices
	QuitDevice                 // only this one
)

// takes says whether quitting on one platform ends a session on another.
func (q Quit) takes(on, other string) bool {
	switch q {
	case QuitEverywhere:
		return true
	case QuitDevice:
		return false
	}
	return OptPlatform(on) == PlatformWeb && OptPlatform(other) != PlatformWeb
}

// Quit takes a session out of a group because its user wants to leave it, and with it those of his other devices that
// Config.Quit names; they are told. The owner can't quit (spec im-rest §5). Leave is for connections that end.
func (s *Service) Quit(ctx context.Context, group string, sess Session) error {
	var f farewell
	err := s.with(ctx, group, func(r *room) error {
		m := r.sessions[sess.ID()]
		switch {
		case m == nil || m.sess != sess:
			return nil
		case m.who.Anonymous:
			r.remove(sess)
			return nil
		case m.who.User == r.group.Owner:
			return ErrOwnerStays
		}
		f = r.quit(m)
		return nil
	})
	s.tell(f)
	s.settled(ctx)
	return err
}

// quit takes a member out, and those whom he takes along. The room's lock is held.
func (r *room) quit(m *member) farewell {
	f := farewell{group: r.id, why: Departure{Reason: DepartLeftElsewhere}}
	for _, other := range r.users[m.who.User].sessions {
		if other != m && r.s.cfg.Quit.takes(m.who.Platform, other.who.Platform) {
			f.to = append(f.to, other.sess)
		}
	}
	r.remove(m.sess)
	for _, sess := range f.to {
		r.remove(sess)
	}
	r.part(m.who.User, m.who, "")
	return f
}
