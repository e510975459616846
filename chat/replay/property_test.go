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
		synctest.Test(t, func(t *testing.T) {
			st := newStage(t)
			small := func(c *replay.Config) { c.ChunkBytes = rapid.SampledFrom([]int{300, 2000, 64 << 10}).Draw(r, "chunk") }
			nodes := make([]*replay.Service, 2)
			stops := make([]func(), 2)
			start := func(n int) { nodes[n], stops[n] = st.node(fmt.Sprint("n", n), small) }
			start(0)
			start(1)
			spend(3 * time.Second)
			var said []*chat.Message
			withdrawn := make(map[uint64]bool)
			for step := range rapid.IntRange(1, 120).Draw(r, "steps") {
				spend(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 900, 12_000, 45_000}).Draw(r, "pause")) * time.Millisecond)
				n := rapid.IntRange(0, 1).Draw(r, "node")
				switch what := rapid.IntRange(0, 20).Draw(r, "what"); {
				case what == 0:
					stops[n]()
					start(n)
				case what < 4 && len(said) > 0:
					m := rapid.SampledFrom(said).Draw(r, "withdrawn")
					withdrawn[m.Seq] = true
					when := m.Time
					if what == 1 {
						when = time.Time{}
					}
					nodes[n].Withdrawn("demo", m.Seq, when)
				default:
					said = append(said, st.say(nodes[n], "ann", fmt.Sprint("m", step)))
				}
			}
			spend(13 * time.Second)
			var spans []replay.Span
			for at := int64(0); at < time.Since(st.zero).Milliseconds(); {
				at += rapid.SampledFrom([]int64{0, 0, 1, 5_000, 60_000}).Draw(r, "gap")
				spans = append(spans, replay.Span{Start: at, Duration: rapid.Int64Range(1, 40_000).Draw(r, "span")})
				at += spans[len(spans)-1].Duration
			}
			st.lib.end("r1", time.Now(), spans...)
			spend(11 * time.Second)
			var want []string
			for _, m := range said {
				if !withdrawn[m.Seq] {
					want = append(want, fmt.Sprint(m.Seq))
				}
			}
			items := st.read(nodes[0], "r1", rapid.SampledFrom([]int64{900, 30_000, 600_000}).Draw(r, "window"))
			var got []string
			for i, item := range items {
				got = append(got, fmt.Sprint(item.Seq))
				if i > 0 && item.At < items[i-1].At {
					r.Fatalf("time goes back at %d", i)
				}
			}
			if !slices.Equal(got, want) {
				r.Fatalf("read  %v\nwant  %v\nin %v", got, want, st.store.names(""))
			}
			stops[0]()
			stops[1]()
		})
	})
}
