package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/live/stream"
	"liveroom/status"
)

// crowd is what a room says of those who are there.
type crowd struct {
	Online  int `json:"online"`
	Viewers struct{ Total, RTMP, FLV, WSFLV, HLS int }
}

func (n *node) crowd(room string) (c crowd) {
	n.t.Helper()
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/status", nil, &c)
	return c
}

// viewerGauges are the gauges of viewers, by protocol.
func (n *node) viewerGauges() map[string]string {
	n.t.Helper()
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^liveroom_viewers{protocol="(\w+)"} (\d+)$`).FindAllStringSubmatch(n.metrics(), -1) {
		out[m[1]] = m[2]
	}
	return out
}

// TestViewersAreCountedOnce lets a member of the chat watch over each protocol in turn: the viewer is counted by it, the
// person once, in API, metrics and chat alike.
func TestViewersAreCountedOnce(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.createRoom(map[string]any{"id": "r"})
	a := n.addresses("r")
	pushClip(t, a.Push.RTMP)
	n.waitStatus("r", status.Live)

	m := dialMember(t, n.http)
	var login struct{ Session string }
	m.must(map[string]any{"op": "auth", "platform": "Web"}, &login)
	m.must(map[string]any{"op": "join", "group": "r"}, nil)
	vid := "&vid=" + login.Session

	expect := func(what string, online int, by map[string]int) {
		t.Helper()
		var last crowd
		n.eventually(what, func() bool {
			last = n.crowd("r")
			v := last.Viewers
			got := map[string]int{stream.RTMP: v.RTMP, stream.FLV: v.FLV, stream.WSFLV: v.WSFLV, stream.HLS: v.HLS}
			total := 0
			for protocol := range got {
				if total += by[protocol]; got[protocol] != by[protocol] {
					return false
				}
			}
			return v.Total == total && last.Online == online
		})
		gauges := n.viewerGauges()
		for _, protocol := range []string{stream.RTMP, stream.FLV, stream.WSFLV, stream.HLS} {
			if gauges[protocol] != fmt.Sprint(by[protocol]) {
				t.Errorf("%s: the metrics say %v, want %v", what, gauges, by)
			}
		}
	}
	expect("nobody watches", 1, nil)
	for _, url := range []string{a.Play.FLV + vid, a.Play.HLS + vid} {
		resp, err := http.Head(url)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
	}
	if resp, err := http.Get(strings.Replace(a.Play.FLV, "txSecret=", "txSecret=0", 1)); err != nil || resp.StatusCode != http.StatusForbidden {
		t.Fatal(resp, err)
	}
	expect("who asks or is refused does not", 1, nil)

	flv := copyStamps(t, a.Play.FLV+vid)
	expect("ffmpeg over FLV", 1, map[string]int{stream.FLV: 1})
	flv.leave()
	expect("FLV left", 1, nil)
	rtmp := copyStamps(t, a.Play.RTMP+vid)
	expect("ffmpeg over RTMP", 1, map[string]int{stream.RTMP: 1})
	rtmp.leave()
	expect("RTMP left", 1, nil)
	ws := watchWSFLV(t, "WebSocket-FLV", a.Play.WSFLV+vid, nil, nil)
	expect("WebSocket-FLV", 1, map[string]int{stream.WSFLV: 1})
	ws.hang()
	expect("WebSocket-FLV left", 1, nil)
	hls := copyStamps(t, a.Play.HLS+vid)
	stranger := watchFLV(t, "stranger", a.Play.FLV, nil, nil)
	expect("ffmpeg over HLS, and a stranger", 2, map[string]int{stream.HLS: 1, stream.FLV: 1})
	n.eventually("who joins the chat is told the same", func() bool { // the chat asks who watches now and then
		guest := n.enter("r", "", "", nil)
		defer guest.leave()
		c := guest.joined.Count
		return c.Viewers == 2 && c.Online == c.Members+1
	})
	expect("the guest has left", 2, map[string]int{stream.HLS: 1, stream.FLV: 1})
	m.leave()
	expect("the member left the chat and watches on", 2, map[string]int{stream.HLS: 1, stream.FLV: 1})
	hls.leave()
	stranger.hang()
	if scale() > 1 {
		time.Sleep(time.Minute) // what an HLS session lives without asking for its playlist
		expect("all left", 0, nil)
	}
}

// leave ends ffmpeg.
func (c *copying) leave() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// refusalOf asks for a play over HTTP and returns the refusal's code.
func (n *node) refusalOf(rawURL string) string {
	n.t.Helper()
	var resp *http.Response
	var err error
	if strings.HasPrefix(rawURL, "ws") {
		_, resp, err = websocket.DefaultDialer.Dial(rawURL, nil)
		if err == nil {
			n.t.Errorf("%s was let in", rawURL)
		}
	} else if resp, err = http.Get(rawURL); err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	var p struct{ Code, Detail string }
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable || json.Unmarshal(raw, &p) != nil || p.Detail == "" ||
		resp.Header.Get("Retry-After") != "10" || resp.Header.Get("Content-Type") != "application/problem+json" {
		n.t.Errorf("%s: %s %v\n%v\n%s", rawURL, resp.Status, err, resp.Header, raw)
	}
	return p.Code
}

// refusedOver checks that nobody gets in over any protocol, and why.
func (n *node) refusedOver(a addresses, want string) {
	n.t.Helper()
	for _, url := range []string{a.Play.FLV, a.Play.WSFLV, a.Play.HLS} {
		if code := n.refusalOf(url); code != want {
			n.t.Errorf("%s: %s, want %s", url, code, want)
		}
	}
	p, err := dialRTMP(a.Play.RTMP, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	if code, description, err := p.play(); err != nil || code != "NetStream.Play.Failed" || !strings.HasPrefix(description, want+":") {
		n.t.Errorf("RTMP: %s %q %v, want %s", code, description, err, want)
	}
}

// TestFullHouse fills a room, then the node: who comes is told why on every protocol, who watches notices nothing, and a
// place that is left is taken by the next.
func TestFullHouse(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--max-viewers", "8", "--max-viewers-per-room", "3")
	n.createRoom(map[string]any{"id": "small"})
	n.createRoom(map[string]any{"id": "large", "maxViewers": 100})
	small, large := n.addresses("small"), n.addresses("large")
	pushClip(t, small.Push.RTMP)
	pushClip(t, large.Push.RTMP)
	n.waitStatus("small", status.Live)
	n.waitStatus("large", status.Live)

	all := []*watcher{
		watchFLV(t, "FLV", small.Play.FLV, nil, nil),
		watchWSFLV(t, "WebSocket-FLV", small.Play.WSFLV, nil, nil),
		watchRTMP(t, "RTMP", small.Play.RTMP, nil, nil),
	}
	waitMedia(t, all, 10, 0)
	n.refusedOver(small, "room_full")
	out, err := exec.Command("ffmpeg", "-hide_banner", "-i", small.Play.RTMP, "-f", "null", "-").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "room_full: the room has as many viewers as it may have") {
		t.Errorf("ffmpeg was told %v\n%s", err, out)
	}

	held := n.rush(large, 40, 5)
	n.refusedOver(large, "node_full")
	n.refusedOver(small, "room_full")
	if health := get(t, "http://"+n.ops+"/health"); !strings.Contains(health, "degraded") || !strings.Contains(health, "8 viewers of 8 allowed") {
		t.Errorf("health: %s", health)
	}
	held()
	n.eventually("there are places again", func() bool {
		return !strings.Contains(get(t, "http://"+n.ops+"/health"), "degraded")
	})
	waitMedia(t, all, 10, 0)
	for _, w := range all {
		w.mustBeSound()
	}

	all[0].hang()
	<-all[0].done
	n.eventually("a viewer of HLS gets the place", func() bool {
		resp, err := http.Get(small.Play.HLS)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	n.refusedOver(small, "room_full")

	n.call(http.MethodPatch, "/api/v1/rooms/large", map[string]any{"maxBandwidth": 1}, nil)
	n.refusedOver(large, "room_bandwidth")
	n.call(http.MethodPatch, "/api/v1/rooms/large", map[string]any{"maxBandwidth": 0, "maxViewers": 0}, nil)
	waitMedia(t, []*watcher{watchFLV(t, "after all", large.Play.FLV, nil, nil)}, 10, 0)
	served := n.metrics()
	for _, line := range []string{
		`liveroom_refusals_total{action="play",code="room_full",protocol="wsflv"} 3`, `liveroom_viewer_limit 8`,
		`liveroom_refusals_total{action="play",code="node_full",protocol="flv"}`, `liveroom_bandwidth_limit_bits 0`,
	} {
		if !strings.Contains(served, line) {
			t.Errorf("no %s in the metrics", line)
		}
	}
}

// rush lets so many come at once over FLV, checks that as many get in as there are places, and returns how they leave.
func (n *node) rush(a addresses, many, places int) (leave func()) {
	n.t.Helper()
	var wg sync.WaitGroup
	in := make(chan io.Closer, many)
	for range many {
		wg.Go(func() {
			resp, err := http.Get(a.Play.FLV)
			if err != nil {
				n.t.Error(err)
				return
			}
			if resp.StatusCode == http.StatusOK {
				in <- resp.Body
				return
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable {
				n.t.Error(resp.Status)
			}
		})
	}
	wg.Wait()
	close(in)
	if len(in) != places {
		n.t.Errorf("%d of %d got in, want %d", len(in), many, places)
	}
	return func() {
		for body := range in {
			_ = body.Close()
		}
	}
}
