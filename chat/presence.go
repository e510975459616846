package chat

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// presenceShards are as many locks as sign-ins share.
const presenceShards = 64

const (
	// recently is longer than any login takes.
	recently = time.Minute
	// EndedAge is how long it is remembered that a user was sent away: longer than a node is cut off from the others.
	EndedAge = 24 * time.Hour
	// endedSlack is how far apart a node may come to hear of the same end.
	endedSlack = 2 * time.Second
)

// Reasons of Closing for the ends of a login, and Tencent's words for them (spec im-websdk, KICKED_OUT).
const (
	CloseKicked      = "kicked"          // an administrator, or a backend
	CloseReplaced    = "replaced"        // other devices of the user came in
	CloseReconnected = "reconnected"     // the same device came in on another connection
	CloseExpired     = "usersig_expired" // its UserSig is over
	CloseRole        = "role_changed"    // he became an application administrator, or is none any more

	KickedByREST     = "REST_API_Kick"
	KickedByInstance = "multipleAccount" // of another page
	KickedByDevice   = "multipleDevice"
	KickedByExpiry   = "userSigExpired"
)

// presence knows who is signed in, and in which rooms. Anonymous guests are not in it.
type presence struct {
	seed   maphash.Seed
	shards [presenceShards]presenceShard
	expiry expiry

	abroad *abroad      // nil: there are no other nodes
	clock  atomic.Int64 // the last stamp
}

type presenceShard struct {
	mu    sync.Mutex // taken last, under a room's lock or without, and not held while a session is called
	users map[string]*present
	ended map[string]time.Time // who was sent away lately, and when

	renamed map[string]renaming // who took another name lately
}

// present is a user who is signed in, or in a room, or was until his line fell.
type present struct {
	devices []device         // in the order they came
	seats   []*member        // one for each session and room
	away    map[*room]absent // while there are other nodes: the rooms' room.away

	abroad   map[string]report // by node; nodes that live no more may be among them
	known    bool              // the registry has answered since he came
	expected int               // how many are waited for
}

// device is a session that has signed in.
type device struct {
	sess  Session
	who   Identity
	since int64 // see presence.stamp

	fresh    bool     // the registry has not answered since it was told of it; where it does not answer, none is
	sent     bool     // it is being told
	told     bool     // the Observer knows, if there is one
	replaced []string // until it does: the platforms of those that were sent away for it
}

func newPresence(a *abroad) *presence {
	p := &presence{seed: maphash.MakeSeed(), abroad: a}
	p.expiry.sooner = make(chan struct{}, 1)
	for i := range p.shards {
		p.shards[i].users = make(map[string]*present)
		p.shards[i].ended = make(map[string]time.Time)
		p.shards[i].renamed = make(map[string]renaming)
	}
	return p
}

// stamp is the time, Unix microseconds, and later than all others that this node gave or heard of.
func (p *presence) stamp() int64 {
	for {
		last := p.clock.Load()
		if now := max(last+1, time.Now().UnixMicro()); p.clock.CompareAndSwap(last, now) {
			return now
		}
	}
}

// notEarlier lets later stamps be later than those of another node.
func (p *presence) notEarlier(w Whereabouts) {
	newest := int64(0)
	for _, d := range w.Devices {
		newest = max(newest, d.Since)
	}
	for _, seat := range w.Seats {
		newest = max(newest, seat.Since, seat.Bound)
	}
	for last := p.clock.Load(); last < newest && !p.clock.CompareAndSwap(last, newest); last = p.clock.Load() {
	}
}

// restamp lets a device that comes in be the newest of those that the registry knew before it, whatever clocks say, and says
// whether there is one. The shard's lock is held.
func (p *presence) restamp(u *present, e Elsewhere) (fresh bool) {
	for _, w := range e.Nodes {
		p.notEarlier(w)
	}
	for i := range u.devices {
		if d := &u.devices[i]; d.fresh && d.sent {
			if d.fresh, fresh = false, true; len(e.Nodes) > 0 {
				d.since = p.stamp()
				p.moved(d.who.User)
			}
		}
	}
	slices.SortStableFunc(u.devices, func(a, b device) int { return cmp.Compare(a.since, b.since) })
	return fresh
}

// unanswered notes that the registry did not answer when it was told of users: which of their devices are newer, clocks say
// then, and not who is heard first when it is back.
func (p *presence) unanswered(users []string) {
	for _, user := range users {
		shard := p.shard(user)
		shard.mu.Lock()
		if u := shard.users[user]; u != nil {
			for i := range u.devices {
				u.devices[i].fresh = u.devices[i].fresh && !u.devices[i].sent
			}
		}
		shard.mu.Unlock()
	}
}

// gone are those of some users who are not here.
func (p *presence) gone(users []string) map[string]bool {
	all := make(map[string]bool)
	for _, user := range users {
		shard := p.shard(user)
		shard.mu.Lock()
		all[user] = shard.users[user] == nil
		shard.mu.Unlock()
	}
	return all
}

// moved has the registry told of a user. The shard's lock may be held.
func (p *presence) moved(user string) {
	if p.abroad != nil {
		p.abroad.moved(user)
	}
}

func (p *presence) shard(user string) *presenceShard {
	return &p.shards[maphash.String(p.seed, user)%presenceShards]
}

// SignIn makes a session one of its user's devices. The same instance coming back takes the place of its former session;
// of more devices of one kind (Config.Rivals) than Config allows the oldest are sent away, on whatever node they are. Who was
// sent away while he was logging in is refused. Anonymous guests are let through and not noted.
//
// It may be called once for a session, which is in until SignOut.
func (s *Service) SignIn(ctx context.Context, who Identity, sess Session) error {
	if s.stopping() {
		return ErrStopping
	}
	if who.User == "" || sess == nil || sess.ID() == "" {
		return ErrParameter.with("session", "a session needs an id and a user")
	}
	if who.Anonymous {
		return nil
	}
	former, oldest, why, err := s.presence.enter(device{sess: sess, who: who}, s.tuned())
	if err != nil {
		return err
	}
	s.closeAll(former, Closing{Reason: CloseReconnected})
	s.closeAll(oldest, why)
	if s.abroad == nil {
		return nil
	}
	s.abroad.registered(ctx, who.User)
	return s.announce(who.User, sess)
}

// announce tells of a device that came, once it is known what other nodes have of its user. One that had to go meanwhile was
// never here.
func (s *Service) announce(user string, sess Session) error {
	shard := s.presence.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	u := shard.users[user]
	if u == nil {
		return ErrSentAway
	}
	at := slices.IndexFunc(u.devices, func(d device) bool { return d.sess == sess })
	if at < 0 {
		return ErrSentAway
	}
	d := &u.devices[at]
	d.told = true
	s.cfg.signedIn(*d, d.replaced)
	d.replaced = nil
	return nil
}

// SignOut ends what SignIn began. A session that is not in, or not any more, is none of its business: who sent it away has
// told why.
func (s *Service) SignOut(user string, sess Session, why SignOutReason) {
	p := s.presence.shard(user)
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.remove(user, func(d device) bool { return d.sess == sess }, s.cfg.signedOut(why))
	s.presence.movedIf(out, user)
}

// signedOut tells of a device that went; nil: nobody wants to know.
func (c *Config) signedOut(why SignOutReason) func(device) {
	if c.Observer == nil {
		return nil
	}
	return func(d device) { c.Observer.Observe(SignedOut{Occasion{Time: time.Now(), By: d.who}, why}) }
}

// signedIn tells of a device that came in the place of others, on these platforms.
func (c *Config) signedIn(d device, instead []string) {
	if c.Observer != nil {
		c.Observer.Observe(SignedIn{Occasion{Time: time.Now(), By: d.who}, instead})
	}
}

// CloseUser closes all sessions of a user on all nodes, also those that are signing in at this moment, and returns how many
// there were, as far as other nodes are known of. A node that can't be told now is told when it can.
func (s *Service) CloseUser(user string, why Closing) int {
	now := time.Now()
	n := s.closeHere(user, why, now)
	if s.abroad == nil {
		return n
	}
	found := s.usersNow([]string{user})
	s.endNow(ending{user, why, now})
	return n + len(found[user].merged().Devices)
}

// ending is that a user was sent away. Other nodes are told of it once the registry was: who does not hear of it finds it
// there.
type ending struct {
	user string
	why  Closing
	at   time.Time
}

// closeNews has a user sent away who logged in before that.
type closeNews struct {
	User string        `json:"user"`
	Why  Closing       `json:"why"`
	Ago  time.Duration `json:"ago,omitempty"`
}

// closeHere is CloseUser for this node.
func (s *Service) closeHere(user string, why Closing, at time.Time) int {
	p := s.presence.shard(user)
	p.mu.Lock()
	p.end(user, at)
	all := p.remove(user, func(d device) bool { return !d.who.Verified.After(at) }, s.cfg.signedOut(SignOutClosed))
	s.presence.movedIf(all, user)
	p.mu.Unlock()
	s.closeAll(all, why)
	return len(all)
}

// Recheck closes the sessions of users on this node, also those that are signing in at this moment: what Config.Who says of
// them has changed, and they are what they were when they logged in. They may come back. It returns how many there were.
func (s *Service) Recheck(users ...string) (closed int) {
	for _, user := range users {
		closed += s.closeHere(user, Closing{Reason: CloseRole, Detail: "your rights have changed; sign in again"}, time.Now())
	}
	return closed
}

// end remembers when a user was sent away. The lock is held.
func (p *presenceShard) end(user string, at time.Time) {
	for other, then := range p.ended {
		if at.Sub(then) > EndedAge {
			delete(p.ended, other)
		}
	}
	if at.After(p.ended[user]) {
		p.ended[user] = at
	}
}

// endedElsewhere takes out the devices of a user whom another node sent away, if they logged in before that and it was not
// heard of. The shard's lock is held.
func (p *presence) endedElsewhere(shard *presenceShard, user string, at time.Time, tell func(device)) (out []device) {
	if !at.After(shard.ended[user].Add(endedSlack)) {
		return nil
	}
	shard.end(user, at)
	out = shard.remove(user, func(d device) bool { return !d.who.Verified.IsZero() && !d.who.Verified.After(at) }, tell)
	p.movedIf(out, user)
	return out
}

// movedIf is moved for a user of whom devices were taken out.
func (p *presence) movedIf(out []device, user string) {
	if len(out) > 0 {
		p.moved(user)
	}
}

// devicesOf are the sessions of a user, over all rooms and in none.
func (s *Service) devicesOf(user string) []device {
	p := s.presence.shard(user)
	p.mu.Lock()
	defer p.mu.Unlock()
	if u := p.users[user]; u != nil {
		return slices.Clone(u.devices)
	}
	return nil
}

// enter notes a device. It returns the former session of the same instance, and those that are too many.
func (p *presence) enter(d device, cfg *Config) (former, oldest []device, why Closing, err error) {
	shard := p.shard(d.who.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if at, ended := shard.ended[d.who.User]; ended && !d.who.Verified.IsZero() && !d.who.Verified.After(at) {
		return nil, nil, why, ErrSentAway
	}
	d.who = shard.called(d.who)
	d.since, d.fresh, d.told = p.stamp(), p.abroad != nil && !p.abroad.apart.Load(), p.abroad == nil
	u := shard.user(d.who.User)
	kind := cfg.Rivals.kind(d.who.Platform)
	same := func(other device) bool { return cfg.Rivals.kind(other.who.Platform) == kind && d.continues(other) }
	at := slices.IndexFunc(u.devices, same)
	if at >= 0 {
		former = append(former, u.devices[at])
	}
	switch {
	case at < 0:
		u.devices = append(u.devices, d)
	case p.abroad == nil:
		u.devices[at] = d // in its place: coming back makes it no newer
	default: // it does where it may have been on other nodes meanwhile
		u.devices = append(slices.Delete(u.devices, at, at+1), d)
	}
	surplus, _ := u.surplus(cfg, p.others())
	oldest = u.take(func(d device) bool { return slices.Contains(surplus.own, d.sess) }, nil)
	p.expiry.note(d.who.Expires)
	if p.moved(d.who.User); d.told {
		cfg.signedIn(d, platformsOf(oldest))
	} else {
		u.replacing(platformsOf(oldest))
	}
	return former, oldest, surplus.why, nil
}

// others are the other nodes that live.
func (p *presence) others() []string {
	if p.abroad == nil {
		return nil
	}
	return p.abroad.n.Others()
}

// continues says whether d is other come back.
func (d device) continues(other device) bool {
	return d.who.Instance != "" && d.who.Instance == other.who.Instance
}

// user finds a user, or makes him. The shard's lock is held.
func (p *presenceShard) user(name string) *present {
	u := p.users[name]
	if u == nil {
		u = &present{}
		p.users[name] = u
	}
	return u
}

// forget drops a user who is nowhere any more. The shard's lock is held.
func (p *presenceShard) forget(name string) {
	if u := p.users[name]; u != nil && len(u.devices)+len(u.seats)+len(u.away)+u.expected == 0 {
		delete(p.users, name)
	}
}

// remove takes out those of a user's devices that match, tells of each (nil: of none), and returns them. The shard's lock is
// held.
func (p *presenceShard) remove(user string, match func(device) bool, tell func(device)) (out []device) {
	u := p.users[user]
	if u == nil {
		return nil
	}
	out = u.take(match, tell)
	p.forget(user)
	return out
}

// take takes out those devices that match, tells of each that was told of before, and returns them.
func (u *present) take(match func(device) bool, tell func(device)) (out []device) {
	u.devices = slices.DeleteFunc(u.devices, func(d device) bool {
		if !match(d) {
			return false
		}
		out = append(out, d)
		if tell != nil && d.told {
			tell(d)
		}
		return true
	})
	return out
}

// closeAll closes sessions. No lock is held.
func (s *Service) closeAll(all []device, why Closing) {
	for _, d := range all {
		s.guarded(func() { d.sess.Close(why) })
	}
}

// instances is how many devices of a kind a user may have; negative: as many as he likes.
func (c *Config) instances(kind string) int {
	if kind == PlatformWeb {
		return c.WebInstances
	}
	return c.NativeInstances
}
