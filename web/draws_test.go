package web_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"liveroom/chat/draw"
	"liveroom/web"
)

func TestDrawsNotOffered(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Draws = nil })
	b.createRoom("demo")
	for _, call := range []string{"GET /draws", "GET /draws/d1", "GET /draws/d1/export", "POST /draws/d1/end"} {
		method, path, _ := strings.Cut(call, " ")
		if a := b.do(404, method, "/api/v1/rooms/demo"+path, apiToken, nil); a.code() != "not_offered" {
			t.Errorf("%s: %s", call, a.raw)
		}
	}
}

// TestDrawRefusals: each with its code, and the field at fault.
func TestDrawRefusals(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	b.account("bob")
	good := map[string]any{"id": "d1", "title": "T", "trigger": map[string]any{"keyword": "tea"}, "window": "60s", "winners": 1}
	draft := func(key string, value any) map[string]any {
		d := map[string]any{}
		for k, v := range good {
			d[k] = v
		}
		d[key] = value
		return d
	}
	path := "/api/v1/rooms/demo/draws"
	for _, tc := range []struct {
		status      int
		code, field string
		auth        string
		body        any
	}{
		{403, "not_anchor", "", b.userSig("bob"), good},
		{422, "bad_parameter", "window", apiToken, draft("window", "2h")},
		{422, "bad_parameter", "trigger", apiToken, draft("trigger", map[string]any{})},
		{422, "invalid", "winners", apiToken, draft("winners", 1001)},
		{422, "bad_parameter", "eligibility.minLevel", apiToken, draft("eligibility", map[string]any{"minLevel": 3})},
		{201, "", "", apiToken, good},
		{201, "", "", apiToken, good},
		{409, "draw_reused", "id", apiToken, draft("title", "Other")},
		{409, "draw_running", "", apiToken, draft("id", "d2")},
	} {
		if a := b.do(tc.status, "POST", path, tc.auth, tc.body); a.code() != tc.code || a.field() != tc.field {
			t.Errorf("%s, want %s at %s", a.raw, tc.code, tc.field)
		}
	}
	for _, tc := range []struct {
		status             int
		code, method, path string
	}{
		{404, "no_such_draw", "GET", "/d9"},
		{409, "draw_not_ended", "GET", "/d1/export"},
		{200, "", "POST", "/d1/cancel"},
		{200, "", "POST", "/d1/cancel"},
		{409, "draw_over", "POST", "/d1/end"},
		{422, "invalid", "GET", "?cursor=0"},
	} {
		if a := b.do(tc.status, tc.method, path+tc.path, apiToken, nil); a.code() != tc.code {
			t.Errorf("%s %s: %s", tc.method, tc.path, a.raw)
		}
	}
	b.do(404, "GET", "/api/v1/rooms/nowhere/draws", "", nil)
}

type allDraws = web.Draws

// heldExports are draws whose exports take until they are let go.
type heldExports struct {
	allDraws
	began chan struct{}
	let   chan struct{}
	made  atomic.Int32
}

func (h *heldExports) Export(ctx context.Context, group, id string) (draw.Export, error) {
	if h.made.Add(1) == 1 {
		close(h.began)
	}
	<-h.let
	return h.allDraws.Export(ctx, group, id)
}

// TestADrawIsExportedOnceForAllWhoAsk: everybody may ask, and an export may be large.
func TestADrawIsExportedOnceForAllWhoAsk(t *testing.T) {
	held := &heldExports{began: make(chan struct{}), let: make(chan struct{})}
	b := newBench(t, func(_ *web.Config, d *web.Deps) { held.allDraws, d.Draws = d.Draws, held })
	b.createRoom("demo")
	path := "/api/v1/rooms/demo/draws"
	b.do(201, "POST", path, apiToken, map[string]any{"id": "d1", "title": "T", "trigger": map[string]any{"keyword": "tea"}, "window": "60s", "winners": 1})
	b.do(200, "POST", path+"/d1/end", apiToken, nil)

	raws := make([]string, 5)
	var wg sync.WaitGroup
	for i := range raws {
		wg.Go(func() {
			resp, err := b.client.Get(b.url + path + "/d1/export")
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			raw, err := io.ReadAll(resp.Body)
			if raws[i] = string(raw); err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%d %q, %v", resp.StatusCode, resp.Header, err)
			}
		})
	}
	<-held.began
	close(held.let)
	wg.Wait()
	for _, raw := range raws {
		if x, err := draw.ParseExport([]byte(raw)); err != nil || x.Draw.ID != "d1" || raw != raws[0] {
			t.Errorf("%q: %v", raw, err)
		}
	}
	tag := b.do(200, "GET", path+"/d1/export", "", nil).header.Get("ETag")
	if a := b.request("GET", path+"/d1/export", "", nil, "If-None-Match", tag); a.status != http.StatusNotModified || a.raw != "" {
		t.Errorf("with the ETag %s: %d %s", tag, a.status, a.raw)
	}
	if n := held.made.Load(); n != 1 {
		t.Errorf("made %d times", n)
	}
}
