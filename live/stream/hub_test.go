package stream

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestLateJoinerStartsAtTheNewestKeyframe(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{Generation: 1, Offset: 10 * time.Second})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 2)
	gop(t, p, 120, 1)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	tags, breaks := must(t, s)
	wantLetters(t, "joiner", tags, "MVAKava")
	if len(breaks) != 0 {
		t.Errorf("breaks at %v", breaks)
	}
	for i, want := range []int64{0, 10120, 10120, 10120, 10120, 10160, 10160} {
		if tags[i].Time() != want {
			t.Errorf("tag %d is at %d, want %d", i, tags[i].Time(), want)
		}
	}
	again := h.Subscribe("x", FLV, SubscribeOptions{})
	defer again.Close()
	if others, _ := must(t, again); !slices.Equal(others, tags) {
		t.Error("a second joiner does not share the first one's tags")
	}
}

func TestSubscriberBeforeThePublisherGetsEverything(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 1)
	tags, _ := must(t, s)
	wantLetters(t, "first", tags, "MVAKava")
	gop(t, p, 80, 0)
	tags, breaks := must(t, s)
	wantLetters(t, "second", tags, "Ka")
	if len(breaks) != 0 {
		t.Errorf("breaks at %v", breaks)
	}
}

func TestShortStreamReachesWhoWasThere(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	begin(t, p)
	gop(t, p, 0, 0)
	p.Close(StopClosed)
	late := h.Subscribe("x", FLV, SubscribeOptions{})
	defer late.Close()
	h.End("x", nil)
	tags, _, err := drain(t, s)
	wantLetters(t, "who was there", tags, "MVAKa")
	if !errors.Is(err, ErrEnded) {
		t.Errorf("error %v", err)
	}
	tags, _, err = drain(t, late)
	if len(tags) != 0 || !errors.Is(err, ErrEnded) {
		t.Errorf("who came after the publisher went got %q, %v", letters(tags), err)
	}
}

func TestMediaBeforeTheFirstKeyframeIsDropped(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	begin(t, p)
	write(t, p, Video, 0, interframe)
	write(t, p, Audio, 0, audioFrame)
	gop(t, p, 40, 0)
	tags, _ := must(t, s)
	wantLetters(t, "subscriber", tags, "MVAKa")
	if got := h.Stats().DroppedBeforeKeyframe; got != 2 {
		t.Errorf("%d dropped", got)
	}
}

func TestAudioOnly(t *testing.T) {
	h := NewHub(Config{AudioCache: 100 * time.Millisecond})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Audio, 0, aacHeader)
	for ts := range uint32(20) {
		write(t, p, Audio, ts*20, audioFrame)
	}
	tags, _ := must(t, s)
	wantLetters(t, "from the start", tags, "A"+string(slices.Repeat([]byte{'a'}, 20)))
	late := h.Subscribe("x", FLV, SubscribeOptions{})
	defer late.Close()
	tags, _ = must(t, late)
	wantLetters(t, "late", tags, "Aaaaaa") // from 300 on
	if tags[1].Time() != 300 {
		t.Errorf("late joiner starts at %d", tags[1].Time())
	}
}

func TestVideoOnly(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Video, 0, avcHeader)
	write(t, p, Video, 0, keyframe)
	write(t, p, Video, 40, interframe)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	tags, _ := must(t, s)
	wantLetters(t, "joiner", tags, "VKv")
}

func TestSoundGoesOnWhenTheCameraStops(t *testing.T) {
	h := NewHub(Config{GOPDuration: time.Second})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 1)
	for ts := uint32(60); ts < 1400; ts += 20 {
		write(t, p, Audio, ts, audioFrame)
	}
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	tags, _ := must(t, s)
	if len(tags) < 4 || letters(tags[:4]) != "MVAa" {
		t.Errorf("joiner got %q", letters(tags))
	}
}

func TestHeadersMayChange(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 0)
	begin(t, p) // a repetition is dropped
	write(t, p, Video, 40, avcHeader2)
	gop(t, p, 40, 0)
	tags, _ := must(t, s)
	wantLetters(t, "subscriber", tags, "MVAKaVKa")
	late := h.Subscribe("x", FLV, SubscribeOptions{})
	defer late.Close()
	tags, _ = must(t, late)
	wantLetters(t, "joiner", tags, "MVAKa")
	if string(tags[1].Payload()) != string(avcHeader2) {
		t.Error("the joiner got the old header")
	}
}

func TestTakeover(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	first := publish(t, h, "x", PublishOptions{Generation: 1})
	begin(t, first)
	gop(t, first, 0, 1)
	second := publish(t, h, "x", PublishOptions{Generation: 2, Offset: 30 * time.Millisecond})
	defer second.Close(StopClosed)
	select {
	case <-first.Done():
	default:
		t.Error("the first publisher is not done")
	}
	if err := first.Write(Video, 80, NewBuffer(1)); !errors.Is(err, ErrTakenOver) || !errors.Is(first.Err(), ErrTakenOver) {
		t.Errorf("write by the first: %v", err)
	}
	if _, err := h.Publish("x", PublishOptions{Generation: 1}); !errors.Is(err, ErrStale) {
		t.Errorf("an older publisher: %v", err)
	}
	joiner := h.Subscribe("x", FLV, SubscribeOptions{})
	defer joiner.Close()
	if tags, _ := must(t, joiner); len(tags) != 0 {
		t.Errorf("a joiner before the keyframe got %q", letters(tags))
	}
	begin(t, second)
	gop(t, second, 5000, 0)
	tags, breaks := must(t, s)
	wantLetters(t, "subscriber", tags, "MVAKavaMVAKa")
	if !slices.Equal(breaks, []int{7}) {
		t.Errorf("breaks at %v", breaks)
	}
	if tags[7].Generation() != 2 || tags[10].Time() != 41 {
		t.Errorf("generation %d, keyframe at %d", tags[7].Generation(), tags[10].Time())
	}
	tags, breaks = must(t, joiner)
	wantLetters(t, "joiner", tags, "MVAKa")
	if len(breaks) != 0 {
		t.Errorf("joiner's breaks at %v", breaks)
	}
	first.Close(StopLost)
	if in, ok := h.Info("x"); !ok || !in.Publishing || in.Generation != 2 {
		t.Errorf("after the first closed late: %+v", in)
	}
	if first.Reason() != "" {
		t.Errorf("reason %q", first.Reason())
	}
}

func TestDropKeepsSubscribers(t *testing.T) {
	h := NewHub(Config{})
	h.Drop("x", nil)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{Generation: 1})
	cause := errors.New("an operator did it")
	h.Drop("x", cause)
	<-p.Done()
	if err := p.Write(Audio, 0, NewBuffer(2)); !errors.Is(err, cause) {
		t.Errorf("write: %v", err)
	}
	p = publish(t, h, "x", PublishOptions{Generation: 2})
	gop(t, p, 0, 0)
	tags, _ := must(t, s)
	wantLetters(t, "subscriber", tags, "Ka")
	h.Drop("x", nil)
	if !errors.Is(p.Err(), ErrDropped) {
		t.Errorf("error %v", p.Err())
	}
}

func TestEndClosesSubscribersAfterTheyRead(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{Generation: 3, Offset: time.Hour})
	begin(t, p)
	gop(t, p, 0, 1)
	h.End("x", nil)
	if err := p.Err(); !errors.Is(err, ErrEnded) {
		t.Errorf("publisher: %v", err)
	}
	tags, _, err := drain(t, s)
	wantLetters(t, "subscriber", tags, "MVAKava")
	if !errors.Is(err, ErrEnded) {
		t.Errorf("subscriber: %v", err)
	}
	p.Close(StopClosed)
	if _, err := h.Publish("x", PublishOptions{Generation: 2}); !errors.Is(err, ErrStale) {
		t.Errorf("an older generation after the end: %v", err)
	}
	p = publish(t, h, "x", PublishOptions{Generation: 4})
	defer p.Close(StopClosed)
	gop(t, p, 0, 0)
	if in, _ := h.Info("x"); in.LastTime != 0 {
		t.Errorf("a new session starts at %d", in.LastTime)
	}
}

func TestForgetLetsGenerationsBeginAnew(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{Generation: 3, Offset: time.Hour})
	gop(t, p, 0, 0)
	h.Gate("x", true)
	h.Forget("x", nil)
	if err := p.Err(); !errors.Is(err, ErrEnded) {
		t.Errorf("publisher: %v", err)
	}
	if _, _, err := drain(t, s); !errors.Is(err, ErrEnded) {
		t.Errorf("subscriber: %v", err)
	}
	p.Close(StopClosed) // its goodbye must not bring back what is forgotten
	publish(t, h, "x", PublishOptions{Generation: 2}).Close(StopClosed)
	h.Forget("x", nil) // nobody there
	p = publish(t, h, "x", PublishOptions{Generation: 1})
	defer p.Close(StopClosed)
	gop(t, p, 0, 0)
	if in, _ := h.Info("x"); in.LastTime != 0 || in.Gated || in.Generation != 1 {
		t.Errorf("info %+v", in)
	}
}

// Whatever happens to a stream while a subscriber waits, it is woken: a wake-up lost is a viewer that hangs for ever.
func TestWaitingSubscriberSurvivesEverything(t *testing.T) {
	events := map[string]func(h *Hub, p *Publisher){
		"nothing":        func(*Hub, *Publisher) {},
		"drop":           func(h *Hub, _ *Publisher) { h.Drop("x", nil) },
		"close":          func(_ *Hub, p *Publisher) { p.Close(StopLost) },
		"gate":           func(h *Hub, _ *Publisher) { h.Gate("x", true); h.Gate("x", false) },
		"takeover":       func(h *Hub, _ *Publisher) { _, _ = h.Publish("x", PublishOptions{Generation: 2}) },
		"gated takeover": func(h *Hub, _ *Publisher) { _, _ = h.Publish("x", PublishOptions{Generation: 2, Gated: true}) },
		"gated push": func(h *Hub, p *Publisher) {
			p.Close(StopLost)
			_, _ = h.Publish("x", PublishOptions{Generation: 2, Gated: true})
		},
		"refused push": func(h *Hub, _ *Publisher) { _, _ = h.Publish("x", PublishOptions{Generation: 0}) },
	}
	for name, event := range events {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := NewHub(Config{})
				s := h.Subscribe("x", FLV, SubscribeOptions{})
				defer s.Close()
				p := publish(t, h, "x", PublishOptions{Generation: 1})
				gop(t, p, 0, 0)
				must(t, s)
				var err error
				read := make(chan []*Tag)
				go func() {
					defer close(read)
					var tags []*Tag
					for err == nil {
						if tags, err = s.Next(t.Context(), nil); err == nil {
							read <- tags
						}
					}
				}()
				synctest.Wait()
				event(h, p)
				synctest.Wait()
				h.Gate("x", false)
				last := publish(t, h, "x", PublishOptions{Generation: 3})
				gop(t, last, 0, 0)
				var tags []*Tag
				for len(tags) < 2 {
					tags = append(tags, <-read...)
				}
				wantLetters(t, "after "+name, tags, "Ka")
				synctest.Wait()
				h.End("x", nil)
				if _, open := <-read; open || !errors.Is(err, ErrEnded) {
					t.Errorf("at the end: %v", err)
				}
			})
		})
	}
}

func TestTimeAndGenerationOutliveTheStream(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{Generation: 7})
	gop(t, p, 0, 0)
	gop(t, p, 4000, 0)
	p.Close(StopLost)
	if st := h.Stats(); st.Streams != 0 || st.Remembered != 1 || st.Publishers != 0 {
		t.Errorf("stats %+v", st)
	}
	if _, ok := h.Info("x"); ok {
		t.Error("the stream is still there")
	}
	if _, err := h.Publish("x", PublishOptions{Generation: 6}); !errors.Is(err, ErrStale) {
		t.Errorf("an older generation: %v", err)
	}
	p = publish(t, h, "x", PublishOptions{Generation: 8, Offset: time.Second})
	defer p.Close(StopClosed)
	gop(t, p, 0, 0)
	if in, _ := h.Info("x"); in.LastTime != 4001 {
		t.Errorf("starts at %d", in.LastTime)
	}
}

// TestGenerationsBeginAnewInALaterEpoch is about a room that the store had forgotten.
func TestGenerationsBeginAnewInALaterEpoch(t *testing.T) {
	h := NewHub(Config{})
	publish(t, h, "x", PublishOptions{Epoch: "01B", Generation: 7}).Close(StopClosed)
	if _, err := h.Publish("x", PublishOptions{Epoch: "01A", Generation: 8}); !errors.Is(err, ErrStale) {
		t.Errorf("an older epoch: %v", err)
	}
	h.End("x", nil)
	old := publish(t, h, "x", PublishOptions{Epoch: "01C", Generation: 1})
	p := publish(t, h, "x", PublishOptions{Epoch: "01C", Generation: 2})
	defer p.Close(StopClosed)
	if !errors.Is(old.Err(), ErrTakenOver) {
		t.Errorf("the push before: %v", old.Err())
	}
	for _, o := range []PublishOptions{{Epoch: "01C", Generation: 1}, {Epoch: "01B", Generation: 9}} {
		if _, err := h.Publish("x", o); !errors.Is(err, ErrStale) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{Remembered: 10, RememberedFor: time.Hour})
		for i := range 25 {
			p := publish(t, h, fmt.Sprint(i), PublishOptions{Generation: 5})
			p.Close(StopClosed)
		}
		if n := h.Stats().Remembered; n != 10 {
			t.Errorf("%d remembered", n)
		}
		if _, err := h.Publish("24", PublishOptions{Generation: 4}); !errors.Is(err, ErrStale) {
			t.Errorf("the newest: %v", err)
		}
		publish(t, h, "3", PublishOptions{Generation: 4}).Close(StopClosed) // forgotten
		time.Sleep(2 * time.Hour)                                           // the bubble's clock
		publish(t, h, "24", PublishOptions{Generation: 4}).Close(StopClosed)
		if n := h.Stats().Remembered; n != 1 {
			t.Errorf("%d remembered after their time", n)
		}
	})
}

func TestOnPublish(t *testing.T) {
	h := NewHub(Config{})
	var names []string
	var sub *Subscriber
	remove := h.OnPublish(func(name string) {
		names = append(names, name)
		if sub == nil {
			sub = h.Subscribe(name, HLS, SubscribeOptions{Internal: true})
		}
	})
	p := publish(t, h, "x", PublishOptions{})
	gop(t, p, 0, 0)
	tags, _ := must(t, sub)
	wantLetters(t, "watcher", tags, "Ka")
	if in, _ := h.Info("x"); len(in.Viewers) != 0 {
		t.Errorf("an internal subscriber counts as viewer: %v", in.Viewers)
	}
	remove()
	publish(t, h, "y", PublishOptions{}).Close(StopClosed)
	if !slices.Equal(names, []string{"x"}) {
		t.Errorf("called for %v", names)
	}
	p.Close(StopClosed)
	sub.Close()
}

func TestInfo(t *testing.T) {
	h := NewHub(Config{})
	if _, ok := h.Info("x"); ok {
		t.Error("unknown stream has info")
	}
	subs := []*Subscriber{
		h.Subscribe("x", FLV, SubscribeOptions{}), h.Subscribe("x", FLV, SubscribeOptions{}), h.Subscribe("x", RTMP, SubscribeOptions{}),
	}
	in, ok := h.Info("x")
	if !ok || in.Publishing || in.Viewers[FLV] != 2 || in.Viewers[RTMP] != 1 || in.LastTime != -1 {
		t.Errorf("info %+v", in)
	}
	p := publish(t, h, "x", PublishOptions{Generation: 9, Remote: "192.0.2.1:5"})
	begin(t, p)
	gop(t, p, 0, 3)
	in, _ = h.Info("x")
	if !in.Publishing || in.Generation != 9 || in.Remote != "192.0.2.1:5" || in.Video != H264 || in.Audio != AAC || in.LastTime != 120 || in.StartedAt.IsZero() {
		t.Errorf("info %+v", in)
	}
	if got := h.Names(); !slices.Equal(got, []string{"x"}) {
		t.Errorf("names %v", got)
	}
	for _, s := range subs {
		s.Close()
		s.Close()
	}
	if in, _ = h.Info("x"); len(in.Viewers) != 0 {
		t.Errorf("viewers %v", in.Viewers)
	}
	p.Close(StopClosed)
	if p.Reason() != StopClosed || !errors.Is(p.Err(), ErrClosed) || p.Generation() != 9 {
		t.Errorf("reason %q, error %v", p.Reason(), p.Err())
	}
}

// What 10,000 pushes leave behind must not depend on their number.
func TestManyPushesLeaveNothing(t *testing.T) {
	h := NewHub(Config{Remembered: 100})
	cycle := func(i int) {
		name := fmt.Sprint("room", i%500)
		s := h.Subscribe(name, FLV, SubscribeOptions{})
		p := publish(t, h, name, PublishOptions{Generation: uint64(i)})
		begin(t, p)
		gop(t, p, uint32(i), 3)
		if tags, _ := must(t, s); len(tags) != 11 {
			t.Fatalf("cycle %d: got %q", i, letters(tags))
		}
		if i%3 == 0 {
			h.End(name, nil)
		}
		if i%2 == 0 {
			s.Close()
			p.Close(StopClosed)
		} else {
			p.Close(StopLost)
			s.Close()
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for i := range 1000 {
		cycle(i)
	}
	before := heap()
	for i := 1000; i < 11000; i++ {
		cycle(i)
	}
	after := heap()
	if after > before+1<<20 {
		t.Errorf("the heap grew from %d to %d", before, after)
	}
	if st := h.Stats(); st.Streams != 0 || st.Publishers != 0 || st.Subscribers != 0 || st.Remembered > 100 {
		t.Errorf("left: %+v", st)
	}
}
