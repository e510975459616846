package chat

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What nodes tell each other of people.
const (
	abroadWait = 200 * time.Millisecond // how long a login, a join or a question waits for other nodes before it goes on without

	usersBatch = 500             // users told at once
	usersRenew = 3 * time.Minute // after which every user is told again
	heirEvery  = 5 * time.Second // from one look for what dead nodes left to the next
)

// abroad is what a Service knows of the other nodes, and what it is still to tell them. Without Neighbours it has none.
type abroad struct {
	n         Neighbours
	mail      mail
	census    census
	inquiries inquiries

	stirred chan struct{} // has a token when there is something to tell the registry
	apart   atomic.Bool   // the registry did not answer when it was asked last: nobody waits for it
	heard   atomic.Uint64 // grows with what is heard of users

	recount   atomic.Bool // all counts are to be told at once
	watchedAt time.Time   // when strangers were told of last; headcounts' own

	mu     sync.Mutex               // taken last; guards what follows
	dirty  map[string]bool          // users whose whereabouts changed
	known  map[string]bool          // users whom the registry may know to be here
	flying map[string]bool          // users of whom the registry is being told
	waits  map[string]chan struct{} // closed when it has been told all of a user, or could not be
	ends   []ending                 // of which the registry is to be told
	missed bool                     // everything is to be told and asked anew
}

func newAbroad(n Neighbours) *abroad {
	if n == nil {
		return nil
	}
	return &abroad{
		n: n, mail: mail{ready: make(chan struct{}, 1)}, stirred: make(chan struct{}, 1),
		dirty: make(map[string]bool), known: make(map[string]bool), flying: make(map[string]bool), waits: make(map[string]chan struct{}),
	}
}

// stir lets register look.
func (a *abroad) stir() {
	select {
	case a.stirred <- struct{}{}:
	default:
	}
}

// moved notes that a user is somewhere else than the registry has it. Any lock may be held.
func (a *abroad) moved(user string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dirty[user] = true
	a.stir()
}

// registered waits until the registry has answered where else a user is who moved, but not for long.
func (a *abroad) registered(ctx context.Context, user string) {
	if a.apart.Load() {
		return
	}
	a.mu.Lock()
	if !a.dirty[user] && !a.flying[user] {
		a.mu.Unlock()
		return
	}
	done := a.waits[user]
	if done == nil {
		done = make(chan struct{})
		a.waits[user] = done
	}
	a.mu.Unlock()
	timer := time.NewTimer(abroadWait)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// end remembers that a user was sent away.
func (a *abroad) end(e ending) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.ends) < maxNews {
		a.ends = append(a.ends, e)
	}
	a.stir()
}

// renewAll has everything told and asked anew.
func (a *abroad) renewAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.missed = true
	a.stir()
}

// take returns what is to be told to the registry next.
func (a *abroad) take() (users []string, ends []ending, missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for user := range a.dirty {
		if len(users) == usersBatch {
			break
		}
		users = append(users, user)
		delete(a.dirty, user)
		a.flying[user] = true
	}
	ends, missed = a.ends, a.missed
	a.ends, a.missed = nil, false
	return users, ends, missed
}

// landed lets those go on who wait for users of whom nothing more is to be told.
func (a *abroad) landed(users []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, user := range users {
		delete(a.flying, user)
		if done := a.waits[user]; done != nil && (!a.dirty[user] || a.apart.Load()) {
			close(done)
			delete(a.waits, user)
		}
	}
}

// giveBack notes again what could not be told.
func (a *abroad) giveBack(users []string, ends []ending, missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, user := range users {
		a.dirty[user] = true
	}
	a.ends = append(ends, a.ends...)
	a.missed = a.missed || missed
}

// tell notes what the registry knows of users once it was told where they are. What it did not answer it may know all the same.
func (a *abroad) tell(here map[string]Whereabouts, answered bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for user, w := range here {
		switch {
		case !w.Nowhere() && (answered || !a.apart.Load()):
			a.known[user] = true
		case w.Nowhere() && answered:
			delete(a.known, user)
		}
	}
}

// live does, until ctx ends, what other nodes are for.
func (s *Service) live(ctx context.Context) {
	a := s.abroad
	if a == nil {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = a.n.Attend(ctx, listener{s}) }) // it ends with ctx
	wg.Go(func() { a.post(ctx) })
	wg.Go(func() { s.headcounts(ctx) })
	wg.Go(func() { s.inherit(ctx) })
	s.register(ctx)
}

// register tells the registry where users are, until ctx ends.
func (s *Service) register(ctx context.Context) {
	renew := time.NewTicker(usersRenew / presenceShards)
	defer renew.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
			s.renewUsers(next % presenceShards)
			next++
		case <-s.abroad.stirred:
		}
		for !s.tellRegistry(ctx) {
			if !pausing(ctx, newsRetry) {
				return
			}
		}
	}
}

// renewUsers has the users of a shard told again.
func (s *Service) renewUsers(shard int) {
	p := &s.presence.shards[shard]
	p.mu.Lock()
	defer p.mu.Unlock()
	for user := range p.users {
		s.abroad.moved(user)
	}
}

// tellRegistry tells all that waits. False: it could not.
func (s *Service) tellRegistry(ctx context.Context) bool {
	a := s.abroad
	for {
		users, ends, missed := a.take()
		if len(users)+len(ends) == 0 && !missed {
			return true
		}
		ends, err := s.putEnds(ctx, ends)
		if err == nil && missed {
			err = s.catchUp(ctx)
		}
		if err == nil {
			err = s.putUsers(ctx, users)
		}
		if a.apart.Store(err != nil); err != nil {
			a.giveBack(s.worthTelling(users), ends, missed)
		}
		if a.landed(users); err != nil {
			return false
		}
	}
}

// worthTelling are those of some users who are here, or of whom the registry may know: so many come and go while it is away.
func (s *Service) worthTelling(users []string) []string {
	gone := s.presence.gone(users)
	s.abroad.mu.Lock()
	defer s.abroad.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(users), func(user string) bool { return gone[user] && !s.abroad.known[user] })
}

// putEnds tells who was sent away, and answers what could not be told.
func (s *Service) putEnds(ctx context.Context, ends []ending) (left []ending, err error) {
	for i, e := range ends {
		if err := s.abroad.n.EndUser(ctx, e.user, time.Since(e.at)); err != nil {
			return ends[i:], err
		}
		s.abroad.mail.say("", news{Close: &closeNews{e.user, e.why, time.Since(e.at)}})
	}
	return nil, nil
}

// tellEnds tells who was sent away and is not told of yet. False: it could not.
func (s *Service) tellEnds(ctx context.Context) bool {
	a := s.abroad
	a.mu.Lock()
	ends := a.ends
	a.ends = nil
	a.mu.Unlock()
	left, err := s.putEnds(ctx, ends)
	if err != nil {
		a.giveBack(nil, left, false)
	}
	return err == nil
}

// endNow tells that a user was sent away before that is answered, if the registry can be asked at once.
func (s *Service) endNow(e ending) {
	select {
	case <-s.started:
		if s.abroad.apart.Load() {
			break
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), abroadWait)
		defer cancel()
		if _, err := s.putEnds(ctx, []ending{e}); err == nil {
			return
		}
	default:
	}
	s.abroad.end(e)
}

// catchUp asks for everything, and has everything told.
func (s *Service) catchUp(ctx context.Context) error {
	s.abroad.census.doubt()
	s.abroad.recount.Store(true)
	if err := s.reloadSilences(ctx); err != nil {
		return err
	}
	if err := s.banishMissed(ctx); err != nil {
		return err
	}
	for shard := range s.presence.shards {
		s.renewUsers(shard)
	}
	return nil
}

// putUsers tells the registry where users are, and those nodes where they are too.
func (s *Service) putUsers(ctx context.Context, users []string) error {
	if len(users) == 0 {
		return nil
	}
	a, here := s.abroad, make(map[string]Whereabouts, len(users))
	for _, user := range users {
		here[user] = s.presence.whereabouts(user)
	}
	began := a.heard.Load()
	elsewhere, err := a.n.PutUsers(ctx, here)
	if a.tell(here, err == nil); err != nil {
		s.presence.unanswered(users)
		return err
	}
	tell := make(map[string]map[string]Whereabouts)
	for user, e := range elsewhere {
		s.learn(user, began, e)
		for node := range e.Nodes {
			if tell[node] == nil {
				tell[node] = make(map[string]Whereabouts)
			}
			tell[node][user] = s.presence.whereabouts(user) // what was learned may have changed it
		}
	}
	for node, users := range tell {
		a.mail.say(node, news{Users: users})
	}
	return nil
}

// acquaint learns where else a user is who is about to be here, if that is not known, but does not wait for long. Until
// done is called it stays known.
func (s *Service) acquaint(ctx context.Context, who Identity) (done func()) {
	if s.abroad == nil || who.Anonymous {
		return func() {}
	}
	user := who.User // all that is kept of who, so that it costs nothing where there are no other nodes
	shard := s.presence.shard(user)
	shard.mu.Lock()
	u := shard.user(user)
	u.expected++
	known := u.known
	shard.mu.Unlock()
	if !known {
		began := s.abroad.heard.Load()
		if found, ok := s.usersElsewhere(ctx, []string{user}); ok {
			s.learn(user, began, found[user])
		}
	}
	return func() {
		shard.mu.Lock()
		defer shard.mu.Unlock()
		u.expected--
		shard.forget(user)
	}
}

// usersElsewhere asks the registry, but does not wait for long.
func (s *Service) usersElsewhere(ctx context.Context, users []string) (found map[string]Elsewhere, ok bool) {
	if s.abroad == nil || s.abroad.apart.Load() || len(users) == 0 {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, abroadWait)
	defer cancel()
	found, err := s.abroad.n.Users(ctx, users)
	return found, err == nil
}

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
	shard := s.presence.shard(user)
	shard.mu.Lock()
	u := shard.users[user]
	if u == nil {
		shard.mu.Unlock()
		return
	}
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
	var sent []device
	if e.Ended > 0 {
		sent = s.presence.endedElsewhere(shard, user, time.Now().Add(-e.Ended), s.cfg.signedOut(SignOutClosed))
	}
	if s.presence.restamp(u, e) {
		_, instead := u.surplus(&s.cfg, s.abroad.n.Others())
		u.replacing(instead)
	}
	so := s.consider(user, u)
	shard.forget(user)
	shard.mu.Unlock()
	s.closeAll(sent, Closing{Reason: CloseKicked, Type: KickedByREST})
	s.obey(user, so)
}

// learnOf takes over what another node says of a user.
func (s *Service) learnOf(user, node string, w Whereabouts) {
	shard := s.presence.shard(user)
	shard.mu.Lock()
	u := shard.users[user]
	if u == nil {
		shard.mu.Unlock()
		return
	}
	if u.abroad == nil {
		u.abroad = make(map[string]report)
	}
	u.abroad[node] = report{Whereabouts: w, heard: s.abroad.heard.Add(1)}.after(u.abroad[node], time.Now())
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
	tell := s.cfg.signedOut(SignOutClosed)
	so.former = u.take(func(d device) bool { return u.superseded(d, living, s.cfg.Rivals) }, tell)
	surplus, _ := u.surplus(&s.cfg, living)
	so.why = surplus.why
	so.surplus = u.take(func(d device) bool { return slices.Contains(surplus.own, d.sess) }, tell)
	if len(so.former)+len(so.surplus) > 0 {
		u.replacing(platformsOf(so.surplus))
		s.abroad.moved(user)
	}
	for _, m := range u.seats {
		for group, since := range bound {
			if group != m.room.id && since > m.since && s.cfg.OneRoom.binds(&m.who) {
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
