package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/chat"
	"liveroom/live"
	"liveroom/live/programme"
	"liveroom/live/record"
	"liveroom/live/vod/vodtest"
	"liveroom/web"
)

// playbackRooms are the live rooms as programmes drive them.
type playbackRooms struct{ web.Rooms }

func (r playbackRooms) Room(ctx context.Context, id string) (programme.Room, error) {
	l, err := r.Rooms.Room(ctx, id)
	return programme.Room{ID: id, Stream: l.Room.Stream, CreatedAt: l.Room.CreatedAt, Record: l.Record}, err
}

// shifts is how far back room demo can be watched.
type shifts struct{ oldest time.Time }

func (s shifts) Shiftable(context.Context, string) (time.Time, time.Duration, bool, error) {
	return s.oldest, time.Hour, !s.oldest.IsZero(), nil
}

// paperPlaybacks are the playbacks of a bench, where room demo has a recording.
func paperPlaybacks(rooms web.Rooms, log *slog.Logger) *programme.Service {
	lib := vodtest.New()
	lib.Put(record.Recording{ID: "01JD0000000000000000000002", Room: "demo", Stream: "demo", Kind: record.Full, State: record.Done, CreatedAt: time.Now().Add(time.Hour)})
	lib.Append("01JD0000000000000000000002", 0, 3_541_000, nil)
	return programme.New(programme.Config{
		Address: func(name string) string { return "http://localhost:8080/live/" + name + ".m3u8" },
		Next:    func(_ string, after time.Time) (time.Time, error) { return after.Add(time.Hour), nil },
	}, programme.NewMemory(), lib, playbackRooms{rooms}, log)
}

func TestPlaybacksAreDrivenAndPlanned(t *testing.T) {
	oldest := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		lib := vodtest.New()
		for _, id := range []string{"A", "B"} {
			lib.Put(record.Recording{ID: id, Room: "demo", Stream: "demo", Kind: record.Full, State: record.Done, CreatedAt: time.Now().Add(time.Hour)})
			lib.Append(id, 0, 60_000, nil)
		}
		d.Playbacks = programme.New(programme.Config{Address: func(name string) string { return "http://h/live/" + name + ".m3u8" }},
			programme.NewMemory(), lib, playbackRooms{d.Rooms}, d.Log)
		d.Shifts = shifts{oldest}
	})
	b.createRoom("demo")
	sig := b.userSig("alice")

	plan := map[string]any{"id": "soon", "recordings": []string{"A", "B"}, "startAt": "5s", "at": time.Now().Add(time.Hour), "for": "90s"}
	got := b.request(http.MethodPost, "/api/v1/rooms/demo/playbacks", sig, plan)
	if got.status != http.StatusCreated || got.json["state"] != "scheduled" || got.json["by"] != "alice" || got.json["for"] != "90s" || got.json["startAt"] != "5s" || got.json["last"] != nil {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	plan["loop"] = true
	refused(t, b.request(http.MethodPost, "/api/v1/rooms/demo/playbacks", sig, plan), http.StatusConflict, "playback_reused", "id")
	refused(t, b.request(http.MethodPost, "/api/v1/rooms/demo/playbacks", sig, map[string]any{"recordings": []string{"A"}}), http.StatusUnprocessableEntity, "invalid", "at")
	refused(t, b.request(http.MethodPost, "/api/v1/rooms/demo/playbacks", b.userSig("bob"), plan), http.StatusForbidden, "not_anchor", "")
	refused(t, b.request(http.MethodGet, "/api/v1/rooms/demo/playbacks", "", nil), http.StatusUnauthorized, "unauthorized", "")
	if got := b.request(http.MethodGet, "/api/v1/rooms/demo/playbacks", sig, nil); len(got.json["playbacks"].([]any)) != 1 {
		t.Errorf("%s", got.raw)
	}
	if got := b.request(http.MethodGet, "/api/v1/rooms/demo/playbacks/soon", apiToken, nil); got.json["id"] != "soon" {
		t.Errorf("%s", got.raw)
	}
	if got := b.request(http.MethodDelete, "/api/v1/rooms/demo/playbacks/soon", sig, nil); got.status != http.StatusNoContent {
		t.Errorf("%d %s", got.status, got.raw)
	}
	refused(t, b.request(http.MethodDelete, "/api/v1/rooms/demo/playbacks/soon", sig, nil), http.StatusNotFound, "not_found", "playback")

	for _, tt := range []struct {
		body  map[string]any
		field string
	}{
		{map[string]any{"recording": "NONE"}, "recordings[0]"},
		{map[string]any{"recording": "A", "recordings": []string{"B"}}, "recording"},
		{map[string]any{"recording": "A", "url": "https://example.com/x.mp4"}, "url"},
		{map[string]any{"loop": true, "url": "https://example.com/x.mp4"}, "loop"},
		{map[string]any{"startAt": "1s", "url": "https://example.com/x.mp4"}, "startAt"},
		{map[string]any{"recording": "A", "startAt": "60s"}, "startAt"},
		{map[string]any{}, "url"},
	} {
		refused(t, b.request(http.MethodPost, "/api/v1/rooms/demo/playback", sig, tt.body), http.StatusUnprocessableEntity, "invalid", tt.field)
	}
	got = b.request(http.MethodPost, "/api/v1/rooms/demo/playback", sig, map[string]any{"recordings": []string{"B", "A"}, "loop": true, "startAt": "1m30s"})
	if url, _ := got.json["playbackUrl"].(string); got.status != http.StatusOK || got.json["code"] != 5.0 || !strings.HasPrefix(url, "http://h/live/demo.m3u8?playback=") {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	play := b.request(http.MethodGet, "/api/v1/rooms/demo/play", "", nil)
	back, _ := play.json["playback"].(map[string]any)
	if hls, _ := back["hls"].(string); !strings.Contains(hls, "/demo.m3u8?txSecret=") || back["loop"] != true || back["startAt"] != "90s" || back["duration"] != "120s" || play.json["timeShift"] != nil {
		t.Errorf("%s", play.raw)
	}
	b.request(http.MethodPost, "/api/v1/rooms/demo/playback", sig, map[string]any{"url": "https://example.com/x.mp4"})
	if play := b.request(http.MethodGet, "/api/v1/rooms/demo/play", "", nil); play.json["playback"] != nil {
		t.Errorf("of what is kept elsewhere: %s", play.raw)
	}
	b.request(http.MethodPost, "/api/v1/rooms/demo/reopen", sig, nil)
	b.push("demo")
	play = b.request(http.MethodGet, "/api/v1/rooms/demo/play", "", nil)
	shift, _ := play.json["timeShift"].(map[string]any)
	if hls, _ := shift["hls"].(string); !strings.HasSuffix(hls, "&txTimeshift=on") || shift["from"] != "2030-01-02T03:04:05.000Z" || shift["window"] != "3600s" || play.json["playback"] != nil {
		t.Errorf("%s", play.raw)
	}
}

// bareRooms have play addresses that are not signed.
type bareRooms struct{ everyRoom }

type everyRoom = web.Rooms // which has a method Rooms

func (bareRooms) PlayAddresses(_ context.Context, id string, _ time.Duration) (live.Addresses, error) {
	return live.Addresses{Play: address.PlayAddresses{HLS: "http://h/live/" + id + ".m3u8"}}, nil
}

// TestShiftOfABareAddress: what it asks for is the first of its query.
func TestShiftOfABareAddress(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		d.Rooms, d.Shifts = bareRooms{d.Rooms}, shifts{time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	})
	b.do(http.StatusCreated, http.MethodPost, "/api/v1/rooms", apiToken, map[string]any{"id": "open", "playAuth": "none"})
	b.push("open")
	play := b.do(http.StatusOK, http.MethodGet, "/api/v1/rooms/open/play", "", nil)
	shift, _ := play.json["timeShift"].(map[string]any)
	if hls, _ := shift["hls"].(string); !strings.HasSuffix(hls, "/open.m3u8?txTimeshift=on") {
		t.Errorf("%s", play.raw)
	}
}

func TestPlaybacksThatAreNotOffered(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Playbacks, d.Shifts = nil, nil })
	b.createRoom("demo")
	refused(t, b.request(http.MethodGet, "/api/v1/rooms/demo/playbacks", apiToken, nil), http.StatusNotFound, "not_offered", "")
	refused(t, b.request(http.MethodPost, "/api/v1/rooms/demo/playback", apiToken, map[string]any{"recording": "A"}), http.StatusNotFound, "not_offered", "")
	for _, path := range []string{"/live/demo/v/x/index.m3u8", "/live/demo/f/x/y/z.m4s", "/live/demo/d/x/y.mp4"} {
		if got := b.request(http.MethodGet, path, "", nil); got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s is not led to the media", path)
		}
	}
}

// refused expects an answer to say why it is none.
func refused(t *testing.T, a answer, httpStatus int, code, field string) {
	t.Helper()
	if a.status != httpStatus || a.code() != code || a.field() != field {
		t.Errorf("%d %s, want %d %s at %q", a.status, a.raw, httpStatus, code, field)
	}
}

// tired has had enough of everybody who is not an administrator.
type tired struct{ web.Audit }

func (tired) Busy(by chat.Identity) (until time.Time) {
	if by.Admin {
		return until
	}
	return time.Now().Add(time.Minute)
}

// TestPlansDoNotFloodTheAuditLog: an anchor who did too much lately is told to wait.
func TestPlansDoNotFloodTheAuditLog(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Audit = tired{d.Audit} })
	b.createRoom("demo")
	sig := b.userSig("alice")
	plan := map[string]any{"id": "soon", "recordings": []string{"01JD0000000000000000000002"}, "at": time.Now().Add(time.Hour)}
	b.do(201, http.MethodPost, "/api/v1/rooms/demo/playbacks", apiToken, plan)
	for _, a := range []answer{
		b.request(http.MethodPost, "/api/v1/rooms/demo/playbacks", sig, plan), b.request(http.MethodDelete, "/api/v1/rooms/demo/playbacks/soon", sig, nil),
	} {
		if a.code() != "acts_too_fast" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}
	b.do(200, http.MethodGet, "/api/v1/rooms/demo/playbacks/soon", sig, nil)
}
