package chat

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// OnlinePlatforms tells on which platforms users are signed in on all nodes, each once, in the order in which the devices
// came on each. Who is not signed in is not among them. Where it can't be known what other nodes have, it is ErrUnavailable, here
// and in what follows.
func (s *Service) OnlinePlatforms(ctx context.Context, users []string) (map[string][]string, error) {
	elsewhere, err := s.askElsewhere(ctx, users)
	if err != nil {
		return nil, err
	}
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
	for user, e := range elsewhere {
		for _, d := range e.merged().Devices {
			note(user, d.Platform)
		}
	}
	return online, nil
}

// askElsewhere asks the registry as long as any store is waited for. Those who can do without an answer ask usersElsewhere.
func (s *Service) askElsewhere(ctx context.Context, users []string) (map[string]Elsewhere, error) {
	if s.abroad == nil || len(users) == 0 {
		return nil, nil
	}
	found, err := s.abroad.n.Users(ctx, users)
	return found, s.storeError(err, "ask where users are")
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

// placed are those of some users who are in a group.
func placed(found map[string]Elsewhere, group string) map[string]bool {
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
func (s *Service) JoinedGroups(ctx context.Context, user string) (all []Membership, err error) {
	elsewhere, err := s.askElsewhere(ctx, []string{user})
	if err != nil {
		return nil, err
	}
	for r := range s.presence.roomsOf(user) {
		r.mu.Lock()
		if p := r.users[user]; p != nil && !r.gone { // he may have left since
			all = append(all, Membership{r.id, r.member(p, time.Now())})
		}
		r.mu.Unlock()
	}
	for _, seat := range elsewhere[user].merged().Seats {
		at := slices.IndexFunc(all, func(m Membership) bool { return m.Group == seat.Group })
		since := time.UnixMicro(seat.Since)
		switch {
		case !seat.There():
		case at < 0:
			m, err := s.memberElsewhere(ctx, user, seat)
			if errors.Is(err, ErrNoGroup) {
				continue // dismissed meanwhile
			}
			if err != nil {
				return nil, err
			}
			all = append(all, Membership{seat.Group, m})
		case since.Before(all[at].JoinedAt):
			all[at].JoinedAt = since
		}
	}
	slices.SortFunc(all, func(a, b Membership) int { return cmp.Compare(a.Group, b.Group) })
	return all, nil
}

// memberElsewhere is a user who is in a group by another node, without name and avatar.
func (s *Service) memberElsewhere(ctx context.Context, user string, seat Seat) (m Member, err error) {
	err = s.with(ctx, seat.Group, func(r *room) error {
		m = r.member(&person{sessions: []*member{{who: s.cfg.who(user)}}, since: seat.Since}, time.Now())
		m.User = user
		return nil
	})
	return m, err
}

// Present tells which of some users are in a group, robots included, however many others are: those that Members does not go
// back to too.
func (s *Service) Present(ctx context.Context, group string, users []string) (there []string, err error) {
	found, err := s.askElsewhere(ctx, users)
	if err != nil {
		return nil, err
	}
	elsewhere := placed(found, group)
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
