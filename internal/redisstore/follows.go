package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/follow"
)

var (
	scriptFollowSet    = load("follow_set")
	scriptFollowMirror = load("follow_mirror")
	scriptFollowDone   = load("follow_done")
)

// A follow is written in the follower's slot first, which also notes what is due in that of who is followed. Who is about to
// write is noted before, so that the repair finds what he left half done: it looks at notes that are so old that their write is
// done or comes too late.
const (
	followLate   = 3 * time.Second  // after which a write under a note is refused
	followRepair = 10 * time.Second // after which it is repaired: with so much between, also where clocks of servers differ
	followGone   = 24 * time.Hour   // for which it is remembered that somebody ceased to follow: what comes later than that is nowhere any more
	followAtOnce = 1000             // users looked at in one repair
)

// Follows is Redis as follow.Store. Its keys:
//
//	{u:USER}:following   sorted set: whom he follows → since (µs)
//	{u:USER}:followers   sorted set: who follows him → since (µs): the mirror of the others' following
//	{u:USER}:unfollowed  sorted set: who ceased to → when (µs), for a day
//	{u:USER}:follow      hash: the time of his newest change, for a day, and what of his changes is due in others' followers (follow_set.lua)
//	{u:USER}:op:…        string: what a change was answered
//	{lr}:follows         sorted set: users by when they were about to change something (ms)
//	{lr}:follows:forget  sorted set: users to be forgotten, and up to when (follow.Place as text), by that time (µs)
type Follows struct {
	s      *Store
	repair time.Duration // followRepair; shorter in tests
}

var (
	_ follow.Store    = (*Follows)(nil)
	_ follow.Repairer = (*Follows)(nil)
)

// Follows is the follows' view of Redis.
func (s *Store) Follows() *Follows { return &Follows{s, followRepair} }

func (f *Follows) key(user string, parts ...string) string { return f.s.key("u:"+user, parts...) }
func (f *Follows) notes() string                           { return f.s.key("lr", "follows") }
func (f *Follows) gone() string                            { return f.s.key("lr", "follows", "forget") }

// SetFollow implements follow.Store.
func (f *Follows) SetFollow(ctx context.Context, c follow.Change) (follow.Done, error) {
	ctx, cancel := f.s.within(ctx)
	defer cancel()
	noted, err := f.s.mutate(ctx, scriptTouch, []string{f.notes()}, c.Follower).Int64()
	if err != nil {
		return follow.Done{}, away(err)
	}
	keys := []string{f.key(c.Follower, "following"), f.key(c.Follower, "follow"), f.key(c.Follower, "op", newOperation())}
	reply, err := f.s.mutate(ctx, scriptFollowSet, keys, c.Followed, flag(c.On), c.Limit, answerKept.Milliseconds(), noted, followLate.Milliseconds()).StringSlice()
	switch {
	case err != nil:
		return follow.Done{}, away(err)
	case len(reply) == 1 && reply[0] == "full":
		return follow.Done{}, follow.ErrTooMany
	case len(reply) == 1 && reply[0] == "late":
		return follow.Done{}, fmt.Errorf("%w: it took too long to change a follow", ErrAway)
	case len(reply) != 3:
		return follow.Done{}, errReply
	}
	done := follow.Done{Changed: reply[1] == "1"}
	// What comes now is repaired where it fails: the change is durable.
	if due := reply[2]; due != "" {
		done.Followers, err = f.mirror(ctx, c.Follower, c.Followed, due)
	} else {
		var counts follow.Counts
		counts, err = f.FollowCounts(ctx, c.Followed)
		done.Followers = counts.Followers
	}
	done.Known = err == nil
	return done, nil
}

// mirror brings the list of who is followed in step with a change of a follower: its time, and 1 or 0.
func (f *Follows) mirror(ctx context.Context, follower, followed, due string) (followers int, err error) {
	at, on, _ := strings.Cut(due, " ")
	keys := []string{f.key(followed, "followers"), f.key(followed, "unfollowed")}
	followers, err = f.s.mutate(ctx, scriptFollowMirror, keys, follower, at, on, followGone.Microseconds()).Int()
	if err != nil {
		return 0, away(err)
	}
	// Where this fails, the repair does the same again.
	_ = f.s.run(ctx, scriptFollowDone, []string{f.key(follower, "follow")}, followed, due, followGone.Milliseconds()).Err()
	return followers, nil
}

// RepairFollows implements follow.Repairer.
func (f *Follows) RepairFollows(ctx context.Context) (repaired int, err error) {
	users, at, _, err := f.s.touched(ctx, f.notes(), f.repair, followAtOnce)
	if err != nil || len(users) == 0 {
		return 0, err
	}
	for _, user := range users {
		n, err := f.repairOne(ctx, user)
		repaired += n
		if err != nil {
			return repaired, fmt.Errorf("repair follows of %s: %w", user, err)
		}
	}
	upTo := at[len(at)-1]
	if len(users) == followAtOnce { // of the last one's moment there may be more
		upTo--
	}
	return repaired, f.s.untouch(ctx, f.notes(), upTo)
}

func (f *Follows) repairOne(ctx context.Context, user string) (repaired int, err error) {
	ctx, cancel := f.s.within(ctx)
	defer cancel()
	due, err := f.s.rdb.HGetAll(ctx, f.key(user, "follow")).Result()
	if err != nil {
		return 0, away(err)
	}
	for followed, change := range due {
		if followed == "" { // the time of the newest change
			continue
		}
		if _, err := f.mirror(ctx, user, followed, change); err != nil {
			return repaired, err
		}
		repaired++
	}
	return repaired, nil
}

// Follows implements follow.Store.
func (f *Follows) Follows(ctx context.Context, follower, followed string) (bool, error) {
	ctx, cancel := f.s.within(ctx)
	defer cancel()
	err := f.s.rdb.ZScore(ctx, f.key(follower, "following"), followed).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, away(err)
}

// FollowCounts implements follow.Store.
func (f *Follows) FollowCounts(ctx context.Context, user string) (follow.Counts, error) {
	ctx, cancel := f.s.within(ctx)
	defer cancel()
	pipe := f.s.rdb.Pipeline()
	following, followers := pipe.ZCard(ctx, f.key(user, "following")), pipe.ZCard(ctx, f.key(user, "followers"))
	if _, err := pipe.Exec(ctx); err != nil {
		return follow.Counts{}, away(err)
	}
	return follow.Counts{Following: int(following.Val()), Followers: int(followers.Val())}, nil
}

// FollowList implements follow.Store.
func (f *Follows) FollowList(ctx context.Context, user string, side follow.Side, after follow.Place, limit int) ([]follow.Place, error) {
	ctx, cancel := f.s.within(ctx)
	defer cancel()
	key, from := f.key(user, "following"), "+inf"
	if side == follow.Followers {
		key = f.key(user, "followers")
	}
	if after != (follow.Place{}) {
		from = strconv.FormatInt(after.At, 10)
	}
	page := make([]follow.Place, 0, limit)
	for offset := 0; len(page) < limit; { // again if many are of the cursor's own moment
		some, err := f.s.rdb.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
			Key: key, Start: from, Stop: "-inf", ByScore: true, Rev: true, Offset: int64(offset), Count: int64(limit + 1),
		}).Result()
		if err != nil {
			return nil, away(err)
		}
		for _, z := range some {
			name, _ := z.Member.(string)
			if p := (follow.Place{At: int64(z.Score), User: name}); p.Follows(after) && len(page) < limit {
				page = append(page, p)
			}
		}
		if offset += len(some); len(some) <= limit {
			break
		}
	}
	return page, nil
}

// Forget implements follow.Store.
func (f *Follows) Forget(ctx context.Context, users []follow.Place) error {
	args := []any{"zadd", f.gone()}
	for _, p := range users {
		args = append(args, p.At, p.String())
	}
	return away(f.s.command(ctx, args...).Err())
}

// Forgotten implements follow.Store.
func (f *Follows) Forgotten(ctx context.Context, limit int) ([]follow.Place, error) {
	ctx, cancel := f.s.within(ctx)
	defer cancel()
	some, err := f.s.rdb.ZRange(ctx, f.gone(), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, away(err)
	}
	all := make([]follow.Place, len(some))
	for i, text := range some {
		all[i], _ = follow.ParsePlace(text)
	}
	return all, nil
}

// Forgot implements follow.Store.
func (f *Follows) Forgot(ctx context.Context, users []follow.Place) error {
	args := []any{"zrem", f.gone()}
	for _, p := range users {
		args = append(args, p.String())
	}
	if len(users) == 0 {
		return nil
	}
	return away(f.s.command(ctx, args...).Err())
}
