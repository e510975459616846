package delivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/web/callback/delivery"
)

// inTime runs f in a bubble, where time only passes when everybody waits.
func inTime(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// TestOrderAndBreadth: of one room and class one at a time, in order; rooms and classes beside each other, within bounds.
func TestOrderAndBreadth(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{takes: 100 * time.Millisecond}
		s := serve(t, delivery.Config{PerEndpoint: 4, Most: 6}, delivery.NewMemory(), to, map[string]delivery.Habit{"e": {}, "f": {}})
		for i := range 10 {
			room := fmt.Sprint("room", i)
			for n := range 5 {
				id := fmt.Sprint(n)
				s.Append(event(delivery.Talk, room, id), event(delivery.People, room, id))
				other := event(delivery.Talk, room+"f", id)
				other.Endpoint = "f"
				s.Append(other)
			}
		}
		begin := time.Now()
		synctest.Wait()
		time.Sleep(time.Minute)
		want := ids("", 0, 4)
		for i := range 10 {
			room := fmt.Sprint("room", i)
			s.delivered(room, delivery.Talk, want)
			s.delivered(room, delivery.People, want)
			s.delivered(room+"f", delivery.Talk, want)
		}
		to.mu.Lock()
		if to.doubled || to.peak != 6 {
			t.Errorf("two of one queue were under way at once: %v; %d in all, want 6", to.doubled, to.peak)
		}
		to.mu.Unlock()
		all := to.all()
		last := all[len(all)-1].at.Sub(begin)
		if most := 150 * 100 * time.Millisecond / 4; last > most {
			t.Errorf("150 events took %v", last)
		}
		if f := s.figures(); f.Delivered != 100 || f.Queued[delivery.Talk] != 0 || !f.Oldest.IsZero() || f.UnderWay != 0 {
			t.Errorf("%+v", f)
		}
	})
}

// TestIDs: those that are given stay, others are made, and no two are the same, also after a restart.
func TestIDs(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		for range 2 {
			s.Append(event(delivery.People, "a", ""), event(delivery.Talk, "a", ""), event(delivery.Talk, "a", "given"), event(delivery.People, "", ""))
			synctest.Wait()
			s.stop()
			s.start()
		}
		seen := map[string]int{}
		for _, try := range to.all() {
			seen[try.ID]++
			if parts := strings.Split(try.ID, ":"); try.ID != "given" && (len(parts) != 3 || parts[0] != try.Room) {
				t.Errorf("id %q", try.ID)
			}
		}
		if len(to.all()) != 8 || len(seen) != 7 || seen["given"] != 2 {
			t.Errorf("%d tries, ids %v", len(to.all()), seen)
		}
	})
}

// TestRepeatedStates: the same id is queued once, also across a restart and when the first is long delivered; other classes
// are not looked at.
func TestRepeatedStates(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.Append(event(delivery.State, "a", "a:1"), event(delivery.State, "a", "a:1"), event(delivery.People, "a", "p"), event(delivery.People, "a", "p"))
		s.Settle(t.Context())
		s.Append(event(delivery.State, "a", "a:2"))
		s.Settle(t.Context())
		s.stop()
		s.start()
		s.Append(event(delivery.State, "a", "a:2"), event(delivery.State, "a", "a:1"), event(delivery.State, "a", "a:3"))
		synctest.Wait()
		s.delivered("a", delivery.State, []string{"a:1", "a:2", "a:3"})
		s.delivered("a", delivery.People, []string{"p", "p"})
		time.Sleep(25 * time.Hour) // nobody repeats that late: nothing is remembered of the room
		if queues, err := s.store.Queues(t.Context()); err != nil || len(queues) != 0 {
			t.Errorf("%+v, %v", queues, err)
		}
	})
}

// TestRefused: a dead letter at once, and the queue goes on.
func TestRefused(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: only("p2", refusing)}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.say(delivery.People, "a", "p", 1, 3)
		synctest.Wait()
		s.delivered("a", delivery.People, []string{"p1", "p3"})
		dead := s.dead()
		if len(dead) != 1 || dead[0].ID != "p2" || dead[0].Why != "404" || dead[0].Status != 404 || dead[0].Tries != 1 || dead[0].Room != "a" || len(dead[0].Answer) < 1000 || len(dead[0].Answer) > 1030 {
			t.Errorf("%+v", dead)
		}
	})
}

// TestFailsWhileOthersPass: after ten tries an event is put aside, whether it is answered badly or not at all, and its room
// is the only one that waits. The circuit stays closed.
func TestFailsWhileOthersPass(t *testing.T) {
	for name, answer := range map[string]func(delivery.Event) delivery.Result{"garbage": garbage, "no answer": down} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				to := &receiver{answer: only("bad", answer)}
				s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
				s.Append(event(delivery.State, "a", "bad"), event(delivery.State, "a", "next"))
				for i := range 600 {
					s.Append(event(delivery.State, "b", fmt.Sprint(i)))
					time.Sleep(time.Second)
				}
				s.delivered("b", delivery.State, ids("", 0, 599))
				s.delivered("a", delivery.State, []string{"next"})
				tries := to.times("bad")
				free := 0 // tries that don't count, because nothing else had been answered since the one before
				if name == "no answer" {
					free = len(tries) - 10
				}
				if free < 0 || free > 2 || name == "no answer" && free == 0 || len(tries) != 10+free || tries[1].Sub(tries[0]) != time.Second || tries[9].Sub(tries[8]) != 30*time.Second {
					t.Errorf("%d tries at %v", len(tries), tries)
				}
				if dead := s.dead(); len(dead) != 1 || dead[0].ID != "bad" || dead[0].Tries != len(tries) {
					t.Errorf("%+v", dead)
				}
				if st := s.Stats(); st.Opened != 0 {
					t.Errorf("the circuit opened %d times", st.Opened)
				}
			})
		})
	}
}

// TestCircuit: an endpoint that is away is asked with one event after each pause, of another queue each time, and not for
// longer than half a minute after it is back. None of that counts against an event.
func TestCircuit(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down, takes: 10 * time.Millisecond}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		begin := time.Now()
		for i := range 40 {
			s.say(delivery.State, fmt.Sprint("room", i), "s", 1, 2)
		}
		time.Sleep(10 * time.Minute)
		if f := s.figures(); f.Circuit != delivery.Open || f.Queued[delivery.State] != 80 || f.Delivered != 0 {
			t.Errorf("%+v", f)
		}
		if st := s.Stats(); st.Open != 1 || st.Opened != 1 || st.Oldest < 9*time.Minute {
			t.Errorf("%+v", st)
		}
		var pauses []time.Duration
		rooms := map[string]int{}
		before := begin
		for _, try := range to.all() {
			pause := try.at.Sub(before).Round(time.Second)
			if before = try.at; pause > 0 {
				rooms[try.Room]++
				pauses = append(pauses, pause)
			}
		}
		if n := len(to.all()) - len(pauses); n < 5 || n > 40 {
			t.Errorf("%d tries until it was open", n)
		}
		if len(rooms) != len(pauses) {
			t.Errorf("only %d rooms were tried in %d times", len(rooms), len(pauses))
		}
		if !slices.Equal(pauses[:6], []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9}) || slices.Max(pauses) != 30*time.Second {
			t.Errorf("pauses %v", pauses)
		}
		to.set(0, nil)
		time.Sleep(31 * time.Second)
		for i := range 40 {
			s.delivered(fmt.Sprint("room", i), delivery.State, []string{"s1", "s2"})
		}
		if f := s.figures(); f.Circuit != delivery.Closed || len(s.dead()) != 0 {
			t.Errorf("after %v: %+v", time.Since(begin), f)
		}
	})
}

// TestPoisonOpensNoDoor: an endpoint came back, but the head that was tried first is one it never answers; the others get
// through all the same.
func TestPoisonOpensNoDoor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.Append(event(delivery.State, "a", "bad"))
		time.Sleep(5 * time.Minute)
		s.Append(event(delivery.State, "b", "good"))
		to.set(0, only("bad", down))
		time.Sleep(time.Minute)
		s.delivered("b", delivery.State, []string{"good"})
		if f := s.figures(); f.Circuit != delivery.Closed {
			t.Errorf("%+v", f)
		}
	})
}

// TestStatusesGoFirst: where many rooms talk to a slow receiver, a status does not wait for them.
func TestStatusesGoFirst(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{takes: time.Second}
		s := serve(t, delivery.Config{PerEndpoint: 4}, delivery.NewMemory(), to, nil)
		for i := range 100 {
			s.say(delivery.Talk, fmt.Sprint("room", i), "m", 1, 3)
		}
		time.Sleep(500 * time.Millisecond)
		s.say(delivery.State, "room99", "s", 1, 2)
		time.Sleep(2 * time.Second)
		s.delivered("room99", delivery.State, []string{"s1"})
		time.Sleep(time.Second)
		s.delivered("room99", delivery.State, []string{"s1", "s2"})
		time.Sleep(2 * time.Minute)
		s.delivered("room99", delivery.Talk, ids("m", 1, 3))
	})
}

// TestPoisonousStatesKeepNoDoorShut: while it is open, the circuit is tried with other classes in turn.
func TestPoisonousStatesKeepNoDoorShut(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		for i := range 10 {
			s.Append(event(delivery.State, fmt.Sprint("room", i), "bad"))
		}
		s.say(delivery.Talk, "a", "m", 1, 3)
		time.Sleep(5 * time.Minute)
		to.set(0, only("bad", down))
		time.Sleep(time.Minute + time.Second)
		s.delivered("a", delivery.Talk, ids("m", 1, 3))
	})
}

// damaged is a store that can't read a queue, for ever or for now.
type damaged struct {
	delivery.Store
	mu  sync.Mutex
	err error
}

func (d *damaged) set(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *damaged) Items(ctx context.Context, k delivery.Key, from uint64, limit int, bytes int64) ([]*delivery.Item, error) {
	d.mu.Lock()
	err := d.err
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return d.Store.Items(ctx, k, from, limit, bytes)
}

// TestStoreThatCannotBeRead: what can't be read now is read later, and said once; what is damaged is skipped, told as missing,
// and the queue goes on.
func TestStoreThatCannotBeRead(t *testing.T) {
	inTime(t, func(t *testing.T) {
		store := &damaged{Store: delivery.NewMemory()}
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{}, store, to, nil)
		s.say(delivery.People, "a", "p", 1, 100)
		time.Sleep(time.Second)
		s.stop()
		store.set(errors.New("away"))
		to.set(0, nil)
		s.start()
		time.Sleep(time.Minute)
		synctest.Wait() // who said it is done
		if n := strings.Count(s.said.String(), "can't be read"); n != 1 || len(to.got("a", delivery.People)) != 0 {
			t.Errorf("said %d times", n)
		}
		store.set(nil)
		time.Sleep(time.Minute)
		s.delivered("a", delivery.People, ids("p", 1, 100))
		to.set(0, down)
		s.say(delivery.People, "b", "p", 1, 100)
		time.Sleep(time.Second)
		s.stop()
		store.set(fmt.Errorf("%w: a block is cut off", delivery.ErrDamaged))
		to.set(0, nil)
		s.start()
		s.say(delivery.People, "b", "p", 101, 102)
		time.Sleep(time.Minute)
		s.checkGap("b", delivery.People, 100, ids("p", 101, 102))
	})
}

// TestTooMuchTalk: of a room the newest stay, and one event says in their place how many are missing.
func TestTooMuchTalk(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{TalkEach: 100}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 130)
		time.Sleep(time.Second)
		s.say(delivery.Talk, "a", "m", 131, 250)
		time.Sleep(time.Minute)
		to.set(0, nil)
		time.Sleep(time.Minute)
		s.checkGap("a", delivery.Talk, 150, ids("m", 151, 250))
		if st := s.Stats(); st.Dropped[delivery.Talk] != 150 {
			t.Errorf("%+v", st)
		}
	})
}

// checkGap: a room got one event about a gap, or several whose counts are as many as that, and then the rest.
func (s *service) checkGap(room string, class delivery.Class, missing uint64, want []string) {
	s.t.Helper()
	var rest []string
	var told uint64
	known := map[string]uint64{}
	for _, try := range s.to.all() {
		if try.Room != room || try.Class != class {
			continue
		}
		if try.Command == delivery.Dropped {
			var loss delivery.Loss
			if err := json.Unmarshal(try.Body, &loss); err != nil || loss.Room != room || loss.Class != class.String() || loss.Count == 0 {
				s.t.Errorf("%s: %v", try.Body, err)
			}
			if before, ok := known[try.ID]; ok && before != loss.Count {
				s.t.Errorf("%s told of %d and of %d", try.ID, before, loss.Count)
			}
			known[try.ID] = loss.Count
		}
		if try.outcome == delivery.Delivered && try.Command == delivery.Dropped {
			told += known[try.ID]
			if len(rest) > 0 {
				s.t.Errorf("told of a gap behind %v", rest)
			}
		} else if try.outcome == delivery.Delivered {
			rest = append(rest, try.ID)
		}
	}
	if told != missing || !slices.Equal(rest, want) {
		s.t.Errorf("told of %d missing, want %d; then %s, want %s", told, missing, shortened(rest), shortened(want))
	}
}

// TestTooOld: talk after a quarter of an hour, people after a day, are dropped and told; statuses after a day are put aside.
// It makes no difference whether they were in memory or on the disk.
func TestTooOld(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 200)
		s.say(delivery.People, "a", "p", 1, 200)
		s.say(delivery.State, "a", "s", 1, 200)
		time.Sleep(14 * time.Minute)
		s.say(delivery.Talk, "a", "m", 201, 205)
		time.Sleep(time.Minute + 10*time.Second)
		if f := s.figures(); f.Queued[delivery.Talk] != 5 || f.Queued[delivery.People] != 200 || f.Dropped[delivery.Talk] != 200 {
			t.Errorf("after 15 minutes: %+v", f)
		}
		time.Sleep(23*time.Hour + 40*time.Minute)
		s.say(delivery.People, "a", "p", 201, 205)
		s.say(delivery.State, "a", "s", 201, 205)
		s.say(delivery.Talk, "a", "m", 206, 210)
		time.Sleep(5*time.Minute + 10*time.Second)
		f := s.figures()
		if f.Queued[delivery.Talk] != 5 || f.Queued[delivery.People] != 5 || f.Queued[delivery.State] != 5 || f.Dead[delivery.State] != 200 {
			t.Errorf("after a day: %+v", f)
		}
		to.set(0, nil)
		time.Sleep(time.Minute)
		s.checkGap("a", delivery.Talk, 205, ids("m", 206, 210))
		s.checkGap("a", delivery.People, 200, ids("p", 201, 205))
		s.delivered("a", delivery.State, ids("s", 201, 205))
		dead := s.dead()
		if len(dead) != 200 || dead[0].ID != "s1" || dead[199].ID != "s200" || dead[0].Why != "too old" {
			t.Errorf("%d dead letters", len(dead))
		}
	})
}

// TestTooMuchInAll: rooms together have a bound, and each loses its oldest.
func TestTooMuchInAll(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{Backlog: 200_000}, delivery.NewMemory(), to, nil)
		for i := 1; i <= 500; i++ {
			for room := range 5 {
				s.Append(event(delivery.Talk, fmt.Sprint("room", room), fmt.Sprint("m", i)))
			}
			if i%10 == 0 {
				time.Sleep(time.Second)
			}
		}
		if st := s.Stats(); st.Backlog > 200_000 || st.Backlog < 170_000 || st.Dropped[delivery.Talk] == 0 {
			t.Errorf("%+v", st)
		}
		to.set(0, nil)
		time.Sleep(time.Minute)
		for room := range 5 {
			got := to.got(fmt.Sprint("room", room), delivery.Talk)
			if last := got[len(got)-1]; last != "m500" || len(got) < 200 || len(got) > 400 {
				t.Errorf("room %d got %d, the last is %s", room, len(got), last)
			}
		}
		if st := s.Stats(); st.Backlog != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestDroppedUnderWay: what was dropped while it was being sent, and arrived all the same, is not told as missing.
func TestDroppedUnderWay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{takes: 10 * time.Second}
		s := serve(t, delivery.Config{TalkEach: 3}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 1)
		time.Sleep(time.Second)
		s.say(delivery.Talk, "a", "m", 2, 6)
		time.Sleep(10 * time.Second)
		to.set(0, nil)
		time.Sleep(time.Minute)
		var got []string
		for _, try := range to.all() {
			got = append(got, try.ID)
			if try.Command == delivery.Dropped && !strings.Contains(string(try.Body), `"count":2`) {
				t.Errorf("%s", try.Body)
			}
		}
		if len(got) != 5 || got[0] != "m1" || !slices.Equal(got[2:], ids("m", 4, 6)) {
			t.Errorf("got %v", got)
		}
	})
}

// TestTencentHabits: an IM event is tried once, or three times where no answer came; a CSS event 13 times, a minute apart,
// and its room keeps the order.
func TestTencentHabits(t *testing.T) {
	unwell := func(delivery.Event) delivery.Result {
		return delivery.Result{Outcome: delivery.Unwell, Status: 500, Why: "500"}
	}
	for _, c := range []struct {
		name   string
		habit  delivery.Habit
		answer func(delivery.Event) delivery.Result
		tries  int
	}{
		{"im, timeout", delivery.Habit{Tries: 1}, down, 1},
		{"im, 500", delivery.Habit{Tries: 1}, unwell, 1},
		{"im on timeout, timeout", delivery.Habit{Tries: 3, Pause: time.Second, OnlyTimeout: true}, down, 3},
		{"im on timeout, 500", delivery.Habit{Tries: 3, Pause: time.Second, OnlyTimeout: true}, unwell, 1},
		{"css, 404", delivery.Habit{Tries: 13, Pause: time.Minute}, refusing, 13},
		{"css, timeout", delivery.Habit{Tries: 13, Pause: time.Minute}, down, 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				to := &receiver{answer: only("s1", c.answer)}
				s := serve(t, delivery.Config{}, delivery.NewMemory(), to, map[string]delivery.Habit{"e": c.habit})
				begin := time.Now()
				s.say(delivery.State, "a", "s", 1, 2)
				s.say(delivery.State, "b", "s", 2, 2)
				time.Sleep(time.Hour)
				s.delivered("a", delivery.State, []string{"s2"})
				s.delivered("b", delivery.State, []string{"s2"})
				at := to.times("s1")
				if len(at) != c.tries || at[len(at)-1].Sub(begin) != time.Duration(c.tries-1)*c.habit.Pause {
					t.Errorf("tried at %v", at)
				}
				if dead := s.dead(); len(dead) != 1 || dead[0].ID != "s1" || dead[0].Tries != c.tries {
					t.Errorf("%+v", dead)
				}
			})
		})
	}
	t.Run("talk is given up", func(t *testing.T) {
		inTime(t, func(t *testing.T) {
			s := serve(t, delivery.Config{}, delivery.NewMemory(), &receiver{answer: down}, map[string]delivery.Habit{"e": {Tries: 1}})
			s.say(delivery.Talk, "a", "m", 1, 20)
			time.Sleep(time.Minute)
			if f := s.figures(); f.GivenUp != 20 || f.Circuit != delivery.Closed || f.Queued[delivery.Talk] != 0 || len(s.dead()) != 0 {
				t.Errorf("%+v", f)
			}
		})
	})
}

// TestEndpointsComeAndGo: one that is off keeps its queues, one that is gone does not, also when it went while the server
// was off; nothing is kept for one that never was.
func TestEndpointsComeAndGo(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: only("p0", refusing)}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, map[string]delivery.Habit{"e": {}})
		s.say(delivery.People, "a", "p", 0, 0)
		synctest.Wait()
		s.SetEndpoints(map[string]delivery.Habit{"e": {Paused: true}})
		stranger := event(delivery.People, "a", "x")
		stranger.Endpoint = "stranger"
		s.Append(stranger)
		s.say(delivery.People, "a", "p", 1, 50)
		time.Sleep(time.Minute)
		if f := s.figures(); f.Circuit != delivery.Paused || f.Queued[delivery.People] != 50 || f.Delivered != 0 || f.Dead[delivery.People] != 1 {
			t.Errorf("%+v", f)
		}
		s.habits = map[string]delivery.Habit{"e": {Paused: true}, "other": {}}
		s.stop()
		s.start()
		if f := s.figures(); f.Queued[delivery.People] != 50 || f.Dead[delivery.People] != 1 {
			t.Errorf("after a restart: %+v", f)
		}
		s.SetEndpoints(map[string]delivery.Habit{"e": {}})
		synctest.Wait()
		s.delivered("a", delivery.People, ids("p", 1, 50))
		to.set(0, down)
		s.say(delivery.People, "a", "p", 51, 100)
		time.Sleep(time.Minute)
		s.habits = map[string]delivery.Habit{"other": {}}
		s.stop()
		s.start()
		time.Sleep(time.Second)
		if all, err := s.AllFigures(t.Context()); err != nil || all["e"].Circuit != "" {
			t.Errorf("figures of one that is gone: %v", err)
		}
		queues, err := s.store.Queues(t.Context())
		counts, err2 := s.store.DeadCounts(t.Context())
		if err := errors.Join(err, err2); err != nil || len(queues) != 0 || len(counts) != 0 {
			t.Errorf("kept %+v, %+v, %v", queues, counts, err)
		}
		s.SetEndpoints(map[string]delivery.Habit{"e": {}, "other": {}})
		to.set(0, nil)
		s.say(delivery.People, "a", "again", 1, 1)
		time.Sleep(time.Minute)
		if got := to.got("a", delivery.People); got[len(got)-1] != "again1" || len(got) != 51 {
			t.Errorf("got %s", shortened(got))
		}
	})
}

// TestRemovedWhileSending: an endpoint goes while an event is on its way to it.
func TestRemovedWhileSending(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{takes: time.Second}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 10)
		time.Sleep(500 * time.Millisecond)
		s.SetEndpoints(nil)
		time.Sleep(time.Minute)
		if st := s.Stats(); len(to.all()) != 1 || st.UnderWay != 0 || st.Backlog != 0 {
			t.Errorf("%d tries, %+v", len(to.all()), st)
		}
	})
}

// TestSettle: what is settled is stored or delivered, many share a write, and nobody waits where nothing is to be told.
func TestSettle(t *testing.T) {
	inTime(t, func(t *testing.T) {
		store := &failingStore{Store: delivery.NewMemory(), takes: 5 * time.Millisecond}
		s := serve(t, delivery.Config{}, store, &receiver{answer: down, takes: time.Hour}, nil)
		begin := time.Now()
		s.Settle(t.Context())
		s.say(delivery.Talk, "a", "m", 1, 10)
		s.Settle(t.Context())
		if commits, _ := store.figures(); commits != 0 || time.Since(begin) != 0 {
			t.Errorf("%d writes, %v without anything to settle", commits, time.Since(begin))
		}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				s.say(delivery.People, fmt.Sprint("room", i), "p", 1, 1)
				s.Settle(t.Context())
			})
		}
		wg.Wait()
		if commits, wrote := store.figures(); commits > 3 || wrote != 100 || time.Since(begin) > 15*time.Millisecond {
			t.Errorf("%d writes of %d events in %v", commits, wrote, time.Since(begin))
		}
		time.Sleep(200 * time.Millisecond)
		if _, wrote := store.figures(); wrote != 110 {
			t.Errorf("%d stored after 200 ms", wrote)
		}
	})
}

// TestWhatIsTakenAtOnceIsNotStored: a receiver that keeps up costs no writes.
func TestWhatIsTakenAtOnceIsNotStored(t *testing.T) {
	inTime(t, func(t *testing.T) {
		store := &failingStore{Store: delivery.NewMemory()}
		to := &receiver{takes: time.Millisecond}
		s := serve(t, delivery.Config{}, store, to, nil)
		for i := range 1000 {
			s.Append(event(delivery.Talk, fmt.Sprint("room", i%10), fmt.Sprint(i)))
			time.Sleep(2 * time.Millisecond)
		}
		time.Sleep(time.Second)
		if commits, wrote := store.figures(); wrote > 100 || commits > 20 || len(to.all()) != 1000 {
			t.Errorf("%d of %d events stored in %d writes", wrote, len(to.all()), commits)
		}
	})
}

// TestStoreThatFails: events are delivered all the same; who settles waits two seconds; what is too much for the memory is
// dropped and told, and stored states come first to their end.
func TestStoreThatFails(t *testing.T) {
	inTime(t, func(t *testing.T) {
		store := &failingStore{Store: delivery.NewMemory(), err: errors.New("disk full")}
		to := &receiver{}
		s := serve(t, delivery.Config{Unwritten: 20_000}, store, to, nil)
		s.say(delivery.People, "a", "p", 1, 3)
		synctest.Wait()
		s.delivered("a", delivery.People, ids("p", 1, 3))
		to.set(0, down)
		begin := time.Now()
		s.say(delivery.State, "a", "s", 1, 3)
		err := s.Settle(t.Context())
		if took := time.Since(begin); !errors.Is(err, delivery.ErrUnsettled) || took != 2*time.Second {
			t.Errorf("settled after %v: %v", took, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := s.Settle(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("settled without time for it: %v", err)
		}
		s.say(delivery.Talk, "a", "m", 1, 1000)
		s.say(delivery.State, "b", "s", 1, 500)
		if st := s.Stats(); st.Dropped[delivery.Talk] < 500 || st.Lost == 0 || st.Lost > 300 || st.Failures == 0 || st.Unstored == 0 {
			t.Errorf("%+v", st)
		}
		if n := strings.Count(s.said.String(), "events are lost"); n != 1 {
			t.Errorf("the loss was said %d times", n)
		}
		store.set(nil)
		to.set(0, nil)
		time.Sleep(time.Minute)
		if got := to.got("a", delivery.Talk); got[len(got)-1] != "m1000" {
			t.Errorf("got %s", shortened(got))
		}
		s.delivered("a", delivery.State, ids("s", 1, 3))
	})
}

// TestStopAndGoOn: Run stops at once, and the next one begins with what was under way; what is stored last is delivered.
func TestStopAndGoOn(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{takes: time.Hour}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		s.say(delivery.Talk, "a", "m", 1, 100)
		s.say(delivery.State, "a", "s", 1, 3)
		time.Sleep(time.Second)
		s.say(delivery.Talk, "a", "m", 101, 110)
		begin := time.Now()
		s.stop()
		if took := time.Since(begin); took != 0 {
			t.Errorf("stopped after %v", took)
		}
		to.set(0, nil)
		to.forget()
		s.start()
		synctest.Wait()
		s.delivered("a", delivery.Talk, ids("m", 1, 110))
		s.delivered("a", delivery.State, ids("s", 1, 3))
		if f := s.figures(); f.Unwell != 0 {
			t.Errorf("%+v", f)
		}
	})
}

// TestReceiverFromHell: down for ten minutes, then slow, then answering twice what it did not answer in time, then garbage,
// then well. Every status and membership event arrives, in order, and is told once where it was answered well.
func TestReceiverFromHell(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{}, delivery.NewMemory(), to, nil)
		const rooms = 8
		n := 0
		run := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Second) {
				n++
				for i := range rooms {
					room := fmt.Sprint("room", i)
					s.say(delivery.State, room, "s", n, n)
					s.say(delivery.People, room, "p", n, n)
					s.say(delivery.Talk, room, "m", 10*n-9, 10*n)
				}
				s.Settle(t.Context())
			}
		}
		run(10 * time.Minute)
		to.set(1900*time.Millisecond, nil)
		run(5 * time.Minute)
		var seen sync.Map
		to.set(time.Second, func(e delivery.Event) delivery.Result { // it takes each event, and answers the second time only
			if _, again := seen.LoadOrStore(fmt.Sprint(e.Room, e.ID), true); !again {
				return down(e)
			}
			return delivery.Result{}
		})
		run(5 * time.Minute)
		to.set(0, garbage)
		run(time.Minute)
		to.set(0, nil)
		run(time.Minute)
		time.Sleep(5 * time.Minute)
		for i := range rooms {
			room := fmt.Sprint("room", i)
			s.delivered(room, delivery.State, ids("s", 1, n))
			s.delivered(room, delivery.People, ids("p", 1, n))
			if got := to.got(room, delivery.Talk); got[len(got)-1] != fmt.Sprint("m", 10*n) {
				t.Errorf("the last message that arrived is %v", got[len(got)-1])
			}
		}
		dead := s.dead()
		to.mu.Lock()
		defer to.mu.Unlock()
		if len(dead) != 0 || to.doubled {
			t.Errorf("%d dead letters; two of one queue at once: %v", len(dead), to.doubled)
		}
	})
}

// TestLongQueuesStayOnDisk: of queues that are long only the heads are in memory, and all of it arrives.
func TestLongQueuesStayOnDisk(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{answer: down}
		s := serve(t, delivery.Config{Window: 10_000}, delivery.NewMemory(), to, nil)
		for i := range 10 {
			s.say(delivery.Talk, fmt.Sprint("room", i), "m", 1, 500)
		}
		time.Sleep(time.Second)
		if held := s.Held(); held > 150 {
			t.Errorf("%d events in memory", held)
		}
		for i := range 10 { // and while it is on the disk
			s.say(delivery.Talk, fmt.Sprint("room", i), "m", 501, 600)
		}
		to.set(0, nil)
		time.Sleep(time.Minute)
		for i := range 10 {
			s.delivered(fmt.Sprint("room", i), delivery.Talk, ids("m", 1, 600))
		}
		if held := s.Held(); held != 0 || s.Queues() != 0 {
			t.Errorf("at the end %d events and %d queues are in memory", held, s.Queues())
		}
	})
}

func TestSettingsOutOfBoundsAreNamed(t *testing.T) {
	_, err := delivery.New(t.Context(), delivery.Config{TalkEach: -1}, delivery.NewMemory(), &receiver{}, nil)
	if err == nil || !strings.Contains(err.Error(), "TalkEach is -1") {
		t.Error(err)
	}
}

// TestSenderThatPanics fails that event only.
func TestSenderThatPanics(t *testing.T) {
	inTime(t, func(t *testing.T) {
		to := &receiver{}
		to.answer = only("p1", func(delivery.Event) delivery.Result { panic("oops") })
		s := serve(t, delivery.Config{Failures: 2}, delivery.NewMemory(), to, nil)
		s.say(delivery.People, "b", "p", 2, 2)
		s.say(delivery.People, "a", "p", 1, 1)
		time.Sleep(time.Minute)
		s.delivered("b", delivery.People, []string{"p2"})
		if dead := s.dead(); len(dead) != 1 || !strings.Contains(s.said.String(), "oops") {
			t.Errorf("%+v\n%s", dead, s.said)
		}
	})
}
