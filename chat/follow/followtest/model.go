package followtest

import (
	"context"
	"fmt"
	"slices"

	"liveroom/chat/follow"
)

// Model is who follows whom, as lists newest first.
type Model struct{ Following, Followers map[string][]string }

// NewModel returns a Model in which nobody follows anybody.
func NewModel() *Model {
	return &Model{map[string][]string{}, map[string][]string{}}
}

// Set makes a change and says whether it was one.
func (m *Model) Set(follower, followed string, on bool) bool {
	at := slices.Index(m.Following[follower], followed)
	if (at >= 0) == on {
		return false
	}
	if on {
		m.Following[follower] = append([]string{followed}, m.Following[follower]...)
		m.Followers[followed] = append([]string{follower}, m.Followers[followed]...)
		return true
	}
	m.Following[follower] = slices.Delete(m.Following[follower], at, at+1)
	m.Followers[followed] = slices.DeleteFunc(m.Followers[followed], func(u string) bool { return u == follower })
	return true
}

// Differs says in what a Store differs of one user; followers need not be in the same order if they came at the same time.
func (m *Model) Differs(s follow.Store, user string) error {
	for side, want := range map[follow.Side][]string{follow.Following: m.Following[user], follow.Followers: m.Followers[user]} {
		page, err := s.FollowList(context.Background(), user, side, follow.Place{}, 1000)
		if err != nil || !slices.Equal(slices.Sorted(slices.Values(users(page))), slices.Sorted(slices.Values(want))) {
			return fmt.Errorf("list %d of %s is %v, %w, want %v", side, user, users(page), err, want)
		}
	}
	c, err := s.FollowCounts(context.Background(), user)
	if want := (follow.Counts{Following: len(m.Following[user]), Followers: len(m.Followers[user])}); err != nil || c != want {
		return fmt.Errorf("counts of %s are %+v, %w, want %+v", user, c, err, want)
	}
	for _, other := range m.Following[user] {
		if on, err := s.Follows(context.Background(), user, other); err != nil || !on {
			return fmt.Errorf("%s does not follow %s: %w", user, other, err)
		}
	}
	return nil
}
