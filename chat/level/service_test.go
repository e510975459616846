package level_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
)

// node is one node's levels, over a store that others have too.
type node struct {
	*level.Service
	t    *testing.T
	stop func() // as a stop does it, what is left is handed over

	mu       sync.Mutex // guards what follows
	around   []string
	told     []string
	reported []level.Change
	unheard  error // reports fail
}

// over starts a node over a store; news may be nil.
func over(t *testing.T, s level.Store, news level.News) *node {
	return with(t, level.Config{}, s, news)
}

// with is over for who has something else in mind.
func with(t *testing.T, cfg level.Config, s level.Store, news level.News) *node {
	t.Helper()
	n := &node{t: t}
	var err error
	n.Service, err = level.New(level.Config{
		Rules: *leveltest.Rules(), Pending: cfg.Pending, Known: cfg.Known,
		Earns: func(user string) (bool, bool) { return user[0] == 'g', user[0] != '_' },
		Around: func() []string {
			n.mu.Lock()
			defer n.mu.Unlock()
			return slices.Clone(n.around)
		},
		Tell: func(c level.Change, now level.Standing) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.told = append(n.told, fmt.Sprintf("%s %d→%d %s", c.User, c.From, now.Level, now.Badge))
		},
		Report: func(_ context.Context, changes []level.Change) error {
			n.mu.Lock()
			defer n.mu.Unlock()
			if n.unheard != nil {
				return n.unheard
			}
			n.reported = append(n.reported, changes...)
			return nil
		},
	}, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = n.Run(ctx) })
	if news != nil {
		wg.Go(func() { _ = news.Follow(ctx, n.Maker(), n) })
	}
	n.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(n.stop)
	return n
}

func (n *node) put(users ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.around = users
}

func (n *node) hears(want ...string) {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.told, want) {
		n.t.Errorf("told %q, want %q", n.told, want)
	}
	n.told = nil
}

func (n *node) score(user string, want int64) {
	n.t.Helper()
	if c, err := n.Card(n.t.Context(), user); err != nil || c.Score != want {
		n.t.Errorf("%s has %+v, %v, want a score of %d", user, c, err, want)
	}
}

func (n *node) stands(user string, want level.Standing) {
	n.t.Helper()
	if got := n.Standing(user); got != want {
		n.t.Errorf("%s stands at %+v, want %+v", user, got, want)
	}
}

// settle lets everything happen that waits for less than two hand-overs.
func settle() {
	time.Sleep(11 * time.Second)
	synctest.Wait()
}

func TestWhatIsEarnedIsHandedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := level.NewMemory()
		n := over(t, s, nil)
		n.Came("bob")
		for range 30 {
			n.Earn("bob", level.Messages, 1)
		}
		n.Earn("bob", level.Likes, 65)
		n.Earn("bob", level.Likes, 0)
		n.Earn("bob", level.Gifts, -5)
		n.Earn("_anon", level.Likes, 10)
		n.Earn("", level.Likes, 10)
		settle()
		n.score("bob", 95)
		n.hears()
		n.Earn("bob", level.Gifts, 500)
		settle()
		n.score("bob", 100)
		n.hears("bob 0→1 ")
		n.stands("bob", level.Standing{Level: 1})
		if c, _ := n.Card(t.Context(), "bob"); c.Next != 200 || c.Level != 1 {
			t.Errorf("card %+v", c)
		}
		if c, err := n.Card(t.Context(), "_anon"); err != nil || c.Score != 0 || c.Next != 100 {
			t.Errorf("who has no level: %+v, %v", c, err)
		}
		n.Earn("bob", level.Gifts, 100)
		n.stop() // hands over the rest
		n.score("bob", 101)
		if st := n.Stats(); st.Pending != 0 || st.Steps != 3 || st.Deeds != 3 || st.Changes != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestAMinuteCountsOnceOnAllNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := level.NewMemory()
		a, b := over(t, s, nil), over(t, s, nil)
		a.put("bob", "alice", "_anon")
		b.put("bob", "guest")
		time.Sleep(10 * time.Minute)
		a.put("carol") // bob goes on on the other node
		time.Sleep(5 * time.Minute)
		a.put()
		b.put()
		settle()
		for user, want := range map[string]int64{"bob": 15, "alice": 10, "carol": 5, "guest": 15, "_anon": 0} {
			a.score(user, want)
		}
		a.put("bob", "carol")
		time.Sleep(2 * time.Hour)
		a.put()
		settle()
		a.score("bob", 60) // the cap
	})
}

// lossy is a store that does what it is asked, and loses answers, or is away.
type lossy struct {
	level.Store
	mu    sync.Mutex
	lose  int // answers of steps
	away  bool
	asked int
}

var errLost = errors.New("the answer was lost")

func (l *lossy) set(lose int, away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lose, l.away = lose, away
}

func (l *lossy) fails() (lost, away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if !l.away && l.lose > 0 {
		l.lose--
		lost = true
	}
	return lost, l.away
}

func (l *lossy) Take(ctx context.Context, step level.Step) ([]level.Change, error) {
	lost, away := l.fails()
	if away {
		return nil, errLost
	}
	changes, err := l.Store.Take(ctx, step)
	if lost {
		return nil, errLost
	}
	return changes, err
}

func (l *lossy) Records(ctx context.Context, users []string) ([]level.Record, error) {
	if _, away := l.fails(); away {
		return nil, errLost
	}
	return l.Store.Records(ctx, users)
}

func TestAStepWhoseAnswerIsLostCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lossy{Store: level.NewMemory()}
		n := over(t, s, nil)
		n.Came("bob")
		s.set(3, false)
		n.Earn("bob", level.Likes, 99)
		n.put("bob")
		time.Sleep(14 * time.Second) // lost again and again; more is earned meanwhile
		n.Earn("bob", level.Likes, 5)
		time.Sleep(106 * time.Second) // two minutes in all
		n.put()
		settle()
		n.score("bob", 99+5+2)
		n.hears("bob 0→1 ")
		if len(n.reported) != 1 {
			t.Errorf("reported %+v", n.reported)
		}
	})
}

func TestWhileTheStoreIsAwayNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lossy{Store: level.NewMemory()}
		n := over(t, s, nil)
		n.put("bob")
		n.Came("bob")
		s.set(0, true)
		for range 30 {
			n.Earn("bob", level.Likes, 10)
			time.Sleep(time.Minute)
		}
		n.Came("carl") // can't be read now
		s.set(0, false)
		n.put()
		settle()
		n.score("bob", 330)
		n.hears("bob 0→3 ")
	})
}

func TestNodesHearOfEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := level.NewMemory()
		a, b := over(t, s, s), over(t, s, s)
		c := over(t, s, s) // bob is not known here
		a.Came("bob")
		b.Came("bob")
		b.Came("alice")
		synctest.Wait()
		a.Earn("bob", level.Gifts, 25_000)
		settle()
		for _, n := range []*node{a, b} {
			n.hears("bob 0→2 ")
			n.stands("bob", level.Standing{Level: 2})
		}
		c.hears()
		if _, err := b.SetMember(t.Context(), "bob", level.Member{Tier: "gold", Until: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Adjust(t.Context(), "bob", level.Adjustment{Points: -60}, "fraud"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, n := range []*node{a, b} {
			n.hears("bob 2→2 ★", "bob 2→1 ★")
			n.stands("bob", level.Standing{Level: 1, Badge: "★"})
			if got := n.Standings(t.Context(), []string{"bob", "alice", "dora"}); got["bob"].Badge != "★" || got["alice"].Level != 0 || len(got) != 3 {
				t.Errorf("cards: %+v", got)
			}
		}
		if len(a.reported) != 1 || len(b.reported) != 2 || len(c.reported) != 0 {
			t.Errorf("reported %+v, %+v and %+v", a.reported, b.reported, c.reported)
		}
		a.Earn("bob", level.Likes, 1)
		b.Earn("bob", level.Likes, 1)
		if err := a.Delete(t.Context(), level.Gone{User: "bob", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, n := range []*node{a, b} {
			n.stands("bob", level.Standing{})
		}
		settle()
		if all, err := s.Records(t.Context(), []string{"bob"}); err != nil || len(all) != 0 {
			t.Errorf("of who was deleted there is again what he had earned before: %+v, %v", all, err)
		}
	})
}

func TestWhatADeadNodeDidNotReportAnotherDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := level.NewMemory()
		a, b := over(t, s, s), over(t, s, s)
		a.unheard = errors.New("the queue does not answer")
		a.Earn("bob", level.Gifts, 10_000)
		settle()
		if err := b.TellRest(t.Context()); err != nil || len(b.reported) != 0 {
			t.Errorf("at once: %+v, %v", b.reported, err)
		}
		time.Sleep(time.Minute)
		for range 2 {
			if err := b.TellRest(t.Context()); err != nil || len(b.reported) != 1 || b.reported[0].Level != 1 {
				t.Errorf("after a minute: %+v, %v", b.reported, err)
			}
		}
	})
}

// TestEarningAllocatesNothing in the long run, nor does looking somebody up.
func TestEarningAllocatesNothing(t *testing.T) {
	n := over(t, level.NewMemory(), nil)
	n.Came("bob")
	n.Earn("bob", level.Messages, 1)
	if allocs := testing.AllocsPerRun(1000, func() {
		n.Earn("bob", level.Messages, 1)
		n.Standing("bob")
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkEarn(b *testing.B) {
	n, err := level.New(level.Config{Rules: level.DefaultRules()}, level.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	users := make([]string, 10_000)
	for i := range users {
		users[i] = fmt.Sprint("viewer", i)
		n.Came(users[i])
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		user := users[i%len(users)]
		i++
		n.Earn(user, level.Messages, 1)
		n.Standing(user)
	}
}
