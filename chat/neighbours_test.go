package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

func TestNeighbours(t *testing.T) {
	chattest.Neighbours(t, func(t *testing.T, test func(*testing.T, chattest.Vicinity)) {
		synctest.Test(t, func(t *testing.T) {
			all, nodes := chat.NewNeighbourhood(15*time.Second), map[string]*chat.MemoryNeighbours{}
			test(t, chattest.Vicinity{
				Node: func(name string) chat.Neighbours {
					nodes[name] = all.Node(name)
					return nodes[name]
				},
				Kill: func(name string) { nodes[name].Kill() },
				Away: all.SetAway,
				Fast: true,
			})
		})
	})
}

func TestNeighboursMissBans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, nodes := chat.NewNeighbourhood(15*time.Second), map[string]*chat.MemoryNeighbours{}
		v := chattest.Vicinity{Node: func(name string) chat.Neighbours {
			nodes[name] = all.Node(name)
			return nodes[name]
		}}
		chattest.MissedBans(t, v, func(node string, cut bool) { nodes[node].SetCut(cut) })
	})
}

// TestKickedWhileANodeWasCutOff for hours: it learns of it all the same.
func TestKickedWhileANodeWasCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := chat.NewNeighbourhood(15 * time.Second)
		far := all.Node("far")
		a, b := start(t, chat.Config{Neighbours: all.Node("a")}, chat.NewMemory()), start(t, chat.Config{Neighbours: far}, chat.NewMemory())
		login := func(user string) *session {
			who := on(user, "Web", "")
			who.Verified = time.Now()
			return signIn(t, b, who)
		}
		vera, otto := login("vera"), login("otto")
		synctest.Wait()
		far.SetCut(true)
		time.Sleep(time.Minute)
		a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
		time.Sleep(3 * time.Hour)
		vera2 := login("vera") // again, with a new UserSig
		far.SetCut(false)
		time.Sleep(time.Second)
		for _, s := range []struct {
			*session
			want string
		}{{vera, chat.CloseKicked}, {otto, ""}, {vera2, ""}} {
			s.mu.Lock()
			if s.closed.Reason != s.want {
				t.Errorf("closed for %q, want %q", s.closed.Reason, s.want)
			}
			s.mu.Unlock()
		}
	})
}

// slowSanctions is a store that makes no sanction before it may.
type slowSanctions struct {
	chat.Store
	asked, may chan struct{}
}

func (s *slowSanctions) PutSanctions(ctx context.Context, group string, c chat.SanctionChange) ([]chat.Sanction, error) {
	close(s.asked)
	<-s.may
	return s.Store.PutSanctions(ctx, group, c)
}

// TestANodeThatStopsTellsAll of what it answered, also to what it was asked for while it stopped.
func TestANodeThatStopsTellsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, memory := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		store := &slowSanctions{memory, make(chan struct{}), make(chan struct{})}
		var mu sync.Mutex
		var banished []string
		a, stop := startStop(t, chat.Config{Neighbours: all.Node("a")}, store)
		b := start(t, chat.Config{Neighbours: all.Node("b"), Banished: func(_ context.Context, one chat.Banishment) error {
			mu.Lock()
			defer mu.Unlock()
			banished = append(banished, one.Watches...)
			return nil
		}}, memory)
		create(t, a, "r")
		bad := on("bad", "Web", "")
		bad.Watch = "watch"
		enter(t, a, "r", bad, signIn(t, a, bad))
		otto := signIn(t, b, on("otto", "Web", ""))
		synctest.Wait()

		answered := make(chan error)
		go func() {
			_, err := a.Ban(t.Context(), "r", admin, chat.Ban{Users: []string{"bad"}, For: time.Hour})
			answered <- err
		}()
		<-store.asked
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			stop()
		}()
		synctest.Wait() // all of a has ended that does not wait for the store
		all.SetAway(true)
		a.CloseUser("otto", chat.Closing{Reason: chat.CloseKicked})
		close(store.may)
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
		all.SetAway(false)
		<-stopped
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(banished) == 0 || banished[0] != "watch" {
			t.Errorf("the other node was told of %v", banished)
		}
		otto.mu.Lock()
		defer otto.mu.Unlock()
		if otto.closed.Reason != chat.CloseKicked {
			t.Errorf("who was kicked was closed for %+v", otto.closed)
		}
	})
}

// TestAKickIsRemembered before it is answered.
func TestAKickIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := chat.NewNeighbourhood(15 * time.Second)
		registry := &endsCounted{MemoryNeighbours: all.Node("a")}
		a := start(t, chat.Config{Neighbours: registry}, chat.NewMemory())
		signIn(t, a, on("vera", "Web", ""))
		synctest.Wait()
		a.CloseUser("vera", chat.Closing{Reason: chat.CloseKicked})
		if n := registry.ends.Load(); n != 1 {
			t.Errorf("the registry was told %d times", n)
		}
	})
}

// endsCounted are neighbours whose registry takes its time to learn who was sent away.
type endsCounted struct {
	*chat.MemoryNeighbours
	ends atomic.Int64
}

func (e *endsCounted) EndUser(ctx context.Context, user string, ago time.Duration) error {
	time.Sleep(10 * time.Millisecond)
	defer e.ends.Add(1)
	return e.MemoryNeighbours.EndUser(ctx, user, ago)
}

// slowRegistry are neighbours whose registry answers too late.
type slowRegistry struct {
	*chat.MemoryNeighbours
	asked atomic.Int64
}

func (s *slowRegistry) PutUsers(ctx context.Context, _ map[string]chat.Whereabouts) (map[string]chat.Elsewhere, error) {
	return nil, s.hang(ctx)
}

func (s *slowRegistry) Users(ctx context.Context, _ []string) (map[string]chat.Elsewhere, error) {
	return nil, s.hang(ctx)
}

func (s *slowRegistry) hang(ctx context.Context) error {
	s.asked.Add(1)
	timer := time.NewTimer(1500 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return errors.New("no answer")
}

// TestNobodyWaitsForASlowRegistry: a login and a join wait 200 ms each, and once it is known, nobody waits at all.
func TestNobodyWaitsForASlowRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := &slowRegistry{MemoryNeighbours: chat.NewNeighbourhood(time.Minute).Node("a")}
		s := start(t, chat.Config{Neighbours: registry}, chat.NewMemory())
		create(t, s, "r")
		began := time.Now()
		sess := signIn(t, s, on("vera", "Web", ""))
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("the login took %v", took)
		}
		began = time.Now()
		enter(t, s, "r", on("vera", "Web", ""), sess)
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("the join took %v", took)
		}
		time.Sleep(5 * time.Second)
		began = time.Now()
		for range 10 {
			enter(t, s, "r", on("otto", "Web", ""), signIn(t, s, on("otto", "Web", "")))
		}
		if _, err := s.SendTo(t.Context(), "vera", chat.Message{Body: text("hi")}, named("otto"), nil); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 || registry.asked.Load() == 0 {
			t.Errorf("ten logins and joins took %v", took)
		}
		if n := s.Count("r").Members; n != 2 {
			t.Errorf("%d members", n)
		}
	})
}

// TestBannedOnTwoNodesGoesOnce: every node takes out its own sessions, one tells of it, and all end what is watched.
func TestBannedOnTwoNodesGoesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, store := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		var mu sync.Mutex
		banished := map[string]int{}
		facts := &wents{}
		node := func(name string) *chat.Service {
			return start(t, chat.Config{
				Neighbours: all.Node(name), Observer: facts,
				Banished: func(_ context.Context, b chat.Banishment) error {
					mu.Lock()
					defer mu.Unlock()
					for _, w := range b.Watches {
						banished[name+" "+w]++
					}
					return nil
				},
			}, store.Node())
		}
		a, b, c := node("a"), node("b"), node("c")
		create(t, a, "r")
		page, phone := signIn(t, a, on("vera", "Web", "")), signIn(t, b, on("vera", "iOS", ""))
		enter(t, a, "r", on("vera", "Web", ""), page)
		enter(t, b, "r", on("vera", "iOS", ""), phone)
		time.Sleep(3 * time.Second)
		if _, err := c.Ban(t.Context(), "r", admin, chat.Ban{Users: []string{"vera"}, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		for _, s := range []*session{page, phone} {
			s.mu.Lock()
			if len(s.left) != 1 || s.left[0].Reason != chat.DepartBanned {
				t.Errorf("%s left %v", s.id, s.left)
			}
			s.mu.Unlock()
		}
		if n := facts.n.Load(); n != 1 {
			t.Errorf("that she went was told %d times", n)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, name := range []string{"a", "b", "c"} {
			for _, s := range []*session{page, phone} {
				if banished[name+" "+s.id] != 1 {
					t.Errorf("%s was banished on %s %d times", s.id, name, banished[name+" "+s.id])
				}
			}
		}
	})
}

// wents counts who went.
type wents struct{ n atomic.Int64 }

func (w *wents) Observe(facts ...chat.Fact) {
	for _, f := range facts {
		if _, ok := f.(chat.Went); ok {
			w.n.Add(1)
		}
	}
}
func (*wents) HearsMessages() bool    { return false }
func (*wents) Settle(context.Context) {}

// deaf are neighbours who miss some news, without anybody's noticing.
type deaf struct {
	*chat.MemoryNeighbours
	fail atomic.Int64 // so many more are refused
}

func (d *deaf) Tell(ctx context.Context, node string, news json.RawMessage) error {
	if d.fail.Add(-1) >= 0 {
		return errors.New("refused")
	}
	return d.MemoryNeighbours.Tell(ctx, node, news)
}

// TestNewsThatCouldNotBeTold come all the same, without anything having to be lost for it.
func TestNewsThatCouldNotBeTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, store := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		far := &deaf{MemoryNeighbours: all.Node("a")}
		a, b := start(t, chat.Config{Neighbours: far, WebInstances: 1}, store), start(t, chat.Config{Neighbours: all.Node("b"), WebInstances: 1}, store)
		create(t, a, "r")
		former := signIn(t, b, on("vera", "Web", "1"))
		otto := signIn(t, b, on("otto", "Web", ""))
		time.Sleep(20 * time.Second)
		far.fail.Store(5)
		enter(t, a, "r", on("vera", "Web", "2"), signIn(t, a, on("vera", "Web", "2")))
		a.CloseUser("otto", chat.Closing{Reason: chat.CloseKicked})
		time.Sleep(5 * time.Second)
		if got := former.goodbye(); got.Reason != chat.CloseReplaced {
			t.Errorf("the former page was closed for %q", got.Reason)
		}
		if got := otto.goodbye(); got.Reason != chat.CloseKicked {
			t.Errorf("otto was closed for %q", got.Reason)
		}
		if n := b.Count("r").Members; n != 1 || far.fail.Load() > 0 {
			t.Errorf("b counts %d", n)
		}
		if a.Stats().NewsLost == 0 {
			t.Error("nothing is said to be lost")
		}
	})
}

// TestLastOnesLeaveUnheard: that nobody is in a group any more is known in the end, though the news of it was lost.
func TestLastOnesLeaveUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, store := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		far := &deaf{MemoryNeighbours: all.Node("a")}
		a, b := start(t, chat.Config{Neighbours: far}, store), start(t, chat.Config{Neighbours: all.Node("b")}, store)
		create(t, a, "r")
		sess := newSession("vera")
		enter(t, a, "r", named("vera"), sess)
		time.Sleep(20 * time.Second)
		if n := b.Count("r").Members; n != 1 {
			t.Fatalf("b counts %d", n)
		}
		far.fail.Store(1)
		a.Leave("r", sess)
		time.Sleep(15 * time.Second) // a lease
		if n := b.Count("r").Members; n != 0 || far.fail.Load() > 0 {
			t.Errorf("b counts %d", n)
		}
	})
}

// secretive are neighbours who are not told of some news, and nobody knows.
type secretive struct {
	*chat.MemoryNeighbours
	dropped atomic.Int64
}

func (s *secretive) Tell(ctx context.Context, node string, news json.RawMessage) error {
	if bytes.Contains(news, []byte(`"close"`)) {
		s.dropped.Add(1)
		return nil
	}
	return s.MemoryNeighbours.Tell(ctx, node, news)
}

// TestKickThatNobodyHeard is known to the registry, and so to each node once it has told it of all its users again.
func TestKickThatNobodyHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, store := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		far := &secretive{MemoryNeighbours: all.Node("a")}
		a, b := start(t, chat.Config{Neighbours: far}, store), start(t, chat.Config{Neighbours: all.Node("b")}, store)
		time.Sleep(time.Second)
		var devices []*session
		for i := range 20 {
			who := on(fmt.Sprint("user", i), "Web", "")
			who.Verified = time.Now()
			devices = append(devices, signIn(t, b, who))
		}
		time.Sleep(time.Second)
		for i := range devices {
			a.CloseUser(fmt.Sprint("user", i), chat.Closing{Reason: chat.CloseKicked})
		}
		time.Sleep(4 * time.Minute)
		for i, d := range devices {
			if got := d.goodbye(); got.Reason != chat.CloseKicked {
				t.Errorf("user%d was closed for %q", i, got.Reason)
			}
		}
		if far.dropped.Load() == 0 {
			t.Error("no news was dropped")
		}
	})
}
