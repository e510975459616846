package chat

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// presenceShards are as many locks as sign-ins share.
const presenceShards = 64

// endedAge is how long it is remembered that a user was sent away: longer than any login takes.
const endedAge = time.Minute

// Reasons of Closing for the ends of a login, and Tencent's words for them (spec im-websdk, KICKED_OUT).
const (
	CloseKicked      = "kicked"          // an administrator, or a backend
	CloseReplaced    = "replaced"        // other devices of the user came in
	CloseReconnected = "reconnected"     // the same device came in on another connection
	CloseExpired     = "usersig_expired" // its UserSig is over

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
}

type presenceShard struct {
	mu    sync.Mutex // taken last, under a room's lock or without, and not held while a session is called
	users map[string]*present
	ended map[string]time.Time // who was sent away lately, and when

	renamed map[string]renaming // who took another name lately
}

// present is a user who is signed in, or in a room.
type present struct {
	devices []device  // in the order they came
	seats   []*member // one for each session and room
}

// device is a session that has signed in.
type device struct {
	sess Session
	who  Identity
}

func newPresence() *presence {
	p := &presence{seed: maphash.MakeSeed()}
	p.expiry.sooner = make(chan struct{}, 1)
	for i := range p.shards {
		p.shards[i].users = make(map[string]*present)
		p.shards[i].ended = make(map[string]time.Time)
		p.shards[i].renamed = make(map[string]renaming)
	}
	return p
}

func (p *presence) shard(user string) *presenceShard {
	return &p.shards[maphash.String(p.seed, user)%presenceShards]
}

// SignIn makes a session one of its user's devices. The same instance coming back takes the place of its former session;
// of more devices of one kind (Config.Rivals) than Config allows the oldest are sent away. Who was sent away while he was
// logging in is refused. Anonymous guests are let through and not noted.
//
// It may be called once for a session, which is in until SignOut.
func (s *Service) SignIn(_ context.Context, who Identity, sess Session) error {
	if s.stopping() {
		return ErrStopping
	}
	if who.User == "" || sess == nil || sess.ID() == "" {
		return ErrParameter.with("session", "a session needs an id and a user")
	}
	if who.Anonymous {
		return nil
	}
	former, oldest, err := s.presence.enter(device{sess, who}, &s.cfg)
	if err != nil {
		return err
	}
	s.closeAll(former, Closing{Reason: CloseReconnected})
	for _, d := range oldest {
		why := Closing{Reason: CloseReplaced, Type: KickedByDevice, Detail: "you came in on more devices than you may have at a time"}
		if OptPlatform(who.Platform) == PlatformWeb && OptPlatform(d.who.Platform) == PlatformWeb {
			why.Type = KickedByInstance
		}
		s.closeAll([]device{d}, why)
	}
	return nil
}

// SignOut ends what SignIn began. A session that is not in, or not any more, is none of its business: who sent it away has
// told why.
func (s *Service) SignOut(user string, sess Session, why SignOutReason) {
	p := s.presence.shard(user)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(user, func(d device) bool { return d.sess == sess }, s.cfg.signedOut(why))
}

// signedOut tells of a device that went; nil: nobody wants to know.
func (c *Config) signedOut(why SignOutReason) func(device) {
	if c.Observer == nil {
		return nil
	}
	return func(d device) { c.Observer.Observe(SignedOut{Occasion{Time: time.Now(), By: d.who}, why}) }
}

// signedIn tells of a device that came in the place of others.
func (c *Config) signedIn(d device, instead []device) {
	if c.Observer == nil {
		return
	}
	f := SignedIn{Occasion: Occasion{Time: time.Now(), By: d.who}}
	for _, other := range instead {
		f.Replaced = append(f.Replaced, other.who.Platform)
	}
	c.Observer.Observe(f)
}

// CloseUser closes all sessions of a user, also those that are signing in at this moment, and returns how many there were.
func (s *Service) CloseUser(user string, why Closing) int {
	p := s.presence.shard(user)
	p.mu.Lock()
	now := time.Now()
	for other, at := range p.ended {
		if now.Sub(at) > endedAge {
			delete(p.ended, other)
		}
	}
	p.ended[user] = now
	all := p.remove(user, func(device) bool { return true }, s.cfg.signedOut(SignOutClosed))
	p.mu.Unlock()
	s.closeAll(all, why)
	return len(all)
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
func (p *presence) enter(d device, cfg *Config) (former, oldest []device, err error) {
	shard := p.shard(d.who.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if at, ended := shard.ended[d.who.User]; ended && !d.who.Verified.IsZero() && !d.who.Verified.After(at) {
		return nil, nil, ErrSentAway
	}
	d.who = shard.called(d.who)
	u := shard.user(d.who.User)
	kind := cfg.Rivals.kind(d.who.Platform)
	like := func(other device) bool { return cfg.Rivals.kind(other.who.Platform) == kind }
	if at := slices.IndexFunc(u.devices, func(other device) bool { return like(other) && d.continues(other) }); at >= 0 {
		former = append(former, u.devices[at])
		u.devices[at] = d // in its place: coming back makes it no newer
	} else {
		u.devices = append(u.devices, d)
	}
	n, limit := 0, cfg.instances(kind)
	for _, other := range u.devices {
		if like(other) {
			n++
		}
	}
	for ; limit >= 0 && n > limit; n-- {
		at := slices.IndexFunc(u.devices, like)
		oldest = append(oldest, u.devices[at])
		u.devices = slices.Delete(u.devices, at, at+1)
	}
	p.expiry.note(d.who.Expires)
	cfg.signedIn(d, oldest)
	return former, oldest, nil
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
	if u := p.users[name]; u != nil && len(u.devices) == 0 && len(u.seats) == 0 {
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
	u.devices = slices.DeleteFunc(u.devices, func(d device) bool {
		if !match(d) {
			return false
		}
		out = append(out, d)
		if tell != nil {
			tell(d)
		}
		return true
	})
	p.forget(user)
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
