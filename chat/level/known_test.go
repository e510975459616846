package level_test

import (
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/level"
)

func TestWhoComesIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lossy{Store: level.NewMemory()}
		a := over(t, s, nil)
		if _, err := a.Adjust(t.Context(), "bob", level.Adjustment{Points: 250}, "welcome"); err != nil {
			t.Fatal(err)
		}
		b := over(t, s, nil)
		b.stands("bob", level.Standing{}) // not known yet, and read for the next time
		synctest.Wait()
		b.stands("bob", level.Standing{Level: 2})
		s.set(0, true)
		c := over(t, s, nil)
		c.Came("bob")
		synctest.Wait()
		if got := c.Standings(t.Context(), []string{"alice", "bob"}); got["bob"] != (level.Standing{}) || len(got) != 2 {
			t.Errorf("while the store is away: %+v", got)
		}
		s.set(0, false)
		settle()
		c.stands("bob", level.Standing{Level: 2})
		// What was missed is read again.
		if _, err := a.Adjust(t.Context(), "bob", level.Adjustment{Points: 100}, "more"); err != nil {
			t.Fatal(err)
		}
		c.Missed()
		settle()
		c.stands("bob", level.Standing{Level: 3})
		asked := s.asked
		settle()
		if c.Standing("bob"); s.asked != asked {
			t.Error("the store was asked for what is known")
		}
	})
}

func TestAMembershipEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := over(t, level.NewMemory(), nil)
		n.put("bob")
		n.Came("bob")
		if _, err := n.SetMember(t.Context(), "bob", level.Member{Tier: "gold", Until: time.Now().Add(150 * time.Second)}); err != nil {
			t.Fatal(err)
		}
		n.hears("bob 0→0 ★")
		time.Sleep(149 * time.Second)
		n.stands("bob", level.Standing{Badge: "★"})
		time.Sleep(time.Second)
		n.stands("bob", level.Standing{})
		if c, err := n.Card(t.Context(), "bob"); err != nil || c.Member != (level.Member{}) || c.Badge != "" {
			t.Errorf("card %+v, %v", c, err)
		}
		time.Sleep(90 * time.Second)
		synctest.Wait()
		n.hears("bob 0→0 ") // at the next look
		n.put()
		settle()
		n.score("bob", 10+4) // a day of membership, and the minutes
	})
}

// TestALateAnswerIsNotBelieved: what a node hears late of its own step is older than what it did not note of another's.
func TestALateAnswerIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := level.NewMemory()
		s := &lossy{Store: shared}
		a, b := over(t, s, shared), over(t, shared, shared)
		s.set(1, false)
		a.Earn("bob", level.Gifts, 10_000)
		time.Sleep(6 * time.Second) // stored, and the answer lost
		if _, err := b.Adjust(t.Context(), "bob", level.Adjustment{Points: 300}, "x"); err != nil {
			t.Fatal(err)
		}
		settle() // a was answered
		a.Came("bob")
		synctest.Wait()
		a.stands("bob", level.Standing{Level: 4})
		if len(a.reported) != 1 || a.reported[0].Level != 1 {
			t.Errorf("reported %+v", a.reported)
		}
	})
}

// TestWhatIsRememberedIsBounded: users without end leave no more than so many.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lossy{Store: level.NewMemory()}
		n := with(t, level.Config{Pending: 2000, Known: 1000}, s, nil)
		s.set(0, true)
		for i := range 5000 {
			user := fmt.Sprint("u", i)
			n.Earn(user, level.Messages, 1)
			n.Came(user)
		}
		if st := n.Stats(); st.Pending != 2000 || st.Lost != 3000 {
			t.Errorf("stats %+v", st)
		}
		s.set(0, false)
		settle()
		if st := n.Stats(); st.Pending != 0 || st.Deeds != 2000 {
			t.Errorf("stats %+v", st)
		}
	})
}

// TestStandingsWhileTheStoreIsAway are the last that were known, or those of who never earned anything, and no error to who
// sends or reads a list.
func TestStandingsWhileTheStoreIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &lossy{Store: level.NewMemory()}
		n := over(t, s, nil)
		for _, user := range []string{"bob", "cat"} {
			if _, err := n.Adjust(t.Context(), user, level.Adjustment{Points: 300}, "a prize"); err != nil {
				t.Fatal(err)
			}
		}
		n.Came("bob")
		settle()
		s.set(0, true)
		n.Came("cat")
		settle()
		known, none := level.Standing{Level: 3}, level.Standing{}
		n.stands("bob", known)
		n.stands("cat", none)
		n.stands("dan", none)
		want := map[string]level.Standing{"bob": known, "cat": none, "dan": none, "eve": none}
		if got := n.Standings(t.Context(), []string{"bob", "cat", "dan", "eve"}); !maps.Equal(got, want) {
			t.Errorf("cards have %+v, want %+v", got, want)
		}
		if _, err := n.Card(t.Context(), "bob"); err == nil {
			t.Error("his score was read from nowhere")
		}
		s.set(0, false)
		settle()
		n.stands("cat", known)
	})
}
