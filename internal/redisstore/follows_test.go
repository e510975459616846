package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/follow"
	"liveroom/chat/follow/followtest"
	"liveroom/internal/redistest"
)

func TestFollows(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		followtest.Store(t, func(t *testing.T) follow.Store { return patient(t, open(t)).Follows() })
	})
}

// TestAFollowWhoseAnswerIsLostIsOne, and says so.
func TestAFollowWhoseAnswerIsLostIsOne(t *testing.T) {
	proxy := redistest.Through(t, redistest.Shared(t).Addr)
	f := open(t, proxy.URL()).Follows()
	proxy.DropReplies(1, "{u:ann}:following")
	if done := followtest.Set(t, f, "ann", "bob", true); done != (follow.Done{Changed: true, Followers: 1, Known: true}) {
		t.Errorf("%+v", done)
	}
	proxy.DropReplies(1, "{u:bob}:followers")
	if done := followtest.Set(t, f, "ann", "bob", false); done != (follow.Done{Changed: true, Known: true}) {
		t.Errorf("%+v", done)
	}
}

// TestAFollowThatComesTooLateIsNone: its note may have been dealt with already.
func TestAFollowThatComesTooLateIsNone(t *testing.T) {
	f := open(t, redistest.Shared(t).URL()).Follows()
	noted := time.Now().Add(-2 * followLate).UnixMilli()
	keys := []string{f.key("ann", "following"), f.key("ann", "follow"), f.key("ann", "op", "x1")}
	reply, err := f.s.run(t.Context(), scriptFollowSet, keys, "bob", "1", 10, 1000, noted, followLate.Milliseconds()).StringSlice()
	if err != nil || !slices.Equal(reply, []string{"late"}) {
		t.Errorf("%v, %v", reply, err)
	}
	followtest.IsList(t, f, "ann", follow.Following)
}

// TestAnOldFollowDoesNotUndoANewerOne, whoever brings it and however late.
func TestAnOldFollowDoesNotUndoANewerOne(t *testing.T) {
	f := open(t, redistest.Shared(t).URL()).Follows()
	ctx := t.Context()
	for at, on := range []string{5: "1", 3: "0", 4: "1", 6: "0", 2: "1", 1: "0"} {
		if on == "" {
			continue
		}
		if _, err := f.mirror(ctx, "ann", "bob", fmt.Sprint(at, " ", on)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now().UnixMicro()
	for _, step := range []struct {
		at   int64
		on   string
		want []string
	}{{now, "1", []string{"ann"}}, {now - 1, "0", []string{"ann"}}, {now + 2, "0", nil}, {now + 1, "1", nil}, {now + 3, "1", []string{"ann"}}} {
		if _, err := f.mirror(ctx, "ann", "bob", fmt.Sprint(step.at, " ", step.on)); err != nil {
			t.Fatal(err)
		}
		page, err := f.FollowList(ctx, "bob", follow.Followers, follow.Place{}, 10)
		var got []string
		for _, p := range page {
			got = append(got, p.User)
		}
		if err != nil || !slices.Equal(got, step.want) {
			t.Errorf("%+v: %v, %v", step, got, err)
		}
	}
}

// cutter fails all scripts behind the first ones, as a crash would. What greets a new connection is no step of a change.
type cutter struct {
	after int  // scripts that pass
	done  bool // the next one is done, and its answer lost
}

var errCrash = errors.New("this process crashed")

func (c *cutter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *cutter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c *cutter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if name := cmd.Name(); name != "evalsha" && name != "eval" {
			return next(ctx, cmd)
		}
		if c.after > 0 {
			c.after--
			return next(ctx, cmd)
		}
		if c.done {
			c.done = false
			_ = next(ctx, cmd)
		}
		cmd.SetErr(errCrash)
		return errCrash
	}
}

// TestFollowsLeftHalfDoneAreRepaired: a node crashes between any two steps of a change, where the two lists are in different slots
// or not, while another goes on; then the lists are each other's mirror, and what was answered is in them.
func TestFollowsLeftHalfDoneAreRepaired(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		healthy := patient(t, open(t))
		repairer := healthy.Follows()
		repairer.repair = 0
		names := []string{"ann", "bob", "cat", "dan"}
		m := followtest.NewModel()
		repaired := 0
		for i := range 400 {
			a, b, on := names[rand.IntN(4)], names[rand.IntN(4)], rand.IntN(2) == 0
			if a == b {
				continue
			}
			f := healthy.Follows()
			crash := rand.IntN(2) == 0
			if crash {
				one := openAgain(t, healthy.cfg.URL, healthy.cfg.Prefix) // another each time: it believes that Redis is gone
				one.rdb.AddHook(&cutter{after: []int{0, 1, 2, 2, 2, 3}[rand.IntN(6)], done: rand.IntN(3) == 0})
				f = one.Follows()
			}
			_, err := f.SetFollow(t.Context(), follow.Change{Follower: a, Followed: b, On: on, Limit: 10})
			if !crash && err != nil {
				t.Fatal(err)
			}
			if crash {
				_ = f.s.Close() // twice is no harm
			}
			is, err := healthy.Follows().Follows(t.Context(), a, b)
			switch {
			case err != nil:
				t.Fatal(err)
			case is == on:
				m.Set(a, b, on)
			case !crash:
				t.Fatalf("%s, %s, %v was answered, and is not so", a, b, on)
			}
			if i%20 > 0 {
				continue
			}
			n, err := repairer.RepairFollows(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			repaired += n
			for _, name := range names {
				if err := m.Differs(healthy.Follows(), name); err != nil {
					t.Fatal(err)
				}
			}
		}
		if repaired == 0 {
			t.Error("nothing had to be repaired")
		}
		if _, err := repairer.RepairFollows(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := healthy.rdb.ZCard(t.Context(), repairer.notes()).Result(); err != nil || n != 0 {
			t.Errorf("%d notes are left, %v", n, err)
		}
	})
}

// TestWhatIsKeptOfChangesOfFollowsGoes, but not before they are done.
func TestWhatIsKeptOfChangesOfFollowsGoes(t *testing.T) {
	f := open(t, redistest.Shared(t).URL()).Follows()
	f.repair = 0
	lasts := func(what string, want bool) {
		t.Helper()
		left, err := f.s.rdb.PTTL(t.Context(), f.key("ann", "follow")).Result()
		if err != nil || (left < 0) != want || left > followGone {
			t.Errorf("%s: it lasts %s, %v", what, left, err)
		}
	}
	followtest.Set(t, f, "ann", "bob", true)
	lasts("done", false)
	noted := time.Now().UnixMilli()
	keys := []string{f.key("ann", "following"), f.key("ann", "follow"), f.key("ann", "op", "x1")}
	if err := f.s.run(t.Context(), scriptFollowSet, keys, "cat", "1", 10, 1000, noted, followLate.Milliseconds()).Err(); err != nil {
		t.Fatal(err)
	}
	lasts("half done", true)
	followtest.Set(t, f, "ann", "bob", false)
	lasts("one of two done", true)
	if n, err := f.RepairFollows(t.Context()); err != nil || n != 1 {
		t.Errorf("repaired %d, %v", n, err)
	}
	lasts("repaired", false)
}

// TestFollowsWhileRedisIsAway are refused in time.
func TestFollowsWhileRedisIsAway(t *testing.T) {
	server := redistest.Start(t)
	f := open(t, server.URL()).Follows()
	f.s.cfg.Timeout = 200 * time.Millisecond
	server.Pause()
	defer server.Resume()
	if _, err := f.SetFollow(context.Background(), follow.Change{Follower: "a", Followed: "b", On: true, Limit: 1}); !errors.Is(err, ErrAway) {
		t.Errorf("set: %v", err)
	}
	if _, err := f.FollowCounts(context.Background(), "a"); !errors.Is(err, ErrAway) {
		t.Errorf("counts: %v", err)
	}
}
