package socket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/web/socket"
)

// gifts are those that the door is given in tests.
type gifts struct {
	*gift.Service
	*gift.Boards
}

func (gifts) Session(string) string { return "01JD0000000000000000000001" }

// noRoom is where gifts are shown that nobody looks at.
type noRoom struct{}

func (noRoom) Append(context.Context, string, string, ...chat.Fenced) error { return nil }
func (noRoom) RaiseCounters(context.Context, string, map[string]chat.Number) error {
	return nil
}

// newGifts are gifts with a rose in the catalogue. They run until the test ends; without settler all is free.
func newGifts(t *testing.T, settler gift.Settler, cfg gift.Config) gifts {
	t.Helper()
	store := gift.NewMemory()
	cfg.Anchor = func(string) string { return "olga" }
	s := gift.NewService(cfg, store, settler, noRoom{}, nil, slog.New(slog.DiscardHandler))
	rose := gift.Gift{ID: "rose", Name: "Rose", Price: 100, Icon: "https://cdn.example.com/rose.png", Effect: "float", Combo: true, Enabled: true, Order: 1}
	if _, err := s.PutGift(t.Context(), rose); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return gifts{s, gift.NewBoards(store)}
}

// settler decides when it is told to.
type settler struct{ verdict chan gift.Verdict }

func (s settler) Settle(ctx context.Context, _ gift.Order, _ int) (gift.Verdict, error) {
	select {
	case v := <-s.verdict:
		return v, nil
	case <-ctx.Done():
		return gift.Verdict{}, ctx.Err()
	}
}

type orderAnswer struct {
	Order struct {
		ID, State, From, Session, CreatedAt, SettledAt string
		Value                                          int64
	}
}

// What a backend takes long to settle does not hold up what the giver says.
func TestGivingDoesNotHoldUpTheRest(t *testing.T) {
	slow := settler{make(chan gift.Verdict)}
	d := open(t, socket.Config{Gifts: newGifts(t, slow, gift.Config{Wait: time.Hour, Timeout: time.Hour})}, nil)
	d.group("tea", "olga")
	alice := d.device("alice", "Web", "1")
	alice.ok(object{"op": "join", "group": "tea"})
	var ids []int
	for i := range 3 {
		ids = append(ids, alice.write(object{"op": "sendGift", "group": "tea", "order": fmt.Sprint("o-", i), "gift": "rose"}))
		alice.ok(object{"op": "ping"}) // answered before the gift, or this fails
	}
	answered := map[int]bool{}
	for range ids {
		slow.verdict <- gift.Verdict{State: gift.Accepted}
		var a answer
		if err := json.Unmarshal(alice.frame(), &a); err != nil || a.Reply == nil || a.Code != 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		answered[*a.Reply] = true
	}
	if len(answered) != len(ids) {
		t.Errorf("answered were %v of %v", answered, ids)
	}
}

// Who does not wait any longer is told when it is settled, on all of his devices.
func TestGiftsSettledLate(t *testing.T) {
	slow := settler{make(chan gift.Verdict)}
	late := make(chan gift.Order, 1)
	d := open(t, socket.Config{Gifts: newGifts(t, slow, gift.Config{Wait: time.Millisecond, Timeout: time.Hour, Late: func(o gift.Order) { late <- o }})}, nil)
	d.group("tea", "olga")
	alice, phone := d.device("alice", "Web", "1"), d.device("alice", "iOS", "2")
	alice.ok(object{"op": "join", "group": "tea"})
	var pending orderAnswer
	alice.into(object{"op": "sendGift", "group": "tea", "order": "o-1", "gift": "rose", "count": 2}, &pending)
	if pending.Order.State != "pending" || pending.Order.Value != 200 || pending.Order.CreatedAt == "" || pending.Order.SettledAt != "" {
		t.Errorf("answered %+v", pending)
	}
	slow.verdict <- gift.Verdict{State: gift.Accepted}
	o := <-late
	if err := d.chat.TellUser(t.Context(), o.From, "gift", object{"order": o}); err != nil {
		t.Fatal(err)
	}
	told := phone.raw()
	if order, _ := told["order"].(map[string]any); told["push"] != "gift" || order["state"] != "accepted" || order["id"] != "o-1" {
		t.Errorf("told %v", told)
	}
	var now orderAnswer
	alice.into(object{"op": "giftOrder", "group": "tea", "order": "o-1"}, &now)
	if now.Order.State != "accepted" || now.Order.SettledAt == "" {
		t.Errorf("it is %+v", now)
	}
}

func TestGivingIsRefused(t *testing.T) {
	no := settler{make(chan gift.Verdict, 1)}
	no.verdict <- gift.Verdict{State: gift.Refused, Reason: "not enough coins"}
	d := open(t, socket.Config{Gifts: newGifts(t, no, gift.Config{})}, nil)
	d.group("tea", "olga")
	alice, guest := d.device("alice", "Web", "1"), d.guest()
	give := func(more object) object {
		f := object{"op": "sendGift", "group": "tea", "order": "o-1", "gift": "rose"}
		for k, v := range more {
			f[k] = v
		}
		return f
	}
	if a := alice.ask(give(nil)); a.Code != 10007 || a.Error != "not_joined" {
		t.Errorf("from outside: %+v", a)
	}
	alice.ok(object{"op": "join", "group": "tea"})
	guest.ok(object{"op": "join", "group": "tea"})
	for name, tc := range map[string]struct {
		c     *client
		f     object
		code  int
		field string
	}{
		"an anonymous guest": {guest, give(nil), 10007, "user"},
		"no such gift":       {alice, give(object{"gift": "yacht"}), 10010, "gift"},
		"none of them":       {alice, give(object{"count": 0}), 10004, "count"},
		"a text for a count": {alice, give(object{"count": "3"}), 10004, "count"},
		"another price":      {alice, give(object{"price": 99}), 10057, "price"},
		"less than nothing":  {alice, give(object{"price": -1}), 10004, "price"},
		"half a price":       {alice, give(object{"price": 99.5}), 10004, "price"},
		"no order":           {alice, give(object{"order": ""}), 10004, "order"},
		"an id of others":    {alice, give(object{"order": "a:b"}), 10004, "order"},
		"a long combo":       {alice, give(object{"combo": string(make([]byte, 65))}), 10004, "combo"},
		"limit":              {alice, object{"op": "ranking", "group": "tea", "limit": 101}, 10004, "limit"},
		"an endless group":   {alice, object{"op": "giftOrder", "group": strings.Repeat("x", 49), "order": "o-1"}, 10004, "group"},
		"scope":              {alice, object{"op": "ranking", "group": "tea", "scope": "me"}, 10004, "scope"},
		"somebody's order":   {alice, object{"op": "giftOrder", "group": "tea", "order": "o-9"}, 10010, "order"},
		"a guest's order":    {guest, object{"op": "giftOrder", "group": "tea", "order": "o-1"}, 10010, "order"},
	} {
		if a := tc.c.ask(tc.f); a.Code != tc.code || a.Field != tc.field {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if a := alice.ask(give(object{"price": 100})); a.Code != 10016 || a.Error != "gift_refused" || a.Detail != "not enough coins" {
		t.Errorf("refused: %+v", a)
	}
	if a := guest.ask(object{"op": "gifts"}); a.Code != 0 {
		t.Errorf("a guest reads the catalogue: %+v", a)
	}
	if a := guest.ask(object{"op": "ranking", "group": "tea"}); a.Code != 0 {
		t.Errorf("a guest reads the ranking: %+v", a)
	}
	none := open(t, socket.Config{}, nil)
	bob := none.device("bob", "Web", "1")
	for _, op := range []string{"gifts", "sendGift", "giftOrder", "ranking"} {
		if a := bob.ask(object{"op": op, "group": "tea"}); a.Error != "not_offered" {
			t.Errorf("%s where there are none: %+v", op, a)
		}
	}
}
