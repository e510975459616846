package chat

import (
	"context"
	"slices"
	"time"
)

// BanishedAge is for how long it is remembered at most whose play sessions a ban ended: longer than a page is kept open.
const BanishedAge = 12 * time.Hour

// Banishment is that who was banned from a group, or with User from his network, may not watch its stream until then, zero:
// for BanishedAge; unless User is banned no more. Watches are the names (Identity.Watch) of play sessions, on any node.
type Banishment struct {
	Group   string    `json:"group"`
	User    string    `json:"user"`
	Watches []string  `json:"watches"`
	Until   time.Time `json:"until,omitzero"`
}

// End is when it is over.
func (b Banishment) End(now time.Time) time.Time {
	if latest := now.Add(BanishedAge); b.Until.IsZero() || b.Until.After(latest) {
		return latest
	}
	return b.Until
}

// banish ends on all nodes what people watch who were banned from a group on this one.
func (s *Service) banish(all []Banishment) {
	for _, b := range all {
		if s.banishNow(context.WithoutCancel(s.base), b) != nil {
			s.banishHere(b)
		}
		if s.abroad != nil {
			s.abroad.mail.say("", news{Banished: &b})
		}
	}
}

// banished are the names under which members watch who are about to be taken out, for as long as they are banned. The room's
// lock is held.
func (r *room) banished(out []*member, now time.Time) (all []Banishment) {
	for _, m := range out {
		user, until := r.bans.whose(m.who, now)
		at := slices.IndexFunc(all, func(b Banishment) bool { return b.User == user })
		if at < 0 {
			at, all = len(all), append(all, Banishment{Group: r.id, User: user, Until: until})
		}
		all[at].Watches = append(all[at].Watches, m.watch())
	}
	return all
}

// pardonNews are users who are banned from a group no more. What is remembered of them is forgotten on the way to other nodes,
// who find out by themselves.
type pardonNews struct {
	Group string   `json:"group"`
	Users []string `json:"users"`
}

// pardon has nodes that come not end again what was ended for bans that were lifted.
func (s *Service) pardon(group string, users []string) {
	if s.abroad != nil {
		s.abroad.mail.say("", news{Pardoned: &pardonNews{group, users}})
	}
}

// Banned says whether a user is banned from a group.
func (s *Service) Banned(ctx context.Context, group, user string) (banned bool, err error) {
	err = s.with(ctx, group, func(r *room) error {
		banned = !r.bans.until(user, time.Now()).IsZero()
		return nil
	})
	return banned, err
}

// banishHere does for this node what is to be done on all, until it is done. Who hears news must not wait for it.
func (s *Service) banishHere(all ...Banishment) {
	s.spawn(func() {
		for _, b := range all {
			for s.banishNow(s.base, b) != nil && pausing(s.base, newsRetry) {
			}
		}
	})
}

func (s *Service) banishNow(ctx context.Context, b Banishment) error {
	if s.cfg.Banished == nil {
		return nil
	}
	return s.cfg.Banished(ctx, b)
}

// banishMissed does on this node what others did while it may not have heard them.
func (s *Service) banishMissed(ctx context.Context) error {
	all, err := s.abroad.n.Banished(ctx)
	if err == nil && len(all) > 0 {
		s.banishHere(all...)
	}
	return err
}
