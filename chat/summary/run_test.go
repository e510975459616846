package summary

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestASessionThatWaitsForItsGiftsIsToldBehindALaterOne: it keeps that one from nothing, and the room is told of both.
func TestASessionThatWaitsForItsGiftsIsToldBehindALaterOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		w.ungiven["s1"] = true
		n := w.node(t, NewMemory(), true)
		for _, session := range []string{"s1", "s2", "s3"} {
			n.turn(t, w.record("demo", session, Live, "push_started"))
			time.Sleep(time.Minute)
			if session != "s3" {
				n.turn(t, w.record("demo", session, Over, "by_anchor"))
				time.Sleep(time.Minute)
			}
		}
		if m, r := w.told(); !slices.Equal(ids(m), []string{"s2 by_anchor"}) || len(r) != 1 {
			t.Errorf("told %q while gifts can't be read", ids(m))
		}
		w.mu.Lock()
		delete(w.ungiven, "s1")
		w.mu.Unlock()
		time.Sleep(2 * time.Second)
		if m, r := w.told(); !slices.Equal(ids(m), []string{"s2 by_anchor", "s1 by_anchor"}) || len(r) != 2 {
			t.Errorf("told %q in the end", ids(m))
		}
		if last, err := n.Last(t.Context(), "demo"); err != nil || last.Session != "s2" {
			t.Errorf("the last is %+v, %v", last, err)
		}
	})
}

// TestWhatCouldNotBeToldIsToldBeforeWhatComesAfterIt, also by another node: the room passes over what comes behind it.
func TestWhatCouldNotBeToldIsToldBeforeWhatComesAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newTown(), NewMemory()
		w.tellErr = errTest
		n := w.node(t, store, true)
		for _, session := range []string{"s1", "s2", "s3"} {
			n.turn(t, w.record("demo", session, Live, "push_started"))
			time.Sleep(100 * time.Millisecond)
			n.turn(t, w.record("demo", session, Over, "by_anchor"))
		}
		for { // one was kept, and could not be told
			time.Sleep(100 * time.Millisecond)
			w.mu.Lock()
			tried := w.tellErr == nil
			w.mu.Unlock()
			if tried {
				break
			}
		}
		n.stop()
		w.node(t, store, true)
		time.Sleep(10 * time.Second)
		if m, r := w.told(); !slices.Equal(ids(m), []string{"s1 by_anchor", "s2 by_anchor", "s3 by_anchor"}) || len(r) != 3 {
			t.Errorf("told %q, and backends %q", ids(m), ids(r))
		}
	})
}

// TestARoomWithoutAnswerHoldsUpNoOther: neither the look at others nor their end, be there more of them than are asked at once.
func TestARoomWithoutAnswerHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = eachAtOnce + 2 // of those that answer and those that don't, those that run and those that are over
		w := newTown()
		n := w.node(t, NewMemory(), true)
		rooms := func(name string, do func(room string)) {
			for i := range each {
				do(fmt.Sprint(name, i))
			}
		}
		for _, name := range []string{"slow", "quick", "slow-over", "quick-over"} {
			rooms(name, func(room string) { n.turn(t, w.record(room, room, Live, "push_started")) })
		}
		time.Sleep(10500 * time.Millisecond)
		w.set(50, 0)
		for _, name := range []string{"slow-over", "quick-over"} {
			rooms(name, func(room string) { n.turn(t, w.record(room, room, Over, "by_anchor")) })
		}
		w.mu.Lock()
		for _, name := range []string{"slow", "slow-over"} {
			rooms(name, func(room string) { w.slow[room] = true })
		}
		w.mu.Unlock()
		time.Sleep(22 * time.Second) // one look, though it waits for many, and one end
		rooms("quick", func(room string) {
			if so, err := n.Summary(t.Context(), room, room); err != nil || so.Peak != 50 {
				t.Errorf("%s: %+v, %v", room, so, err)
			}
		})
		_, reports := w.told()
		got := ids(reports)
		slices.Sort(got)
		var want []string
		rooms("quick-over", func(room string) { want = append(want, room+" by_anchor") })
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("told backends %q", got)
		}
	})
}

// TestAGroupWhoseSessionIsNotKnownKeepsNoOtherFromBeingCounted, and what is counted of it is not lost.
func TestAGroupWhoseSessionIsNotKnownKeepsNoOtherFromBeingCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		n := w.node(t, NewMemory(), false)
		rooms := []string{"a", "b", "c", "d", "e"}
		for _, room := range rooms {
			n.turn(t, w.record(room, room, Live, "push_started"))
			n.Message(room)
		}
		w.mu.Lock()
		w.unread["c"] = true
		w.mu.Unlock()
		messages := func() (all []int64) {
			for _, room := range rooms {
				so, err := n.Summary(t.Context(), room, room)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, so.Messages)
			}
			return all
		}
		time.Sleep(1500 * time.Millisecond)
		if got := messages(); !slices.Equal(got, []int64{1, 1, 0, 1, 1}) {
			t.Errorf("counted %v", got)
		}
		w.mu.Lock()
		delete(w.unread, "c")
		w.mu.Unlock()
		n.Message("c")
		time.Sleep(time.Second)
		if got := messages(); !slices.Equal(got, []int64{1, 1, 2, 1, 1}) {
			t.Errorf("counted %v in the end", got)
		}
	})
}

// TestWhatHappensBeforeTheGroupIsToldCounts: a node knows that a session began, and its group is told late. What the group never is
// told of waits for no more than a minute.
func TestWhatHappensBeforeTheGroupIsToldCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		w.here = []string{"early"}
		n := w.node(t, NewMemory(), false)
		for _, room := range []string{"late", "never"} {
			n.Began(room)
			n.Message(room)
			n.Came(room, "anna")
		}
		n.Message("other")                   // no session began there
		time.Sleep(10500 * time.Millisecond) // between two writes
		for _, room := range []string{"late", "other"} {
			n.turn(t, w.record(room, room, Live, "push_started"))
		}
		n.Message("late")
		time.Sleep(2 * time.Second)
		so, err := n.Summary(t.Context(), "late", "late")
		if err != nil || so.Messages != 2 || so.Members != 2 {
			t.Errorf("told late: %+v, %v", so, err)
		}
		if so, err = n.Summary(t.Context(), "other", "other"); err != nil || so.Messages != 0 {
			t.Errorf("before it began: %+v, %v", so, err)
		}
		time.Sleep(time.Minute)
		n.turn(t, w.record("never", "never", Live, "push_started"))
		time.Sleep(2 * time.Second)
		if so, err = n.Summary(t.Context(), "never", "never"); err != nil || so.Messages != 0 || so.Members != 0 {
			t.Errorf("told after a minute: %+v, %v", so, err)
		}
	})
}
