package stream_test

import (
	"slices"
	"testing"

	"liveroom/live/stream"
)

func TestViewersAreCountedAndLinked(t *testing.T) {
	h := stream.NewHub(stream.Config{})
	if n, linked := h.Viewers("s"); n != 0 || linked != nil {
		t.Fatalf("nobody watches, got %d %v", n, linked)
	}
	subs := []*stream.Subscriber{
		h.Subscribe("s", stream.FLV, stream.SubscribeOptions{Viewer: "c1"}),
		h.Subscribe("s", stream.RTMP, stream.SubscribeOptions{Viewer: "c1"}),
		h.Subscribe("s", stream.RTMP, stream.SubscribeOptions{}),
		h.Subscribe("s", stream.HLS, stream.SubscribeOptions{Internal: true}),
	}
	if n, linked := h.Viewers("s"); n != 3 || !slices.Equal(linked, []string{"c1", "c1"}) {
		t.Fatalf("got %d %v, want 3 viewers, two of them c1", n, linked)
	}
	subs[0].Close()
	subs[0].Close()
	if n, linked := h.Viewers("s"); n != 2 || !slices.Equal(linked, []string{"c1"}) {
		t.Fatalf("got %d %v after one left", n, linked)
	}
	for _, s := range subs {
		s.Close()
	}
	if n, linked := h.Viewers("s"); n != 0 || len(linked) != 0 {
		t.Fatalf("everyone left, got %d %v", n, linked)
	}
}

func TestClosingIsToldOnce(t *testing.T) {
	h := stream.NewHub(stream.Config{})
	told := 0
	sub := h.Subscribe("s", stream.FLV, stream.SubscribeOptions{OnClose: func() {
		told++
		if n, _ := h.Viewers("s"); n != 0 { // it may ask the hub, and finds the subscriber gone
			t.Errorf("%d viewers", n)
		}
	}})
	h.End("s", nil)
	if told != 0 {
		t.Error("told before the subscriber's owner has closed it")
	}
	sub.Close()
	sub.Close()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}
