package chat

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// mostTold is how many devices of a user, and how many places, the registry is told of.
const mostTold = 100

// whereabouts is where a user is on this node, as other nodes are told.
func (p *presence) whereabouts(user string) (w Whereabouts) {
	shard := p.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.users[user]
	if u == nil {
		return w
	}
	for i := range u.devices {
		u.devices[i].sent = true
	}
	for _, d := range u.devices[max(0, len(u.devices)-mostTold):] {
		w.Devices = append(w.Devices, DeviceAt{d.who.Platform, d.who.Instance, d.since})
	}
	for _, m := range u.seats {
		at := slices.IndexFunc(w.Seats, func(s Seat) bool { return s.Group == m.room.id })
		if at < 0 {
			if len(w.Seats) == mostTold {
				continue
			}
			at = len(w.Seats)
			w.Seats = append(w.Seats, Seat{Group: m.room.id, Since: m.joined, Own: m.own})
		}
		w.Seats[at].add(m, u)
	}
	for r, a := range u.away {
		if len(w.Seats) < mostTold && !slices.ContainsFunc(w.Seats, func(s Seat) bool { return s.Group == r.id }) {
			w.Seats = append(w.Seats, Seat{Group: r.id, AwaySince: a.since, AwayTold: a.told})
		}
	}
	slices.SortFunc(w.Seats, func(a, b Seat) int { return cmp.Compare(a.Group, b.Group) })
	return w
}

// add adds a session of a user to his place.
func (s *Seat) add(m *member, u *present) {
	if OptPlatform(m.who.Platform) == PlatformWeb {
		s.Pages = true
	} else {
		s.Apps = true
	}
	if !m.room.s.tuned().OneRoom.binds(&m.who) {
		return
	}
	s.Bound = max(s.Bound, m.since)
	s.Live = s.Live || slices.ContainsFunc(u.devices, func(d device) bool { return d.sess == m.sess })
}

// There says whether the user is there, and not only may come back.
func (s Seat) There() bool { return s.AwaySince.IsZero() }

// rooms are those in which a user is, or was until his line fell.
func (u *present) rooms() (all []*room) {
	for _, m := range u.seats {
		if !slices.Contains(all, m.room) {
			all = append(all, m.room)
		}
	}
	for r := range u.away {
		if !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

// places is what living nodes say of a user's places in a group, by node.
func (p *presence) places(user, group string) map[string]Seat {
	return p.placesOn(p.others, user, group)
}

// placesOn is places for who asks for the living nodes himself: once for many users.
func (p *presence) placesOn(others func() []string, user, group string) map[string]Seat {
	if p.abroad == nil {
		return nil
	}
	shard := p.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.users[user]
	if u == nil || u.alone() {
		return nil
	}
	living := others()
	var all map[string]Seat
	for node, r := range u.abroad {
		if !slices.Contains(living, node) {
			continue
		}
		for _, seat := range r.Seats {
			if seat.Group != group {
				continue
			}
			if all == nil {
				all = make(map[string]Seat)
			}
			all[node] = seat
		}
	}
	return all
}

// elsewhere says whether a user is in the room by another node; else he may have been until his line fell. The room's lock
// may be held.
func (r *room) elsewhere(user string) (there bool, away absent, wasThere bool) {
	for _, seat := range r.s.presence.places(user, r.id) {
		if seat.There() {
			return true, absent{}, true
		}
		away, wasThere = absent{seat.AwaySince, seat.AwayTold}, true
	}
	return false, away, wasThere
}

// isElsewhere says whether a user is in the room by another node.
func (r *room) isElsewhere(user string) bool {
	there, _, _ := r.elsewhere(user)
	return there
}

// meet takes into account where else a user is who is in the room, or away. The room's lock is held.
func (r *room) meet(user string) {
	there := r.isElsewhere(user)
	if !there || !r.has(user) {
		if r.doubles[user] && r.has(user) && r.tipping() {
			r.tellTips(tipsNews{Back: []string{user}}) // the other node may have taken it for his leaving
		}
		delete(r.doubles, user)
	} else {
		r.double(user)
	}
	if there {
		r.unaway(user)
	}
}

// double notes that a user in the room is there by another node too. The room's lock is held.
func (r *room) double(user string) {
	if r.doubles == nil {
		r.doubles = make(map[string]bool)
	}
	r.doubles[user] = true
}

// doubled is how many users in the room count on another node: where they are for longer. The room's lock is held.
func (r *room) doubled() (n, robots int) {
	others := sync.OnceValue(r.s.presence.others)
	for user := range r.doubles {
		p := r.users[user]
		for node, seat := range r.s.presence.placesOn(others, user, r.id) {
			if seat.There() && (seat.Since < p.since || seat.Since == p.since && node < r.s.abroad.n.Node()) {
				n++
				if p.robot != nil {
					robots++
				}
				break
			}
		}
	}
	return n, robots
}

// setAway notes that a user's line fell. The room's lock is held.
func (r *room) setAway(user string, a absent) {
	if r.away == nil {
		r.away = make(map[string]absent)
	}
	r.away[user] = a
	if r.s.abroad == nil {
		return
	}
	shard := r.s.presence.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.user(user)
	if u.away == nil {
		u.away = make(map[*room]absent)
	}
	u.away[r] = a
	r.s.abroad.moved(user)
}

// unaway is the reverse of setAway. The room's lock is held.
func (r *room) unaway(user string) {
	if _, away := r.away[user]; !away {
		return
	}
	delete(r.away, user)
	if r.s.abroad == nil {
		return
	}
	shard := r.s.presence.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if u := shard.users[user]; u != nil {
		delete(u.away, r)
		shard.forget(user)
	}
	r.s.abroad.moved(user)
}

// told says whether other nodes tell of a user whose line fell: he is there by one, or one heard of him later.
func (r *room) toldElsewhere(user string, since time.Time) bool {
	for node, seat := range r.s.presence.places(user, r.id) {
		if seat.There() || seat.AwaySince.After(since) || seat.AwaySince.Equal(since) && node < r.s.abroad.n.Node() {
			return true
		}
	}
	return false
}

// partsElsewhere says whether another node tells that a user was taken out of the room who is in it by that too, or was a
// moment ago, because that did the same; or whether he stays there.
func (r *room) partsElsewhere(user, reason string) bool {
	if r.s.abroad == nil {
		return false
	}
	me := r.s.abroad.n.Node()
	for node, seat := range r.s.presence.places(user, r.id) {
		if !seat.There() {
			continue
		}
		if reason == DepartJoinedElsewhere && (seat.Apps || seat.Bound == 0) || node < me {
			return true
		}
	}
	return r.s.presence.leftBefore(user, r.id, me)
}

// leftBefore says whether a user was in a group a moment ago by a node that comes before one.
func (p *presence) leftBefore(user, group, than string) bool {
	shard := p.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.users[user]
	if u == nil {
		return false
	}
	for node, r := range u.abroad {
		if at, left := r.left[group]; left && node < than && time.Since(at) < leftLately {
			return true
		}
	}
	return false
}
