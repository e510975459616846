package chat

import (
	"context"
	"net/netip"
	"slices"
	"time"
)

// Ban is what Service.Ban does to users.
type Ban struct {
	Users  []string
	For    time.Duration // Forever: until it is lifted
	Reason string        // for people, the banned included; may be empty

	// Address also bans the networks that the users' sessions in the group come from: whoever else comes from there is
	// kept out too, anonymous guests included, but not the owner and administrators.
	Address bool
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
				r.unsay(users)
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
