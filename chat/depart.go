package chat

import (
	"runtime/debug"
	"time"
)

// Departure says why somebody was taken out of a group without asking for it.
type Departure struct {
	Reason string    // one of the constants below
	By     string    // account of who did it; empty: the user's own other device
	Detail string    // for people; may be empty
	Until  time.Time // of a ban, when it ends; zero: no ban, or not known
}

// Reasons of departures, as docs/protocol.md shows them.
const (
	DepartKicked          = "kicked"
	DepartBanned          = "banned"
	DepartJoinedElsewhere = "joined_elsewhere" // a web login is in one room at a time
	DepartLeftElsewhere   = "left_elsewhere"   // another device of the user left
)

// Closing says why a whole session is closed.
type Closing struct {
	Reason string // as docs/protocol.md lists them: kicked, replaced, usersig_expired …
	Type   string // Tencent's word for a client that was kicked out (spec im-websdk, KICKED_OUT); may be empty
	Detail string // for people; may be empty
}

// farewell is what sessions that were taken out of a room are still to be told. It is made under the room's lock and told
// without it: see outcome.after and Service.tell.
type farewell struct {
	group string
	to    []Session
	why   Departure
}

// expel takes every session of a user out of the room, which by wants. The room's lock is held.
func (r *room) expel(user string, by Identity, why Departure) farewell {
	f := farewell{group: r.id, why: why}
	if p := r.users[user]; p != nil {
		for _, m := range append([]*member(nil), p.sessions...) {
			f.to = append(f.to, m.sess)
			r.remove(m.sess)
		}
	}
	r.tips.forget(user)
	r.part(user, by, why.Reason)
	return f
}

// expelIf takes out the sessions that match says. It looks at every member. The room's lock is held.
func (r *room) expelIf(match func(*member) bool, by Identity, why Departure) farewell {
	f := farewell{group: r.id, why: why}
	var out []*member
	for _, m := range r.members {
		if match(m) {
			out = append(out, m)
		}
	}
	for _, m := range out {
		f.to = append(f.to, m.sess)
		r.remove(m.sess)
		if !m.who.Anonymous {
			r.part(m.who.User, by, why.Reason)
		}
	}
	return f
}

// tell says goodbye to those who were taken out. No lock is held. A session that panics costs only itself.
func (s *Service) tell(f farewell) {
	for _, sess := range f.to {
		s.guarded(func() { sess.Left(f.group, f.why) })
	}
}

// guarded calls a session, whose panic must not end the caller.
func (s *Service) guarded(call func()) {
	defer func() {
		if v := recover(); v != nil {
			s.panics.Add(1)
			s.log.Error("chat session panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	call()
}
