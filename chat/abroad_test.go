package chat_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// However many come and go while the registry is away, only those are to be told of who are here, or whom it knows.
func TestWhoCameAndWentIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := chat.NewNeighbourhood(15 * time.Second)
		s := start(t, chat.Config{Neighbours: all.Node("a")}, chat.NewMemory())
		other := all.Node("b")
		leaver := signIn(t, s, on("leaver", "Web", ""))
		synctest.Wait()
		all.SetAway(true)
		s.SignOut("leaver", leaver, chat.SignOutClosed)
		signIn(t, s, on("stayer", "Web", ""))
		for i := range 3000 {
			who := on(fmt.Sprint("passer", i), "Web", "")
			s.SignOut(who.User, signIn(t, s, who), chat.SignOutClosed)
		}
		settle(time.Minute)
		if untold, known := chat.Untold(s); untold != 2 || known > 2 {
			t.Errorf("%d users are to be told, %d known", untold, known)
		}
		all.SetAway(false)
		settle(15 * time.Second) // until its lease is renewed
		found, err := other.Users(t.Context(), []string{"leaver", "stayer"})
		if err != nil || len(found) != 1 || len(found["stayer"].Nodes) != 1 {
			t.Errorf("the registry has %+v, %v", found, err)
		}
		if untold, known := chat.Untold(s); untold != 0 || known != 1 {
			t.Errorf("then %d users are to be told, %d known", untold, known)
		}
	})
}

// Where nobody can say whether a user is there by another node, a backend is not told that he is nowhere.
func TestNobodyIsSaidToBeNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, memory := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		here := start(t, chat.Config{Neighbours: all.Node("a")}, memory)
		there := start(t, chat.Config{Neighbours: all.Node("b")}, memory)
		create(t, here, "demo")
		vera := on("vera", "Web", "")
		enter(t, there, "demo", vera, signIn(t, there, vera))
		settle(time.Second)
		asked := func() (online, joined, present int, errs []error) {
			platforms, err1 := here.OnlinePlatforms(t.Context(), []string{"vera"})
			groups, err2 := here.JoinedGroups(t.Context(), "vera")
			users, err3 := here.Present(t.Context(), "demo", []string{"vera"})
			return len(platforms), len(groups), len(users), []error{err1, err2, err3}
		}
		for _, away := range []bool{false, true, false} {
			all.SetAway(away)
			settle(15 * time.Second) // until its lease is renewed
			online, joined, present, errs := asked()
			for _, err := range errs {
				if errors.Is(err, chat.ErrUnavailable) != away || err != nil && !away {
					t.Errorf("away %v: %v", away, err)
				}
			}
			if !away && (online != 1 || joined != 1 || present != 1) {
				t.Errorf("online on %d platforms, in %d groups, present: %d", online, joined, present)
			}
		}
	})
}

// lookups counts how often the living nodes are asked for.
type lookups struct {
	*chat.MemoryNeighbours
	asked atomic.Int64
}

func (l *lookups) Others() []string {
	l.asked.Add(1)
	return l.MemoryNeighbours.Others()
}

// A count of a room, which its lock is held for, asks for the living nodes as often whoever is in it.
func TestCountAsksOnceForNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, memory := chat.NewNeighbourhood(15*time.Second), chat.NewMemory()
		there := start(t, chat.Config{Neighbours: all.Node("a")}, memory)
		near := &lookups{MemoryNeighbours: all.Node("b")}
		here := start(t, chat.Config{Neighbours: near, CountEvery: time.Hour}, memory)
		create(t, there, "demo")
		for i := range 50 {
			who := on(fmt.Sprint("user", i), "Web", "")
			enter(t, there, "demo", who, newSession("there"+who.User))
			enter(t, here, "demo", who, newSession("here"+who.User))
		}
		settle(3 * time.Second)
		before := near.asked.Load()
		if n := here.Count("demo"); n.Members != 50 {
			t.Errorf("the count is %+v", n)
		}
		if asked := near.asked.Load() - before; asked > 2 {
			t.Errorf("the living nodes were asked for %d times", asked)
		}
	})
}
