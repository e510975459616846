package draw

import (
	"context"
	"slices"
)

// eligible leaves out who may not enter. What can't be found out now is an error: nobody is left out for it.
func (s *Service) eligible(ctx context.Context, d Draw, entries []Entry) ([]Entry, error) {
	if len(entries) == 0 || d.Eligibility == (Eligibility{}) {
		return entries, nil
	}
	users := make([]string, len(entries))
	for i, e := range entries {
		users[i] = e.User
	}
	may, err := s.checks(ctx, d, users)
	if err != nil {
		return nil, err
	}
	left := slices.DeleteFunc(entries, func(e Entry) bool { return !may(e.User) })
	s.refused.Add(uint64(len(users) - len(left)))
	return left, nil
}

// checks asks all that must be known of users, and returns what decides.
func (s *Service) checks(ctx context.Context, d Draw, users []string) (func(user string) bool, error) {
	var (
		all []func(user string) bool
		e   = d.Eligibility
	)
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
		given, err := s.cfg.Gifts(ctx, d.Group, d.Session, users)
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
