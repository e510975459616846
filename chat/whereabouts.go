package chat

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// OnlinePlatforms tells on which platforms users are signed in on all nodes, each once, in the order in which the devices
// came on each. Who is not signed in is not among them. Where other nodes can't be asked at once, they are left out, here
// and in what follows.
func (s *Service) OnlinePlatforms(users []string) map[string][]string {
	online := make(map[string][]string, len(users))
	note := func(user, platform string) {
		if !slices.Contains(online[user], platform) {
			online[user] = append(online[user], platform)
		}
	}
	for _, user := range users {
		for _, d := range s.devicesOf(user) {
			note(user, d.who.Platform)
		}
	}
	for user, e := range s.usersNow(users) {
		for _, d := range e.merged().Devices {
			note(user, d.Platform)
		}
	}
	return online
}

// usersNow is usersElsewhere for who has no context.
func (s *Service) usersNow(users []string) map[string]Elsewhere {
	select {
	case <-s.started:
	default:
		return nil
	}
	found, _ := s.usersElsewhere(context.WithoutCancel(s.base), users)
	return found
}

// placedElsewhere are those of some users who are in a group by other nodes.
func (s *Service) placedElsewhere(ctx context.Context, group string, users []string) map[string]bool {
	found, _ := s.usersElsewhere(ctx, users)
	there := make(map[string]bool)
	for user, e := range found {
		there[user] = slices.ContainsFunc(e.merged().Seats, func(seat Seat) bool { return seat.Group == group && seat.There() })
	}
	return there
}

// Membership is a user's place in a group.
type Membership struct {
	Group string
	Member
}

// JoinedGroups tells which groups a user is in on any of his devices, by group id. A robot is in none by being one.
func (s *Service) JoinedGroups(user string) []Membership {
	var all []Membership
	for r := range s.presence.roomsOf(user) {
		r.mu.Lock()
		if p := r.users[user]; p != nil && !r.gone { // he may have left since
			all = append(all, Membership{r.id, r.member(p, time.Now())})
		}
		r.mu.Unlock()
	}
	for _, seat := range s.usersNow([]string{user})[user].merged().Seats {
		at := slices.IndexFunc(all, func(m Membership) bool { return m.Group == seat.Group })
		since := time.UnixMicro(seat.Since)
		switch {
		case !seat.There():
		case at < 0:
			if m, ok := s.memberElsewhere(user, seat); ok {
				all = append(all, Membership{seat.Group, m})
			}
		case since.Before(all[at].JoinedAt):
			all[at].JoinedAt = since
		}
	}
	slices.SortFunc(all, func(a, b Membership) int { return cmp.Compare(a.Group, b.Group) })
	return all
}

// memberElsewhere is a user who is in a group by another node, without name and avatar.
func (s *Service) memberElsewhere(user string, seat Seat) (m Member, ok bool) {
	err := s.with(context.WithoutCancel(s.base), seat.Group, func(r *room) error {
		m = r.member(&person{sessions: []*member{{who: s.cfg.who(user)}}, since: seat.Since}, time.Now())
		m.User = user
		return nil
	})
	return m, err == nil
}

// Present tells which of some users are in a group, robots included, however many others are: those that Members does not go
// back to too.
func (s *Service) Present(ctx context.Context, group string, users []string) (there []string, err error) {
	elsewhere := s.placedElsewhere(ctx, group, users)
	err = s.with(ctx, group, func(r *room) error {
		for _, user := range users {
			if (r.users[user] != nil || elsewhere[user]) && !slices.Contains(there, user) {
				there = append(there, user)
			}
		}
		return nil
	})
	return there, err
}
