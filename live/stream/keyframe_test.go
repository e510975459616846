package stream

import "testing"

func TestNewestKeyframe(t *testing.T) {
	h := NewHub(Config{GOPBytes: 1})
	if _, ok := h.Keyframe("x"); ok {
		t.Error("of a stream that is not there")
	}
	p := publish(t, h, "x", PublishOptions{Generation: 3, Session: "S"})
	begin(t, p)
	write(t, p, Video, 0, interframe)
	if _, ok := h.Keyframe("x"); ok {
		t.Error("before the first")
	}
	wants := func(what string, at int64, header []byte) {
		t.Helper()
		k, ok := h.Keyframe("x")
		if !ok || k.Time != at || k.Generation != 3 || k.Session != "S" || k.Codec != H264 ||
			string(k.Data) != string(keyframe[5:]) || string(k.Header) != string(header[5:]) {
			t.Errorf("%s: %+v, %t", what, k, ok)
		}
	}
	gop(t, p, 40, 3)
	wants("of a GOP beyond the cache", 40, avcHeader)
	write(t, p, Video, 200, avcHeader2)
	wants("with the header that it came with", 40, avcHeader)
	gop(t, p, 240, 0)
	wants("after another header", 240, avcHeader2)

	h.Gate("x", true)
	if _, ok := h.Keyframe("x"); ok {
		t.Error("gated")
	}
	gop(t, p, 400, 1)
	h.Gate("x", false)
	if _, ok := h.Keyframe("x"); ok {
		t.Error("from behind the gate")
	}
	gop(t, p, 480, 1)
	wants("after the gate", 480, avcHeader2)

	q := publish(t, h, "x", PublishOptions{Generation: 4})
	if _, ok := h.Keyframe("x"); ok {
		t.Error("of a publisher that was taken over")
	}
	begin(t, q)
	gop(t, q, 0, 0)
	if k, ok := h.Keyframe("x"); !ok || k.Generation != 4 {
		t.Errorf("of the next: %+v", k)
	}
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	q.Close(StopLost)
	if _, ok := h.Keyframe("x"); ok {
		t.Error("of a publisher that is gone")
	}
}

func TestSoundIsNoKeyframe(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Audio, 0, aacHeader)
	write(t, p, Audio, 0, audioFrame)
	if k, ok := h.Keyframe("x"); ok {
		t.Errorf("%+v", k)
	}
}
