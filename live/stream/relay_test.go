package stream

import (
	"errors"
	"testing"
	"time"
)

// times are those of the tags with media.
func times(tags []*Tag) (out []int64) {
	for _, t := range tags {
		if t.Kind() != Script && !t.SequenceHeader() {
			out = append(out, t.Time())
		}
	}
	return out
}

// copyTo writes tags to a relay, as their bytes say.
func copyTo(t *testing.T, p *Publisher, tags []*Tag) {
	t.Helper()
	for _, tag := range tags {
		f := tag.FLV()
		ts := uint32(f[7])<<24 | uint32(f[4])<<16 | uint32(f[5])<<8 | uint32(f[6])
		if err := p.Write(tag.Kind(), ts, append([]byte(nil), f...)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRelayKeepsTagsAsTheyAre(t *testing.T) {
	for _, offset := range []time.Duration{10 * time.Second, 1<<32*time.Millisecond - 50*time.Millisecond, 3 << 32 * time.Millisecond} {
		origin, edge := NewHub(Config{}), NewHub(Config{})
		p := publish(t, origin, "x", PublishOptions{Generation: 7, Offset: offset})
		begin(t, p)
		gop(t, p, 0, 2)
		from := origin.Subscribe("x", FLV, SubscribeOptions{Internal: true, Generation: 7})
		sent, _ := must(t, from)

		viewer := edge.Subscribe("x", FLV, SubscribeOptions{})
		relay := publish(t, edge, "x", PublishOptions{Generation: 7, Offset: offset + time.Second, Relay: true})
		copyTo(t, relay, sent)
		got, breaks := must(t, viewer)
		if len(got) != len(sent) || len(breaks) != 0 {
			t.Fatalf("%d tags with breaks at %v, want %d", len(got), breaks, len(sent))
		}
		for i := range got {
			if got[i].Time() != sent[i].Time() || got[i].Generation() != 7 || !got[i].Relayed() || string(got[i].FLV()) != string(sent[i].FLV()) {
				t.Errorf("offset %v: tag %d at %d is at %d", offset, i, sent[i].Time(), got[i].Time())
			}
		}
		if st := edge.Stats(); st.Publishers != 0 || st.Relays != 1 || st.Published != 0 {
			t.Errorf("counted as %+v", st)
		}
		relay.Close(StopClosed)
		p.Close(StopClosed)
		viewer.Close()
		from.Close()
	}
}

// TestRelayLeavesOutWhatCameBefore has the connection between two nodes break at each tag of a stream.
func TestRelayLeavesOutWhatCameBefore(t *testing.T) {
	origin := NewHub(Config{})
	p := publish(t, origin, "x", PublishOptions{Generation: 1, Offset: time.Minute})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 4)
	cached := origin.Subscribe("x", FLV, SubscribeOptions{})
	defer cached.Close()
	first, _ := must(t, cached)
	gop(t, p, 200, 2)
	rest, _ := must(t, cached)
	all := append(append([]*Tag(nil), first...), rest...)
	want := times(all)
	for cut := 4; cut < len(first); cut++ {
		edge := NewHub(Config{})
		viewer := edge.Subscribe("x", FLV, SubscribeOptions{})
		relay := publish(t, edge, "x", PublishOptions{Generation: 1, Relay: true, Offset: time.Minute})
		copyTo(t, relay, all[:cut])
		relay.Rejoin()
		copyTo(t, relay, all) // from the cache on
		tags, breaks := must(t, viewer)
		if got := times(tags); len(got) != len(want) || len(breaks) != 0 {
			t.Errorf("cut at %d: times %v with breaks at %v, want %v", cut, got, breaks, want)
		}
		// Begun anew, it waits for the next keyframe, and repeats nothing either.
		relay.Close(StopLost)
		again := publish(t, edge, "x", PublishOptions{Generation: 1, Relay: true, Offset: time.Minute})
		copyTo(t, again, all)
		if tags, _, _ := drain(t, viewer); len(tags) != 0 {
			t.Errorf("cut at %d: %s came twice", cut, letters(tags))
		}
		viewer.Close()
		again.Close(StopLost)
		// And so it does when nobody watched for a while.
		viewer = edge.Subscribe("x", FLV, SubscribeOptions{})
		again = publish(t, edge, "x", PublishOptions{Generation: 1, Relay: true, Offset: time.Minute})
		copyTo(t, again, all)
		if tags, _, _ := drain(t, viewer); len(tags) != 0 {
			t.Errorf("cut at %d: %s came back", cut, letters(tags))
		}
		viewer.Close()
		again.Close(StopLost)
	}
}

func TestNextGenerationGoesOnAboveTheLast(t *testing.T) {
	for _, test := range []struct {
		name         string
		begins, want int64 // of the first keyframe of the next generation
	}{
		{"later", 90_000, 90_000},
		{"just above", 60_041, 60_041},
		{"where the last one was ahead of real time", 50_000, 60_041},
	} {
		t.Run(test.name, func(t *testing.T) {
			edge := NewHub(Config{})
			viewer := edge.Subscribe("x", FLV, SubscribeOptions{})
			defer viewer.Close()
			relay := publish(t, edge, "x", PublishOptions{Generation: 1, Relay: true, Offset: time.Minute})
			begin(t, relay)
			gop(t, relay, 60_000, 1)
			must(t, viewer)
			relay = publish(t, edge, "x", PublishOptions{Generation: 2, Relay: true, Offset: time.Minute})
			defer relay.Close(StopClosed)
			begin(t, relay)
			gop(t, relay, uint32(test.begins), 1)
			tags, breaks := must(t, viewer)
			if len(breaks) != 1 || breaks[0] != 0 {
				t.Errorf("breaks at %v, want one before the first tag", breaks)
			}
			got := times(tags)
			for i := range got {
				if want := test.want + times(tags)[i] - got[0]; got[0] != test.want || got[i] != want {
					t.Fatalf("times %v, want from %d on", got, test.want)
				}
			}
		})
	}
}

func TestPushAndRelayTakeTurns(t *testing.T) {
	h := NewHub(Config{})
	began := 0
	defer h.OnPublish(func(string) { began++ })()
	viewer := h.Subscribe("x", FLV, SubscribeOptions{})
	defer viewer.Close()
	push := publish(t, h, "x", PublishOptions{Generation: 1, Offset: time.Minute})
	begin(t, push)
	gop(t, push, 0, 1)
	must(t, viewer)
	if _, err := h.Publish("x", PublishOptions{Generation: 1, Relay: true}); !errors.Is(err, ErrStale) {
		t.Fatalf("a relay in place of its push: %v, want ErrStale", err)
	}
	relay := publish(t, h, "x", PublishOptions{Generation: 2, Relay: true, Offset: time.Minute})
	if !errors.Is(push.Err(), ErrTakenOver) {
		t.Errorf("the push goes on: %v", push.Err())
	}
	begin(t, relay)
	gop(t, relay, 61_000, 1)
	if tags, breaks := must(t, viewer); len(breaks) != 1 || times(tags)[0] != 61_000 {
		t.Errorf("from the relay: %v, breaks at %v", times(tags), breaks)
	}
	if in, _ := h.Info("x"); !in.Relay || !in.Publishing {
		t.Errorf("info %+v", in)
	}
	push = publish(t, h, "x", PublishOptions{Generation: 3, Offset: time.Minute})
	defer push.Close(StopClosed)
	if !errors.Is(relay.Err(), ErrTakenOver) {
		t.Errorf("the relay goes on: %v", relay.Err())
	}
	begin(t, push)
	gop(t, push, 0, 1)
	if tags, breaks := must(t, viewer); len(breaks) != 1 || times(tags)[0] != 61_041 {
		t.Errorf("from the push: %v, breaks at %v", times(tags), breaks)
	}
	if _, err := h.Publish("x", PublishOptions{Generation: 2, Relay: true}); !errors.Is(err, ErrStale) {
		t.Errorf("an older relay: %v, want ErrStale", err)
	}
	if began != 2 {
		t.Errorf("told of %d pushes, want 2: relays are none", began)
	}
}

func TestSubscriberOfOneGeneration(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{Generation: 1})
	begin(t, p)
	gop(t, p, 0, 1)
	s := h.Subscribe("x", FLV, SubscribeOptions{Generation: 1})
	defer s.Close()
	late := h.Subscribe("x", FLV, SubscribeOptions{Generation: 1})
	defer late.Close()
	must(t, s)
	gop(t, p, 80, 1)
	p = publish(t, h, "x", PublishOptions{Generation: 2})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 1)
	tags, _, err := drain(t, s)
	wantLetters(t, "the rest of its generation", tags, "Kava")
	if !errors.Is(err, ErrEnded) {
		t.Errorf("then %v, want ErrEnded", err)
	}
	if tags, _, err := drain(t, late); len(tags) != 0 || !errors.Is(err, ErrEnded) {
		t.Errorf("who comes late gets %s, %v", letters(tags), err)
	}
}
