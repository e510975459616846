package chat

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Bounds of one act of moderation.
const (
	maxActUsers    = 100  // users
	maxMuteUsers   = 500  // of a mute (spec im-rest §3.9)
	maxReasonBytes = 1000 // spec im-rest §3.19
	maxNetworks    = 16   // networks of one user that a ban holds for
)

// MuteState is what a member who joins must know: whether he may speak.
type MuteState struct {
	All   bool      // only the owner and administrators may speak
	Until time.Time // of the member's own mute or Silence, the later; zero: none
}

// Ban is what Service.Ban does to users.
type Ban struct {
	Users  []string
	For    time.Duration // Forever: until it is lifted
	Reason string        // for people, the banned included; may be empty

	// Address also bans the networks that the users' sessions in the group come from: whoever else comes from there is
	// kept out too, anonymous guests included, but not the owner and administrators.
	Address bool
}

// Mute keeps a user from speaking, in place of an earlier mute; 0 lets him speak again. It answers when it ends, zero for
// never muted. Owner and administrators may, to those below them. The user need not be there, nor be known at all: a mute
// is of the account, and survives leaving, reconnecting and a restart. Members are told with the event mute.
func (s *Service) Mute(ctx context.Context, group string, by Identity, user string, d time.Duration, reason string) (until time.Time, err error) {
	if err := checkAct(&d, reason, user); err != nil {
		return until, err
	}
	return s.mute(ctx, group, by, []string{user}, d, reason)
}

// MuteUsers is Mute for up to 500 users, all or none. Of more than one, members are told only of those who are there; in a
// cluster of all.
func (s *Service) MuteUsers(ctx context.Context, group string, by Identity, users []string, d time.Duration, reason string) (until time.Time, err error) {
	users, err = checkSome(users, maxMuteUsers)
	if err == nil {
		err = checkAct(&d, reason)
	}
	if err != nil {
		return until, err
	}
	return s.mute(ctx, group, by, users, d, reason)
}

// mute is MuteUsers for what was checked.
func (s *Service) mute(ctx context.Context, group string, by Identity, users []string, d time.Duration, reason string) (until time.Time, err error) {
	c := SanctionChange{Kind: Muting, Users: users, For: d, By: by.User, Reason: reason, Limit: s.cfg.Sanctions}
	var end time.Time // not to be read unless the change was waited for
	err = s.sanction(ctx, group, by, c, false, func(r *room, c SanctionChange, done []Sanction) outcome {
		if d > 0 {
			end = done[0].Until
		}
		out := r.muteOutcome(by, c, done, r.nicks(c.Users))
		out.acts = acts(by, group, c.action("mute"), sanctioned(done), c.detail())
		return out
	})
	if err != nil {
		return time.Time{}, err
	}
	return end, nil
}

// Kick takes users out of the group; they may come back. Owner and administrators may, to those below them. Members are
// told with the event kick, unless nobody of them is there; in a cluster always.
func (s *Service) Kick(ctx context.Context, group string, by Identity, users []string, reason string) error {
	users, err := checkUsers(users)
	if err == nil {
		err = checkReason(reason)
	}
	if err != nil {
		return err
	}
	var r *room
	permit := func(found *room) error { r = found; return r.mayActOn(by, users) }
	acted := func(users []string) []Act { return acts(by, group, "kick", users, map[string]string{"reason": reason}) }
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		there := r.present(users)
		if s.feed != nil { // the others know who is there
			there = users
			if err := s.tellNodes(ctx, group, told{Kick: &kick{users, tellerOf(by), reason}}); err != nil {
				return ifDone(outcome{acts: acted(there)}), err
			}
		}
		out := r.kickOutcome(by, users, there, reason)
		out.acts = acted(there)
		return out, nil
	})
}

// kickOutcome takes users out, of whom some are there.
func (r *room) kickOutcome(by Identity, users, there []string, reason string) outcome {
	forget := func(r *room) { // those whose line fell may not go on where they were
		for _, user := range users {
			r.part(user, by, DepartKicked)
		}
	}
	if len(there) == 0 {
		return outcome{update: forget}
	}
	data := struct {
		Users  []string `json:"users"`
		By     string   `json:"by"`
		Reason string   `json:"reason"`
	}{there, by.User, reason}
	var gone farewell
	return outcome{
		items: []Item{r.act("kick", data)},
		update: func(r *room) {
			gone, _ = r.expelAll(there, nil, by, Departure{Reason: DepartKicked, By: by.User, Detail: reason})
			forget(r)
		},
		after: func() { r.s.tell(gone) },
	}
}

// Ban takes users out of the group and keeps them out, in place of earlier bans. It answers when the ban ends. Owner and
// administrators may, to those below them; whom they ban need not be there. What the users sent and was not delivered yet
// is refused. Members are told with the event ban, and Config.Banished which play sessions were theirs.
func (s *Service) Ban(ctx context.Context, group string, by Identity, b Ban) (until time.Time, err error) {
	users, err := checkUsers(b.Users)
	if err == nil {
		err = checkAct(&b.For, b.Reason, users...)
	}
	if err == nil && b.For == 0 {
		err = ErrParameter.with("seconds", "a ban lasts a second at least; lift it with unban")
	}
	if err != nil {
		return until, err
	}
	c := SanctionChange{Kind: Banning, Users: users, For: b.For, By: by.User, Reason: b.Reason, Limit: s.cfg.Sanctions}
	var end time.Time // not to be read unless the change was waited for
	err = s.sanction(ctx, group, by, c, b.Address, func(r *room, c SanctionChange, done []Sanction) outcome {
		end = done[0].Until
		return r.bannedBy(by, c, done)
	})
	if err != nil {
		return time.Time{}, err
	}
	return end, nil
}

// Unban lifts the bans of users, those of their networks included. Members are told with the event ban, its until 0.
func (s *Service) Unban(ctx context.Context, group string, by Identity, users []string) error {
	users, err := checkUsers(users)
	if err != nil {
		return err
	}
	c := SanctionChange{Kind: Banning, Users: users, By: by.User, Limit: s.cfg.Sanctions}
	return s.sanction(ctx, group, by, c, false, func(r *room, c SanctionChange, done []Sanction) outcome { return r.bannedBy(by, c, done) })
}

// sanction makes a change durable and lets then say what it means to the room. Networks asks for those of the users'
// sessions.
func (s *Service) sanction(ctx context.Context, group string, by Identity, c SanctionChange, networks bool, then func(*room, SanctionChange, []Sanction) outcome) error {
	var r *room
	permit := func(found *room) error {
		r = found
		if networks {
			c.From = r.networks(c.Users)
		}
		return r.mayActOn(by, c.Users)
	}
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		n := note{By: tellerOf(by)}
		if c.Kind == Muting {
			n.Nicks = r.nicks(c.Users)
		}
		done, err := s.store.PutSanctions(s.noting(ctx, n), group, c)
		if err != nil || len(done) == 0 {
			return outcome{late: func(e Entry) outcome { return then(r, c, e.Sanctions.Done) }}, s.storeError(err, "put sanctions")
		}
		return then(r, c, done), nil
	})
}

// muteOutcome tells of mutes. Nicks are of the users, where they are known.
func (r *room) muteOutcome(by Identity, c SanctionChange, done []Sanction, nicks map[string]string) outcome {
	var until time.Time
	if c.For > 0 {
		until = done[0].Until
	}
	tell := sanctioned(done)
	if len(tell) > 1 && r.feed == nil { // the other nodes know who is there
		tell = r.present(tell)
	}
	out := outcome{update: func(r *room) { r.mutes.apply(c, done) }}
	for _, user := range tell {
		out.items = append(out.items, r.muteEvent(user, until, by.User, nicks[user]))
	}
	return out
}

// muteEvent tells until when a user may not speak; zero: he may.
func (r *room) muteEvent(user string, until time.Time, by, nick string) Item {
	return r.act("mute", struct {
		User  string `json:"user"`
		Until int64  `json:"until"`
		By    string `json:"by"`
		Nick  string `json:"nick"`
	}{user, seconds(until), by, nick})
}

// bannedBy is banOutcome with what its maker tells.
func (r *room) bannedBy(by Identity, c SanctionChange, done []Sanction) outcome {
	out := r.banOutcome(by, c, done)
	out.acts = acts(by, r.id, c.action("ban"), sanctioned(done), c.detail())
	if c.For == 0 {
		out.finally = func() { r.s.pardon(r.id, c.Users) }
	}
	return out
}

func (r *room) banOutcome(by Identity, c SanctionChange, done []Sanction) outcome {
	users, until := sanctioned(done), time.Time{}
	if c.For > 0 {
		until = done[0].Until
	}
	var gone farewell
	var watched []Banishment
	return outcome{
		items: []Item{r.banEvent(users, until, by.User, c.Reason)},
		update: func(r *room) {
			r.bans.apply(c, done)
			if c.For > 0 {
				gone, watched = r.expelAll(users, c.From, by, Departure{Reason: DepartBanned, By: by.User, Detail: c.Reason, Until: until})
			}
		},
		after: func() {
			r.s.tell(gone)
			r.s.banish(watched)
		},
	}
}

// banEvent tells until when users are banned; zero: they are not any more.
func (r *room) banEvent(users []string, until time.Time, by, reason string) Item {
	return r.act("ban", struct {
		Users  []string `json:"users"`
		Until  int64    `json:"until"`
		By     string   `json:"by"`
		Reason string   `json:"reason"`
	}{users, seconds(until), by, reason})
}

// action is the name of a change in the audit log.
func (c SanctionChange) action(of string) string {
	if c.For > 0 {
		return of
	}
	return "un" + of
}

// sanctioned are the users of sanctions.
func sanctioned(done []Sanction) []string {
	users := make([]string, len(done))
	for i, one := range done {
		users[i] = one.User
	}
	return users
}

// seconds is when something ends, as members are told; 0: it has.
func seconds(until time.Time) int64 {
	if until.IsZero() {
		return 0
	}
	return until.Unix()
}

// expelAll takes out the sessions of users, and of those who come from their networks and do not look after the room. It
// answers under which names they watch. The room's lock is held.
func (r *room) expelAll(users []string, from map[string][]netip.Prefix, by Identity, why Departure) (gone farewell, watched []Banishment) {
	gone = farewell{group: r.id, why: why}
	var out []*member
	for _, user := range users {
		if p := r.users[user]; p != nil {
			out = append(out, p.sessions...)
		}
		gone.to = append(gone.to, r.expel(user, by, why).to...)
	}
	var networks []netip.Prefix
	for _, some := range from {
		networks = append(networks, some...)
	}
	if len(networks) > 0 {
		others := r.expelIf(func(m *member) bool {
			is := slices.Contains(networks, m.who.Network()) && r.rank(m.who) < rankAdmin
			if is {
				out = append(out, m)
			}
			return is
		}, by, why)
		gone.to = append(gone.to, others.to...)
	}
	return gone, r.banished(out, time.Now())
}

// Mutes lists up to limit mutes in force, by user, after the given user, and the user to go on after; empty: these were
// the last. Owner and administrators may.
func (s *Service) Mutes(ctx context.Context, group string, by Identity, after string, limit int) ([]Sanction, string, error) {
	return s.list(ctx, group, by, after, limit, func(r *room) *sanctions { return &r.mutes })
}

// Bans is Mutes for bans.
func (s *Service) Bans(ctx context.Context, group string, by Identity, after string, limit int) ([]Sanction, string, error) {
	return s.list(ctx, group, by, after, limit, func(r *room) *sanctions { return &r.bans })
}

// Bounds of a page of sanctions.
const (
	defaultPage = 100
	maxPage     = 500
)

func (s *Service) list(ctx context.Context, group string, by Identity, after string, limit int, of func(*room) *sanctions) (page []Sanction, next string, err error) {
	if limit < 0 || limit > maxPage {
		return nil, "", ErrParameter.with("limit", "must be 1 to %d", maxPage)
	}
	def(&limit, defaultPage)
	more := false
	err = s.with(ctx, group, func(r *room) error {
		if err := r.mayModerate(by); err != nil {
			return err
		}
		page, more = of(r).page(time.Now(), after, limit)
		return nil
	})
	if more {
		next = page[len(page)-1].User
	}
	return page, next, err
}

// mayEnter says why who may not come in. The room's lock is held.
func (r *room) mayEnter(who Identity, now time.Time) error {
	rank := r.rank(who)
	if rank >= rankOwner {
		return nil
	}
	until := r.bans.until(who.User, now)
	if rank < rankAdmin {
		until = later(until, r.bans.untilFrom(who.Network(), now))
	}
	if !until.IsZero() {
		return banned(until)
	}
	return nil
}

// muteState is what who must know of not being allowed to speak. The room's lock is held.
func (r *room) muteState(who Identity, now time.Time) MuteState {
	m := MuteState{All: r.settings.MuteAll}
	if r.rank(who) < rankOwner {
		m.Until = r.mutes.until(who.User, now)
	}
	if !who.Admin {
		m.Until = later(m.Until, r.s.silences.groups(who.User, now))
	}
	return m
}

// networks are those that users' sessions come from. The room's lock is held.
func (r *room) networks(users []string) map[string][]netip.Prefix {
	found := make(map[string][]netip.Prefix)
	for _, user := range users {
		p := r.users[user]
		if p == nil {
			continue
		}
		var from []netip.Prefix
		for _, m := range p.sessions {
			if a := m.who.Network(); a.IsValid() && !slices.Contains(from, a) && len(from) < maxNetworks {
				from = append(from, a)
			}
		}
		if from != nil {
			found[user] = from
		}
	}
	return found
}

// present are those of users who are in the room.
func (r *room) present(users []string) (there []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, user := range users {
		if r.has(user) {
			there = append(there, user)
		}
	}
	return there
}

// nicks are those of users who are in the room or, where they may be on other nodes, spoke lately.
func (r *room) nicks(users []string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := make(map[string]string)
	for _, user := range users {
		if p := r.users[user]; p != nil {
			found[user] = r.guise(p.who()).Nick
		} else if m := r.log.lastOf(user); m != nil && r.feed != nil {
			found[user] = m.Nick
		}
	}
	return found
}

// act makes the event of an act of moderation, which is numbered when it is told.
func (r *room) act(kind string, data any) Item { return event(kind, 0, data) }

// number gives the event of an act its version, which grows over a restart too and is the same on all nodes. The room's
// lock is held, by the loop.
func (r *room) number(e *Event, at time.Time) {
	if e.Version > 0 {
		return
	}
	if at.IsZero() {
		at = time.Now()
	}
	r.acts = max(r.acts+1, uint64(at.UnixMilli()))
	e.Version = r.acts
}

// detail is what the audit log keeps of a change.
func (c SanctionChange) detail() map[string]string {
	if c.For == 0 {
		return nil
	}
	d := map[string]string{"seconds": strconv.FormatInt(int64(c.For/time.Second), 10), "reason": c.Reason}
	if len(c.From) > 0 {
		d["address"] = "true"
	}
	return d
}

// checkUsers looks at the users of an act, and drops repetitions.
func checkUsers(users []string) ([]string, error) { return checkSome(users, maxActUsers) }

// checkSome is checkUsers for up to most users.
func checkSome(users []string, most int) ([]string, error) {
	switch {
	case len(users) == 0:
		return nil, ErrParameter.with("users", "must name at least one user")
	case len(users) > most:
		return nil, ErrTooManyUsers.with("users", "name at most %d users at once", most)
	}
	once, seen := make([]string, 0, len(users)), make(map[string]bool, len(users))
	for _, user := range users {
		if !validUser(user) {
			return nil, badUser("users")
		}
		if !seen[user] {
			seen[user] = true
			once = append(once, user)
		}
	}
	return once, nil
}

// checkAct looks at what acts have in common and rounds d up to whole seconds.
func checkAct(d *time.Duration, reason string, users ...string) error {
	for _, user := range users {
		if !validUser(user) {
			return badUser("user")
		}
	}
	if *d < 0 || *d > Forever {
		return ErrParameter.with("seconds", "must be 0 to %d, which is forever", int64(Forever/time.Second))
	}
	*d = (*d + time.Second - 1).Truncate(time.Second)
	return checkReason(reason)
}

func checkReason(reason string) error {
	if len(reason) > maxReasonBytes || !utf8.ValidString(reason) {
		return ErrParameter.with("reason", "must be at most %d bytes of UTF-8", maxReasonBytes)
	}
	return nil
}
