package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

func TestStandingRidesOnMessages(t *testing.T) {
	earned := map[string]chat.Standing{"alice": {Level: 7, Badge: "gold"}, chat.Administrator: {Level: 99}}
	s := start(t, chat.Config{Standing: func(user string) chat.Standing { return earned[user] }}, chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	bob, _ := join(t, s, "demo", "bob")
	claim := chat.Message{Group: "demo", Body: text("x"), Level: 50, Badge: "forged"}
	for _, tc := range []struct {
		who  chat.Identity
		from string
		want string
	}{
		{named("alice"), "", "alice 7 gold"},
		{named("bob"), "", "bob 0 "},
		{admin, "", "administrator 0 "},
		{admin, "alice", "alice 7 gold"},
	} {
		m := claim
		m.From = tc.from
		if _, err := s.Send(t.Context(), m, tc.who); err != nil {
			t.Fatal(err)
		}
		items := bob.items()
		last := items[len(items)-1].Message
		if got := fmt.Sprintf("%s %d %s", last.From, last.Level, last.Badge); got != tc.want {
			t.Errorf("arrived as %s, want %s", got, tc.want)
		}
	}
	history, err := s.History(t.Context(), "demo", 0)
	if err != nil || len(history) != 4 || history[0].Level != 7 || history[0].Badge != "gold" {
		t.Errorf("the history is %+v, %v", history, err)
	}
}

func TestNewLevelsAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, chat.Config{}, chat.NewMemory())
		create(t, s, "demo")
		create(t, s, "tea")
		alice, _ := join(t, s, "demo", "alice")
		bob, _ := join(t, s, "tea", "bob")
		enter(t, s, "tea", chat.Identity{User: "alice", Nick: "Nick alice", ManyRooms: true}, newSession("alice-2"))
		s.TellStanding("alice", chat.Standing{Level: 7}, 6)
		s.TellStanding("alice", chat.Standing{Level: 8, Badge: "gold"}, 7) // within the same half second
		s.TellStanding("nobody", chat.Standing{Level: 3}, 2)
		settle(time.Second)
		s.TellStanding("alice", chat.Standing{Level: 9, Badge: "gold"}, 8)
		settle(time.Second)
		want := []string{
			`{"user":"alice","nick":"Nick alice","level":8,"from":6,"badge":"gold"}`,
			`{"user":"alice","nick":"Nick alice","level":9,"from":8,"badge":"gold"}`,
		}
		for _, who := range []*session{alice, bob} {
			var got []string
			for _, e := range who.events("level") {
				if got = append(got, string(e.Data)); !e.Lossy || e.Version == 0 {
					t.Errorf("told as %+v", e)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s was told %q, want %q", who.id, got, want)
			}
		}
	})
}

// TestNewLevelsAreToldOnOtherNodes, once wherever the user is.
func TestNewLevelsAreToldOnOtherNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory, all := chat.NewMemory(), chat.NewNeighbourhood(15*time.Second)
		here := start(t, chat.Config{Neighbours: all.Node("a")}, memory)
		there := start(t, chat.Config{Neighbours: all.Node("b")}, memory)
		create(t, here, "demo")
		create(t, here, "tea")
		ann, _ := join(t, here, "demo", "ann")
		bob, _ := join(t, there, "demo", "bob")
		join(t, there, "tea", "carl")
		pass(2 * time.Second)
		rise := func(to int) { // as both hear of it
			here.TellStanding("ann", chat.Standing{Level: to, Badge: "gold"}, to-1)
			there.TellStanding("ann", chat.Standing{Level: to, Badge: "gold"}, to-1)
			pass(2 * time.Second)
		}
		rise(7)
		enter(t, there, "demo", chat.Identity{User: "ann", Nick: "Nick ann", ManyRooms: true}, newSession("ann-2"))
		pass(2 * time.Second)
		rise(8)
		want := []string{
			`{"user":"ann","nick":"Nick ann","level":7,"from":6,"badge":"gold"}`,
			`{"user":"ann","nick":"Nick ann","level":8,"from":7,"badge":"gold"}`,
		}
		for _, who := range []*session{ann, bob} {
			var got []string
			for _, e := range who.events("level") {
				got = append(got, string(e.Data))
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s was told %q, want %q", who.id, got, want)
			}
		}
	})
}
