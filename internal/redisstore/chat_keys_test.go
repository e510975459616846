package redisstore

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// keysOf are the keys of a Chat's Redis, one server, without prefix and tag, and how long they live.
func keysOf(t *testing.T, c *Chat) map[string]time.Duration {
	t.Helper()
	all, err := c.s.rdb.Keys(t.Context(), c.s.cfg.Prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	lives := map[string]time.Duration{}
	for _, key := range all {
		_, name, _ := strings.Cut(key, "}:")
		if lives[name], err = c.s.rdb.PTTL(t.Context(), key).Result(); err != nil {
			t.Fatal(err)
		}
	}
	return lives
}

// TestChatKeysEnd: what a group needs while it exists stays, all else has a lifetime, and nothing else is left of a group
// that is dismissed.
func TestChatKeysEnd(t *testing.T) {
	c := open(t, redistest.Shared(t).URL()).Chat()
	for _, g := range []string{"g", "}{"} {
		chattest.Create(t, c, g)
		f := chattest.Batch(1, chattest.Message(g, "a", "x", chat.High), chattest.Message(g, "a", "y", chat.Low))
		f.Candidates[0].Key, f.Candidates[1].Key = chat.Key{1}, chat.Key{2}
		f.DedupAge = 10 * time.Hour // which makes the list of delivered ones necessary, with the limit
		if _, err := c.Flush(t.Context(), g, f); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Reserve(t.Context(), g, chat.Key{3}); err != nil {
			t.Fatal(err)
		}
		chattest.Say(t, c, g, 1)
		if _, err := c.Withdraw(t.Context(), g, chat.Withdrawal{Seq: 1, Kind: chat.Recalled}); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []chat.SanctionKind{chat.Muting, chat.Banning} {
			if _, err := c.PutSanctions(t.Context(), g, chat.SanctionChange{Kind: kind, Users: []string{"bob"}, For: time.Hour, Limit: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := c.PutRobots(t.Context(), g, chat.RobotChange{Add: []chat.Robot{{User: "r"}}, For: time.Hour, Limit: 1}); err != nil {
			t.Fatal(err)
		}
		stay := []string{"bans", "chat.made", "chat.order", "chat.robots", "gone", "head", "mutes", "robots"}
		for name, life := range keysOf(t, c) {
			if kept := slices.Contains(stay, name); kept != (life < 0) {
				t.Errorf("key %q lives %v", name, life)
			}
		}
		for name, least := range map[string]time.Duration{"log": 24 * time.Hour, "entries": time.Minute} {
			if life := keysOf(t, c)[name]; life < least {
				t.Errorf("key %q lives %v", name, life)
			}
		}
		if err := c.DeleteGroup(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		for name, life := range keysOf(t, c) {
			if life < 0 && name != "chat.made" {
				t.Errorf("key %q is left of a group that is gone", name)
			}
		}
	}
}

// TestALogThatEnded: a group whose messages lapsed goes on with its numbers, and says that what was there is gone.
func TestALogThatEnded(t *testing.T) {
	c := open(t, redistest.Shared(t).URL()).Chat()
	before := chattest.Create(t, c, "g")
	chattest.Say(t, c, "g", 5)
	if err := c.s.rdb.Del(t.Context(), c.key("g", "log"), c.key("g", "entries")).Err(); err != nil {
		t.Fatal(err)
	}
	if state := chattest.Load(t, c, "g"); state.Seq != 5 || state.Floor != 5 || len(state.Log) != 0 {
		t.Errorf("%+v", state.Head)
	}
	if found, whole, err := c.Entries(t.Context(), "g", before.Epoch, 3, 10); err != nil || whole || len(found) != 0 {
		t.Errorf("%d entries, whole %v, %v", len(found), whole, err)
	}
	if _, whole, err := c.Entries(t.Context(), "g", before.Epoch, 5, 10); err != nil || !whole {
		t.Errorf("nothing is missing after the newest: %v, %v", whole, err)
	}
	chattest.Say(t, c, "g", 1)
	if state := chattest.Load(t, c, "g"); state.Seq != 6 || state.Floor != 5 || len(state.Log) != 1 || state.Epoch != before.Epoch {
		t.Errorf("%+v", state.Head)
	}
	if messages, whole, err := c.Log(t.Context(), "g", 4, 10); err != nil || whole || len(messages) != 1 {
		t.Errorf("%d messages, whole %v, %v", len(messages), whole, err)
	}
}

// TestEntriesAreBounded: what is told that is large makes the older go.
func TestEntriesAreBounded(t *testing.T) {
	c := open(t, redistest.Shared(t).URL()).Chat()
	epoch := chattest.Create(t, c, "g").Epoch
	large, err := json.Marshal(strings.Repeat("x", 600<<10))
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if err := c.Tell(t.Context(), "g", large); err != nil {
			t.Fatal(err)
		}
	}
	found, whole, err := c.Entries(t.Context(), "g", epoch, 0, 10)
	if err != nil || whole || len(found) != 3 || found[0].Pos != 4 {
		t.Errorf("%d entries, whole %v, %v", len(found), whole, err)
	}
	if found, whole, err = c.Entries(t.Context(), "g", epoch, 3, 10); err != nil || !whole || len(found) != 3 {
		t.Errorf("of those that are there: %d, whole %v, %v", len(found), whole, err)
	}
}

// TestKeysOfSendsAreBounded: a flood of dropped sends pushes out older dropped ones, and none that was delivered.
func TestKeysOfSendsAreBounded(t *testing.T) {
	c := open(t, redistest.Shared(t).URL()).Chat()
	chattest.Create(t, c, "g")
	batch := func(limit, n int, class byte) {
		t.Helper()
		f := chat.Flush{Limit: limit, DedupAge: time.Minute, Keep: chattest.Keep}
		for i := range n {
			f.Candidates = append(f.Candidates, chat.Candidate{Message: chattest.Message("g", "a", "x", chat.Normal), Key: chat.Key{class, byte(i >> 8), byte(i)}})
		}
		if _, err := c.Flush(t.Context(), "g", f); err != nil {
			t.Fatal(err)
		}
	}
	batch(1<<20, 100, 1)
	batch(0, 1500, 2)
	batch(0, 1500, 3)
	count := map[byte]int{}
	for name := range keysOf(t, c) {
		if key, is := strings.CutPrefix(name, "k:"); is {
			count[key[0]]++
		}
	}
	if count[1] != 100 || count[2] != 500 || count[3] != 1500 {
		t.Errorf("remembered are %v", count)
	}
}

// TestGroupListAfterCrashes: what a crash left in the lists is passed over and taken out; what it left out comes back.
func TestGroupListAfterCrashes(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		c := open(t).Chat()
		ctx := t.Context()
		for i := range 6 {
			id := fmt.Sprint("g", i)
			if i%2 == 0 { // as if its maker had died in between
				if err := c.enlist(ctx, id); err != nil {
					t.Fatal(err)
				}
			} else {
				chattest.Create(t, c, id)
			}
		}
		for range 2 {
			page, total, err := c.Groups(ctx, 0, 2)
			if err != nil || len(page) != 2 || page[0].ID != "g1" || page[1].ID != "g3" || total < 3 {
				t.Fatalf("%v, %d, %v", page, total, err)
			}
			page, _, err = c.Groups(ctx, page[1].Number, 5)
			if err != nil || len(page) != 1 || page[0].ID != "g5" {
				t.Fatalf("%v, %v", page, err)
			}
		}
		if _, total, err := c.Groups(ctx, 0, 10); err != nil || total != 3 {
			t.Errorf("%d in all, %v", total, err)
		}
		// g1 is taken for gone although it is there.
		c.delist(ctx, "g1")
		if page, total, err := c.Groups(ctx, 0, 10); err != nil || total != 3 || page[2].ID != "g1" {
			t.Errorf("%v, %d, %v", page, total, err)
		}
	})
}

// TestGroupsThatComeAndGo: two nodes make and dismiss the same groups at once; in the end the list has those there are.
func TestGroupsThatComeAndGo(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		s := open(t)
		a, b := s.Chat(), s.Chat()
		var wg sync.WaitGroup
		for n, c := range []*Chat{a, b, a, b} {
			wg.Go(func() {
				for i := range 30 {
					id := fmt.Sprint("g", i%3)
					var err error
					if (i+n)%2 == 0 {
						_, _, err = c.CreateGroup(t.Context(), chat.Group{ID: id})
					} else if err = c.DeleteGroup(t.Context(), id); err != nil && err.Error() == chat.ErrNoGroup.Error() {
						err = nil
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var want []string
		for i := range 3 {
			if _, err := a.LoadGroup(t.Context(), fmt.Sprint("g", i)); err == nil {
				want = append(want, fmt.Sprint("g", i))
			}
		}
		page, total, err := b.Groups(t.Context(), 0, 10)
		var got []string
		for _, g := range page {
			got = append(got, g.ID)
		}
		slices.Sort(got)
		if err != nil || total != len(want) || !slices.Equal(got, want) {
			t.Errorf("listed are %v of %d, there are %v; %v", got, total, want, err)
		}
	})
}
