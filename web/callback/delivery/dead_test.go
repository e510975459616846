package delivery_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/web/callback/delivery"
)

func idsOf(letters []delivery.DeadLetter) (all []string) {
	for _, l := range letters {
		all = append(all, l.ID)
	}
	return all
}

// TestReplay: one, several or all go back to the end of their queues, in order, under their own ids, and may die again; what
// was a state once is no repeat now.
func TestReplay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: refusing}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 3)
		s.say(delivery.People, "a", "p", 1, 200)
		s.say(delivery.State, "a", "s", 1, 3)
		synctest.Wait()
		dead := s.dead()
		if got := idsOf(dead); !slices.Equal(got, slices.Concat(ids("s", 1, 3), ids("p", 1, 200), ids("m", 1, 3))) {
			t.Fatalf("dead letters %s", shortened(got))
		}
		page, err := s.Dead(t.Context(), "e", delivery.Place{Class: dead[201].Class, After: dead[201].N}, 2)
		if err != nil || !slices.Equal(idsOf(page), []string{"p200", "m1"}) {
			t.Errorf("next page %v, %v", idsOf(page), err)
		}
		to.set(0, only("s1", refusing))
		n, err := s.Replay(t.Context(), "e", dead[2].N, dead[0].N, 1<<60)
		synctest.Wait()
		if err != nil || n != 2 {
			t.Errorf("replayed %d, %v", n, err)
		}
		s.delivered("a", delivery.State, []string{"s3"})
		n, err = s.Replay(t.Context(), "e")
		synctest.Wait()
		if err != nil || n != 205 {
			t.Errorf("replayed %d, %v", n, err)
		}
		s.delivered("a", delivery.State, []string{"s3", "s2"})
		s.delivered("a", delivery.People, ids("p", 1, 200))
		s.delivered("a", delivery.Talk, ids("m", 1, 3))
		if got := idsOf(s.dead()); !slices.Equal(got, []string{"s1"}) {
			t.Errorf("left %v", got)
		}
		s.stop()
		s.start()
		if n, err := s.DeleteDead(t.Context(), "e"); err != nil || n != 1 {
			t.Errorf("deleted %d, %v", n, err)
		}
		if f := s.figures(); len(s.dead()) != 0 || f.Dead[delivery.State] != 0 {
			t.Errorf("left %v, %+v", idsOf(s.dead()), f)
		}
		if _, err := s.Replay(t.Context(), "none"); !errors.Is(err, delivery.ErrNoEndpoint) {
			t.Errorf("replay for nobody: %v", err)
		}
	})
}

// TestDeadLettersAreBounded: of an endpoint and class the newest stay, and those not too long; it makes no difference when they were
// stored.
func TestDeadLettersAreBounded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		store := &failingStore{Store: delivery.NewMemory()}
		to := &receiver{answer: refusing}
		s := serve(t, delivery.Config{DeadEach: 5, DeadAge: 48 * time.Hour}, store, to, nil)
		s.say(delivery.Talk, "a", "m", 1, 8)
		s.say(delivery.State, "a", "s", 1, 2)
		time.Sleep(time.Second)
		s.say(delivery.Talk, "b", "m", 9, 10)
		time.Sleep(time.Second)
		want := slices.Concat(ids("s", 1, 2), ids("m", 6, 10))
		if got := idsOf(s.dead()); !slices.Equal(got, want) {
			t.Errorf("kept %v, want %v", got, want)
		}
		store.set(errors.New("disk full"))
		for i := range 20 { // what can't be stored now takes the place of what was
			s.say(delivery.Talk, fmt.Sprint("room", i), "n", i, i)
			time.Sleep(time.Second)
		}
		store.set(nil)
		time.Sleep(time.Second)
		if got := idsOf(s.dead()); !slices.Equal(got, slices.Concat(ids("s", 1, 2), ids("n", 15, 19))) {
			t.Errorf("kept %v", got)
		}
		if f := s.figures(); f.Dead[delivery.Talk] != 5 || s.Stats().Letters != 7 || s.Stats().Dead != 32 {
			t.Errorf("%+v, %+v", f, s.Stats())
		}
		time.Sleep(47 * time.Hour)
		s.say(delivery.Talk, "a", "last", 1, 1)
		time.Sleep(3 * time.Hour)
		if got := idsOf(s.dead()); !slices.Equal(got, []string{"last1"}) {
			t.Errorf("kept %v", got)
		}
	})
}

// TestTries: the log has the newest tries; a test event is in it, goes out whatever the state of its endpoint is, and counts
// for nothing.
func TestTries(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down, takes: time.Second}
		s := serve(t, delivery.Config{Tries: 10}, delivery.NewMemory(), to, map[string]delivery.Habit{"e": {Paused: true}})
		r, took, err := s.Try(t.Context(), event(delivery.State, "a", "test"))
		if err != nil || r.Outcome != delivery.Unwell || took != time.Second {
			t.Errorf("%+v, %v, %v", r, took, err)
		}
		to.set(time.Second, only("m3", refusing))
		s.SetEndpoints(map[string]delivery.Habit{"e": {}})
		s.say(delivery.Talk, "a", "m", 1, 4)
		time.Sleep(10 * time.Second)
		tries, err := s.Tries(t.Context(), "e", 100)
		var got []string
		for _, try := range tries {
			got = append(got, fmt.Sprint(try.ID, " ", try.Outcome, " ", try.Status, " ", try.Took))
		}
		want := []string{"m4 delivered 200 1s", "m3 refused 404 1s", "m2 delivered 200 1s", "m1 delivered 200 1s", "test unwell 0 1s"}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v", got, err)
		}
		s.say(delivery.Talk, "a", "n", 1, 12)
		time.Sleep(time.Minute)
		if tries, _ := s.Tries(t.Context(), "e", 3); len(tries) != 3 || tries[0].ID != "n12" || tries[2].ID != "n10" || tries[0].Command != "Test" {
			t.Errorf("%+v", tries)
		}
		if tries, _ := s.Tries(t.Context(), "e", 100); len(tries) != 10 || tries[9].ID != "n3" {
			t.Errorf("%d tries", len(tries))
		}
		if _, _, err := s.Try(t.Context(), delivery.Event{Endpoint: "none"}); !errors.Is(err, delivery.ErrNoEndpoint) {
			t.Errorf("a test of nobody: %v", err)
		}
		if _, err := s.Tries(t.Context(), "none", 1); !errors.Is(err, delivery.ErrNoEndpoint) {
			t.Errorf("the log of nobody: %v", err)
		}
	})
}
