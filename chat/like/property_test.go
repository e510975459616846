package like_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat/like"
)

// step is something that happens to one of two nodes after a pause.
type step struct {
	pause       time.Duration
	kind        string
	node        int
	user, count int // of a like
	calls, acks int // that get lost
}

func drawStep(t *rapid.T) step {
	return step{
		pause: time.Duration(rapid.IntRange(0, 700).Draw(t, "pause")) * time.Millisecond,
		kind:  rapid.SampledFrom([]string{"like", "like", "like", "like", "like", "lose", "kill", "rest"}).Draw(t, "kind"),
		node:  rapid.IntRange(0, 1).Draw(t, "node"),
		user:  rapid.IntRange(0, 4).Draw(t, "user"),
		count: rapid.IntRange(1, 40).Draw(t, "count"),
		calls: rapid.IntRange(0, 2).Draw(t, "calls"),
		acks:  rapid.IntRange(0, 2).Draw(t, "acks"),
	}
}

// life is a node from its start to its end, and what the test knows of it.
type life struct {
	node
	link    *flaky
	healthy time.Time // since when its store answers
	given   []given
}

type given struct {
	at time.Time
	n  int64
}

func (l *life) since(at time.Time) (n int64) {
	for _, g := range l.given {
		if !g.at.Before(at) {
			n += g.n
		}
	}
	return n
}

// TestCountedIsAccepted: whatever is lost on the way to the store and back, what was accepted is counted, and nothing twice; a
// process that is killed loses at most what it accepted since its store took its last batch, a second ago.
func TestCountedIsAccepted(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 80).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			if err := play(t, steps); err != nil {
				rt.Errorf("%v", err)
			}
		})
	})
}

func play(t *testing.T, steps []step) error {
	shared := like.NewMemory()
	begin := func() *life {
		link := &flaky{Store: shared}
		return &life{node: start(t, like.Config{}, &room{}, link), link: link, healthy: time.Now()}
	}
	lives := [2]*life{begin(), begin()}
	var accepted, lost int64 // lost: at most, to kills
	for i, s := range steps {
		time.Sleep(s.pause)
		l := lives[s.node]
		switch s.kind {
		case "like":
			n := int64(l.like(t, fmt.Sprint("u", s.user), s.count).Likes)
			accepted += n
			l.given = append(l.given, given{time.Now(), n})
		case "lose":
			l.link.lose(s.calls, s.acks)
			l.healthy = time.Now().Add(time.Duration(s.calls+s.acks+1) * time.Second) // one is used up each second
		case "kill":
			l.link.cutOff()
			l.stop()
			at := time.Now().Add(-time.Second)
			if at.Before(l.healthy) {
				at = time.Time{} // anything may have waited
			}
			lost += l.since(at)
			lives[s.node] = begin()
		}
		if got := total(t, shared); got > accepted {
			return fmt.Errorf("step %d: %d counted of %d accepted", i, got, accepted)
		}
	}
	for _, l := range lives {
		l.link.lose(0, 0)
	}
	time.Sleep(3 * time.Second)
	if got := total(t, shared); got > accepted || got < accepted-lost {
		return fmt.Errorf("%d counted of %d accepted, of which %d may be lost", got, accepted, lost)
	}
	return nil
}
