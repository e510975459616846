package socket_test

import (
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/draw"
	"liveroom/web/socket"
)

// lots are the draws of a door's chat, made when it is there.
type lots struct{ *draw.Service }

// TestDrawOps: what an anchor's page and the SDK ask, and what they are answered.
func TestDrawOps(t *testing.T) {
	all, store := &lots{}, chat.NewMemory()
	d := openStore(t, socket.Config{Draws: all}, chat.Config{}, store, nil)
	all.Service = draw.New(draw.Config{Settle: time.Millisecond}, draw.NewMemory(), draw.Chat{Service: d.chat, Store: store}, slog.New(slog.DiscardHandler))
	d.group("tea", "anna")
	anna, guest := d.dial(), d.dial()
	anna.ok(object{"op": "auth", "userId": "anna", "userSig": d.sig("anna")})
	guest.ok(object{"op": "auth"})
	drawn := func(c *client, op object) (v *draw.View) {
		t.Helper()
		var a struct {
			Code int
			Draw *draw.View
		}
		c.write(op)
		raw := c.frame() // they have not joined: nothing else comes
		if err := json.Unmarshal(raw, &a); err != nil || a.Code != 0 {
			t.Fatalf("%s, %v", raw, err)
		}
		return a.Draw
	}
	start := object{"op": "startDraw", "group": "tea", "draw": "d1", "title": "T", "trigger": object{"keyword": "x"}, "seconds": 60, "winners": 1}
	if v := drawn(guest, object{"op": "draw", "group": "tea"}); v != nil {
		t.Errorf("before any: %+v", v)
	}
	if v := drawn(anna, start); v.State != draw.Open || v.Places != 1 || v.Seed != "" {
		t.Errorf("%+v", v)
	}
	if v := drawn(guest, object{"op": "draw", "group": "tea"}); v.ID != "d1" || v.Seed != "" {
		t.Errorf("%+v", v)
	}
	if v := drawn(anna, object{"op": "endDraw", "group": "tea", "draw": "d1"}); v.State != draw.Ended || v.Seed == "" {
		t.Errorf("%+v", v)
	}
	start["draw"] = "d2"
	drawn(anna, start)
	if v := drawn(anna, object{"op": "cancelDraw", "group": "tea", "draw": "d2", "reason": "x"}); v.State != draw.Cancelled {
		t.Errorf("%+v", v)
	}
	if v := drawn(guest, object{"op": "draw", "group": "tea", "draw": "d1"}); v.State != draw.Ended {
		t.Errorf("%+v", v)
	}
	for _, tc := range []struct {
		c           *client
		op          object
		name, field string
	}{
		{guest, object{"op": "startDraw", "group": "tea", "title": "T", "trigger": object{"keyword": "x"}, "seconds": 60, "winners": 1}, "not_anchor", ""},
		{guest, object{"op": "endDraw", "group": "tea", "draw": "d1"}, "not_anchor", ""},
		{anna, object{"op": "startDraw", "group": "tea", "title": "T", "trigger": object{"keyword": "x"}, "seconds": 1 << 60, "winners": 1}, "bad_parameter", "seconds"},
		{anna, object{"op": "startDraw", "group": "tea", "trigger": "x"}, "bad_parameter", "trigger"},
		{anna, object{"op": "cancelDraw", "group": "tea", "draw": "d1"}, "draw_over", "draw"},
		{anna, object{"op": "draw", "group": "tea", "draw": "d9"}, "no_such_draw", "draw"},
		{anna, object{"op": "draw", "group": "nowhere"}, "no_such_group", ""},
	} {
		if a := tc.c.ask(tc.op); a.Error != tc.name || a.Field != tc.field {
			t.Errorf("%v: %+v", tc.op, a)
		}
	}
}

func TestDrawOpsNotOffered(t *testing.T) {
	d := openChat(t, socket.Config{}, chat.Config{}, nil)
	alice := d.member("alice")
	for _, op := range []string{"startDraw", "endDraw", "cancelDraw", "draw"} {
		if a := alice.ask(object{"op": op, "group": "demo"}); a.Error != "not_offered" {
			t.Errorf("%s: %+v", op, a)
		}
	}
}
