package main

import (
	"net/http"
	"testing"

	"liveroom/status"
)

// TestTheBannedWatchNoLonger plays as a member of the chat over FLV and HLS: a ban ends both, and what other people play
// goes on.
func TestTheBannedWatchNoLonger(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r1", "anchor": "anna"})
	a := n.addresses("r1")
	push(t, a.Push.RTMP)
	n.waitStatus("r1", status.Live)

	enter := func(user string) (m *member, vid string) {
		m = dialMember(t, n.http)
		var hello struct{ Session string }
		m.must(map[string]any{"op": "auth", "userId": user, "userSig": n.userSig(user)}, &hello)
		m.must(map[string]any{"op": "join", "group": "r1"}, &m.joined)
		return m, hello.Session
	}
	anna, _ := enter("anna")
	_, badVid := enter("bad")
	_, goodVid := enter("good")

	watch := func(vid string) (ended chan struct{}, playlist string) {
		ended = n.watch("r1", vid)
		playlist = n.mediaPlaylist(a.Play.HLS + "&vid=" + vid)
		n.eventually("the playlist is there", func() bool { return n.statusOf(playlist) == http.StatusOK })
		return ended, playlist
	}
	badEnded, badList := watch(badVid)
	goodEnded, goodList := watch(goodVid)

	anna.must(map[string]any{"op": "ban", "group": "r1", "users": []string{"bad"}, "seconds": 3600}, nil)
	n.eventually("the FLV of the banned ends", func() bool {
		select {
		case <-badEnded:
			return true
		default:
			return false
		}
	})
	n.eventually("the playlist of the banned is gone", func() bool { return n.statusOf(badList) >= 400 })
	for _, url := range []string{a.Play.FLV, a.Play.HLS} {
		if code := n.statusOf(url + "&vid=" + badVid); code != http.StatusForbidden {
			t.Errorf("%s: the banned got %d", url, code)
		}
	}
	anna.must(map[string]any{"op": "unban", "group": "r1", "users": []string{"bad"}}, nil)
	n.eventually("the pardoned may watch again", func() bool { return n.statusOf(a.Play.HLS+"&vid="+badVid) == http.StatusOK })
	select {
	case <-goodEnded:
		t.Error("another viewer was cut")
	default:
	}
	if code := n.statusOf(goodList); code != http.StatusOK {
		t.Errorf("another viewer's playlist: %d", code)
	}
}

// statusOf asks for a URL and returns the HTTP status.
func (n *node) statusOf(url string) int {
	n.t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}
