package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"liveroom/live/pull"
	"liveroom/live/record"
	"liveroom/web"
)

// paperPull is the id that docs/api.md gives the only pull there is.
const paperPull = "01JD0000000000000000000008"

// onlyPull is the pulls of a service that never runs; the newest has the id of the docs.
type onlyPull struct {
	*pull.Service
	id string
}

type pullRooms struct{ rooms web.Rooms }

func (r pullRooms) Room(ctx context.Context, id string) (pull.Room, error) {
	l, err := r.rooms.Room(ctx, id)
	return pull.Room{Stream: l.Room.Stream, CreatedAt: l.Room.CreatedAt}, err
}

func (pullRooms) Feed(context.Context, string, string) (pull.Push, error) { panic("it never runs") }

// noRecordings is a Library without any.
type noRecordings struct{ record.Library }

func (noRecordings) Recording(context.Context, string) (record.Recording, error) {
	return record.Recording{}, record.ErrUnknown
}

func newOnlyPull(rooms web.Rooms, log *slog.Logger) *onlyPull {
	next := func(cron string, after time.Time) (time.Time, error) {
		if cron == "0 20 30 2 *" {
			return time.Time{}, nil
		}
		return after.Add(time.Hour), nil
	}
	return &onlyPull{Service: pull.New(pull.Config{Next: next}, pull.NewMemory(), pullRooms{rooms}, noRecordings{}, log)}
}

func (o *onlyPull) real(id string) string {
	if id == paperPull {
		return o.id
	}
	return id
}

func (o *onlyPull) Add(ctx context.Context, room string, d pull.Draft) (pull.Listed, error) {
	l, err := o.Service.Add(ctx, room, d)
	if err == nil {
		o.id = l.ID
	}
	return l, err
}

func (o *onlyPull) Change(ctx context.Context, room, id string, p pull.Patch) (pull.Listed, error) {
	return o.Service.Change(ctx, room, o.real(id), p)
}

func (o *onlyPull) Remove(ctx context.Context, room, id string) error {
	return o.Service.Remove(ctx, room, o.real(id))
}

// TestPulls: only the token may, what is refused with which field, and that no key comes back, not even into the audit log.
func TestPulls(t *testing.T) {
	b := newBench(t, nil)
	b.do(http.StatusCreated, "POST", "/api/v1/rooms", apiToken, map[string]any{"id": "r1", "anchor": "alice"})
	const path = "/api/v1/rooms/r1/pulls"
	draft := map[string]any{"url": "https://a.example/live/secret-key.flv?sign=secret-sign", "name": "A"}
	anchor := b.userSig("alice")
	b.do(http.StatusForbidden, "POST", path, anchor, draft)
	b.do(http.StatusForbidden, "GET", path, anchor, nil)
	b.do(http.StatusUnauthorized, "GET", path, "", nil)
	b.do(http.StatusCreated, "POST", path, apiToken, draft)
	shown := b.do(http.StatusOK, "GET", path, apiToken, nil)
	with := func(pairs ...any) map[string]any {
		d := map[string]any{"url": "https://a.example/b.flv"}
		for i := 0; i < len(pairs); i += 2 {
			d[pairs[i].(string)] = pairs[i+1]
		}
		return d
	}
	for _, tt := range []struct {
		status      int
		body        map[string]any
		code, field string
	}{
		{http.StatusUnprocessableEntity, with("url", "https://a.example/secret-key.mp4"), "invalid", "url"},
		{http.StatusUnprocessableEntity, with("url", "file:///etc/secret-key.flv"), "invalid", "url"},
		{http.StatusUnprocessableEntity, with("url", "https://u:secret@a.example/b.flv"), "invalid", "url"},
		{http.StatusUnprocessableEntity, with("url", "rtmp://a.example/secret-key"), "invalid", "url"},
		{http.StatusUnprocessableEntity, map[string]any{"name": "no source"}, "invalid", "url"},
		{http.StatusUnprocessableEntity, with("recording", "X"), "invalid", "url"},
		{http.StatusUnprocessableEntity, map[string]any{"recording": "X"}, "invalid", "recording"},
		{http.StatusUnprocessableEntity, map[string]any{"url": "rtmp://a.example/live/b", "kind": "vod"}, "invalid", "kind"},
		{http.StatusUnprocessableEntity, with("loop", true), "invalid", "loop"},
		{http.StatusUnprocessableEntity, with("cron", "0 20 * * *"), "invalid", "for"},
		{http.StatusUnprocessableEntity, with("cron", "0 20 30 2 *", "for", "1h"), "invalid", "cron"},
		{http.StatusUnprocessableEntity, with("for", "800h"), "invalid", "for"},
		{http.StatusUnprocessableEntity, with("endAt", "2020-01-01T00:00:00Z"), "invalid", "endAt"},
		{http.StatusUnprocessableEntity, with("startAt", "2099-01-01T00:00:00Z"), "invalid", "startAt"},
		{http.StatusConflict, draft, "exists", "url"},
	} {
		a := b.do(tt.status, "POST", path, apiToken, tt.body)
		if a.json["code"] != tt.code || a.json["field"] != tt.field {
			t.Errorf("%v: %s", tt.body, a.raw)
		}
		shown.raw += a.raw
	}
	b.do(http.StatusNotFound, "DELETE", path+"/01JD0000000000000000000009", apiToken, nil)
	b.do(http.StatusNotFound, "GET", "/api/v1/rooms/none/pulls", apiToken, nil)
	off := b.do(http.StatusOK, "PATCH", path+"/"+paperPull, apiToken, map[string]any{"enabled": false, "kind": "vod", "loop": true})
	if off.json["state"] != "idle" || off.json["name"] != "A" || off.json["loop"] != true {
		t.Errorf("switched off: %s", off.raw)
	}
	b.do(http.StatusNoContent, "DELETE", path+"/"+paperPull, apiToken, nil)
	journal := b.do(http.StatusOK, "GET", "/api/v1/audit", apiToken, nil)
	for _, action := range []string{"pull_add", "pull_change", "pull_delete"} {
		if !strings.Contains(journal.raw, action) {
			t.Errorf("%s is not in the audit log: %s", action, journal.raw)
		}
	}
	if all := shown.raw + off.raw + journal.raw; strings.Contains(all, "secret") || !strings.Contains(all, "https://a.example/….flv") {
		t.Errorf("what is shown: %s", all)
	}
}
