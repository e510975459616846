package main

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// orange has ffmpeg push a plain colour.
var orange = []string{"-vf", "drawbox=c=0xff8000:t=fill,format=yuv420p"}

// shot is a screenshot as the API shows it.
type shot struct {
	At            string
	Width, Height int
	Bytes         int
	URL           string
}

// picture gets a picture of the node's API by its address, without any credentials.
func (n *node) picture(address string) (status int, header http.Header, body []byte) {
	n.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		n.t.Fatal(err)
	}
	resp, body := n.request(http.MethodGet, u.RequestURI(), nil, "")
	return resp.StatusCode, resp.Header, body
}

// wantOrange fails unless these bytes are a JPEG of that size and colour.
func wantOrange(t *testing.T, what string, body []byte, width, height int) {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	r, g, b, _ := img.At(width/2, height/2).RGBA()
	if s := img.Bounds().Size(); s.X != width || s.Y != height || r>>8 < 235 || g>>8 < 108 || g>>8 > 148 || b>>8 > 20 {
		t.Errorf("%s: %v, its middle is %d %d %d", what, s, r>>8, g>>8, b>>8)
	}
}

// shotFiles are the pictures that lie in the data folder.
func (n *node) shotFiles() (files []string) {
	_ = filepath.WalkDir(filepath.Join(n.data, "recordings", "shot"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	return files
}

// TestScreenshotsOfAPush: a room has a placeholder, then pictures of what is pushed in two sizes, of which the backend is told and
// the newest are kept; none while it is paused; and when it is deleted they go.
func TestScreenshotsOfAPush(t *testing.T) {
	t.Parallel()
	backend := newReceiver(t)
	n := startNode(t, "--screenshots=2s", "--screenshot-widths=0,160", "--screenshot-keep=2", "--callback-private=127.0.0.0/8", "--stream-callback-url="+backend.URL+"/css")
	n.createRoom(map[string]any{"id": "show", "pauseLimit": "10m"})
	var room struct{ Cover string }
	n.call(http.MethodGet, "/api/v1/rooms/show", nil, &room)
	_, first, body := n.picture(room.Cover)
	if img, err := jpeg.DecodeConfig(bytes.NewReader(body)); err != nil || img.Width != 640 {
		t.Fatalf("placeholder: %+v, %v", img, err)
	}
	if resp, raw := n.request(http.MethodPost, "/api/v1/rooms/show/screenshots", nil, "Bearer "+n.secrets.APIToken); resp.StatusCode != 409 || !strings.Contains(string(raw), "no_stream") {
		t.Errorf("nothing is pushed: %s %s", resp.Status, raw)
	}

	p := push(t, n.addresses("show").Push.RTMP, orange...)
	var header http.Header
	eventually(t, "the cover is a picture of the push", func() bool {
		_, header, body = n.picture(room.Cover)
		return header.Get("ETag") != first.Get("ETag")
	})
	wantOrange(t, "cover", body, 320, 180)
	_, _, body = n.picture(room.Cover + "&width=100")
	wantOrange(t, "small cover", body, 160, 90)
	told := backend.wait(t, 1, "/css", "width", 320)
	if told.body["event_type"] != 200. || told.body["stream_id"] != "show" || told.body["height"] != 180. || told.body["app"] == "" {
		t.Errorf("callback %v", told.body)
	}
	address, _ := told.body["pic_full_url"].(string)
	if path, _ := told.body["pic_url"].(string); !strings.HasSuffix(address, path) || path == "" {
		t.Errorf("%s and %s", address, path)
	}
	_, _, body = n.picture(address)
	wantOrange(t, "what the backend was told of", body, 320, 180)
	backend.wait(t, 1, "/css", "width", 160)

	n.eventually("the newest two pictures are kept of more", func() bool {
		return strings.Contains(n.metrics(), "liveroom_screenshots_taken_total 4") && len(n.shotFiles()) == 4
	})
	var list struct{ Screenshots []shot }
	n.call(http.MethodGet, "/api/v1/rooms/show/screenshots", nil, &list)
	if l := list.Screenshots; len(l) != 4 || l[0].Width != 320 || l[1].Width != 160 || l[0].At != l[1].At || l[1].At <= l[2].At || l[0].Bytes == 0 {
		t.Fatalf("%+v", l)
	}
	list.Screenshots = nil
	n.call(http.MethodPost, "/api/v1/rooms/show/screenshots", nil, &list)
	if l := list.Screenshots; len(l) != 2 || l[0].Width != 320 {
		t.Errorf("now: %+v", l)
	}
	n.call(http.MethodPost, "/api/v1/rooms/show/pause", map[string]any{}, nil)
	if resp, raw := n.request(http.MethodPost, "/api/v1/rooms/show/screenshots", nil, "Bearer "+n.secrets.APIToken); resp.StatusCode != 409 || !strings.Contains(string(raw), "no_stream") {
		t.Errorf("it is paused: %s %s", resp.Status, raw)
	}
	p.quit()
	n.call(http.MethodDelete, "/api/v1/rooms/show", nil, nil)
	n.eventually("the pictures are gone with the room", func() bool { return len(n.shotFiles()) == 0 })
	if status, _, _ := n.picture(room.Cover); status != 404 {
		t.Errorf("cover of a room that is gone: %d", status)
	}
}

// TestWithoutFFmpegNothingElseFails: rules and calls are refused and say what to do, the room goes live.
func TestWithoutFFmpegNothingElseFails(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--screenshots=2s", "--ffmpeg=/nowhere/ffmpeg")
	n.createRoom(map[string]any{"id": "show", "playAuth": "none"})
	p := push(t, n.addresses("show").Push.RTMP)
	n.waitStatus("show", 2)
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPost, "/api/v1/rooms/show/screenshots", nil},
		{http.MethodPatch, "/api/v1/rooms/show", map[string]any{"screenshots": map[string]any{"every": "10s"}}},
	} {
		resp, raw := n.request(call.method, call.path, call.body, "Bearer "+n.secrets.APIToken)
		if resp.StatusCode != 409 || !strings.Contains(string(raw), "screenshots_unavailable") || !strings.Contains(string(raw), "/nowhere/ffmpeg") {
			t.Errorf("%s: %s %s", call.path, resp.Status, raw)
		}
	}
	eventually(t, "the log says it once", func() bool { return strings.Contains(n.log.String(), "screenshots are not taken") })
	if status, _, body := n.picture("/api/v1/rooms/show/cover.jpg"); status != 200 || !bytes.HasPrefix(body, []byte("\xff\xd8")) {
		t.Errorf("cover %d", status)
	}
	mustDecode(t, "http://"+n.http+"/live/show.flv")
	p.quit()
	if got := strings.Count(n.log.String(), "screenshots are not taken"); got != 1 {
		t.Errorf("%d times", got)
	}
}

// TestScreenshotsOfACluster: the node that has the push takes them, whichever is asked, and all show them. A node without the store
// that they share says why it has none.
func TestScreenshotsOfACluster(t *testing.T) {
	t.Parallel()
	c := prepareCluster(t, 0, nil)
	shared := filepath.Join(t.TempDir(), "shared")
	for range 2 {
		c.add("--record-store", shared, "--record-shared=on")
	}
	c.add()
	c.start()
	a, b, without := c.nodes[0], c.nodes[1], c.nodes[2]
	a.createRoom(map[string]any{"id": "show", "screenshots": map[string]any{"every": "600s"}})
	p := push(t, strings.Replace(a.addresses("show").Push.RTMP, "localhost:1935", a.rtmp, 1), orange...)
	a.waitStatus("show", 2)
	var list struct{ Screenshots []shot }
	b.eventually("another node has a picture taken", func() bool {
		resp, raw := b.request(http.MethodPost, "/api/v1/rooms/show/screenshots", nil, "Bearer "+b.secrets.APIToken)
		if resp.StatusCode != 201 && !strings.Contains(string(raw), "no_stream") {
			t.Fatalf("%s %s", resp.Status, raw)
		}
		return resp.StatusCode == 201
	})
	b.call(http.MethodGet, "/api/v1/rooms/show/screenshots", nil, &list)
	if len(list.Screenshots) == 0 {
		t.Fatalf("%+v", list)
	}
	var room struct{ Cover string }
	b.call(http.MethodGet, "/api/v1/rooms/show", nil, &room)
	for i, n := range []*node{a, b} {
		_, _, body := n.picture(room.Cover)
		wantOrange(t, fmt.Sprintf("cover on node %d", i), body, 320, 180)
	}
	if strings.Contains(b.metrics(), "liveroom_screenshots_taken_total 0") == strings.Contains(a.metrics(), "liveroom_screenshots_taken_total 0") {
		t.Error("not only the node of the push took them")
	}
	resp, raw := without.request(http.MethodPost, "/api/v1/rooms/show/screenshots", nil, "Bearer "+without.secrets.APIToken)
	if resp.StatusCode != 409 || !strings.Contains(string(raw), "screenshots_unavailable") || !strings.Contains(string(raw), "--record-shared on") {
		t.Errorf("a node without the store: %s %s", resp.Status, raw)
	}
	p.quit()
}
