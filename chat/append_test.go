package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat"
)

// numbered are messages of an outbox.
func numbered(numbers ...uint64) (all []chat.Fenced) {
	for _, n := range numbers {
		all = append(all, chat.Fenced{Number: n, Message: chat.Message{Body: custom(fmt.Sprintf(`{"type":"gift_result","n":%d}`, n))}})
	}
	return all
}

func data(n uint64) string { return fmt.Sprintf(`{"type":"gift_result","n":%d}`, n) }

func TestAppendDeliversOnce(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	send(t, s, "demo", "alice", "hi")
	for _, numbers := range [][]uint64{{1, 2}, {1, 2}, {2, 3}, nil, {3}} {
		if err := s.Append(t.Context(), "demo", "gifts", numbered(numbers...)...); err != nil {
			t.Fatal(err)
		}
	}
	send(t, s, "demo", "alice", "bye")
	if got, want := alice.kinds(), []string{"hi", data(1), data(2), data(3), "bye"}; !slices.Equal(got, want) {
		t.Errorf("members got %q, want %q", got, want)
	}
	for _, item := range alice.items()[1:4] {
		if m := item.Message; !m.Server || m.From != chat.Administrator || m.Priority != chat.High || m.Group != "demo" || m.Time.IsZero() {
			t.Errorf("delivered as %+v", m)
		}
	}
	if b := alice.all()[1]; len(b.Items) != 2 {
		t.Errorf("two messages appended together arrived as %d", len(b.Items))
	}
	if late, err := s.History(t.Context(), "demo", 0); err != nil || len(late) != 5 || late[3].Seq != 4 {
		t.Errorf("the history has %d messages, %v", len(late), err)
	}
}

// TestAppendOfMuch: what the server has to tell is not lost where members may only say little.
func TestAppendOfMuch(t *testing.T) {
	s := start(t, chat.Config{MessageBytes: 1024}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	for i, tc := range []struct {
		size int
		want error
	}{{4 << 10, nil}, {11 << 10, nil}, {13 << 10, chat.ErrTooLarge}} {
		m := chat.Message{Body: custom(`{"type":"draw_result","n":"` + strings.Repeat("n", tc.size) + `"}`)}
		if err := s.Append(t.Context(), "demo", "draws", chat.Fenced{Number: uint64(i + 1), Message: m}); !errors.Is(err, tc.want) {
			t.Errorf("%d bytes: %v", tc.size, err)
		}
	}
	if n := len(alice.kinds()); n != 2 {
		t.Errorf("members got %d of 2 messages", n)
	}
}

func TestAppendRefuses(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	many := make([]uint64, chat.MaxAppend+1)
	for i := range many {
		many[i] = uint64(i + 1)
	}
	for name, tc := range map[string]struct {
		group, fence string
		messages     []chat.Fenced
		want         error
	}{
		"number zero":      {"demo", "gifts", numbered(0), chat.ErrParameter},
		"falling numbers":  {"demo", "gifts", numbered(2, 1), chat.ErrParameter},
		"a number twice":   {"demo", "gifts", numbered(2, 2), chat.ErrParameter},
		"no fence":         {"demo", "", numbered(1), chat.ErrParameter},
		"a long fence":     {"demo", strings.Repeat("f", 33), numbered(1), chat.ErrParameter},
		"too many":         {"demo", "gifts", numbered(many...), chat.ErrParameter},
		"no such group":    {"nowhere", "gifts", numbered(1), chat.ErrNoGroup},
		"no message":       {"demo", "gifts", []chat.Fenced{{Number: 1}}, chat.ErrParameter},
		"one bad of three": {"demo", "gifts", append(numbered(1, 2), chat.Fenced{Number: 3}), chat.ErrParameter},
	} {
		if err := s.Append(t.Context(), tc.group, tc.fence, tc.messages...); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if late, err := s.History(t.Context(), "demo", 0); err != nil || len(late) != 0 {
		t.Errorf("%d messages were delivered, %v", len(late), err)
	}
	if err := s.Append(t.Context(), "demo", "gifts", numbered(many[:chat.MaxAppend]...)...); err != nil {
		t.Error(err)
	}
}

// Whatever answers are lost and whichever node empties an outbox: members of all nodes get each message once and in order.
func TestAppendOverNodes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lost := rapid.SliceOfN(rapid.IntRange(0, 4), 10, 10).Draw(rt, "answers lost before each")
		node := rapid.SliceOfN(rapid.IntRange(0, 1), 10, 10).Draw(rt, "nodes")
		synctest.Test(t, func(t *testing.T) {
			c := newCluster(t, 2, chat.Config{StoreTimeout: time.Second})
			var want []string
			for i := range lost {
				first := uint64(2*i + 1)
				c.stores[node[i]].LoseReplies(lost[i])
				c.deliver(t, node[i], numbered(first, first+1)...)
				want = append(want, data(first), data(first+1))
				c.say(t, 1-node[i], fmt.Sprint("said ", i))
			}
			settle(15 * time.Second)
			for i, v := range c.viewers {
				got := slices.DeleteFunc(v.kinds(), func(kind string) bool { return !strings.HasPrefix(kind, "{") })
				if seqs := v.seqs(); !slices.Equal(got, want) || !slices.IsSorted(seqs) || len(seqs) != len(want)+len(lost) {
					rt.Errorf("at node %d members got %q, numbers %v", i, got, seqs)
				}
			}
		})
	})
}

// deliver does as who empties an outbox: again and again, until it is done.
func (c *cluster) deliver(t *testing.T, node int, all ...chat.Fenced) {
	t.Helper()
	for range 100 {
		err := c.rooms[node].Append(t.Context(), "demo", "gifts", all...)
		if err == nil {
			return
		}
		if !errors.Is(err, chat.ErrUnavailable) {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("not delivered in 100 tries")
}

// Two nodes that empty the same outbox at once deliver each message once.
func TestAppendByRivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, chat.Config{})
		var wg sync.WaitGroup
		for node := range 2 {
			wg.Go(func() {
				for i := range uint64(20) {
					c.deliver(t, node, numbered(i+1, i+2, i+3)...)
				}
			})
		}
		wg.Wait()
		settle(time.Second)
		c.alike(t)
		if got := c.viewers[1].kinds(); len(got) != 22 || got[21] != data(22) {
			t.Errorf("members got %q", got)
		}
	})
}

// While the store is away nothing is appended, and a caller knows soon.
func TestAppendAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, chat.Config{})
		c.degrade(t, 0)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if err := c.rooms[0].Append(ctx, "demo", "gifts", numbered(1)...); !errors.Is(err, chat.ErrUnavailable) || time.Since(began) > 2*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		c.stores[0].Fail(nil)
		settle(time.Second)
		c.deliver(t, 0, numbered(1)...)
		settle(time.Second)
		if got := c.viewers[0].seqs(); !slices.Equal(got, []uint64{1}) {
			t.Errorf("members got %v", got)
		}
	})
}
