package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"liveroom/live/record/export"
	"liveroom/web"
)

// TestViewersMayDownload what is played back, where the room's rule says so and there is one file of all of it.
func TestViewersMayDownload(t *testing.T) {
	p := newPaper()
	b := newBench(t, func(c *web.Config, d *web.Deps) {
		onPaper(p)(c, d)
		d.Playbacks = paperPlaybacks(d.Rooms, d.Log)
	})
	b.createRoom("demo")
	b.do(http.StatusOK, http.MethodPost, "/api/v1/rooms/demo/playback", apiToken, map[string]any{"recordings": []string{recA}})
	mp4 := func() string {
		t.Helper()
		got := b.do(http.StatusOK, http.MethodGet, "/api/v1/rooms/demo/play", "", nil)
		back, _ := got.json["playback"].(map[string]any)
		if back == nil {
			t.Fatalf("%s", got.raw)
		}
		to, _ := back["mp4"].(string)
		return to
	}
	made := func(change func(*export.Job)) {
		t.Helper()
		if _, err := (exports{p}).Export(context.Background(), recA, export.Request{Format: export.MP4}); err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		change(&p.jobs[0])
	}
	made(func(*export.Job) {})
	if got := mp4(); got != "" {
		t.Errorf("a room that says nothing of it: %s", got)
	}
	b.do(http.StatusOK, http.MethodPatch, "/api/v1/rooms/demo", apiToken, `{"recording":{"download":true}}`)
	if got := mp4(); !strings.HasSuffix(got, "-1.mp4") || !strings.Contains(got, "/d/") {
		t.Errorf("%q", got)
	}
	for name, change := range map[string]func(*export.Job){
		"several files": func(j *export.Job) { j.Files = append(j.Files, j.Files[0]) },
		"a part":        func(j *export.Job) { j.Span.From = 2000 },
		"its beginning": func(j *export.Job) { j.Span.To-- },
		"being made":    func(j *export.Job) { j.State = export.Running },
		"FLV":           func(j *export.Job) { j.Format = export.FLV },
	} {
		if made(change); mp4() != "" {
			t.Errorf("%s: %s", name, mp4())
		}
	}
	made(func(*export.Job) {})
	b.do(http.StatusOK, http.MethodPost, "/api/v1/rooms/demo/playback", apiToken, map[string]any{"recordings": []string{recA, recA}})
	if got := mp4(); got != "" {
		t.Errorf("of two recordings: %s", got)
	}
	b.do(http.StatusOK, http.MethodPatch, "/api/v1/rooms/demo", apiToken, `{"recording":{"download":false}}`)
	b.do(http.StatusOK, http.MethodPost, "/api/v1/rooms/demo/playback", apiToken, map[string]any{"recordings": []string{recA}})
	if got := mp4(); got != "" {
		t.Errorf("after it was taken back: %s", got)
	}
}
