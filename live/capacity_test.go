package live

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/live/stream"
)

// TestCapacityKeepsItsBooks lets viewers of some streams come and go while rates change, and compares the numbers with what
// a plain count says.
func TestCapacityKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c"}
		rates := map[string]int64{"a": 3, "b": 5, "c": 7}
		node := Limits{Viewers: rapid.IntRange(0, 6).Draw(t, "viewers"), Bandwidth: rapid.Int64Range(0, 60).Draw(t, "bandwidth")}
		room := Limits{Viewers: rapid.IntRange(0, 4).Draw(t, "room viewers"), Bandwidth: rapid.Int64Range(0, 30).Draw(t, "room bandwidth")}
		c := newCapacity(node, func(name string) int64 { return rates[name] })
		type place struct {
			name  string
			leave func()
		}
		var places []place
		count := func(name string) (n int) {
			for _, p := range places {
				if p.name == name {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "stream")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				rates[name] = rapid.Int64Range(0, 12).Draw(t, "rate")
				for other := range c.streams { // as if a second had passed
					c.streams[other].measured = time.Time{}
				}
				c.measured = time.Time{}
			case 1:
				if len(places) > 0 {
					i := rapid.IntRange(0, len(places)-1).Draw(t, "who")
					places[i].leave()
					places[i].leave() // counts once
					places = append(places[:i], places[i+1:]...)
				}
			default:
				n, looked := count(name), c.look(name, room)
				leave, why := c.enter(name, room, false)
				if codeOf(looked) != codeOf(why) {
					t.Fatalf("looked %v, entered %v", looked, why)
				}
				switch {
				case why == nil:
					places = append(places, place{name, leave})
				case why.Code == "room_full" && n != room.Viewers, why.Code == "node_full" && len(places) != node.Viewers:
					t.Fatalf("%v with %d of %d", why, n, len(places))
				case !why.Temporary:
					t.Fatalf("%v for good", why)
				}
			}
			if c.viewers != len(places) || node.Viewers > 0 && c.viewers > node.Viewers {
				t.Fatalf("%d viewers counted, are %d, may be %d", c.viewers, len(places), node.Viewers)
			}
			var committed int64
			for _, name := range names {
				n := count(name)
				if tally := c.streams[name]; (tally != nil) != (n > 0) || tally != nil && tally.viewers != n {
					t.Fatalf("stream %s has %d viewers, counted %+v", name, n, tally)
				} else if tally != nil {
					committed += int64(n) * tally.rate
				}
			}
			if c.committed != committed {
				t.Fatalf("%d committed, is %d", c.committed, committed)
			}
		}
	})
}

// codeOf is a refusal's code, empty for none.
func codeOf(why *stream.Refusal) string {
	if why == nil {
		return ""
	}
	return why.Code
}

func TestBandwidthLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rates := map[string]int64{"slow": 10, "fast": 60}
		c := newCapacity(Limits{Bandwidth: 100}, func(name string) int64 { return rates[name] })
		enter := func(name string, room Limits, want string) func() {
			t.Helper()
			leave, why := c.enter(name, room, false)
			if code := codeOf(why); code != want {
				t.Fatalf("%s: refused %q, want %q", name, code, want)
			}
			return leave
		}
		enter("fast", Limits{}, "")
		for range 4 {
			enter("slow", Limits{Bandwidth: 40}, "")
		}
		enter("slow", Limits{Bandwidth: 40}, "room_bandwidth")
		enter("slow", Limits{}, "node_bandwidth")
		rates["fast"] = 30 // noticed a second later, also by those who join something else
		enter("slow", Limits{}, "node_bandwidth")
		time.Sleep(rateFresh)
		enter("slow", Limits{}, "")
		rates["slow"] = 0 // its push is lost: they wait for what they had
		time.Sleep(rateFresh)
		enter("slow", Limits{}, "")
		if got := c.occupancy(); got.Committed != 90 || got.Viewers != 7 || got.Full() != nil {
			t.Errorf("occupancy %+v", got)
		}
		rates["fast"] = 200
		time.Sleep(rateFresh)
		enter("slow", Limits{}, "node_bandwidth")
		if got := c.occupancy(); got.Full() == nil {
			t.Errorf("not full: %+v", got)
		}
		enter("new", Limits{}, "node_bandwidth")
		if leave, why := c.enter("slow", Limits{}, true); why != nil { // was there before a restart
			t.Errorf("forced: %v", why)
		} else {
			leave()
		}
	})
}

// TestCrowdBeforeTheFirstMeasurement: those who come before the rate is known count with a usual one, until it is.
func TestCrowdBeforeTheFirstMeasurement(t *testing.T) {
	var rate int64
	c := newCapacity(Limits{Bandwidth: 10 * rateAssumed}, func(string) int64 { return rate })
	many := func() (in int) {
		for range 100 {
			if _, why := c.enter("a", Limits{}, false); why == nil {
				in++
			}
		}
		return in
	}
	if in := many(); in != 10 {
		t.Errorf("%d got in before the stream was measured, want 10", in)
	}
	rate = rateAssumed / 4 // noticed by the next, at once
	if in := many(); in != 30 {
		t.Errorf("%d more got in, want 30", in)
	}
	if got := c.occupancy(); got.Committed != 10*rateAssumed || got.Viewers != 40 {
		t.Errorf("occupancy %+v", got)
	}
}

// TestCrowdTakesExactlyThePlaces: of many who come at once as many get in as there are places, again and again.
func TestCrowdTakesExactlyThePlaces(t *testing.T) {
	const places, crowd = 7, 200
	c := newCapacity(Limits{Viewers: places, Bandwidth: 1 << 40}, func(string) int64 { return 1000 })
	for range 20 {
		var wg sync.WaitGroup
		var in atomic.Int64
		leaves := make(chan func(), crowd)
		for i := range crowd {
			wg.Go(func() {
				if leave, why := c.enter(string(rune('a'+i%3)), Limits{}, false); why == nil {
					in.Add(1)
					leaves <- leave
				} else if why.Code != "node_full" {
					t.Errorf("refused: %v", why)
				}
			})
		}
		wg.Wait()
		if in.Load() != places {
			t.Fatalf("%d got in, want %d", in.Load(), places)
		}
		close(leaves)
		for leave := range leaves {
			wg.Go(leave)
		}
		wg.Wait()
		if got := c.occupancy(); got.Viewers != 0 || got.Committed != 0 || len(c.streams) != 0 {
			t.Fatalf("all left: %+v, %d streams", got, len(c.streams))
		}
	}
}

func BenchmarkEnter(b *testing.B) {
	c := newCapacity(Limits{Viewers: 1 << 30, Bandwidth: 1 << 60}, func(string) int64 { return 1000 })
	b.ReportAllocs()
	for b.Loop() {
		leave, _ := c.enter("a", Limits{Viewers: 1 << 30}, false)
		leave()
	}
}
