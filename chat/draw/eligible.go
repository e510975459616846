package draw

import (
	"context"
	"slices"
	"time"
)

// How users are asked about: a step that asked about all of a page where answers are slow would never end in its time.
const (
	askAtOnce = 50          // users
	askTime   = time.Second // after so long what was found out is enough for this step
)

// eligible leaves out who may not enter, and says of how many entries it found that out: of some at least, if there are any.
// What can't be found out now is an error: nobody is left out for it.
func (s *Service) eligible(ctx context.Context, d Draw, entries []Entry) (left []Entry, asked int, err error) {
	begun := time.Now()
	for asked < len(entries) && (asked == 0 || time.Since(begun) < askTime) {
		some := entries[asked:min(asked+askAtOnce, len(entries))]
		users := make([]string, len(some))
		for i, e := range some {
			users[i] = e.User
		}
		may, err := s.checks(ctx, d, users)
		if err != nil {
			return nil, 0, err
		}
		asked += len(some)
		for _, e := range some {
			if may(e.User) {
				left = append(left, e)
			}
		}
	}
	s.refused.Add(uint64(asked - len(left)))
	return left, asked, nil
}

// checks asks all that must be known of users, and returns what decides.
func (s *Service) checks(ctx context.Context, d Draw, users []string) (func(user string) bool, error) {
	robots, err := s.rooms.Robots(ctx, d.Group, users)
	if err != nil {
		return nil, err
	}
	e := d.Eligibility
	all := []func(user string) bool{func(user string) bool { return !robots[user] && user != d.Anchor }}
	if e.MinLevel > 0 && s.cfg.Levels != nil {
		levels, err := s.cfg.Levels(ctx, users)
		if err != nil {
			return nil, err
		}
		all = append(all, func(user string) bool { return levels[user] >= e.MinLevel })
	}
	if e.Follower && s.cfg.Followers != nil {
		follow, err := s.cfg.Followers(ctx, d.Anchor, users)
		if err != nil {
			return nil, err
		}
		all = append(all, func(user string) bool { return follow[user] })
	}
	if e.GiftValue > 0 && s.cfg.Gifts != nil {
		given, err := s.cfg.Gifts(ctx, d.Group, d.Session, e.GiftValue, users)
		if err != nil {
			return nil, err
		}
		all = append(all, func(user string) bool { return given[user] >= e.GiftValue })
	}
	if e.NotWonBefore {
		won, err := s.store.Won(ctx, d.Group, users)
		if err != nil {
			return nil, err
		}
		all = append(all, func(user string) bool { return !won[user] })
	}
	return func(user string) bool {
		return !slices.ContainsFunc(all, func(ok func(string) bool) bool { return !ok(user) })
	}, nil
}
