package chat

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// OnlinePlatforms tells on which platforms users are signed in, each once, in the order in which the devices came. Who is
// not signed in is not among them.
func (s *Service) OnlinePlatforms(users []string) map[string][]string {
	online := make(map[string][]string, len(users))
	for _, user := range users {
		for _, d := range s.devicesOf(user) {
			if !slices.Contains(online[user], d.who.Platform) {
				online[user] = append(online[user], d.who.Platform)
			}
		}
	}
	return online
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
	slices.SortFunc(all, func(a, b Membership) int { return cmp.Compare(a.Group, b.Group) })
	return all
}

// Present tells which of some users are in a group, robots included, however many others are: those that Members does not go back to too.
func (s *Service) Present(ctx context.Context, group string, users []string) (there []string, err error) {
	err = s.with(ctx, group, func(r *room) error {
		for _, user := range users {
			if r.users[user] != nil && !slices.Contains(there, user) {
				there = append(there, user)
			}
		}
		return nil
	})
	return there, err
}
