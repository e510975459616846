package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/status"
)

// lag is how much later than it was pushed a viewer got each piece of a stream, by the stream's own clock.
type lag struct {
	start time.Time // zero of that clock

	mu    sync.Mutex
	first time.Time // when the first media came
	last  time.Time // and the newest
	least time.Duration
}

func (l *lag) saw(t mediaTag) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = time.Now()
	late := l.last.Sub(l.start.Add(time.Duration(t.time) * time.Millisecond))
	if l.first.IsZero() {
		l.first, l.least = l.last, late
	}
	l.least = min(l.least, late)
}

// seen is when media came first and last, and how late it came at least.
func (l *lag) seen() (first, last time.Time, least time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.last, l.least
}

// A push of ffmpeg that is to be shown later is seen as much later over every protocol, and so are its end and the messages of
// the room; the API says at once what is.
func TestADelayedPushIsSeenLater(t *testing.T) {
	t.Parallel()
	const delay = 3 * time.Second
	n := startNode(t)
	n.call(http.MethodPost, "/api/v1/rooms", map[string]any{"id": "later", "delayRoom": true}, nil)
	m, amy := n.enter("later", "", "", nil), n.enter("later", "amy", n.userSig("amy"), nil)
	a := n.addresses("later")
	pushClip(t, a.Push.RTMP+"&txDelayTime=3")
	live := n.waitStatus("later", status.Live)
	var in struct {
		StartedAt time.Time `json:"startedAt"`
	}
	n.eventually("the push has figures", func() bool {
		n.call(http.MethodGet, "/api/v1/rooms/later/ingest", nil, &in)
		return !in.StartedAt.IsZero()
	})
	var play struct {
		Delay string `json:"delay"`
	}
	n.call(http.MethodGet, "/api/v1/rooms/later/play", nil, &play)
	if play.Delay != "3s" {
		t.Fatalf("players are told of a delay of %q", play.Delay)
	}
	said := time.Now()
	var ack struct{ Fate string }
	amy.must(map[string]any{"op": "send", "group": "later", "fate": true, "body": textBody("is it live?")}, &ack)
	if ack.Fate != "delayed" {
		t.Errorf("who says something is told that it is %q", ack.Fate)
	}
	flv, rtmp := &lag{start: live.Since}, &lag{start: live.Since}
	watchers := []*watcher{watchFLV(t, "FLV", a.Play.FLV, nil, flv.saw), watchRTMP(t, "RTMP", a.Play.RTMP, nil, rtmp.saw)}
	n.eventually("there is something to see over HLS", func() bool {
		resp, _ := n.request(http.MethodGet, strings.TrimPrefix(a.Play.HLS, "http://"+n.http), nil, "")
		return resp.StatusCode == http.StatusOK
	})
	hls := time.Now()
	waitMedia(t, watchers, 50, 0)

	heard := func(version uint64) (at time.Time) {
		n.eventually("the member is told", func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			at = m.heard[version]
			return !at.IsZero()
		})
		return at
	}
	for what, late := range map[string]time.Duration{"HLS begins": hls.Sub(in.StartedAt), "the member is told": heard(live.Version).Sub(live.Since)} {
		if late < delay-10*time.Millisecond || late > delay+20*time.Second { // times in the status are whole milliseconds
			t.Errorf("%s %s after the push began", what, late)
		}
	}
	for what, l := range map[string]*lag{"FLV": flv, "RTMP": rtmp} {
		// What an encoder sends ahead of its time is not as late by the stream's own clock.
		if first, _, least := l.seen(); first.Sub(in.StartedAt) < delay || least < delay-time.Second || least > delay+20*time.Second {
			t.Errorf("%s begins %s after the push did, and is %s late", what, first.Sub(in.StartedAt), least)
		}
	}
	if newest := newestSegment(t, get(t, n.mediaPlaylist(a.Play.HLS))); time.Since(newest) < delay-time.Second || time.Since(newest) > delay+30*time.Second {
		t.Errorf("the newest HLS segment begins %s ago", time.Since(newest))
	}

	n.eventually("what was said is heard", func() bool { return len(m.texts()) > 0 })
	if late := time.Since(said); late < delay {
		t.Errorf("what was said is heard %s later", late)
	}

	over := time.Now()
	n.call(http.MethodPost, "/api/v1/rooms/later/end", nil, nil)
	ended := n.status("later")
	if ended.Code != status.Ended {
		t.Fatalf("the API says %v after the end", ended)
	}
	n.eventually("the session's summary says that it is over", func() bool { return n.summary("later", live.Session).Reason != "" })
	if late := time.Since(over); late < delay {
		t.Errorf("the summary has the end %s later, when members do not know it", late)
	}
	if late := heard(ended.Version).Sub(over); late < delay {
		t.Errorf("the member is told of the end %s later", late)
	}
	for i, l := range []*lag{flv, rtmp} {
		watchers[i].mustEnd(0)
		if _, last, _ := l.seen(); last.Sub(over) < delay/2 {
			t.Errorf("%s ends %s after the room", watchers[i].name, last.Sub(over))
		}
	}
	if m := n.metrics(); !strings.Contains(m, "liveroom_delay_early_tags_total 0\n") {
		t.Error("media was shown early")
	}
}

// newestSegment is when the newest segment of a playlist begins.
func newestSegment(t *testing.T, list string) (at time.Time) {
	t.Helper()
	dates := tags(list, "#EXT-X-PROGRAM-DATE-TIME:")
	if len(dates) == 0 {
		t.Fatalf("no dates in\n%s", list)
	}
	at, err := time.Parse(time.RFC3339Nano, dates[len(dates)-1])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// In a cluster viewers of another node are as late, and when the push moves, they see the rest of it from where it was before
// they see it from where it is.
func TestADelayedPushMovesWithinACluster(t *testing.T) {
	t.Parallel()
	const delay = 3 * time.Second
	c := startCluster(t, 2, nil)
	a, b := c.nodes[0], c.nodes[1]
	a.createRoom(map[string]any{"id": "later", "delay": "3s"})
	first := pushClip(t, a.addresses("later").Push.RTMP)
	live := b.waitStatus("later", status.Live)
	play := b.addresses("later").Play
	b.eventually("its node lets viewers in", func() bool { return mayWatch(play.FLV) })
	there := &lag{start: live.Since}
	watchers := []*watcher{watchFLV(t, "FLV at the other node", play.FLV, nil, there.saw)}
	b.eventually("there is something to see over HLS", func() bool {
		resp, _ := b.request(http.MethodGet, strings.TrimPrefix(play.HLS, "http://"+b.http), nil, "")
		return resp.StatusCode == http.StatusOK
	})
	segments := followHLS(t, play.HLS)
	waitMedia(t, watchers, 100, 0)
	b.eventually("segments are listed", func() bool { return segments.seen.Load() > 1 })

	pushClip(t, b.addresses("later").Push.RTMP)
	first.wait() // taken over
	moved := time.Now()
	var in struct{ Generation uint64 }
	a.call(http.MethodGet, "/api/v1/rooms/later/ingest", nil, &in)
	if in.Generation != 2 {
		t.Errorf("the other node tells of push %d", in.Generation)
	}
	waitMedia(t, watchers, 50, 1)
	if late := time.Since(moved); late < delay/2 {
		t.Errorf("the next push is seen %s after it began", late)
	}
	listed := segments.seen.Load()
	b.eventually("more segments are listed", func() bool { return segments.seen.Load() > listed+1 })
	if first, _, least := there.seen(); first.Sub(live.Since) < delay || least < delay-time.Second {
		t.Errorf("seen from %s on, and %s late", first.Sub(live.Since), least)
	}
	b.call(http.MethodPost, "/api/v1/rooms/later/end", nil, nil)
	watchers[0].mustEnd(1)
	segments.over()
}
