package boltstore

import (
	"errors"
	"path/filepath"
	"testing"

	"liveroom/chat/follow"
	"liveroom/chat/follow/followtest"
	"liveroom/chat/like"
	"liveroom/chat/like/liketest"
	"liveroom/status"
)

// openHasty is a Store whose writes do not wait for others to share an fsync.
func openHasty(t *testing.T) *Store {
	s := openTest(t)
	s.db.MaxBatchDelay, s.db.NoSync = 0, true
	return s
}

func TestLikes(t *testing.T) {
	liketest.Store(t, func(t *testing.T) like.Store { return openHasty(t).Likes() })
}

func TestFollows(t *testing.T) {
	followtest.Store(t, func(t *testing.T) follow.Store { return openHasty(t).Follows() })
}

func TestLikesAndFollowsSurviveAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	open := func() *Store {
		t.Helper()
		s, err := Open(path, discard())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	batch := like.Batch{Writer: "w", Number: 3, Likes: []like.Count{{Session: "01A", Likes: 5}}}
	if _, err := s.Likes().AddLikes(t.Context(), "g", batch); err != nil {
		t.Fatal(err)
	}
	followtest.Set(t, s.Follows(), "ann", "anna", true)
	followtest.Set(t, s.Follows(), "bob", "anna", true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	t.Cleanup(func() { _ = s.Close() })
	if got, err := s.Likes().AddLikes(t.Context(), "g", batch); err != nil || got != (like.Totals{All: 5, Session: 5}) {
		t.Errorf("the same batch after a restart: %+v, %v", got, err)
	}
	if groups, _, err := s.Likes().Liked(t.Context(), 10); err != nil || len(groups) != 1 {
		t.Errorf("to be told: %v, %v", groups, err)
	}
	followtest.IsList(t, s.Follows(), "anna", follow.Followers, "bob", "ann")
	followtest.IsList(t, s.Follows(), "bob", follow.Following, "anna")
}

func TestLikesAndFollowsOfAClosedFileAreUnavailable(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "liveroom.db"), discard())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, add := s.Likes().AddLikes(t.Context(), "g", like.Batch{Writer: "w", Number: 1})
	_, set := s.Follows().SetFollow(t.Context(), follow.Change{Follower: "a", Followed: "b", On: true, Limit: 1})
	for what, err := range map[string]error{"like": add, "follow": set} {
		if !errors.Is(err, status.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
