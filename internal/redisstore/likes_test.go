package redisstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"liveroom/chat/like"
	"liveroom/chat/like/liketest"
	"liveroom/internal/redistest"
)

func TestLikes(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		liketest.Store(t, func(t *testing.T) like.Store { return patient(t, open(t)).Likes() })
	})
}

// TestLikesWhoseAnswerIsLostCountOnce, also when everything that remembers operations for a while has forgotten them.
func TestLikesWhoseAnswerIsLostCountOnce(t *testing.T) {
	proxy := redistest.Through(t, redistest.Shared(t).Addr)
	l := open(t, proxy.URL()).Likes()
	batch := like.Batch{Writer: "w", Number: 1, Likes: []like.Count{{Session: "01A", Likes: 5}}}
	proxy.DropReplies(2, "{g:g}:likes")
	if _, err := l.AddLikes(t.Context(), "g", batch); !errors.Is(err, ErrAway) {
		t.Fatalf("both answers were lost, but: %v", err)
	}
	proxy.Dropped(t)
	if got, err := l.AddLikes(t.Context(), "g", batch); err != nil || got != (like.Totals{All: 5, Session: 5}) {
		t.Errorf("again: %+v, %v", got, err)
	}
	proxy.DropReplies(1, "{g:g}:likes")
	batch.Number = 2
	if got, err := l.AddLikes(t.Context(), "g", batch); err != nil || got != (like.Totals{All: 10, Session: 10}) {
		t.Errorf("one lost answer: %+v, %v", got, err)
	}
}

// TestLikesAreToldUntilTheyAreOld: a group is on the list of those to be told before anything is added to it, and leaves it only
// when nothing can be added any more that nobody read.
func TestLikesAreToldUntilTheyAreOld(t *testing.T) {
	url, prefix := redistest.Shared(t).URL(), openPrefix(t)
	l := openAgain(t, url, prefix).Likes()
	ctx := t.Context()
	batch := like.Batch{Writer: "w", Number: 1, Likes: []like.Count{{Likes: 1}}}
	if _, err := l.AddLikes(ctx, "g", batch); err != nil {
		t.Fatal(err)
	}
	groups, mark, err := l.Liked(ctx, 10)
	if err != nil || !slices.Equal(groups, []string{"g"}) {
		t.Fatalf("liked: %v, %v", groups, err)
	}
	if err := l.Told(ctx, mark); err != nil {
		t.Fatal(err)
	}
	if groups, _, err = l.Liked(ctx, 10); err != nil || len(groups) != 1 {
		t.Errorf("just noted, but off the list: %v, %v", groups, err)
	}
	// As if it were long ago.
	if err := l.s.rdb.ZIncrBy(ctx, l.list(), -float64(2*likesNoteAge.Milliseconds()), "g").Err(); err != nil {
		t.Fatal(err)
	}
	_, mark, err = l.Liked(ctx, 10)
	if err == nil {
		err = l.Told(ctx, mark)
	}
	if groups, _, _ := l.Liked(ctx, 10); err != nil || len(groups) != 0 {
		t.Errorf("old and told, but on the list: %v, %v", groups, err)
	}
	// Another process notes it anew.
	if _, err := openAgain(t, url, prefix).Likes().AddLikes(ctx, "g", batch); err != nil {
		t.Fatal(err)
	}
	if groups, _, err := l.Liked(ctx, 10); err != nil || len(groups) != 1 {
		t.Errorf("noted anew: %v, %v", groups, err)
	}
}

// TestLikesWhileRedisIsAway are not stored, and that is said in time.
func TestLikesWhileRedisIsAway(t *testing.T) {
	server := redistest.Start(t)
	l := open(t, server.URL()).Likes()
	l.s.cfg.Timeout = 200 * time.Millisecond
	server.Pause()
	defer server.Resume()
	if _, err := l.AddLikes(context.Background(), "g", like.Batch{Writer: "w", Number: 1, Likes: []like.Count{{Likes: 1}}}); !errors.Is(err, ErrAway) {
		t.Errorf("add: %v", err)
	}
	if _, err := l.Likes(context.Background(), "g", ""); !errors.Is(err, ErrAway) {
		t.Errorf("read: %v", err)
	}
}
