package replay_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat"
	"liveroom/chat/replay"
)

// TestWhatIsReadInWindowsIsWhatWasSaid: whatever is said and withdrawn on two nodes, one of which may be started again, and however
// the recording has gaps: what is read in windows of any length is all of it, less what was withdrawn, in order, each once.
func TestWhatIsReadInWindowsIsWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := drawPlan(r)
		wrong := ""
		synctest.Test(t, func(t *testing.T) { wrong = p.play(t) })
		if wrong != "" {
			r.Fatal(wrong)
		}
	})
}

// plan is one course of things.
type plan struct {
	steps  []step
	chunk  int // bytes
	gaps   []int64
	spans  []int64
	window int64
}

type step struct {
	pause      time.Duration
	node, what int // what: 0 the node is started again; 1, 2 a message is withdrawn, with 1 without its time; else one is said
	which      int
}

func drawPlan(r *rapid.T) (p plan) {
	for range rapid.IntRange(1, 120).Draw(r, "steps") {
		p.steps = append(p.steps, step{
			pause: time.Duration(rapid.SampledFrom([]int{0, 1, 30, 900, 12_000, 45_000}).Draw(r, "pause")) * time.Millisecond,
			node:  rapid.IntRange(0, 1).Draw(r, "node"), what: rapid.IntRange(0, 16).Draw(r, "what"), which: rapid.IntRange(0, 1000).Draw(r, "which"),
		})
	}
	p.chunk = rapid.SampledFrom([]int{300, 2000, 64 << 10}).Draw(r, "chunk")
	for range 20 {
		p.gaps = append(p.gaps, rapid.SampledFrom([]int64{0, 0, 1, 5_000, 60_000}).Draw(r, "gap"))
		p.spans = append(p.spans, rapid.Int64Range(1, 40_000).Draw(r, "span"))
	}
	p.window = rapid.SampledFrom([]int64{900, 30_000, 600_000}).Draw(r, "window")
	return p
}

// play does it and says what was wrong.
func (p plan) play(t *testing.T) string {
	st := newStage(t)
	nodes, stops := make([]*replay.Service, 2), make([]func(), 2)
	start := func(n int) {
		nodes[n], stops[n] = st.node(fmt.Sprint("n", n), func(c *replay.Config) { c.ChunkBytes = p.chunk })
	}
	start(0)
	start(1)
	spend(3 * time.Second)
	var said []*chat.Message
	withdrawn := make(map[uint64]bool)
	for _, s := range p.steps {
		spend(s.pause)
		switch {
		case s.what == 0:
			stops[s.node]()
			start(s.node)
		case s.what < 3 && len(said) > 0:
			m := said[s.which%len(said)]
			withdrawn[m.Seq] = true
			when := m.Time
			if s.what == 1 {
				when = time.Time{}
			}
			nodes[s.node].Withdrawn("demo", m.Seq, when)
		default:
			said = append(said, st.say(nodes[s.node], "ann", "said"))
		}
	}
	spend(13 * time.Second)
	var spans []replay.Span
	for i, at := 0, int64(0); i < len(p.spans); i++ {
		at += p.gaps[i]
		spans = append(spans, replay.Span{Start: at, Duration: p.spans[i]})
		at += p.spans[i]
	}
	st.lib.end("r1", time.Now(), spans...)
	spend(11 * time.Second)
	defer stops[0]()
	defer stops[1]()
	var want, got []uint64
	for _, m := range said {
		if !withdrawn[m.Seq] {
			want = append(want, m.Seq)
		}
	}
	items := st.read(nodes[0], "r1", p.window)
	for i, item := range items {
		got = append(got, item.Seq)
		if i > 0 && item.At < items[i-1].At {
			return fmt.Sprintf("time goes back at %d", i)
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("read  %v\nwant  %v\nin %v", got, want, st.store.names(""))
	}
	return ""
}
