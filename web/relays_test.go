package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"liveroom/live/relay"
	"liveroom/live/stream"
	"liveroom/web"
)

// paperRelay is the id that docs/api.md gives the only relay there is.
const paperRelay = "01JD0000000000000000000007"

// onlyRelay is the relays of a service that never runs; the newest has the id of the docs.
type onlyRelay struct {
	*relay.Service
	id string
}

type relayRooms struct{ rooms web.Rooms }

func (r relayRooms) Room(ctx context.Context, id string) (relay.Room, error) {
	l, err := r.rooms.Room(ctx, id)
	return relay.Room{Stream: l.Room.Stream, CreatedAt: l.Room.CreatedAt}, err
}

func newOnlyRelay(rooms web.Rooms, log *slog.Logger) *onlyRelay {
	return &onlyRelay{Service: relay.New(relay.Config{}, relay.NewMemory(), relayRooms{rooms}, stream.NewHub(stream.Config{}), log)}
}

func (o *onlyRelay) real(id string) string {
	if id == paperRelay {
		return o.id
	}
	return id
}

func (o *onlyRelay) Add(ctx context.Context, room string, d relay.Draft) (relay.Listed, error) {
	l, err := o.Service.Add(ctx, room, d)
	if err == nil {
		o.id = l.ID
	}
	return l, err
}

func (o *onlyRelay) Change(ctx context.Context, room, id string, p relay.Patch) (relay.Listed, error) {
	return o.Service.Change(ctx, room, o.real(id), p)
}

func (o *onlyRelay) Remove(ctx context.Context, room, id string) error {
	return o.Service.Remove(ctx, room, o.real(id))
}

// TestRelays: who may do what, what is refused with which field, and that no key comes back, not even into the audit log.
func TestRelays(t *testing.T) {
	b := newBench(t, nil)
	b.do(http.StatusCreated, "POST", "/api/v1/rooms", apiToken, map[string]any{"id": "r1", "anchor": "alice"})
	const path = "/api/v1/rooms/r1/relays"
	draft := map[string]any{"url": "rtmp://a.example/live/secret-key?sign=secret-sign", "name": "A"}
	anchor := b.userSig("alice")
	b.do(http.StatusForbidden, "POST", path, anchor, draft)
	b.do(http.StatusForbidden, "GET", path, b.userSig("bob"), nil)
	b.do(http.StatusUnauthorized, "GET", path, "", nil)
	b.do(http.StatusCreated, "POST", path, apiToken, draft)
	shown := b.do(http.StatusOK, "GET", path, anchor, nil)
	for _, tt := range []struct {
		status      int
		body        map[string]any
		code, field string
	}{
		{http.StatusUnprocessableEntity, map[string]any{"url": "http://a.example/secret-key"}, "invalid", "url"},
		{http.StatusUnprocessableEntity, map[string]any{"name": "no address"}, "invalid", "url"},
		{http.StatusConflict, draft, "exists", "url"},
	} {
		a := b.do(tt.status, "POST", path, apiToken, tt.body)
		if a.json["code"] != tt.code || a.json["field"] != tt.field {
			t.Errorf("%v: %s", tt.body, a.raw)
		}
		shown.raw += a.raw
	}
	b.do(http.StatusNotFound, "DELETE", path+"/01JD0000000000000000000009", apiToken, nil)
	b.do(http.StatusNotFound, "GET", "/api/v1/rooms/none/relays", apiToken, nil)
	off := b.do(http.StatusOK, "PATCH", path+"/"+paperRelay, apiToken, map[string]any{"enabled": false})
	if cause, _ := off.json["cause"].(map[string]any); cause["code"] != "off" || off.json["name"] != "A" {
		t.Errorf("switched off: %s", off.raw)
	}
	b.do(http.StatusNoContent, "DELETE", path+"/"+paperRelay, apiToken, nil)
	journal := b.do(http.StatusOK, "GET", "/api/v1/audit", apiToken, nil)
	for _, action := range []string{"relay_add", "relay_change", "relay_delete"} {
		if !strings.Contains(journal.raw, action) {
			t.Errorf("%s is not in the audit log: %s", action, journal.raw)
		}
	}
	if all := shown.raw + off.raw + journal.raw; strings.Contains(all, "secret") || !strings.Contains(all, "rtmp://a.example/live/…") {
		t.Errorf("what is shown: %s", all)
	}
}
