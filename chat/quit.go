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
		r.quitElsewhere(m.who)
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
		if other != m && r.s.tuned().Quit.takes(m.who.Platform, other.who.Platform) {
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

// quitNews has a user's devices on other nodes leave a group that he quit on a platform.
type quitNews struct {
	Group    string `json:"group"`
	User     string `json:"user"`
	Platform string `json:"platform"`
}

// quitElsewhere tells the other nodes where a user is in the room that he quit. The room's lock is held.
func (r *room) quitElsewhere(who Identity) {
	for node := range r.s.presence.places(who.User, r.id) {
		r.s.abroad.mail.say(node, news{Quit: &quitNews{r.id, who.User, who.Platform}})
	}
}

// staysElsewhere says whether a user who quit on a platform is in the room by another node all the same.
func (r *room) staysElsewhere(user, platform string) bool {
	rule := r.s.tuned().Quit
	for _, seat := range r.s.presence.places(user, r.id) {
		if seat.There() && (seat.Pages && !rule.takes(platform, PlatformWeb) || seat.Apps && !rule.takes(platform, PlatformUnknown)) {
			return true
		}
	}
	return false
}

// quitHere takes out those devices that a user takes along by quitting elsewhere. What is told of it is told there.
func (s *Service) quitHere(q *quitNews) {
	r := s.inMemory(q.Group)
	if r == nil {
		return
	}
	f := farewell{group: r.id, why: Departure{Reason: DepartLeftElsewhere}}
	r.mu.Lock()
	if p := r.users[q.User]; p != nil && q.User != r.group.Owner {
		for _, m := range p.sessions {
			if s.tuned().Quit.takes(q.Platform, m.who.Platform) {
				f.to = append(f.to, m.sess)
			}
		}
		for _, sess := range f.to {
			r.remove(sess)
		}
	}
	if !r.has(q.User) {
		r.unaway(q.User)
		r.tips.forget(q.User)
	}
	r.mu.Unlock()
	s.tell(f)
}
