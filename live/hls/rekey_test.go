package hls

import (
	"bytes"
	"testing"
	"time"
)

// TestPathsOfAListWhoseKeyGoes: they stay while their key is accepted, and are signed anew when it is revoked, also where the list is
// kept and nothing new comes.
func TestPathsOfAListWhoseKeyGoes(t *testing.T) {
	tl, add := newTestTimeline(t, plain)
	for i := range int64(3) {
		add(1, 2000*i, 2000*(i+1))
	}
	now := noon.Add(7 * time.Second)
	before := tl.media("live", now)
	old := tl.segments[0].path.token
	if !tl.allows(old, now) {
		t.Fatal("its own path does not open")
	}
	tl.signer.SetPlays([]byte("new"), []byte("primary"))
	if got := tl.media("live", now); !bytes.Equal(got, before) {
		t.Errorf("paths changed while their key is accepted:\n%s", got)
	}
	add(1, 6000, 8000)
	fresh := tl.segments[3].path.token
	if fresh == old || !tl.allows(old, now) || !tl.allows(fresh, now) {
		t.Error("both keys' paths should open")
	}
	tl.media("live", now)
	tl.signer.SetPlays([]byte("new"))
	if tl.allows(old, now) || !tl.allows(fresh, now) {
		t.Error("the path of a key that was revoked opens, or that of the other does not")
	}
	got := tl.media("live", now)
	if bytes.Contains(got, []byte(old)) || bytes.Count(got, []byte(fresh)) != 5 { // four segments and their init
		t.Errorf("the list leads to nothing:\n%s", got)
	}
}
