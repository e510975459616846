package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"liveroom/chat/like"
)

var (
	scriptTouch   = load("touch")
	scriptTouched = load("touched")
	scriptLikeAdd = load("like_add")
)

// How the list of groups whose likes are to be told is kept: it is in another slot than they are. Before a node adds to a group
// it notes the group, if it did not lately; the note goes when it is so old that whatever was added under it is done and was told.
const (
	likesNoteEvery = 5 * time.Second
	likesNoteAge   = 15 * time.Second
	maxLikesNoted  = 10_000 // groups of which a node remembers that it noted them
)

// Likes is Redis as like.Store. Its keys:
//
//	{g:GROUP}:likes  hash: all likes, those of live sessions, and which batches of which process are among them (like_add.lua)
//	{lr}:likes       sorted set: groups by when somebody was about to add to them (ms), until that was told
type Likes struct {
	s *Store

	mu    sync.Mutex
	noted map[string]time.Time // when this node noted groups last
}

var _ like.Store = (*Likes)(nil)

// Likes is the likes' view of Redis.
func (s *Store) Likes() *Likes { return &Likes{s: s, noted: map[string]time.Time{}} }

func (l *Likes) key(group string) string { return l.s.key("g:"+group, "likes") }
func (l *Likes) list() string            { return l.s.key("lr", "likes") }

// AddLikes implements like.Store. The script may be sent again: the batch's own number makes it count once.
func (l *Likes) AddLikes(ctx context.Context, group string, b like.Batch) (like.Totals, error) {
	began, err := l.note(ctx, group)
	if err != nil {
		return like.Totals{}, err
	}
	if len(b.Likes) == 0 {
		return l.Likes(ctx, group, "")
	}
	args := []any{b.Writer, b.Number, like.MaxSessions, like.MaxWriters}
	for _, c := range b.Likes {
		args = append(args, c.Session, c.Likes)
	}
	reply, err := l.s.mutate(ctx, scriptLikeAdd, []string{l.key(group)}, args...).StringSlice()
	if err != nil {
		return like.Totals{}, away(err)
	}
	if time.Since(began) > likesNoteAge/2 { // this process stood still, and the note may be gone
		l.forget(group)
		if _, err := l.note(ctx, group); err != nil {
			return like.Totals{}, err
		}
	}
	return likeTotals(reply)
}

// note has a group be told of what is about to be added, and returns when it did so last.
func (l *Likes) note(ctx context.Context, group string) (time.Time, error) {
	l.mu.Lock()
	at, known := l.noted[group]
	l.mu.Unlock()
	now := time.Now()
	if known && now.Sub(at) < likesNoteEvery {
		return at, nil
	}
	if err := l.s.mutate(ctx, scriptTouch, []string{l.list()}, group).Err(); err != nil {
		return now, away(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.noted) >= maxLikesNoted {
		clear(l.noted) // they are noted again
	}
	l.noted[group] = now
	return now, nil
}

func (l *Likes) forget(group string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.noted, group)
}

// Likes implements like.Store.
func (l *Likes) Likes(ctx context.Context, group, session string) (like.Totals, error) {
	ctx, cancel := l.s.within(ctx)
	defer cancel()
	values, err := l.s.fields(ctx, l.key(group), "t", "s:"+session)
	if err != nil {
		return like.Totals{}, err
	}
	reply := []string{"0", "0"}
	for i, v := range values {
		if text, there := v.(string); there {
			reply[i] = text
		}
	}
	return likeTotals(reply)
}

func likeTotals(reply []string) (t like.Totals, err error) {
	if len(reply) != 2 {
		return t, errReply
	}
	if t.All, err = strconv.ParseInt(reply[0], 10, 64); err == nil {
		t.Session, err = strconv.ParseInt(reply[1], 10, 64)
	}
	if err != nil {
		return t, fmt.Errorf("%w: %w", errReply, err)
	}
	return t, nil
}

// Liked implements like.Store. The mark is a time in ms.
func (l *Likes) Liked(ctx context.Context, limit int) ([]string, uint64, error) {
	groups, times, now, err := l.s.touched(ctx, l.list(), 0, limit)
	if err != nil {
		return nil, 0, err
	}
	mark := now - likesNoteAge.Milliseconds()
	if len(groups) == limit { // of the last one's moment there may be more
		mark = min(mark, times[limit-1]-1)
	}
	return groups, uint64(max(mark, 0)), nil
}

// Told implements like.Store.
func (l *Likes) Told(ctx context.Context, mark uint64) error {
	return l.s.untouch(ctx, l.list(), int64(mark))
}

// DeleteLikes implements like.Store.
func (l *Likes) DeleteLikes(ctx context.Context, group string) error {
	l.forget(group)
	return away(l.s.command(ctx, "del", l.key(group)).Err())
}

// touched lists members of a sorted set that touch.lua noted at least so long ago, the oldest first, with when that was and
// what time it is, ms.
func (s *Store) touched(ctx context.Context, key string, age time.Duration, limit int) (members []string, at []int64, now int64, err error) {
	reply, err := s.run(ctx, scriptTouched, []string{key}, age.Milliseconds(), limit).Slice()
	if err != nil {
		return nil, nil, 0, away(err)
	}
	for i, v := range reply {
		if i == 0 {
			now, _ = v.(int64)
			continue
		}
		text, _ := v.(string)
		if i%2 == 1 {
			members = append(members, text)
			continue
		}
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, nil, 0, fmt.Errorf("%w: %w", errReply, err)
		}
		at = append(at, ms)
	}
	if now == 0 || len(at) != len(members) {
		return nil, nil, 0, errReply
	}
	return members, at, now, nil
}

// untouch takes off what was noted up to a time, and was not again.
func (s *Store) untouch(ctx context.Context, key string, upTo int64) error {
	return away(s.command(ctx, "zremrangebyscore", key, "-inf", upTo).Err())
}
