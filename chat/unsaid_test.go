package chat_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// says sends a text with a Random, which is to be held.
func says(t *testing.T, s *chat.Service, group, user string, random uint32, words string) {
	t.Helper()
	ack, err := s.Send(t.Context(), chat.Message{Group: group, Random: random, Body: text(words)}, named(user))
	if err != nil || !ack.Delayed {
		t.Fatalf("%s says %q: %+v, %v", user, words, ack, err)
	}
}

// What is recalled while it is held never comes, and nobody is told of it; the rest comes in its order and at its time.
func TestWhatIsHeldCanBeRecalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		facts := &recorder{}
		s, stop := holding(t, delayOf(30*time.Second), chat.NewMemory(), func(c *chat.Config) { c.Observer = facts })
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "amy")
		recall := func(by chat.Identity, from string, random uint32) error {
			return s.RecallByRandom(t.Context(), "g", by, from, random, "")
		}
		says(t, s, "g", "bob", 7, "bob's")
		says(t, s, "g", "amy", 7, "oops")
		says(t, s, "g", "amy", 8, "insult")
		says(t, s, "g", "amy", 9, "fine")
		if err := recall(named("bob"), "amy", 7); !errors.Is(err, chat.ErrPermission) {
			t.Errorf("somebody else: %v", err)
		}
		for what, err := range map[string]error{
			"another number": recall(named("amy"), "", 1), "another sender": recall(named("owner"), "cid", 7),
		} {
			if !errors.Is(err, chat.ErrNoMessage) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := recall(named("amy"), "", 0); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("no number: %v", err)
		}
		time.Sleep(10 * time.Second)
		if err := recall(named("amy"), "", 7); err != nil {
			t.Errorf("its sender: %v", err)
		}
		if err := recall(named("owner"), "amy", 8); err != nil {
			t.Errorf("the owner: %v", err)
		}
		time.Sleep(19 * time.Second)
		wantKinds(t, "before its time", bob)
		time.Sleep(2 * time.Second)
		wantKinds(t, "afterwards", bob, "bob's", "fine")
		if seqs := bob.seqs(); !slices.Equal(seqs, []uint64{1, 2}) {
			t.Errorf("numbers %v", seqs)
		}
		if err := recall(named("amy"), "", 9); err != nil {
			t.Errorf("what was delivered: %v", err)
		}
		wantKinds(t, "what was delivered", bob, "bob's", "fine", "recalled")
		if st := s.Stats(); st.Recalled != 3 {
			t.Errorf("%d are recalled", st.Recalled)
		}
	})
}

// In the moment it is delivered a message is either not delivered or recalled for all.
func TestWhatIsLetGoJustNowIsRecalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := holding(t, delayOf(30*time.Second), chat.NewMemory())
		defer stop()
		create(t, s, "g")
		bob, _ := join(t, s, "g", "bob")
		join(t, s, "g", "amy")
		for i := range uint32(20) {
			says(t, s, "g", "owner", i+1, "x")
			time.Sleep(30*time.Second + time.Duration(i)*15*time.Millisecond)
			if err := s.RecallByRandom(t.Context(), "g", named("owner"), "", i+1, ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if came, gone := len(bob.seqs()), len(bob.events("recalled")); came != gone || came == 0 {
			t.Errorf("%d came, and %d were recalled", came, gone)
		}
	})
}

// Who is taken out of the room, or whose account is gone, is not heard with what is held, whatever becomes of him then.
func TestWhoIsTakenOutIsNotHeardLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := holding(t, delayOf(30*time.Second), chat.NewMemory())
		defer stop()
		create(t, s, "g")
		create(t, s, "h")
		bob, _ := join(t, s, "g", "bob")
		far, _ := join(t, s, "h", "far")
		for _, user := range []string{"kicked", "left", "banned", "deleted", "fine"} {
			sess, _ := join(t, s, "g", user)
			says(t, s, "g", user, 1, user)
			if user == "left" {
				s.Leave("g", sess)
			}
		}
		join(t, s, "h", "deleted")
		says(t, s, "h", "deleted", 2, "deleted")
		time.Sleep(10 * time.Second)
		if err := s.Kick(t.Context(), "g", named("owner"), []string{"kicked", "left"}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Ban(t.Context(), "g", named("owner"), chat.Ban{Users: []string{"banned"}, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if err := s.Unban(t.Context(), "g", named("owner"), []string{"banned"}); err != nil {
			t.Fatal(err)
		}
		s.ForgetHeld("deleted")
		for _, user := range []string{"kicked", "banned"} {
			join(t, s, "g", user)
		}
		says(t, s, "g", "kicked", 3, "back")
		time.Sleep(time.Minute)
		synctest.Wait()
		heard := slices.DeleteFunc(bob.kinds(), func(k string) bool { return k == "kick" || k == "ban" })
		if !slices.Equal(heard, []string{"fine", "back"}) {
			t.Errorf("heard %q", heard)
		}
		wantKinds(t, "elsewhere", far)
	})
}

// What another node holds can be recalled here, and is not delivered either when its sender is taken out or gone here.
func TestWhatAnotherNodeHoldsIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, memory, all := delayOf(30*time.Second), chat.NewMemory(), chat.NewNeighbourhood(15*time.Second)
		node := func(name string) *chat.Service {
			return start(t, chat.Config{CountEvery: time.Hour, Delay: holdingBy(d), Neighbours: all.Node(name)}, memory.Node())
		}
		near, far := node("near"), node("far")
		create(t, near, "demo")
		bob, _ := join(t, near, "demo", "bob")
		for _, user := range []string{"amy", "kicked", "deleted", "fine"} {
			join(t, near, "demo", user)
			says(t, near, "demo", user, 7, user)
		}
		eve, _ := join(t, far, "demo", "eve")
		join(t, far, "demo", "amy")
		if err := far.RecallByRandom(t.Context(), "demo", named("amy"), "", 7, ""); err != nil {
			t.Error(err)
		}
		if err := far.Kick(t.Context(), "demo", named("owner"), []string{"kicked"}, ""); err != nil {
			t.Error(err)
		}
		far.ForgetHeld("deleted")
		settle(time.Minute)
		wantKinds(t, "where it is held", bob, "kick", "fine")
		wantKinds(t, "elsewhere", eve, "kick", "fine")
	})
}
