package chat

import (
	"slices"
	"sync"
	"time"
)

// room is one group on this node while somebody uses it.
type room struct {
	s  *Service
	id string

	ready chan struct{} // closed once loaded
	err   error         // why loading failed; read after ready

	wake chan struct{} // tells the loop that a closed batch waits

	mu   sync.Mutex // guards what follows, never held while a store or session is called
	gone bool       // dismissed or put away: whoever holds it must look it up again

	group          Group
	epoch          string
	attributes     Values
	fields         Values
	noticeVersion  uint64
	profileVersion uint64
	settings       VersionedSettings
	changedAt      time.Time // of the last change of what infoSeq counts
	log            logbook
	withdrawals    []Withdrawal // the newest, in the order they happened; never written in place
	restraints

	members   []*member          // in no order
	sessions  map[string]*member // by session id
	watches   map[string]int     // sessions of each Identity.Watch
	users     map[string]*person // named users, by account
	roster    roster
	anonymous int
	robots    map[string]*person // by account; they are among users too
	doubles   map[string]bool    // users in the room who are in it by another node too
	marked    marked
	tips      tips
	hosts     hosts
	renamed   map[string]*guise // users whose new name the members are still to be told; nil: that which he has here
	renames   uint64            // version of the last event member

	levels       map[string]levelled // users whose new level the members are still to be told
	levelVersion uint64              // of the last event level

	open     *batch           // collects until the tick
	closed   []*batch         // ended by an item of the server, in order
	running  bool             // the loop exists
	inFlight map[Key]*sending // sends whose answer is not known yet
	paces    map[string]pace  // of members who spoke lately

	away map[string]absent // named users whose last session ended without their wish, while somebody wants to know
	told uint64            // grows with what the Observer was told

	tally   tally
	acts    uint64 // version of the last act of moderation; the loop's own
	counter counter
	usedAt  time.Time

	audience []*member // of the batch being delivered; the loop's own

	feed *following // what the other nodes do; nil: there are none
}

// member is one session in a room.
type member struct {
	room *room
	sess Session
	who  Identity
	at   int // in room.members

	since  int64 // when it came: see presence.stamp
	joined int64 // when its user did: see person.since
	own    bool  // the group was his then
}

// person is a named user in a room, with at least one session, or a robot. The room's lock guards it.
type person struct {
	sessions []*member // oldest first
	robot    *Robot    // nil: he is none

	since        int64 // when the first of them came: see roster
	newer, older *person
}

// who is the user as the newest of the sessions knows him, or as the robot is called.
func (p *person) who() Identity {
	if n := len(p.sessions); n > 0 {
		return p.sessions[n-1].who
	}
	return Identity{User: p.robot.User, Nick: p.robot.Nick, Avatar: p.robot.Avatar}
}

// watch is the name under which the member's play sessions come.
func (m *member) watch() string {
	if m.who.Watch != "" {
		return m.who.Watch
	}
	return m.sess.ID()
}

// batch is what leaves together: candidates, and at most one change of state, which closes it.
type batch struct {
	sends   []*sending
	change  *change
	surplus []Key // of candidates there was no place for; the loop releases them

	op string // under which the store was asked for it, and did not answer; empty: it was not
}

// sending is a message on its way through a flush.
type sending struct {
	Candidate
	how    SendOptions
	by     *Identity // who sends it, for the Gate and the Observer; nil if neither wants to know
	counts *Identity // who sends it, for Config.Counted; nil: nobody counts it
	exempt bool      // from sensitive words

	unclaimed bool   // the store is away: its key is not reserved yet, as far as is known
	claimOp   string // the operation that reserves it, if there are other nodes

	clean     string  // the body with words replaced, or as the Gate had it, if either was
	cleanData *string // and CloudCustomData

	paced   string    // whose token bucket and slow mode count; empty: nobody's
	pacedAt time.Time // when it was paid for
	next    time.Time // when its sender may send again in slow mode; zero: at once

	prompt bool  // it is never held: an application administrator sends it
	later  *Ack  // it is held, and this is what its sender was answered; nil: it is not
	unsaid error // why it is not delivered after it was held; nil: it is. Guarded by holds.mu

	ack  Ack
	err  error
	done chan struct{} // closed once ack or err is set and the batch is delivered
}

// change is an operation of the server that the loop runs between two batches.
type change struct {
	apply func(*room) (outcome, error) // without the room's lock; may call the store
	err   error
	op    string // what the store was asked for it under; empty: nothing, or there are no other nodes
	acted bool   // the journal was told of it
	told  bool   // and the Observer
	done  chan struct{}
}

// outcome is what a change sends to the members and what it sets in the room, under its lock.
type outcome struct {
	items  []Item
	update func(*room)
	after  func() // without any lock, when everybody has the items; may be nil
	acts   []Act  // for the journal; whoever waits for the change waits until they are kept
	facts  []Fact // and for the Observer, after those that update tells

	// Of a room with other nodes: items, update and after come from the entry, everywhere alike.
	finally func()    // like after, but only where the change was made
	at      time.Time // when it happened, by the store; zero: now, here
	foreign bool      // others did all of it

	// Late is what its maker tells when the store did not answer, and the entry shows that it was done: acts, facts, finally.
	late func(e Entry) outcome
}

func newRoom(s *Service, id string) *room {
	return &room{
		s: s, id: id, ready: make(chan struct{}), wake: make(chan struct{}, 1),
		sessions: make(map[string]*member), watches: make(map[string]int), users: make(map[string]*person), inFlight: make(map[Key]*sending),
		usedAt: time.Now(),
	}
}

// loaded says whether fill was called.
func (r *room) loaded() bool {
	select {
	case <-r.ready:
		return r.err == nil
	default:
		return false
	}
}

// fill takes over what the store knows. The room's lock is held.
func (r *room) fill(state GroupState) {
	r.group, r.epoch = state.Group, state.Epoch
	r.attributes = state.Attributes
	r.fields = Values{Version: state.FieldsVersion, All: state.Group.Fields}
	r.noticeVersion, r.profileVersion = state.NoticeVersion, state.ProfileVersion
	r.settings = VersionedSettings{state.Settings, state.SettingsVersion}
	if r.changedAt = state.ChangedAt; r.changedAt.IsZero() {
		r.changedAt = state.Group.CreatedAt
	}
	r.restraints = state.restraints()
	r.withdrawals = state.Withdrawals
	r.tally.now, r.tally.told = state.Counters, state.Counters.Version
	r.log = newLogbook(state.Log, state.Seq, state.Floor)
	r.restorePaces()
	r.setRobots(state.Robots, time.Now())
	if r.feed != nil {
		r.feed.begin(state)
	}
}

// add enters a session, or renews it; back says that its user was there before, as he says. It returns those that must leave
// other rooms for it. The room's lock is held.
func (r *room) add(sess Session, who Identity, back bool) (elsewhere []*member) {
	r.remove(sess)
	m := &member{room: r, sess: sess, who: who, at: len(r.members)}
	r.members = append(r.members, m)
	r.sessions[sess.ID()] = m
	r.watches[m.watch()]++
	if who.Anonymous {
		r.anonymous++
	} else {
		r.enter(m, back)
		elsewhere = r.s.presence.sit(m, r.s.tuned().OneRoom)
	}
	r.s.sessions.Add(1)
	return elsewhere
}

// remove takes a session out, if it is the one known by its id. The room's lock is held.
func (r *room) remove(sess Session) {
	m, ok := r.sessions[sess.ID()]
	if !ok || m.sess != sess {
		return
	}
	last := len(r.members) - 1
	r.members[m.at], r.members[last].at = r.members[last], m.at
	r.members[last] = nil
	r.members = r.members[:last]
	delete(r.sessions, sess.ID())
	if r.watches[m.watch()]--; r.watches[m.watch()] == 0 {
		delete(r.watches, m.watch())
	}
	r.usedAt = time.Now()
	if m.who.Anonymous {
		r.anonymous--
	} else {
		r.exit(m)
		r.s.presence.stand(m)
	}
	r.s.sessions.Add(-1)
}

// enter counts a session of a named user. The room's lock is held.
func (r *room) enter(m *member, back bool) {
	p := r.users[m.who.User]
	if p == nil {
		p = &person{}
		r.users[m.who.User] = p
		r.roster.add(p, time.Now())
		if r.isElsewhere(m.who.User) {
			r.double(m.who.User) // which he may be no longer a moment later
		} else {
			r.came(m.who)
		}
	}
	if len(p.sessions) == 0 {
		r.arrive(m.who, back)
	}
	p.sessions = append(p.sessions, m)
	r.meet(m.who.User)
}

// exit is the reverse of enter. The room's lock is held.
func (r *room) exit(m *member) {
	p := r.users[m.who.User]
	at := slices.Index(p.sessions, m)
	if p.sessions = slices.Delete(p.sessions, at, at+1); len(p.sessions) > 0 {
		return
	}
	r.lose(m.who.User)
	delete(r.doubles, m.who.User)
	if p.robot == nil {
		r.vanish(m.who.User, p)
		if !r.isElsewhere(m.who.User) {
			r.went(m.who, r.usedAt)
		}
	}
}

// vanish takes a user out who is there with nothing any more. The room's lock is held.
func (r *room) vanish(user string, p *person) {
	delete(r.users, user)
	r.roster.remove(p)
	r.marked.forget(p)
}

// population is how many people are there, on all nodes: distinct users, robots and anonymous guests. The room's lock is
// held.
func (r *room) population() int {
	if r.s.abroad == nil {
		return r.local()
	}
	return r.count().Members
}

// local is population for this node. The room's lock is held.
func (r *room) local() int { return len(r.users) + r.anonymous }

// has says whether a named user is in the room himself. The room's lock is held.
func (r *room) has(user string) bool { p := r.users[user]; return p != nil && len(p.sessions) > 0 }

// role of an identity in this room; empty for anonymous guests. The room's lock is held.
func (r *room) role(who Identity) Role {
	switch {
	case who.Anonymous:
		return ""
	case who.Guest:
		return RoleMember
	case who.User != "" && who.User == r.group.Owner:
		return RoleOwner
	case who.Admin:
		return RoleAdmin
	}
	for _, admin := range r.group.Admins {
		if admin == who.User {
			return RoleAdmin
		}
	}
	return RoleMember
}

// asks runs permit under the room's lock.
func (r *room) asks(permit func(*room) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return permit(r)
}

// manages says whether who may change the group itself. The room's lock is held.
func (r *room) manages(who Identity) bool {
	role := r.role(who)
	return role == RoleOwner || role == RoleAdmin
}
