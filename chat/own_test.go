package chat_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// batches are the texts of what a session received at once, joined.
func batches(s *session) (all []string) {
	for _, b := range s.all() {
		var words []string
		for _, item := range b.Items {
			if item.Message != nil {
				words = append(words, textOf(item.Message))
			} else if item.Event.Kind != "count" {
				words = append(words, item.Event.Kind)
			}
		}
		if len(words) > 0 {
			all = append(all, strings.Join(words, "+"))
		}
	}
	return all
}

// flushElsewhere is a flush of a node that has no members.
func flushElsewhere(t *testing.T, store chat.Store, words string) {
	t.Helper()
	m := &chat.Message{Group: "demo", From: "somebody", Body: text(words), Priority: chat.Normal}
	_, err := store.Flush(t.Context(), "demo", chat.Flush{
		Candidates: []chat.Candidate{{Message: m}}, Limit: 40, Keep: chat.Retention{ResumeAge: time.Minute, ResumeMessages: 100, ResumeBytes: 1 << 20},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What came from other nodes and what this one flushes leave together, in one write to each member.
func TestOneWriteATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, chat.Config{TickMin: 100 * time.Millisecond, UserBurst: 10, UserRate: 10})
		elsewhere := c.memory.Node()
		c.say(t, 0, "first")
		for _, own := range []string{"own", "own too"} {
			flushElsewhere(t, elsewhere, "another's")
			c.say(t, 0, own) // returns with the tick
		}
		if got, want := batches(c.viewers[0]), []string{"first", "another's+own", "another's+own too"}; !slices.Equal(got, want) {
			t.Errorf("a member was written %q, not %q", got, want)
		}
	})
}

// What another node changed holds for what is sent after it, though both have their turn at once.
func TestChangesElsewhereComeFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 1, chat.Config{TickMin: 100 * time.Millisecond})
		elsewhere := c.memory.Node()
		c.say(t, 0, "first")
		flushElsewhere(t, elsewhere, "another's")
		if _, err := elsewhere.PutNotice(t.Context(), "demo", "hush"); err != nil {
			t.Fatal(err)
		}
		c.say(t, 0, "own")
		if got, want := batches(c.viewers[0]), []string{"first", "another's+notice", "own"}; !slices.Equal(got, want) {
			t.Errorf("a member was written %q, not %q", got, want)
		}
	})
}
