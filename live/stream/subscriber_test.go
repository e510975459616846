package stream

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlowSubscriberLosesWholeGOPs(t *testing.T) {
	h := NewHub(Config{BacklogTime: 2 * time.Second})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	begin(t, p)
	gop(t, p, 0, 1)
	tags, _ := must(t, s)
	wantLetters(t, "at first", tags, "MVAKava")
	for ts := uint32(80); ts < 8080; ts += 80 {
		gop(t, p, ts, 1)
	}
	tags, breaks := must(t, s)
	wantLetters(t, "after falling behind", tags, "Kava") // no headers: it has them
	if !slices.Equal(breaks, []int{0}) || tags[0].Time() != 8000 {
		t.Errorf("breaks at %v, goes on at %d", breaks, tags[0].Time())
	}
	if lost := s.Lost(); lost.Overflows != 1 || lost.Tags != 99*4 {
		t.Errorf("lost %+v", lost)
	}
	if st := h.Stats(); st.Overflows != 1 || st.DroppedOverflow != 99*4 {
		t.Errorf("stats %+v", st)
	}
	gop(t, p, 8080, 1)
	tags, breaks = must(t, s)
	wantLetters(t, "caught up", tags, "Kava")
	if len(breaks) != 0 {
		t.Errorf("breaks at %v", breaks)
	}
}

func TestSlowSubscriberGetsHeadersThatChanged(t *testing.T) {
	h := NewHub(Config{BacklogBytes: 3000})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	begin(t, p)
	gop(t, p, 0, 1)
	must(t, s)
	write(t, p, Video, 80, avcHeader2)
	for ts := uint32(80); ts < 1000; ts += 80 {
		gop(t, p, ts, 1)
	}
	tags, _ := must(t, s)
	wantLetters(t, "after falling behind", tags, "VKava")
}

func TestRepeatedlySlowSubscriberIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{BacklogBytes: 3000, MaxOverflows: 2, OverflowWindow: time.Minute})
		p := publish(t, h, "x", PublishOptions{})
		defer p.Close(StopClosed)
		s := h.Subscribe("x", FLV, SubscribeOptions{})
		defer s.Close()
		ts := uint32(0)
		overflow := func() error {
			for range 20 {
				gop(t, p, ts, 1)
				ts += 80
			}
			_, _, err := drain(t, s)
			return err
		}
		gop(t, p, ts, 1)
		must(t, s)
		for i := range 6 { // each is forgiven in time
			if err := overflow(); err != nil {
				t.Fatalf("overflow %d: %v", i, err)
			}
			time.Sleep(61 * time.Second) // the bubble's clock
		}
		for i := range 2 {
			if err := overflow(); err != nil {
				t.Fatalf("quick overflow %d: %v", i, err)
			}
		}
		if err := overflow(); !errors.Is(err, ErrSlow) {
			t.Errorf("error %v", err)
		}
		if _, err := s.Next(t.Context(), nil); !errors.Is(err, ErrSlow) {
			t.Errorf("the next call: %v", err)
		}
		if st := h.Stats(); st.ClosedSlow != 1 || st.Subscribers != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestLogStaysWithinItsBounds(t *testing.T) {
	tests := []struct {
		name  string
		cfg   Config
		write func(p *Publisher, ts uint32)
		most  int
	}{
		{"no keyframes after the first", Config{GOPBytes: 50_000, BacklogBytes: 20_000}, func(p *Publisher, ts uint32) {
			write(t, p, Video, ts, interframe)
		}, 51_000},
		{"tiny tags", Config{GOPBytes: 20_000, BacklogBytes: 20_000}, func(p *Publisher, ts uint32) {
			write(t, p, Script, ts, []byte{2})
		}, 21_000},
		{"a keyframe each", Config{BacklogBytes: 20_000}, func(p *Publisher, ts uint32) {
			write(t, p, Video, ts, keyframe)
		}, 21_000},
		{"by time", Config{BacklogTime: time.Second}, func(p *Publisher, ts uint32) {
			write(t, p, Video, ts, keyframe)
		}, 30 * 300},
		{"by the GOP's time", Config{GOPDuration: time.Second, BacklogTime: time.Second}, func(p *Publisher, ts uint32) {
			write(t, p, Video, ts, interframe)
		}, 30 * 300},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.MaxAhead = time.Hour // it sends without waiting
			h := NewHub(tt.cfg)
			p := publish(t, h, "x", PublishOptions{})
			defer p.Close(StopClosed)
			write(t, p, Video, 0, keyframe)
			for i := range uint32(2000) {
				tt.write(p, i*40)
				if n := h.feeds["x"].log.bytes; n > tt.most {
					t.Fatalf("after %d tags the log holds %d bytes", i, n)
				}
			}
			if n := len(h.feeds["x"].log.ring); n > 512 {
				t.Errorf("the ring has %d places", n)
			}
		})
	}
}

func TestJoinerOfATooLongGOPWaitsForTheNextKeyframe(t *testing.T) {
	h := NewHub(Config{GOPDuration: time.Second})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 100)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	if tags, _ := must(t, s); len(tags) != 0 {
		t.Errorf("got %q", letters(tags))
	}
	gop(t, p, 4040, 0)
	tags, _ := must(t, s)
	wantLetters(t, "at the keyframe", tags, "MVAKa")
}

func TestBatchesAreBounded(t *testing.T) {
	h := NewHub(Config{BatchBytes: 500}) // twice as much
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	write(t, p, Video, 0, append(slices.Clone(keyframe), make([]byte, 5000)...))
	for ts := range uint32(20) {
		write(t, p, Video, ts, append(slices.Clone(interframe), make([]byte, 300)...))
	}
	var sizes []int
	total := 0
	for total < 21 {
		tags := next(t, s)
		size := 0
		for _, tag := range tags {
			size += len(tag.FLV())
		}
		sizes = append(sizes, len(tags))
		total += len(tags)
		if size > 1000 && len(tags) > 1 {
			t.Errorf("a batch of %d tags has %d bytes", len(tags), size)
		}
	}
	if want := []int{1, 3, 3, 3, 3, 3, 3, 2}; !slices.Equal(sizes, want) {
		t.Errorf("batches of %v tags, want %v", sizes, want)
	}
}

func TestNextWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{})
		p := publish(t, h, "x", PublishOptions{})
		defer p.Close(StopClosed)
		s := h.Subscribe("x", FLV, SubscribeOptions{})
		results := make(chan error)
		read := func(ctx context.Context) {
			go func() {
				tags, err := s.Next(ctx, nil)
				if err == nil && len(tags) == 0 {
					err = errors.New("no tags")
				}
				results <- err
			}()
			synctest.Wait()
		}
		read(t.Context())
		write(t, p, Video, 0, keyframe)
		if err := <-results; err != nil {
			t.Errorf("woken by a tag: %v", err)
		}
		cause := errors.New("my cause")
		ctx, cancel := context.WithCancelCause(t.Context())
		read(ctx)
		cancel(cause)
		if err := <-results; !errors.Is(err, cause) {
			t.Errorf("cancelled: %v", err)
		}
		read(t.Context())
		s.Close()
		if err := <-results; !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{})
		p := publish(t, h, "x", PublishOptions{})
		defer p.Close(StopClosed)
		s := h.Subscribe("x", FLV, SubscribeOptions{})
		defer s.Close()
		s.SetIdle(10 * time.Second)
		began := time.Now()
		idle := func(want time.Duration) {
			t.Helper()
			if _, err := s.Next(t.Context(), nil); !errors.Is(err, ErrIdle) {
				t.Fatalf("error %v", err)
			}
			if got := time.Since(began); got != want {
				t.Errorf("idle after %v, want %v", got, want)
			}
		}
		idle(10 * time.Second)
		idle(20 * time.Second)
		time.Sleep(4 * time.Second)
		write(t, p, Video, 0, keyframe)
		next(t, s)
		idle(34 * time.Second)
		for i := range uint32(30) { // while tags flow it never is
			time.Sleep(time.Second)
			write(t, p, Video, 34000+i*1000, keyframe)
			if _, err := s.Next(t.Context(), nil); err != nil {
				t.Fatalf("second %d: %v", i, err)
			}
		}
		idle(74 * time.Second)
		s.SetIdle(time.Second) // holds at once, although a timer for the old time may run
		idle(75 * time.Second)
		write(t, p, Video, 75000, keyframe)
		next(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := s.Next(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v", err)
		}
		s.SetIdle(100 * time.Millisecond)
		idle(75*time.Second + 100*time.Millisecond)
	})
}

func TestManyViewersGetMergedBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{MergeFrom: 1, MergeFull: 2, MergeWindow: 50 * time.Millisecond, BatchBytes: 10_000})
		p := publish(t, h, "x", PublishOptions{})
		defer p.Close(StopClosed)
		one := h.Subscribe("x", FLV, SubscribeOptions{})
		defer one.Close()
		read := func(s *Subscriber, want string, after time.Duration) {
			t.Helper()
			began := time.Now()
			wantLetters(t, "batch", next(t, s), want)
			if got := time.Since(began); got != after {
				t.Errorf("%q came after %v, want %v", want, got, after)
			}
		}
		write(t, p, Video, 0, keyframe)
		read(one, "K", 0)
		two := h.Subscribe("x", FLV, SubscribeOptions{})
		defer two.Close()
		read(two, "K", 0)
		time.Sleep(10 * time.Millisecond)
		write(t, p, Video, 10, interframe)
		write(t, p, Audio, 10, audioFrame)
		time.Sleep(10 * time.Millisecond)
		write(t, p, Video, 20, interframe)
		read(one, "vav", 40*time.Millisecond) // the next picture did not come in time
		read(two, "vav", 0)
		write(t, p, Video, 60, append(slices.Clone(keyframe), make([]byte, 10_000)...))
		read(one, "K", 0) // enough for a good write
		write(t, p, Video, 70, interframe)
		p.Close(StopClosed)
		read(two, "Kv", 0) // the end waits for nothing
	})
}

// Tags leave with a picture after which the next would come too late: the newest picture waits least.
func TestMergedBatchesEndWithAPicture(t *testing.T) {
	for _, c := range []struct {
		name string
		fps  int
		full int    // viewers that fill the window, of whom there are three
		want string // letters of the batches
	}{
		{"30 fps", 30, 1, "avavav"},
		{"25 fps", 25, 1, "avav"},
		{"60 fps", 60, 1, "avavavavav"},
		{"a window shorter than a picture", 30, 100, "av"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := NewHub(Config{MergeFrom: 1, MergeFull: c.full})
				p := publish(t, h, "x", PublishOptions{})
				defer p.Close(StopClosed)
				for range 2 {
					s := h.Subscribe("x", FLV, SubscribeOptions{})
					defer s.Close()
				}
				s := h.Subscribe("x", FLV, SubscribeOptions{})
				defer s.Close()
				var wg sync.WaitGroup
				defer wg.Wait()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				wg.Go(func() {
					tick := time.Second / time.Duration(c.fps)
					frame := keyframe
					for ts := uint32(0); ctx.Err() == nil; ts += uint32(tick / time.Millisecond) {
						time.Sleep(tick / 2)
						write(t, p, Audio, ts, audioFrame)
						time.Sleep(tick - tick/2)
						write(t, p, Video, ts, frame)
						frame = interframe
					}
				})
				for range 4 { // until the beat is known
					next(t, s)
				}
				for range 5 {
					wantLetters(t, "batch", next(t, s), c.want)
				}
			})
		})
	}
}

// Whoever comes while tags wait for others gets them at once, and none of them twice.
func TestNewcomersDoNotWaitForMergedWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{MergeFrom: 1, MergeFull: 1, MergeWindow: 50 * time.Millisecond})
		p := publish(t, h, "x", PublishOptions{})
		defer p.Close(StopClosed)
		for range 2 {
			s := h.Subscribe("x", FLV, SubscribeOptions{})
			defer s.Close()
		}
		write(t, p, Video, 0, keyframe)
		write(t, p, Audio, 5, audioFrame)
		s := h.Subscribe("x", FLV, SubscribeOptions{})
		defer s.Close()
		began := time.Now()
		wantLetters(t, "first", next(t, s), "Ka")
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %v for the first picture", waited)
		}
		write(t, p, Audio, 10, audioFrame)
		wantLetters(t, "second", next(t, s), "a")
	})
}

func TestMergeWindowGrowsWithViewers(t *testing.T) {
	cfg := Config{MergeFrom: 100, MergeFull: 1100, RestWindow: 40 * time.Millisecond}.withDefaults()
	for viewers, want := range map[int]time.Duration{
		0: 0, 100: 0, 600: 45 * time.Millisecond, 1100: 90 * time.Millisecond, 5000: 90 * time.Millisecond,
	} {
		if got := cfg.window(viewers, false); got != want {
			t.Errorf("%d viewers: %v, want %v", viewers, got, want)
		}
		if got := cfg.window(viewers, true); got != 40*time.Millisecond {
			t.Errorf("unwatched beside %d viewers: %v", viewers, got)
		}
	}
}

// Publishers take over from each other, the gate moves, subscribers come and go: what everybody reads stays in order.
func TestEverythingAtOnce(t *testing.T) {
	h := NewHub(Config{MergeFrom: 4, MergeFull: 16, MergeWindow: time.Millisecond, BacklogBytes: 20_000})
	ctx, cancel := context.WithCancel(t.Context())
	var readers, writers sync.WaitGroup
	for i := range 16 {
		readers.Go(func() {
			for ctx.Err() == nil {
				s := h.Subscribe("x", FLV, SubscribeOptions{})
				checkOrder(t, ctx, s, 200*(i+1))
				s.Close()
			}
		})
	}
	readers.Go(func() {
		for closed := true; ctx.Err() == nil; closed = !closed {
			h.Gate("x", closed)
			h.Info("x")
			h.Stats()
		}
		h.Gate("x", false)
	})
	for w := range 2 {
		writers.Go(func() {
			for round := range 20 {
				p, err := h.Publish("x", PublishOptions{Generation: uint64(round), Offset: time.Duration(round) * time.Second})
				if errors.Is(err, ErrStale) {
					continue
				}
				for i := range uint32(200) {
					payload := interframe
					if i%20 == 0 {
						payload = keyframe
					}
					buf := NewBuffer(len(payload))
					copy(buf[HeaderBytes:], payload)
					if p.Write(Video, i*10, buf) != nil {
						break
					}
				}
				if w == 0 {
					p.Close(StopLost)
				}
			}
		})
	}
	writers.Wait()
	cancel()
	h.End("x", nil)
	readers.Wait()
	if st := h.Stats(); st.Streams != 0 || st.Subscribers != 0 || st.Publishers != 0 {
		t.Errorf("left: %+v", st)
	}
}

// checkOrder reads that many tags and holds that time never goes back and no GOP begins in its middle.
func checkOrder(t *testing.T, ctx context.Context, s *Subscriber, tags int) {
	var buf []*Tag
	var err error
	last, gen, first := int64(-1), uint64(0), true
	for tags > 0 {
		if buf, err = s.Next(ctx, buf); err != nil {
			if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrEnded) && !errors.Is(err, ErrSlow) {
				t.Errorf("next: %v", err)
			}
			return
		}
		if (first || s.Discontinuity()) && strings.Trim(letters(buf), "MVA")[0] != 'K' {
			t.Errorf("starts with %q", letters(buf))
		}
		first = false
		for _, tag := range buf {
			if tag.Time() < last || tag.Generation() < gen {
				t.Errorf("went from %d (generation %d) to %d (%d)", last, gen, tag.Time(), tag.Generation())
			}
			last, gen = tag.Time(), tag.Generation()
		}
		tags -= len(buf)
	}
}
