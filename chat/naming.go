package chat

import (
	"context"
	"errors"
	"time"
)

// mostRenamed is how many new names the members of a room are told at once; the others' turn comes next.
const mostRenamed = 50

// guise is how somebody appears to others.
type guise struct {
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
}

// hosts are the names that belong to a group's owner and administrators, as a reader takes them (Config.Skeleton). The
// room's lock guards them.
type hosts struct {
	known   bool
	version uint64            // of the profile they are of
	changes int               // grows when one of them gets another name
	names   map[string]string // whose each is
}

// Renamed puts a user's new nick and avatar in force: whatever he says from now on carries them, on every session that is
// there already, on all nodes. The members of his rooms are told with the event member within a second.
func (s *Service) Renamed(user, nick, avatar string) {
	g := guise{user, nick, avatar}
	s.renamedHere(g, nil)
	if s.abroad != nil {
		s.abroad.mail.say("", news{Called: &calledNews{guise: g}})
		s.spread(g)
	}
}

// calledNews is what a user is called now, and groups in which he is by the node that tells: others have it of the node
// where he was renamed.
type calledNews struct {
	guise
	Groups []string `json:"groups,omitempty"`
}

// renamedHere puts a name in force on this node. In groups the user is by another node.
func (s *Service) renamedHere(g guise, groups []string) {
	if groups == nil {
		s.presence.rename(g, time.Now())
		for _, r := range s.loaded() {
			r.rename(g.User, g.Nick, g.Avatar)
		}
		return
	}
	for _, id := range groups {
		if r := s.inMemory(id); r != nil {
			r.renamedElsewhere(g)
		}
	}
}

// spread tells other nodes in which groups a user with another name is by this one.
func (s *Service) spread(g guise) {
	c := &calledNews{guise: g}
	for r := range s.presence.roomsOf(g.User) {
		c.Groups = append(c.Groups, r.id)
	}
	if len(c.Groups) > 0 {
		s.abroad.mail.say("", news{Called: c})
	}
}

// renamedElsewhere notes that a user who is in the room by another node has another name.
func (r *room) renamedElsewhere(g guise) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.users[g.User] != nil || len(r.members) == 0 {
		return // he is here too, or there is nobody to tell
	}
	r.newName(g.User, &g)
}

// newName has the members told; other is a user who is not here. The room's lock is held.
func (r *room) newName(user string, other *guise) {
	if r.renamed == nil {
		r.renamed = make(map[string]*guise)
	}
	r.renamed[user] = other
	r.s.restless.add(r)
}

// rename notes what a user is called. Who is logging in meanwhile may have read the name before.
func (p *presence) rename(to guise, now time.Time) {
	shard := p.shard(to.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	for other, g := range shard.renamed {
		if now.Sub(g.at) > recently {
			delete(shard.renamed, other)
		}
	}
	shard.renamed[to.User] = renaming{to, now}
	if u := shard.users[to.User]; u != nil {
		for i := range u.devices {
			u.devices[i].who.Nick, u.devices[i].who.Avatar = to.Nick, to.Avatar
		}
	}
}

// renaming is a name that somebody took a short time ago.
type renaming struct {
	guise
	at time.Time
}

// called is who with the name he has taken since his door asked for it. The lock is held.
func (p *presenceShard) called(who Identity) Identity {
	if g, lately := p.renamed[who.User]; lately && !who.Verified.IsZero() && !who.Verified.After(g.at) {
		who.Nick, who.Avatar = g.Nick, g.Avatar
	}
	return who
}

// named is who as he is called now, if he is signed in.
func (p *presence) named(who Identity) Identity {
	if who.Anonymous {
		return who
	}
	shard := p.shard(who.User)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if u := shard.users[who.User]; u != nil && len(u.devices) > 0 {
		now := u.devices[len(u.devices)-1].who
		who.Nick, who.Avatar = now.Nick, now.Avatar
	}
	return who
}

// roomsOf are the rooms a user is in.
func (p *presence) roomsOf(user string) map[*room]bool {
	shard := p.shard(user)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	rooms := map[*room]bool{}
	if u := shard.users[user]; u != nil {
		for _, m := range u.seats {
			rooms[m.room] = true
		}
	}
	return rooms
}

func (r *room) rename(user, nick, avatar string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.group.manages(user) {
		r.hosts.known = false
		r.hosts.changes++
	}
	p := r.users[user]
	if p == nil {
		return
	}
	changed := p.robot != nil && (p.robot.Nick != nick || p.robot.Avatar != avatar)
	if changed {
		called := *p.robot
		called.Nick, called.Avatar = nick, avatar
		p.robot = &called
	}
	for _, m := range p.sessions { // one that joined a moment ago has the name already
		changed = changed || m.who.Nick != nick || m.who.Avatar != avatar
		m.who.Nick, m.who.Avatar = nick, avatar
	}
	if changed {
		r.newName(user, nil)
	}
}

// newNames are the events for those who have another name. The room's lock is held.
func (r *room) newNames(now time.Time) (items []Item) {
	for user, other := range r.renamed {
		if len(items) == mostRenamed {
			return items
		}
		delete(r.renamed, user)
		var who Identity
		switch p := r.users[user]; {
		case p != nil:
			who = p.who()
		case other != nil:
			who = Identity{User: user, Nick: other.Nick, Avatar: other.Avatar}
		default:
			continue
		}
		r.renames = max(r.renames+1, uint64(now.UnixMilli())) // goes on over a restart
		e := event("member", r.renames, r.guise(who))
		e.Event.Lossy = true // what he says carries the name too
		items = append(items, e)
	}
	return items
}

// guise is how somebody appears in this room: without his nick, if a reader could take it for that of the owner or an
// administrator. Pages show the account's id then. The room's lock is held.
func (r *room) guise(who Identity) guise {
	g := guise{who.User, who.Nick, who.Avatar}
	if g.Nick != "" && r.poses(who, g.Nick) {
		g.Nick = ""
	}
	return g
}

// poses says whether somebody called nick could be taken for the owner or an administrator. The room's lock is held.
func (r *room) poses(who Identity, nick string) bool {
	if len(r.hosts.names) == 0 || who.Admin || r.group.manages(who.User) {
		return false
	}
	name := r.s.cfg.Skeleton(nick)
	return name != "" && r.hosts.names[name] != ""
}

// MayBeCalled refuses a nick for a user which could be taken for that of the owner or an administrator of a room he is in, by
// whatever node.
func (s *Service) MayBeCalled(ctx context.Context, who Identity, nick string) error {
	if s.cfg.Skeleton == nil {
		return nil
	}
	groups := make(map[string]bool)
	for r := range s.presence.roomsOf(who.User) {
		groups[r.id] = true
	}
	found, _ := s.usersElsewhere(ctx, []string{who.User})
	for _, seat := range found[who.User].merged().Seats {
		groups[seat.Group] = true
	}
	for group := range groups {
		s.meetHosts(ctx, group)
		poses := false
		_ = s.with(ctx, group, func(r *room) error { // of a group that is gone nobody is
			poses = r.poses(who, nick)
			return nil
		})
		if poses {
			return ErrNick
		}
	}
	return nil
}

// meetHosts learns what the group's owner and administrators are called, if that is not known. If the store does not
// answer, what was known before goes on holding: nobody is kept out for that.
func (s *Service) meetHosts(ctx context.Context, group string) {
	if s.cfg.Skeleton == nil {
		return
	}
	var h hosts
	var users []string
	err := s.with(ctx, group, func(r *room) error {
		if h = r.hosts; h.known && h.version == r.profileVersion {
			return nil
		}
		h.known, h.version = false, r.profileVersion
		users = append(users, r.group.Admins...)
		if r.group.Owner != "" {
			users = append(users, r.group.Owner)
		}
		return nil
	})
	if err != nil || h.known {
		return // who asked finds out that there is no such group
	}
	if h.names, err = s.namesOf(ctx, users); err != nil {
		return
	}
	_ = s.with(ctx, group, func(r *room) error { // the same
		r.hosts.names, r.hosts.version = h.names, h.version
		r.hosts.known = r.hosts.changes == h.changes
		return nil
	})
}

// namesOf are the ids and nicks of users as a reader takes them. One without account has no nick.
func (s *Service) namesOf(ctx context.Context, users []string) (map[string]string, error) {
	names := make(map[string]string, 2*len(users))
	for _, user := range users {
		names[s.cfg.Skeleton(user)] = user
		if s.cfg.Account == nil {
			continue
		}
		who, err := s.cfg.Account(ctx, user)
		switch {
		case err == nil:
			names[s.cfg.Skeleton(who.Nick)] = user
		case !errors.Is(err, ErrNoAccount):
			return nil, s.storeError(err, "find account")
		}
	}
	delete(names, "") // of a nick without letters
	return names, nil
}
