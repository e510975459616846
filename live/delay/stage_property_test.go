package delay_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/live/delay"
	"liveroom/live/stream"
)

// Whatever is pushed, taken over, told and purged: a viewer meets all of it in the order in which it happened, none before
// its delay is over, none that was purged, and each when it is due.
func TestAnyHistoryIsShownInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			run(t, delay.Config{}, func(s *stage) { history(rt, s) })
		})
	})
}

// event is something a viewer is to meet at a time, in ms.
type event struct {
	at   int64
	what string
}

func history(t *rapid.T, s *stage) {
	var (
		expected    []event
		told        []string // and when, behind which tag; Run's
		tail        time.Duration
		p           *stream.Publisher
		mine        time.Duration // the running push's delay
		generation  uint64
		n           int
		base, first int64 // where the push's clock begins, and when its first tag came; below 0: none did
		last        = int64(-1)
	)
	now := func() time.Duration { return time.Since(s.begun) }
	meet := func(d time.Duration, what string) {
		tail = max(tail, now()+d)
		expected = append(expected, event{tail.Milliseconds(), what})
	}
	for range rapid.IntRange(5, 60).Draw(t, "steps") {
		time.Sleep(time.Duration(rapid.IntRange(1, 400).Draw(t, "ms")) * time.Millisecond)
		synctest.Wait()
		d := time.Duration(rapid.IntRange(0, 3).Draw(t, "delay")) * time.Second
		switch rapid.SampledFrom([]string{"push", "tag", "tag", "tag", "tell", "close", "purge"}).Draw(t, "step") {
		case "push":
			if p != nil {
				tail = max(tail, now()+mine) // the older one's end is in line too
			}
			generation++
			mine = max(d, tail-now())
			p = s.push(generation, d)
			tail = max(tail, now()+mine)
			base, first = max(now().Milliseconds(), last+1), -1
		case "tag":
			if p == nil {
				continue
			}
			if err := send(p, int(now().Milliseconds()), key); err != nil {
				t.Fatal(err)
			}
			if first < 0 {
				first = now().Milliseconds()
			}
			last = base + now().Milliseconds() - first
			meet(mine, fmt.Sprintf("g%d %d", generation, last))
		case "tell":
			n++
			what := fmt.Sprintf("told %d", n)
			s.Do("s", d, func() {
				in, _ := s.hub.Info("s")
				told = append(told, fmt.Sprintf("%d %s behind %d", time.Since(s.begun).Milliseconds(), what, in.LastTime))
			})
			meet(d, what)
		case "close":
			if p != nil {
				p.Close(stream.StopClosed)
				tail = max(tail, now()+mine)
				p = nil
			}
		case "purge":
			if p != nil {
				p.Close(stream.StopLost)
				p = nil
			}
			s.Purge("s")
			for i, e := range expected {
				if e.at > now().Milliseconds() {
					expected = expected[:i]
					break
				}
			}
			tail = 0
		}
		if !s.Busy("s") {
			tail = 0
		}
	}
	time.Sleep(10 * time.Second)
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var wantSeen, wantTold []string
	shown := -1
	for _, e := range expected {
		var g int
		if _, err := fmt.Sscanf(e.what, "g%d %d", &g, &shown); err == nil {
			wantSeen = append(wantSeen, fmt.Sprintf("%d %s", e.at, e.what))
		} else {
			wantTold = append(wantTold, fmt.Sprintf("%d %s behind %d", e.at, e.what, shown))
		}
	}
	if !slices.Equal(s.seen, wantSeen) || !slices.Equal(told, wantTold) {
		t.Fatalf("seen\n%q\nwant\n%q\ntold\n%q\nwant\n%q", s.seen, wantSeen, told, wantTold)
	}
	if p == nil && s.Busy("s") {
		t.Fatal("a line is left")
	}
}

// Ends, takeovers and purges at once, from many goroutines, leave nothing behind.
func TestRacesLeaveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{Bytes: 100 << 10}, func(s *stage) {
			var wg sync.WaitGroup
			for room := range 4 {
				name := fmt.Sprintf("r%d", room)
				var calls sync.Mutex // as the room's view is for live
				for worker := range 3 {
					wg.Go(func() {
						for i := range 30 {
							calls.Lock()
							p, err := s.Publish(name, stream.PublishOptions{Generation: uint64(3*i + worker)}, time.Duration(i%3)*100*time.Millisecond)
							if i%7 == 0 {
								s.Purge(name)
							}
							if i%5 == 0 {
								s.End(name, nil)
								s.Do(name, time.Second, func() { s.hub.End(name, nil) })
							}
							calls.Unlock()
							if err != nil {
								continue
							}
							for k := range 10 {
								if send(p, k*40, key) != nil {
									break
								}
								time.Sleep(time.Duration(k) * time.Millisecond)
							}
							p.Close(stream.StopClosed)
						}
					})
				}
			}
			wg.Wait()
			time.Sleep(time.Minute)
			if st := s.Stats(); st.Streams != 0 || st.Bytes != 0 || st.Tags != 0 || st.Pushes.Publishers != 0 || s.hub.Stats().Passed != 0 {
				t.Errorf("left: %+v, %+v", st, s.hub.Stats())
			}
		})
	})
}
