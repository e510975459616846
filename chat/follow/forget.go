package follow

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// How users are forgotten.
const (
	forgetUsers  = 100    // noted or looked at in one step
	forgetAtOnce = 32     // follows that end at a time
	forgetMost   = 10_000 // follows that end in one call: others wait for the next
)

// Forget has users forgotten who are no more since some time: whom they followed then, and who followed them. It is durable when
// it is answered, and done by ForgetRest. What is later stays, of somebody who came back.
func (s *Service) Forget(ctx context.Context, users ...Place) error {
	for some := range slices.Chunk(users, forgetUsers) {
		if err := s.store.Forget(ctx, some); err != nil {
			return fmt.Errorf("forget follows of %d users: %w", len(users), err)
		}
	}
	return nil
}

// ForgetRest goes on with those who are to be forgotten. It is called every few seconds on one node. Nobody is told of
// follows that end so.
func (s *Service) ForgetRest(ctx context.Context) error {
	for left := forgetMost; left > 0; {
		users, err := s.store.Forgotten(ctx, forgetUsers)
		if err != nil || len(users) == 0 {
			return err
		}
		var done []Place
		for _, one := range users {
			for _, side := range []Side{Following, Followers} {
				n, err := s.cut(ctx, one, side, left)
				if err != nil {
					return fmt.Errorf("forget %s: %w", one.User, err)
				}
				left -= n
			}
			if left <= 0 {
				break // of this one there may be more
			}
			done = append(done, one)
		}
		if err := s.store.Forgot(ctx, done); err != nil || len(users) < forgetUsers {
			return err
		}
	}
	return nil
}

// cut ends the follows of one of a user's lists that are from before he was to be forgotten, about most at most, and says how many
// there were.
func (s *Service) cut(ctx context.Context, user Place, side Side, most int) (n int, err error) {
	for n < most {
		page, err := s.store.FollowList(ctx, user.User, side, Place{At: user.At + 1}, MaxPage)
		if err != nil {
			return n, err
		}
		if err := s.end(ctx, user.User, side, page); err != nil {
			return n, err
		}
		if n += len(page); len(page) < MaxPage {
			break
		}
	}
	return n, nil
}

// end ends follows, some at a time.
func (s *Service) end(ctx context.Context, user string, side Side, page []Place) error {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards failed
	var failed error
	places := make(chan struct{}, forgetAtOnce)
	for _, other := range page {
		c := Change{Follower: user, Followed: other.User, Limit: s.cfg.Limit}
		if side == Followers {
			c.Follower, c.Followed = c.Followed, c.Follower
		}
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if _, err := s.store.SetFollow(ctx, c); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = err
			}
		})
	}
	wg.Wait()
	return failed
}
