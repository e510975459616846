package summary

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASessionIsSummedUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newTown(), NewMemory()
		w.here = []string{"early"}
		w.likes, w.gifts = 77, Gifts{Value: 5000, Count: 9, Senders: 2, Top: []Ranked{{Rank: 1, User: "anna", Value: 4000, Count: 4}}}
		n := w.node(t, store, true)
		w.set(10, 5)
		n.turn(t, w.record("demo", "s1", Live, "push_started"))
		n.Began("demo")
		for _, u := range []string{"anna", "bob", "anna"} {
			n.Came("demo", u)
		}
		for range 12 {
			n.Message("demo")
		}
		n.Played("demo")
		time.Sleep(60500 * time.Millisecond)
		w.set(30, 50)
		time.Sleep(10 * time.Second) // the look at 70 s sees 30
		if so, err := n.Summary(t.Context(), "demo", "s1"); err != nil || !so.Running || so.Messages != 12 || so.Duration != 71 || so.Peak != 30 || so.Likes != 77 {
			t.Errorf("so far: %+v, %v", so, err)
		}
		if _, err := n.Summary(t.Context(), "other", "s1"); !errors.Is(err, ErrUnknown) {
			t.Errorf("of another room: %v", err)
		}
		n.turn(t, w.record("demo", "s1", Paused, "push_lost"))
		time.Sleep(30 * time.Second)
		n.turn(t, w.record("demo", "s1", Live, "push_resumed"))
		time.Sleep(20 * time.Second)
		for range 3 {
			n.Message("demo")
		}
		end := w.record("demo", "s1", Over, "by_anchor")
		n.turn(t, end)
		n.turn(t, end)
		time.Sleep(3 * time.Second)
		if m, _ := w.told(); len(m) != 0 {
			t.Error("told before the last counts came")
		}
		time.Sleep(5 * time.Second)
		messages, reports := w.told()
		if len(messages) != 1 || len(reports) != 1 {
			t.Fatalf("told %d and %d times, want once each", len(messages), len(reports))
		}
		got := messages[0]
		if got.Duration != 121 || got.Pauses != 1 || got.Paused != 30 || got.Messages != 15 || got.Members != 3 || got.Viewers != 1 ||
			got.Peak != 30 || got.PeakMembers != 15 || got.PeakViewers != 7 || got.Popularity != 50 || got.Likes != 77 || got.GiftValue != 5000 ||
			got.GiftSenders != 2 || len(got.Top) != 1 || got.Reason != "by_anchor" || !got.Complete {
			t.Errorf("%+v", got)
		}
		// 70 s of 10 (the look at 60 s found 10 still), then 30 of 30 s that were not paused: 0.5 s and 20 s.
		if want := int64(700 + 615); got.WatchTime < want-1 || got.WatchTime > want+1 {
			t.Errorf("watched for %d s, want %d", got.WatchTime, want)
		}
		if want := []PauseBody{{wire(end.Since.Add(-50 * time.Second)), 30, "push_lost"}}; !slices.Equal(got.PauseList, want) {
			t.Errorf("pauses %+v, want %+v", got.PauseList, want)
		}
		if slices.Max(got.Curve) != 50 || slices.Max(got.OnlineCurve) != 30 || len(got.Curve) != 13 || got.CurveStep != 10 {
			t.Errorf("curve %v, %v", got.Curve, got.OnlineCurve)
		}
		if kept, err := n.Summary(t.Context(), "demo", "s1"); err != nil || !reflect.DeepEqual(kept, got) {
			t.Errorf("kept %+v, %v", kept, err)
		}
		for _, over := range []bool{false, true} {
			if left, err := store.Sessions(t.Context(), over); err != nil || len(left) != 0 {
				t.Errorf("left over: %+v, %v", left, err)
			}
		}
		n.turn(t, w.record("demo", "s1", Over, "by_admin")) // its end again, of a later record
		time.Sleep(10 * time.Second)
		if m, r := w.told(); len(m) != 1 || len(r) != 1 {
			t.Errorf("told %d and %d times in the end", len(m), len(r))
		}
	})
}

// TestALateRepeatBeginsNothing: a record that comes again when all is told does not begin the session anew.
func TestALateRepeatBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newTown(), NewMemory()
		n := w.node(t, store, true)
		live := w.record("demo", "s1", Live, "push_started")
		n.turn(t, live)
		time.Sleep(time.Second)
		n.turn(t, w.record("demo", "s1", Over, "grace_over"))
		time.Sleep(10 * time.Second)
		n.turn(t, live)
		time.Sleep(time.Minute)
		if m, _ := w.told(); !slices.Equal(ids(m), []string{"s1 grace_over"}) {
			t.Errorf("told %q", ids(m))
		}
	})
}

// TestAnotherNodeGoesOn: the one that looks is gone in the middle of a session, and the one that closes in the middle of that.
func TestAnotherNodeGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := newTown(), NewMemory()
		w.set(8, 3)
		a, b := w.node(t, store, true), w.node(t, store, false)
		a.turn(t, w.record("demo", "s1", Live, "push_started"))
		a.Message("demo")
		b.Message("demo")
		b.Came("demo", "anna")
		time.Sleep(25 * time.Second)
		a.stop()
		b.turn(t, w.record("demo", "s1", Paused, "push_lost"))
		time.Sleep(15 * time.Second)
		c := w.node(t, store, true)
		c.turn(t, w.record("demo", "s1", Live, "push_resumed"))
		c.Message("demo")
		time.Sleep(20 * time.Second)
		w.mu.Lock()
		w.tellErr = errTest
		w.mu.Unlock()
		c.turn(t, w.record("demo", "s1", Over, "by_anchor"))
		for { // it is kept, and could not be told yet
			w.mu.Lock()
			tried := w.tellErr == nil
			w.mu.Unlock()
			if tried {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		w.mu.Lock()
		w.likes = 1_000_000 // too late to change anything
		w.mu.Unlock()
		c.stop()
		d := w.node(t, store, true)
		time.Sleep(3 * time.Second)
		d.stop()
		messages, reports := w.told()
		if len(messages) != 1 || len(reports) != 1 {
			t.Fatalf("told %d and %d times, want once each", len(messages), len(reports))
		}
		got := messages[0]
		if got.Messages != 3 || got.Members != 1 || got.Pauses != 1 || got.Paused != 15 || got.Duration != 60 || got.Likes != 0 {
			t.Errorf("%+v", got)
		}
		if want := int64(8 * 45); got.WatchTime < want-8 || got.WatchTime > want+8 {
			t.Errorf("watched for %d s, want %d", got.WatchTime, want)
		}
	})
}

// TestASessionThatRanBeforeIsMet: a version of this program that knew no summaries was running when it began.
func TestASessionThatRanBeforeIsMet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		live := w.record("demo", "s1", Live, "push_started")
		live.BeganAt = live.Since
		time.Sleep(time.Hour)
		w.mu.Lock()
		w.now["demo"] = live
		w.mu.Unlock()
		n := w.node(t, NewMemory(), true)
		time.Sleep(30 * time.Second)
		n.turn(t, w.record("demo", "s1", Over, "by_anchor"))
		time.Sleep(10 * time.Second)
		if m, _ := w.told(); len(m) != 1 || m[0].Duration != 3630 {
			t.Errorf("%+v", m)
		}
	})
}

// TestWhoseEndWasMissedEndsWhenItWasSeenLast, be it that another session runs or that the room is gone.
func TestWhoseEndWasMissedEndsWhenItWasSeenLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		n := w.node(t, NewMemory(), true)
		for _, room := range []string{"a", "b", "c"} {
			n.turn(t, w.record(room, room+"1", Live, "push_started"))
		}
		time.Sleep(65 * time.Second)
		w.record("a", "a2", Live, "push_started")
		w.mu.Lock()
		delete(w.now, "b")
		w.mu.Unlock()
		w.record("c", "c1", Over, "by_admin")
		time.Sleep(2 * time.Minute)
		m, _ := w.told()
		slices.SortFunc(m, func(a, b Summary) int { return strings.Compare(a.Session, b.Session) })
		if !slices.Equal(ids(m), []string{"a1 lost", "b1 room_deleted", "c1 by_admin"}) {
			t.Fatalf("told %q", ids(m))
		}
		if m[0].Duration < 60 || m[1].Duration < 60 || m[1].Duration > 70 || m[2].Duration != 65 {
			t.Errorf("%d, %d, %d seconds", m[0].Duration, m[1].Duration, m[2].Duration)
		}
	})
}

func TestGiftsThatCanNotBeReadAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		w.giftErr, w.gifts = errTest, Gifts{Value: 5, Count: 1, Senders: 1}
		n := w.node(t, NewMemory(), true)
		n.turn(t, w.record("a", "a1", Live, "push_started"))
		n.turn(t, w.record("b", "b1", Live, "push_started"))
		time.Sleep(time.Second)
		n.turn(t, w.record("a", "a1", Over, "by_anchor"))
		time.Sleep(time.Minute)
		if m, _ := w.told(); len(m) != 0 {
			t.Fatalf("told %q", ids(m))
		}
		w.mu.Lock()
		w.giftErr = nil
		w.mu.Unlock()
		time.Sleep(2 * time.Second)
		if m, _ := w.told(); len(m) != 1 || m[0].GiftValue != 5 || !m[0].Complete {
			t.Fatalf("told %+v", m)
		}
		w.mu.Lock()
		w.giftErr, w.gifts = errTest, Gifts{}
		w.mu.Unlock()
		n.turn(t, w.record("b", "b1", Over, "by_anchor"))
		time.Sleep(6 * time.Minute)
		if m, _ := w.told(); len(m) != 2 || m[1].GiftValue != 0 || m[1].Complete {
			t.Fatalf("told %+v", m)
		}
	})
}

func TestWhatEverybodySeesFitsAMessage(t *testing.T) {
	s := Summary{Public: Public{Session: "s1", CurveStep: 40}}
	for i := range 360 {
		s.Curve = append(s.Curve, int64(1_000_000+i))
	}
	for i := range 10 {
		s.Top = append(s.Top, Ranked{Rank: i + 1, User: strings.Repeat("u", 32), Nick: strings.Repeat("ß", 64), Avatar: "https://x/" + strings.Repeat("a", 2000), Value: 1 << 40})
	}
	p := s.Shared()
	if n := p.textBytes(); n > maxPublicBytes {
		t.Errorf("%d bytes", n)
	}
	if len(p.Curve) > publicPoints || slices.Max(p.Curve) != 1_000_359 || p.CurveStep != 320 || len(s.Curve) != 360 || s.Top[0].Avatar == "" {
		t.Errorf("curve of %d points of %d s", len(p.Curve), p.CurveStep)
	}
}

func TestTheLastSessionIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTown()
		n := w.node(t, NewMemory(), true)
		if _, err := n.Last(t.Context(), "demo"); !errors.Is(err, ErrUnknown) {
			t.Errorf("%v", err)
		}
		for i := range 3 {
			id := fmt.Sprint("s", i)
			n.turn(t, w.record("demo", id, Live, "push_started"))
			time.Sleep(time.Minute)
			n.turn(t, w.record("demo", id, Over, "by_anchor"))
			time.Sleep(time.Minute)
			if last, err := n.Last(t.Context(), "demo"); err != nil || last.Session != id {
				t.Errorf("%+v, %v; want %s", last, err, id)
			}
		}
		page, next, err := n.Summaries(t.Context(), "demo", 0, 2)
		if err != nil || !slices.Equal(ids(page), []string{"s2 by_anchor", "s1 by_anchor"}) || next == 0 {
			t.Errorf("%q, %d, %v", ids(page), next, err)
		}
		page, next, err = n.Summaries(t.Context(), "demo", next, 2)
		if err != nil || !slices.Equal(ids(page), []string{"s0 by_anchor"}) || next != 0 {
			t.Errorf("%q, %d, %v", ids(page), next, err)
		}
	})
}

func TestManyPausesAreCountedAndTheFirstListed(t *testing.T) {
	s := begin(Turn{Session: "s", Since: time.Unix(1000, 0)})
	at := s.Since
	for i := range 2 * (MaxPauses + 5) {
		at = at.Add(time.Second)
		phase := Paused
		if i%2 == 1 {
			phase = Live
		}
		s, _ = s.turn(Turn{Session: "s", Version: uint64(i + 1), Phase: phase, Since: at})
	}
	if s.PauseN != MaxPauses+5 || len(s.Pauses) != MaxPauses || s.PausedFor != (MaxPauses+5)*time.Second {
		t.Errorf("%d pauses, %d listed, %s", s.PauseN, len(s.Pauses), s.PausedFor)
	}
}

// TestNobodyStaysForeverUnseen: who looks was away, and nobody knows how long the people were there.
func TestNobodyStaysForeverUnseen(t *testing.T) {
	at := time.Unix(1000, 0)
	s := begin(Turn{Session: "s", Since: at})
	s, _ = s.sample(Sample{At: at.Add(time.Second), Online: 10})
	s, _ = s.sample(Sample{At: at.Add(time.Hour), Online: 20})
	if s.Watched != 10*maxUnseen {
		t.Errorf("watched for %s", s.Watched)
	}
	if again, changed := s.sample(Sample{At: at.Add(time.Hour), Online: 50}); changed || again.Peak.Online != 20 {
		t.Error("a sample counts twice")
	}
}
