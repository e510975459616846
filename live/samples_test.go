package live_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// onRunningNode runs a test on a node with the room r1, in virtual time.
func onRunningNode(t *testing.T, run func(t *testing.T, f *fixture)) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.create(live.Draft{ID: "r1"})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = f.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		synctest.Wait()
		run(t, f)
	})
}

// stream pushes a picture of 1,000 bytes a second that is a keyframe each two seconds, as a push that began at from.
func (f *fixture) stream(p *live.Push, from time.Time, seconds int) {
	f.t.Helper()
	payload := make([]byte, 1_000)
	for range seconds {
		ms := time.Since(from).Milliseconds()
		copy(payload, "\x27\x01\x00\x00\x00")
		if ms/1000%2 == 0 {
			payload[0] = '\x17'
		}
		send(f.t, p, stream.Video, uint32(ms), string(payload))
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

func (f *fixture) samples(over time.Duration) []live.Sample {
	f.t.Helper()
	in, err := f.Ingest(f.t.Context(), "r1", over)
	if err != nil {
		f.t.Fatal(err)
	}
	return in.Samples
}

func TestAPushIsSampled(t *testing.T) {
	onRunningNode(t, func(t *testing.T, f *fixture) {
		if got := f.samples(live.SampledFor); len(got) != 0 {
			t.Errorf("before a push: %v", got)
		}
		begun := time.Now()
		p := f.push("r1")
		defer p.Close(stream.StopClosed)
		f.stream(p, begun, 61)
		got := f.samples(live.SampledFor)
		if len(got) != 12 {
			t.Fatalf("%d samples of a minute", len(got))
		}
		for i, s := range got[1:] {
			if s.At.Sub(got[i].At) != 5*time.Second || s.BitsPerSecond < 7_000 || s.BitsPerSecond > 9_000 || s.VideoBitsPerSecond != s.BitsPerSecond ||
				s.FramesPerSecond < 0.9 || s.FramesPerSecond > 1.1 || i > 1 && s.KeyframeInterval != 2*time.Second || s.Repaired != 0 {
				t.Errorf("%+v", s)
			}
		}
		if in := f.ingest("r1"); in.Samples != nil {
			t.Errorf("nobody asked for %d", len(in.Samples))
		}
		f.stream(p, begun, 20*60)
		got = f.samples(time.Hour)
		if len(got) != 180 || time.Since(got[0].At) > live.SampledFor || time.Since(got[179].At) > 5*time.Second {
			t.Errorf("%d samples of 20 minutes, from %v to %v ago", len(got), time.Since(got[0].At), time.Since(got[len(got)-1].At))
		}
		if got := f.samples(time.Minute); len(got) != 12 || time.Since(got[0].At) > time.Minute {
			t.Errorf("%d of the last minute", len(got))
		}
	})
}

func TestSamplesOutliveReconnectsNotTheSession(t *testing.T) {
	onRunningNode(t, func(t *testing.T, f *fixture) {
		begun := time.Now()
		p := f.push("r1")
		f.stream(p, begun, 21)
		p.Close(stream.StopLost)
		if got := f.samples(live.SampledFor); len(got) != 4 {
			t.Errorf("%d samples when the push was lost", len(got))
		}
		time.Sleep(30 * time.Second)
		begun = time.Now()
		p = f.push("r1")
		f.stream(p, begun, 10)
		send(t, p, stream.Video, 500, "\x27\x01\x00\x00\x00back") // its clock began anew
		f.stream(p, begun, 11)
		got := f.samples(live.SampledFor)
		if len(got) != 8 || got[4].At.Sub(got[3].At) < 30*time.Second {
			t.Fatalf("%d samples of both pushes: %+v", len(got), got)
		}
		repaired := uint64(0)
		for _, s := range got {
			repaired += s.Repaired
		}
		if in := f.ingest("r1"); repaired == 0 || repaired != in.Repaired {
			t.Errorf("%d repaired in samples, %d in the push", repaired, in.Repaired)
		}
		p.Close(stream.StopLost)
		if _, err := f.End(t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
			t.Fatal(err)
		}
		if got := f.samples(live.SampledFor); len(got) != 0 {
			t.Errorf("%d samples after the end", len(got))
		}
		if _, err := f.Reopen(t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
			t.Fatal(err)
		}
		begun = time.Now()
		p = f.push("r1")
		defer p.Close(stream.StopClosed)
		f.stream(p, begun, 6)
		if got := f.samples(live.SampledFor); len(got) != 1 {
			t.Errorf("%d samples of the new session", len(got))
		}
	})
}

// A node keeps no samples of a session that goes on elsewhere for longer than anybody may ask for them.
func TestSamplesOfAPushThatMoved(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r1"})
		begun := time.Now()
		p := a.push("r1")
		a.stream(p, begun, 11)
		p.Close(stream.StopLost)
		begun = time.Now()
		p = b.push("r1")
		defer p.Close(stream.StopClosed)
		b.stream(p, begun, 11)
		if x, y := a.samples(live.SampledFor), b.samples(live.SampledFor); len(x) == 0 || len(x) > 2 || len(y) == 0 || len(y) > 2 {
			t.Errorf("%d and %d samples", len(x), len(y))
		}
		b.stream(p, begun, 15*60)
		// Where its lease is renewed in the same moment, the room is left out.
		if x, y := a.samples(live.SampledFor), b.samples(live.SampledFor); len(x) != 0 || len(y) < 120 {
			t.Errorf("%d and %d samples a quarter of an hour later", len(x), len(y))
		}
	})
}
