package chat

import "slices"

// OneRoom says whether a web login is in one room at a time, as with Tencent (spec im-rest §5). Apps may always be in
// several, and so may application administrators.
type OneRoom uint8

// The rules.
const (
	OneRoomUnlessAsked OneRoom = iota // but for clients that ask for more (Identity.ManyRooms)
	OneRoomAlways
	OneRoomNever
)

// binds says whether who is in one room at a time. It looks only at what never changes of a member: locks of other rooms
// are not held.
func (o OneRoom) binds(who *Identity) bool {
	switch {
	case o == OneRoomNever, who.Anonymous, who.Admin, OptPlatform(who.Platform) != PlatformWeb:
		return false
	case o == OneRoomAlways:
		return true
	}
	return !who.ManyRooms
}

// sit notes that a member is in his room. It returns his user's seats in other rooms, if he may not have both. Only one of
// two sessions that join different rooms at once finds the other. Who looks after a room of his own stays where else he is
// on other devices. The room's lock is held.
func (p *presence) sit(m *member, rule OneRoom) (elsewhere []*member) {
	shard := p.shard(m.who.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.user(m.who.User)
	own := m.who.User == m.room.group.Owner
	if p.abroad != nil {
		m.since, m.joined, m.own = p.stamp(), m.room.users[m.who.User].since, own
	}
	if rule.binds(&m.who) {
		for _, other := range u.seats {
			if other.room != m.room && rule.binds(&other.who) && (!own || other.sess == m.sess) {
				elsewhere = append(elsewhere, other)
			}
		}
	}
	u.seats = append(u.seats, m)
	p.moved(m.who.User)
	return elsewhere
}

// stand is the reverse of sit. The room's lock is held.
func (p *presence) stand(m *member) {
	shard := p.shard(m.who.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.users[m.who.User]
	at := slices.Index(u.seats, m)
	u.seats = slices.Delete(u.seats, at, at+1)
	p.moved(m.who.User)
	shard.forget(m.who.User)
}

// movedOn says whether a user has gone to another room with another device, while the session that comes back to r was
// away. The room's lock is held.
func (p *presence) movedOn(r *room, sess Session, who Identity, rule OneRoom) bool {
	if !rule.binds(&who) || who.User == r.group.Owner {
		return false
	}
	shard := p.shard(who.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.users[who.User]
	return u != nil && (slices.ContainsFunc(u.seats, func(m *member) bool {
		return m.room != r && m.sess != sess && rule.binds(&m.who) && slices.ContainsFunc(u.devices, func(d device) bool { return d.sess == m.sess })
	}) || u.boundElsewhere(r.id, p.others()))
}

// boundElsewhere says whether a user is by another node in a room besides this one, with a device that is in one at a time.
func (u *present) boundElsewhere(group string, living []string) bool {
	for node, r := range u.abroad {
		if slices.Contains(living, node) && slices.ContainsFunc(r.Seats, func(s Seat) bool { return s.Group != group && s.Bound > 0 && s.Live }) {
			return true
		}
	}
	return false
}

// giveWay takes a member out of the room because his user joined another one with a session. A room's owner stays on his
// other devices: he is its member for as long as it is, and only the session that goes elsewhere stops receiving.
func (r *room) giveWay(m *member, to Session) farewell {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := farewell{group: r.id, why: Departure{Reason: DepartJoinedElsewhere}}
	if r.sessions[m.sess.ID()] == m && (m.who.User != r.group.Owner || m.sess == to) {
		r.remove(m.sess)
		r.part(m.who.User, m.who, DepartJoinedElsewhere)
		f.to = append(f.to, m.sess)
	}
	return f
}
