package chat

import (
	"maps"
	"slices"
	"time"
)

// report is where a node said that a user is, and when that was heard.
type report struct {
	Whereabouts
	heard uint64
	left  map[string]time.Time // groups in which he was a moment ago
}

// leftLately is for how long it is known that a user was in a group by another node: longer than nodes need to do what all of
// them do, one after the other.
const leftLately = 2 * time.Second

// after is a report that follows another of the same node.
func (r report) after(old report, now time.Time) report {
	there := func(group string) bool {
		return slices.ContainsFunc(r.Seats, func(s Seat) bool { return s.Group == group && s.There() })
	}
	note := func(group string, at time.Time) {
		if now.Sub(at) < leftLately && !there(group) {
			if r.left == nil {
				r.left = make(map[string]time.Time)
			}
			r.left[group] = at
		}
	}
	for group, at := range old.left {
		note(group, at)
	}
	for _, s := range old.Seats {
		if s.There() {
			note(s.Group, now)
		}
	}
	return r
}

// learn takes over what the registry answered to a question that began when so much was heard: what was heard since is newer.
func (s *Service) learn(user string, began uint64, e Elsewhere) {
	var sent []device
	s.revise(user, func(shard *presenceShard, u *present) {
		now, next := time.Now(), make(map[string]report, len(e.Nodes))
		for node, w := range e.Nodes {
			next[node] = report{Whereabouts: w, heard: began}.after(u.abroad[node], now)
		}
		for node, r := range u.abroad {
			if _, said := next[node]; r.heard > began {
				next[node] = r
			} else if gone := (report{heard: began}).after(r, now); !said && gone.left != nil {
				next[node] = gone
			}
		}
		u.abroad, u.known = next, true
		if e.Ended > 0 {
			sent = s.presence.endedElsewhere(shard, user, time.Now().Add(-e.Ended), s.cfg.signedOut(SignOutClosed))
		}
		if s.presence.restamp(u, e) {
			_, instead := u.surplus(s.tuned(), s.abroad.n.Others())
			u.replacing(instead)
		}
	})
	s.closeAll(sent, Closing{Reason: CloseKicked, Type: KickedByREST})
}

// learnOf takes over what another node says of a user.
func (s *Service) learnOf(user, node string, w Whereabouts) {
	s.revise(user, func(_ *presenceShard, u *present) {
		if u.abroad == nil {
			u.abroad = make(map[string]report)
		}
		u.abroad[node] = report{Whereabouts: w, heard: s.abroad.heard.Add(1)}.after(u.abroad[node], time.Now())
	})
}

// revise changes what is known of where else a user is who is here, under the lock of his shard, and does what follows.
func (s *Service) revise(user string, change func(*presenceShard, *present)) {
	shard := s.presence.shard(user)
	shard.mu.Lock()
	u := shard.users[user]
	if u == nil {
		shard.mu.Unlock()
		return
	}
	change(shard, u)
	so := s.consider(user, u)
	shard.forget(user)
	shard.mu.Unlock()
	s.obey(user, so)
}

// consequence is what follows for this node from where else a user is.
type consequence struct {
	former, surplus []device
	why             Closing // of surplus
	leave           []*member
	rooms           []*room
}

// consider says what follows, and takes out the devices that must go. The shard's lock is held.
func (s *Service) consider(user string, u *present) (so consequence) {
	if u.alone() {
		so.rooms = u.rooms()
		return so
	}
	living := s.abroad.n.Others()
	bound := make(map[string]int64) // by group
	for node, r := range u.abroad {
		s.presence.notEarlier(r.Whereabouts)
		for _, seat := range r.Seats {
			if !seat.Own && slices.Contains(living, node) {
				bound[seat.Group] = max(bound[seat.Group], seat.Bound)
			}
		}
	}
	tell, cfg := s.cfg.signedOut(SignOutClosed), s.tuned()
	so.former = u.take(func(d device) bool { return u.superseded(d, living, cfg.Rivals) }, tell)
	surplus, _ := u.surplus(cfg, living)
	so.why = surplus.why
	so.surplus = u.take(func(d device) bool { return slices.Contains(surplus.own, d.sess) }, tell)
	if len(so.former)+len(so.surplus) > 0 {
		u.replacing(platformsOf(so.surplus))
		s.abroad.moved(user)
	}
	for _, m := range u.seats {
		for group, since := range bound {
			if group != m.room.id && since > m.since && cfg.OneRoom.binds(&m.who) {
				so.leave = append(so.leave, m)
				break
			}
		}
	}
	so.rooms = u.rooms()
	return so
}

// obey does what follows. No lock is held.
func (s *Service) obey(user string, so consequence) {
	s.closeAll(so.former, Closing{Reason: CloseReconnected})
	s.closeAll(so.surplus, so.why)
	for _, m := range so.leave {
		s.tell(m.room.giveWay(m, nil))
	}
	for _, r := range so.rooms {
		r.mu.Lock()
		r.meet(user)
		r.mu.Unlock()
	}
}

// merged is where a user is besides this node, of what its nodes said.
func (e Elsewhere) merged() (all Whereabouts) {
	for _, node := range slices.Sorted(maps.Keys(e.Nodes)) {
		all.Devices = append(all.Devices, e.Nodes[node].Devices...)
		all.Seats = append(all.Seats, e.Nodes[node].Seats...)
	}
	return all
}
