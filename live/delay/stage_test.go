package delay_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"liveroom/live/delay"
	"liveroom/live/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stage is a running stage, its public hub, and what a subscriber of stream "s" there reads.
type stage struct {
	*delay.Stage
	t   testing.TB
	hub *stream.Hub
	log strings.Builder

	mu    sync.Mutex
	begun time.Time
	seen  []string // what a viewer met, with ms since the beginning
}

// run runs f with a stage. It must be called in a bubble of virtual time.
func run(t testing.TB, cfg delay.Config, f func(*stage)) {
	s := &stage{t: t, hub: stream.NewHub(stream.Config{BacklogTime: time.Hour, GOPDuration: time.Hour}), begun: time.Now()}
	cfg.Hub = stream.Config{MaxAhead: time.Hour}
	s.Stage = delay.New(cfg, s.hub, slog.New(slog.NewTextHandler(&s.log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	sub := s.hub.Subscribe("s", stream.FLV, stream.SubscribeOptions{})
	wg.Go(func() { s.read(sub) })
	f(s)
	synctest.Wait()
	cancel()
	sub.Close()
	wg.Wait()
}

// read notes what a subscriber gets, each media tag as moment, generation and time.
func (s *stage) read(sub *stream.Subscriber) {
	for {
		tags, err := sub.Next(context.Background(), nil)
		for _, t := range tags {
			if t.Kind() != stream.Script && !t.SequenceHeader() {
				s.note("g%d %d", t.Generation(), t.Time())
			}
		}
		if errors.Is(err, stream.ErrEnded) {
			s.note("ended")
		}
		if err != nil {
			return
		}
	}
}

func (s *stage) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, fmt.Sprintf("%d ", time.Since(s.begun).Milliseconds())+fmt.Sprintf(format, args...))
}

// want compares what was seen so far.
func (s *stage) want(want ...string) {
	s.t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.seen, want) {
		s.t.Errorf("seen %q\nwant %q", s.seen, want)
	}
	s.seen = nil
}

func (s *stage) push(generation uint64, d time.Duration) *stream.Publisher {
	s.t.Helper()
	p, err := s.Publish("s", stream.PublishOptions{Generation: generation, Offset: time.Since(s.begun)}, d)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

var (
	key   = []byte{0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65}
	inter = []byte{0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x41}
	head  = []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f}
)

func send(p *stream.Publisher, ms int, payload []byte) error {
	buf := stream.NewBuffer(len(payload))
	copy(buf[stream.HeaderBytes:], payload)
	return p.Write(stream.Video, uint32(ms), buf) //nolint:gosec // small
}

// frames sends n pictures 100 ms apart, the first a keyframe, and then waits as long once more.
func (s *stage) frames(p *stream.Publisher, n int) {
	s.t.Helper()
	for i := range n {
		payload := inter
		if i == 0 {
			payload = key
		}
		if err := send(p, int(time.Since(s.begun).Milliseconds()), payload); err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func TestEachTagIsShownAsMuchLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			p := s.push(1, 3*time.Second)
			s.frames(p, 3)
			in, ok := s.Info("s")
			if !ok || in.Generation != 1 || in.Ingest.Keyframes != 1 {
				t.Errorf("pushed: %+v, %v", in, ok)
			}
			if in, ok := s.hub.Info("s"); !ok || in.Publishing {
				t.Errorf("shown before its time: %+v", in)
			}
			time.Sleep(2699 * time.Millisecond)
			s.want()
			time.Sleep(time.Second)
			s.want("3000 g1 0", "3100 g1 100", "3200 g1 200")
			if in, _ := s.hub.Info("s"); !in.Publishing || in.Relay || in.Generation != 1 {
				t.Errorf("while it is shown: %+v", in)
			}
			p.Close(stream.StopClosed)
			time.Sleep(2999 * time.Millisecond)
			if in, _ := s.hub.Info("s"); !in.Publishing {
				t.Error("over before its time")
			}
			time.Sleep(2 * time.Millisecond)
			if in, _ := s.hub.Info("s"); in.Publishing || s.Busy("s") {
				t.Error("not over in time")
			}
			if st := s.Stats(); st.Streams != 0 || st.Bytes != 0 || st.Tags != 0 || st.Early != 0 {
				t.Errorf("left: %+v", st)
			}
		})
	})
}

func TestWhatHappensStandsInLineWithTheMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			p := s.push(1, time.Second)
			s.frames(p, 2)
			s.Do("s", time.Second, func() { s.hub.Gate("s", true) })
			s.frames(p, 2) // nobody sees these
			s.Do("s", time.Second, func() { s.hub.Gate("s", false) })
			s.frames(p, 1)
			s.End("s", nil)
			s.Do("s", time.Second, func() { s.hub.End("s", nil) })
			if p.Err() == nil {
				t.Error("the push goes on after the end")
			}
			time.Sleep(time.Minute)
			s.want("1000 g1 0", "1100 g1 100", "1400 g1 400", "1500 ended")
		})
	})
}

func TestTheNextPushComesBehindTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		delay time.Duration // of the second push, which begins at 200 ms
		want  []string
	}{
		"with the same delay":   {2 * time.Second, []string{"2000 g1 0", "2100 g1 100", "2200 g2 200", "2300 g2 300"}},
		"with a smaller one":    {time.Second, []string{"2000 g1 0", "2100 g1 100", "2200 g2 200", "2300 g2 300"}},
		"with none":             {0, []string{"2000 g1 0", "2100 g1 100", "2200 g2 200", "2300 g2 300"}},
		"with a larger one":     {3 * time.Second, []string{"2000 g1 0", "2100 g1 100", "3200 g2 200", "3300 g2 300"}},
		"with the largest":      {delay.Most, []string{"2000 g1 0", "2100 g1 100", "600200 g2 200", "600300 g2 300"}},
		"in time with the last": {1900 * time.Millisecond, []string{"2000 g1 0", "2100 g1 100", "2200 g2 200", "2300 g2 300"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run(t, delay.Config{}, func(s *stage) {
					old := s.push(1, 2*time.Second)
					s.frames(old, 2)
					p := s.push(2, c.delay)
					if !errors.Is(old.Err(), stream.ErrTakenOver) {
						t.Errorf("the older one ends with %v", old.Err())
					}
					s.frames(p, 2)
					time.Sleep(2 * delay.Most)
					s.want(c.want...)
				})
			})
		})
	}
}

func TestAnOlderGenerationIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			s.push(2, time.Second)
			if _, err := s.Publish("s", stream.PublishOptions{Generation: 1}, time.Second); !errors.Is(err, stream.ErrStale) {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestPurgeShowsNothingMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			p := s.push(1, time.Second)
			s.frames(p, 11)
			time.Sleep(50 * time.Millisecond)
			s.want("1000 g1 0", "1100 g1 100")
			s.Drop("s", nil)
			s.Do("s", time.Second, func() { t.Error("what was purged happens") })
			s.Purge("s")
			if in, _ := s.hub.Info("s"); in.Publishing || s.Busy("s") {
				t.Error("something is left")
			}
			time.Sleep(time.Minute)
			s.want()
			p = s.push(2, time.Second)
			s.frames(p, 1)
			time.Sleep(time.Second)
			s.want("62150 g2 61150")
			if st := s.Stats(); st.Bytes != 0 || st.Tags != 0 {
				t.Errorf("left: %+v", st)
			}
			p.Close(stream.StopClosed)
			time.Sleep(2 * time.Second)
			if s.Busy("s") {
				t.Error("a line is left")
			}
		})
	})
}

// A push that is purged while it goes on is not shown any more, and leaves nothing.
func TestPurgeOfARunningPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			p := s.push(1, time.Second)
			s.frames(p, 3)
			s.Purge("s")
			s.frames(p, 3)
			time.Sleep(time.Minute)
			s.want()
			p.Close(stream.StopClosed)
			if st := s.Stats(); st.Streams != 0 || st.Bytes != 0 {
				t.Errorf("left: %+v", st)
			}
		})
	})
}

// Where more waits than may, the oldest goes out early, in order, and none is lost.
func TestBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 64 << 10
		run(t, delay.Config{Bytes: most}, func(s *stage) {
			p := s.push(1, time.Minute)
			want := 0
			for i := range 400 {
				payload := append(slices.Clone(inter), make([]byte, 1<<10)...)
				if i == 0 {
					payload = append(slices.Clone(key), make([]byte, 1<<10)...)
				}
				if err := send(p, 40*i, payload); err != nil {
					t.Fatal(err)
				}
				want++
				time.Sleep(40 * time.Millisecond)
				synctest.Wait()
				if st := s.Stats(); st.Bytes > most {
					t.Fatalf("%d bytes wait of %d", st.Bytes, most)
				}
			}
			if st := s.Stats(); st.Early < 300 || st.Limit != most {
				t.Errorf("early: %+v", st)
			}
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			var last int
			for i, line := range s.seen {
				var at, ms int
				if _, err := fmt.Sscanf(line, "%d g1 %d", &at, &ms); err != nil || ms != 40*i || at < last || at > ms+60_000 {
					t.Fatalf("tag %d: %s", i, line)
				}
				last = at
			}
			if len(s.seen) != want {
				t.Errorf("%d of %d tags came", len(s.seen), want)
			}
			if n := strings.Count(s.log.String(), "level=ERROR"); n != 2 {
				t.Errorf("%d alarms in 16 s: %s", n, s.log.String())
			}
		})
	})
}

// A stream that keeps more than its share is shown early itself, and no other.
func TestWhoKeepsLittleIsNotShownEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{Bytes: 64 << 10}, func(s *stage) {
			hog, err := s.Publish("other", stream.PublishOptions{Generation: 1}, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			p := s.push(1, 2*time.Second)
			for i := range 40 {
				for _, w := range []*stream.Publisher{hog, p} {
					payload := key
					if w == hog {
						payload = append(slices.Clone(key), make([]byte, 8<<10)...)
					}
					if err := send(w, 100*i, payload); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(100 * time.Millisecond)
			}
			if st := s.Stats(); st.Early < 30 {
				t.Errorf("early: %+v", st)
			}
			hog.Close(stream.StopClosed)
			time.Sleep(2 * time.Second)
			want := make([]string, 40)
			for i := range want {
				want[i] = fmt.Sprintf("%d g1 %d", 2000+100*i, 100*i)
			}
			s.want(want...)
		})
	})
}

// Headers come with the media that they belong to.
func TestHeadersAreShownWithTheirMedia(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			p := s.push(1, 2*time.Second)
			if err := send(p, 0, head); err != nil {
				t.Fatal(err)
			}
			s.frames(p, 2)
			if in, _ := s.Info("s"); in.VideoHeader == nil {
				t.Error("the push has no header")
			}
			time.Sleep(1700 * time.Millisecond)
			if in, _ := s.hub.Info("s"); in.VideoHeader != nil {
				t.Error("a header is shown before its time")
			}
			time.Sleep(200 * time.Millisecond)
			late := s.hub.Subscribe("s", stream.RTMP, stream.SubscribeOptions{})
			defer late.Close()
			tags, err := late.Next(t.Context(), nil)
			if err != nil || len(tags) < 2 || !tags[0].SequenceHeader() || !tags[1].Keyframe() || tags[0].Relayed() {
				t.Errorf("a newcomer gets %d tags, %v", len(tags), err)
			}
		})
	})
}

func TestStreamsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			long, err := s.Publish("other", stream.PublishOptions{Generation: 1}, 10*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			s.frames(long, 2)
			p := s.push(1, time.Second)
			s.frames(p, 2)
			time.Sleep(2 * time.Second)
			s.want("1200 g1 200", "1300 g1 300")
			if st := s.Stats(); st.Streams != 2 || st.Tags != 2 {
				t.Errorf("%+v", st)
			}
		})
	})
}

func TestNothingWaitsAfterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kept *stage
		var p *stream.Publisher
		run(t, delay.Config{}, func(s *stage) {
			kept = s
			p = s.push(1, time.Minute)
			s.frames(p, 3)
		})
		kept.frames(p, 3)
		p.Close(stream.StopLost)
		kept.Purge("s")
		if st := kept.Stats(); st.Bytes != 0 || st.Tags != 0 {
			t.Errorf("left: %+v", st)
		}
	})
}

// The rest is what all that was pushed is late by, whichever push it came with.
func TestRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, delay.Config{}, func(s *stage) {
			want := func(d time.Duration) {
				t.Helper()
				synctest.Wait()
				if got := s.Rest("s"); got != d {
					t.Errorf("after %v the rest is %v, want %v", time.Since(s.begun), got, d)
				}
			}
			want(0)
			p := s.push(1, 5*time.Second)
			s.frames(p, 10)
			p.Close(stream.StopClosed)
			want(5 * time.Second)
			time.Sleep(time.Second)
			p = s.push(2, 0)
			s.frames(p, 1)
			p.Close(stream.StopClosed)
			want(4 * time.Second)
			time.Sleep(5 * time.Second)
			want(0)
		})
	})
}
