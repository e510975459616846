package stream

import (
	"errors"
	"slices"
	"testing"
)

func TestGateClosesAtOnceAndOpensAtAKeyframe(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	unread := h.Subscribe("x", FLV, SubscribeOptions{})
	defer unread.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	begin(t, p)
	gop(t, p, 0, 1)
	tags, _ := must(t, s)
	wantLetters(t, "before", tags, "MVAKava")
	gop(t, p, 80, 1)

	h.Gate("x", true)
	h.Gate("x", true)
	gop(t, p, 160, 1)
	write(t, p, Video, 240, avcHeader2)
	gop(t, p, 240, 1)
	joiner := h.Subscribe("x", FLV, SubscribeOptions{})
	defer joiner.Close()
	for name, sub := range map[string]*Subscriber{"subscriber": s, "one that has not read": unread, "joiner": joiner} {
		if tags, _ := must(t, sub); len(tags) != 0 {
			t.Errorf("closed, the %s got %q", name, letters(tags))
		}
	}
	if in, _ := h.Info("x"); !in.Gated || !in.Publishing {
		t.Errorf("info %+v", in)
	}

	h.Gate("x", false)
	write(t, p, Video, 320, interframe)
	write(t, p, Audio, 320, audioFrame)
	if tags, _ := must(t, s); len(tags) != 0 {
		t.Errorf("open, before the keyframe, the subscriber got %q", letters(tags))
	}
	gop(t, p, 360, 1)
	tags, breaks := must(t, s)
	wantLetters(t, "subscriber", tags, "VKava") // only what it has not got yet
	if !slices.Equal(breaks, []int{0}) || tags[1].Time() != 360 {
		t.Errorf("breaks at %v, keyframe at %d", breaks, tags[1].Time())
	}
	tags, _ = must(t, joiner)
	wantLetters(t, "joiner", tags, "MVAKava")
	tags, breaks = must(t, unread)
	wantLetters(t, "one that had not read", tags, "MVAKava")
	if len(breaks) != 0 {
		t.Errorf("its breaks are at %v", breaks)
	}
	if lost := s.Lost(); lost != (Loss{}) {
		t.Errorf("the gate counted as slowness: %+v", lost)
	}
	if got := h.Stats().DroppedGated; got != 8 {
		t.Errorf("%d tags dropped at the gate", got)
	}
}

func TestGateOpensOnlyByGate(t *testing.T) {
	h := NewHub(Config{})
	h.Gate("x", true) // nobody there yet
	if n := h.Stats().Streams; n != 0 {
		t.Errorf("%d streams", n)
	}
	for gen := range uint64(2) {
		p := publish(t, h, "x", PublishOptions{Generation: gen})
		s := h.Subscribe("x", FLV, SubscribeOptions{})
		begin(t, p)
		gop(t, p, 0, 1)
		if tags, _ := must(t, s); len(tags) != 0 {
			t.Errorf("generation %d: got %q", gen, letters(tags))
		}
		p.Close(StopLost)
		s.Close()
	}
	h.Gate("x", false)
	p := publish(t, h, "x", PublishOptions{Generation: 5, Gated: true})
	defer p.Close(StopClosed)
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	gop(t, p, 0, 0)
	if tags, _ := must(t, s); len(tags) != 0 {
		t.Errorf("published gated: got %q", letters(tags))
	}
	h.Gate("x", false)
	gop(t, p, 80, 0)
	tags, _ := must(t, s)
	wantLetters(t, "opened", tags, "Ka")
}

func TestEndAfterGateGivesNothingMore(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	gop(t, p, 0, 5)
	h.Gate("x", true)
	h.End("x", errors.New("forbidden"))
	if tags, _, err := drain(t, s); len(tags) != 0 || !errors.Is(err, ErrEnded) {
		t.Errorf("got %q, %v", letters(tags), err)
	}
	h.Gate("y", true)
	h.End("y", nil)
	p = publish(t, h, "y", PublishOptions{})
	defer p.Close(StopClosed)
	if in, _ := h.Info("y"); in.Gated {
		t.Error("the gate outlived the session")
	}
}
