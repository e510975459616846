package capacity_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"liveroom/internal/bench/capacity"
)

// usual is what the tests vary.
func usual() capacity.Ask {
	return capacity.Ask{Members: 1_000_000, Rooms: 1, Rate: 40, MessageBytes: 250, Bitrate: 2e6, Cores: 2, Network: 10e9, Memory: 8 << 30}
}

func plan(t *testing.T, change func(*capacity.Ask)) capacity.Layout {
	t.Helper()
	a := usual()
	if change != nil {
		change(&a)
	}
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	l, err := capacity.Plan(a)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWhatBoundsALayout(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*capacity.Ask)
		what   string
		nodes  int
	}{
		{"as many members as were measured", nil, "members", 50},
		{"as many as are asked for", func(a *capacity.Ask) { a.NodeMembers = 10_000 }, "members", 100},
		{"a gigabit is full with 5,500 members", func(a *capacity.Ask) { a.Network = 1e9 }, "network", 183},
		{"more than a core bears", func(a *capacity.Ask) { a.Cores, a.NodeMembers, a.Members = 1, 100_000, 100_000 }, "CPU", 7},
		{"hardly any memory", func(a *capacity.Ask) { a.Memory, a.Rate, a.NodeMembers = 1<<28, 0.01, 1_000_000 }, "memory", 75},
		{"viewers", func(a *capacity.Ask) { a.Members, a.Viewers, a.Streams = 0, map[string]int{"flv": 40_000}, 1 }, "network", 11},
		{"one alone", func(a *capacity.Ask) { a.Members = 1000 }, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := plan(t, c.change)
			for _, need := range l.Needs {
				if need.Used > 1 || need.Nodes > l.Nodes || need.What == c.what && need.Nodes != l.Nodes {
					t.Errorf("%+v of %d nodes", need, l.Nodes)
				}
			}
			if math.Abs(float64(l.Nodes-c.nodes)) > .03*float64(c.nodes) {
				t.Errorf("%d nodes, want about %d: %+v", l.Nodes, c.nodes, l.Needs)
			}
		})
	}
}

// TestLayoutAgreesWithSimulation: the sums that lay out, and the events, find the same CPU and flushes.
func TestLayoutAgreesWithSimulation(t *testing.T) {
	for _, change := range []func(*capacity.Ask){
		nil,
		func(a *capacity.Ask) { a.NodeMembers = 10_000 },
		func(a *capacity.Ask) { a.Cores, a.Members = 1, 30_000 },
		func(a *capacity.Ask) { a.Cores, a.Members = 1, 10_000 },
		func(a *capacity.Ask) { a.Members, a.Rate = 100_000, 5 },
		func(a *capacity.Ask) { a.Members, a.NodeMembers = 500, 100 },
	} {
		l := plan(t, change)
		s := l.Simulate(time.Minute, 1)
		if got := l.Node.Chat; math.Abs(got-s.CPU) > .15*s.CPU {
			t.Errorf("%d nodes: %.3f cores of a node, simulated %.3f", l.Nodes, got, s.CPU)
		}
		if got := l.Redis.Flushes; l.Nodes > 1 && math.Abs(got-s.Flushes) > .1*s.Flushes {
			t.Errorf("%d nodes: %.1f flushes a second, simulated %.1f", l.Nodes, got, s.Flushes)
		}
	}
}

// TestRedisEnds: as many rooms as one Redis does not bear are found, and one less is borne.
func TestRedisEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*capacity.Ask)
		what   string
	}{
		{"rooms of a thousand", func(a *capacity.Ask) { a.Members, a.Rooms = 100_000, 100 }, "flushes"},
		{"rooms of a million", nil, "nodes"},
		{"large messages, small network", func(a *capacity.Ask) {
			a.Members, a.Rooms, a.MessageBytes, a.Network, a.Cores = 2000, 100, 10_000, 1e9, 8
			a.NodeMembers = 100
		}, "network"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := plan(t, c.change)
			f := l.Full()
			if f.What != c.what || f.Rooms < 2 {
				t.Fatalf("%+v", f)
			}
			less := l.Ask
			less.Rooms = f.Rooms - 1
			less.Members = l.Ask.Members / l.Ask.Rooms * less.Rooms
			p, err := capacity.Plan(less)
			if err != nil || p.Redis.Together > .7 || 8*p.Redis.Out > .8*less.Network {
				t.Errorf("%d rooms are too many already: %+v, %v", less.Rooms, p.Redis, err)
			}
			var text strings.Builder
			if err := l.Write(&text, nil); err != nil || !strings.Contains(text.String(), "one Redis ends before") {
				t.Errorf("%v\n%s", err, text.String())
			}
		})
	}
}

// TestRedisBytes: the figures of BenchmarkRedisFlush, whose MsgBody has 110 bytes and which two nodes follow.
func TestRedisBytes(t *testing.T) {
	l := plan(t, func(a *capacity.Ask) { a.Members, a.MessageBytes, a.NodeMembers, a.Rate = 200, 110, 100, 1 })
	r := l.Redis
	if l.Nodes != 2 || r.Flushes < .95 || r.Flushes > 1 {
		t.Fatalf("%d nodes, %+v", l.Nodes, r)
	}
	counts := 2 * 80. // two nodes tell each other of one room, once a second
	if in, out := r.In-2*counts, r.Out-counts; math.Abs(in-905) > 30 || math.Abs(out-697) > 30 {
		t.Errorf("%.0f bytes in, %.0f out", in, out)
	}
}

func TestMoreThanCanBePlanned(t *testing.T) {
	a := usual()
	a.Members, a.Rooms = 1_000_000_000, 1
	if l, err := capacity.Plan(a); err == nil || !strings.Contains(err.Error(), "10000 nodes") {
		t.Errorf("%d nodes, %v", l.Nodes, err)
	}
}
