package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"liveroom/chat"
	"liveroom/status"
	"liveroom/web"
)

// scrape is what the operator's port shows at a path.
func (b *bench) ops(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.server.Ops().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// figure is one metric without labels.
func (b *bench) figure(name string) float64 {
	for line := range strings.Lines(b.ops("/metrics").Body.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			v, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return v
		}
	}
	return -1
}

func TestMetricsHaveNoRoomsAndNoUsers(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("secretroom")
	b.do(200, "GET", "/api/v1/rooms/secretroom/status", "", nil)
	b.do(404, "GET", "/api/v1/strange/path/of/a/stranger", "", nil)
	b.do(401, "POST", "/api/v1/rooms", "wrong-token-wrong-token", `{}`)
	text := b.ops("/metrics").Body.String()
	for _, want := range []string{
		`liveroom_http_requests_total{method="GET",route="/api/v1/rooms/:room/status",status="200"} 1`,
		`liveroom_http_requests_total{method="other",route="other",status="404"} 1`,
		"liveroom_auth_failures_total 1", "liveroom_event_streams 0", "liveroom_chat_groups", "liveroom_status_outbox_rooms",
		"go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(text, "secretroom") || strings.Contains(text, "stranger") || strings.Contains(text, "alice") {
		t.Error("metrics name a room, a path or a user")
	}
	for _, label := range regexp.MustCompile(`[{,](\w+)="`).FindAllStringSubmatch(text, -1) {
		if l := label[1]; l == "room" || l == "user" || l == "group" || l == "stream" {
			t.Errorf("label %s", l)
		}
	}
}

func TestSources(t *testing.T) {
	samples := web.ChatSource(func() chat.Stats {
		return chat.Stats{Groups: 2, Messages: []chat.MessageStats{{Refused: 4}, {Priority: chat.High, Delivered: 5, Dropped: 1}}}
	})()
	found := map[string]float64{}
	for _, s := range samples {
		key := s.Name
		for _, l := range s.Labels {
			key += "/" + l.Value
		}
		found[key] = s.Value
	}
	for key, want := range map[string]float64{"chat_groups": 2, "chat_messages_total/High/delivered": 5, "chat_messages_total/High/dropped": 1, "chat_messages_total/none/refused": 4} {
		if found[key] != want {
			t.Errorf("%s = %v, want %v", key, found[key], want)
		}
	}
	for _, s := range web.OutboxSource(func() status.SyncStats { return status.SyncStats{Delivered: 7, Failed: 2, Rooms: 1} })() {
		if want := map[string]float64{"status_announced_total": 7, "status_announce_failures_total": 2, "status_outbox_rooms": 1}[s.Name]; s.Value != want {
			t.Errorf("%s = %v, want %v", s.Name, s.Value, want)
		}
	}
}

func TestABadSourceLeavesTheOthers(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		d.Metrics = append(d.Metrics,
			func() []web.Sample { return []web.Sample{{Name: "bad name!", Help: "x"}} },
			func() []web.Sample {
				return []web.Sample{{Name: "good", Help: "x", Labels: []web.Label{{Name: "protocol", Value: "rtmp"}}, Value: 3}}
			})
	})
	if text := b.ops("/metrics").Body.String(); !strings.Contains(text, `liveroom_good{protocol="rtmp"} 3`) {
		t.Error("a bad source hides the others")
	}
}

func TestHealth(t *testing.T) {
	var store, disk error
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		d.Checks = []web.Check{
			{Name: "store", Probe: func(context.Context) error { return store }},
			{Name: "disk", Needs: true, Probe: func(context.Context) error { return disk }},
		}
		d.Facts = func(context.Context) map[string]any { return map[string]any{"nodes": []string{"n1"}} }
	})
	for _, tt := range []struct {
		name        string
		ready       bool
		store, disk error
		code        int
		state       string
	}{
		{"all well", true, nil, nil, 200, "ready"},
		{"store away", true, errors.New("dial 10.1.2.3"), nil, 200, "degraded"},
		{"disk full", true, errors.New("dial 10.1.2.3"), errors.New("no space"), 503, "not ready"},
		{"stopping", false, nil, nil, 503, "not ready"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b.server.SetReady(tt.ready)
			store, disk = tt.store, tt.disk
			a := b.do(tt.code, "GET", "/readyz", "", nil)
			if a.raw != `{"status":"`+tt.state+`"}`+"\n" {
				t.Errorf("readyz = %s", a.raw)
			}
			detail := b.ops("/health")
			if detail.Code != tt.code || !strings.Contains(detail.Body.String(), `"status":"`+tt.state+`"`) {
				t.Errorf("health = %d %s", detail.Code, detail.Body)
			}
			if !strings.Contains(detail.Body.String(), `"nodes":["n1"]`) {
				t.Errorf("health = %s", detail.Body)
			}
			if tt.store != nil && !strings.Contains(detail.Body.String(), "10.1.2.3") {
				t.Errorf("health hides the reason: %s", detail.Body)
			}
			b.do(200, "GET", "/healthz", "", nil)
		})
	}
}

func TestOpsHasProfilesAndThePublicPortHasNot(t *testing.T) {
	b := newBench(t, nil)
	if w := b.ops("/debug/pprof/goroutine?debug=1"); w.Code != 200 {
		t.Errorf("pprof = %d", w.Code)
	}
	if w := b.ops("/debug/pprof/cmdline"); w.Code != http.StatusNotFound { // it may hold the password of Redis
		t.Errorf("the command line is shown: %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/metrics", "/health", "/debug/pprof/"} {
		b.do(http.StatusNotFound, "GET", path, "", nil)
	}
}
