package socket_test

import (
	"context"
	"encoding/json"
	"fmt"
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

type someDraws = socket.Draws // by another name than its method's

// crowd is a group whose only draw has been won by many, u1 to u1000.
type crowd struct{ someDraws }

func (c crowd) Draw(_ context.Context, _, id string) (draw.Draw, error) {
	d := draw.Draw{Terms: draw.Terms{ID: id, Winners: draw.MaxWinners}, State: draw.Ended, Entries: 5000}
	for i := range draw.MaxWinners {
		d.Drawn = append(d.Drawn, draw.Winner{User: fmt.Sprint("u", i+1)})
	}
	return d, nil
}

func (c crowd) Draws(ctx context.Context, group string, _ uint64, _ int) ([]draw.Draw, error) {
	d, err := c.Draw(ctx, group, "d1")
	return []draw.Draw{d.Listed()}, err
}

func (c crowd) End(ctx context.Context, group string, _ chat.Identity, id string) (draw.Draw, error) {
	return c.Draw(ctx, group, id)
}

// TestADrawOfManyWinnersTellsEachWhetherHeWon: and nobody all the others.
func TestADrawOfManyWinnersTellsEachWhetherHeWon(t *testing.T) {
	d := open(t, socket.Config{Draws: crowd{}}, nil)
	for _, tc := range []struct {
		user string
		op   object
		own  bool // behind the first
	}{
		{"u7", object{"op": "draw"}, false},
		{"u20", object{"op": "draw"}, false},
		{"u21", object{"op": "draw"}, true},
		{"u1000", object{"op": "draw"}, true},
		{"u1000", object{"op": "draw", "draw": "d1"}, true},
		{"bob", object{"op": "draw"}, false},
		{"bob", object{"op": "endDraw", "draw": "d1"}, false},
		{"", object{"op": "draw"}, false},
	} {
		c := d.dial()
		if tc.user == "" {
			c.ok(object{"op": "auth"})
		} else {
			c.ok(object{"op": "auth", "userId": tc.user, "userSig": d.sig(tc.user)})
		}
		tc.op["group"] = "demo"
		c.write(tc.op)
		var a struct{ Draw draw.View }
		if err := json.Unmarshal(c.frame(), &a); err != nil {
			t.Fatal(err)
		}
		all := a.Draw.Winners
		want := draw.ListedWinners
		if tc.own {
			want++
		}
		if len(all) != want || all[0].User != "u1" || all[19].User != "u20" || a.Draw.Drawn != draw.MaxWinners {
			t.Fatalf("%q: %d winners of %d", tc.user, len(all), a.Draw.Drawn)
		}
		if tc.own && all[20].User != tc.user {
			t.Errorf("%q: the last is %s", tc.user, all[20].User)
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
