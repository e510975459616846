package vod

import (
	"slices"
	"testing"
)

// TestSessionsStayUnderTheirPlayKey: a rotation changes no path in the playlist of who watches, and what he has ends with his key.
func TestSessionsStayUnderTheirPlayKey(t *testing.T) {
	w := newWorld(t)
	w.recording(recA, "demo", 10)
	first := w.s.signer.Now()
	media := w.media(root)
	before := w.files(media)
	old := []byte("a play key") // of newWorld
	w.s.SetPlayKeys([]byte("a new play key"), old)
	if w.s.signer.Now() == first {
		t.Fatal("the old key signs")
	}
	if after := w.files(media); !slices.Equal(after, before) {
		t.Errorf("paths changed:\n%v\n%v", before, after)
	}
	for _, path := range before {
		if code := w.get(path).Code; code != 200 {
			t.Errorf("%s: %d", path, code)
		}
	}
	if w.s.PlayKeyUsedAt(old).IsZero() || !w.s.PlayKeyUsedAt([]byte("a new play key")).IsZero() {
		t.Error("when keys were used is not what happened")
	}
	w.s.SetPlayKeys([]byte("a new play key"), nil)
	for _, path := range append(before, media) {
		if code := w.get(path).Code; code == 200 {
			t.Errorf("after its key was revoked: %s", path)
		}
	}
}
