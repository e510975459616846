package follow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"liveroom/chat"
	"liveroom/chat/pace"
)

const (
	maxUserBytes = 32  // of a user id
	MaxPage      = 100 // entries of a list that are read at once
)

// How fast each may change whom he follows himself, on each node: as often at once as a page may ask for in one call of the SDK.
const (
	ownBurst    = 20
	ownInterval = time.Second // for one more
)

// Refusals of this package. Compare with errors.Is.
var (
	ErrTooMany = &chat.Error{Code: 30010, Name: "too_many_follows", Detail: "you follow as many users as one may; unfollow somebody first", Field: "user"}
	ErrPace    = &chat.Error{Code: 10023, Name: "follows_too_fast", Detail: "you follow and unfollow too fast; wait a moment", Temporary: true}
	ErrSelf    = &chat.Error{Code: chat.ErrParameter.Code, Name: "cannot_follow_oneself", Detail: "nobody follows himself", Field: "user"}
	ErrCursor  = &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Detail: "it is none that was answered", Field: "next"}
)

// Config tunes a Service. The zero value of a field means its default.
type Config struct {
	Limit int // users that one may follow (5000)

	// Check says why somebody can't be followed, or follow; whether he has an account is not asked: an anchor may push for a
	// long time before he ever signs in. Nil: any name will do that is none too long.
	Check func(user string) error

	// Changed is told of each change that was made here, once it is durable: whether he follows now, and how many follow the other
	// one then, -1 if that is not known. It must not block. A change whose answer was lost may not be told. Nil: nobody wants to know.
	Changed func(follower, followed string, on bool, followers int)
}

// Service is who follows whom.
type Service struct {
	cfg   Config
	store Store
	log   *slog.Logger
	own   *pace.Buckets // of followers
}

// New checks cfg and returns a Service over store.
func New(cfg Config, store Store, log *slog.Logger) (*Service, error) {
	if cfg.Limit == 0 {
		cfg.Limit = 5000
	}
	if cfg.Limit < 1 || cfg.Limit > 100_000 {
		return nil, fmt.Errorf("follow: Limit is %d, must be 1–100000", cfg.Limit)
	}
	if cfg.Check == nil {
		cfg.Check = func(user string) error {
			if user == "" || len(user) > maxUserBytes {
				return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Detail: "must be a user id", Field: "user"}
			}
			return nil
		}
	}
	if cfg.Changed == nil {
		cfg.Changed = func(string, string, bool, int) {}
	}
	return &Service{cfg, store, log, pace.New(ownBurst, ownInterval)}, nil
}

// SetOwn is Set for a user who asks for it himself. Who does so too often is refused with ErrPace, which says when he may again:
// each change is told to others.
func (s *Service) SetOwn(ctx context.Context, follower, followed string, on bool) (Done, error) {
	if one, next := s.own.Take(follower, 1, time.Now()); one == 0 {
		refused := *ErrPace
		refused.NextAt = next
		return Done{}, &refused
	}
	return s.Set(ctx, follower, followed, on)
}

// Set lets a user follow another (on), or no longer. What is so already stays, and is no error.
func (s *Service) Set(ctx context.Context, follower, followed string, on bool) (Done, error) {
	if err := errors.Join(s.cfg.Check(follower), s.cfg.Check(followed)); err != nil {
		return Done{}, err
	}
	if follower == followed {
		return Done{}, ErrSelf
	}
	done, err := s.store.SetFollow(ctx, Change{follower, followed, on, s.cfg.Limit})
	if err != nil {
		return Done{}, wrap("follow", follower, err)
	}
	if done.Changed {
		followers := -1
		if done.Known {
			followers = done.Followers
		}
		s.cfg.Changed(follower, followed, on, followers)
	}
	return done, nil
}

// Follows says whether a user follows another.
func (s *Service) Follows(ctx context.Context, user, other string) (bool, error) {
	if user == "" || other == "" {
		return false, nil
	}
	on, err := s.store.Follows(ctx, user, other)
	return on, wrap("look up a follow of", user, err)
}

// Counts are how many a user follows, and how many follow him.
func (s *Service) Counts(ctx context.Context, user string) (Counts, error) {
	if err := s.cfg.Check(user); err != nil {
		return Counts{}, err
	}
	c, err := s.store.FollowCounts(ctx, user)
	return c, wrap("count follows of", user, err)
}

// List reads one of a user's lists, newest first: at most limit entries (1 to MaxPage), beginning behind a cursor of the page
// before; next is empty on the last page.
func (s *Service) List(ctx context.Context, user string, side Side, cursor string, limit int) (page []Place, next string, err error) {
	if err := s.cfg.Check(user); err != nil {
		return nil, "", err
	}
	after, ok := ParsePlace(cursor)
	if !ok {
		return nil, "", ErrCursor
	}
	limit = min(max(limit, 1), MaxPage)
	page, err = s.store.FollowList(ctx, user, side, after, limit+1)
	if err != nil {
		return nil, "", wrap("list follows of", user, err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].String()
	}
	return page, next, nil
}

// Repair completes what crashes left half done. It is called every few seconds on one node.
func (s *Service) Repair(ctx context.Context) error {
	r, ok := s.store.(Repairer)
	if !ok {
		return nil
	}
	n, err := r.RepairFollows(ctx)
	if n > 0 {
		s.log.Info("follows completed that were left half done", "follows", n)
	}
	return err
}

// wrap adds what was done for whom to an error of the store; refusals stay as they are.
func wrap(verb, user string, err error) error {
	var refusal *chat.Error
	if err == nil || errors.As(err, &refusal) {
		return err
	}
	return fmt.Errorf("%s %s: %w", verb, user, err)
}
