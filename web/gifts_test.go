package web_test

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/gift"
	"liveroom/web"
)

// rose is a gift as backends make one.
var rose = map[string]any{"name": "Rose", "price": 100, "combo": true}

// giftBench is a room in which a rose can be given.
func giftBench(t testing.TB, change func(*web.Config, *web.Deps)) *bench {
	b := newBench(t, change)
	b.createRoom("demo")
	b.do(200, "PUT", "/api/v1/gifts/rose", apiToken, rose)
	return b
}

func (b *bench) bill(want int, body map[string]any) answer {
	b.t.Helper()
	return b.do(want, "POST", "/api/v1/rooms/demo/gifts", apiToken, body)
}

func TestCatalogue(t *testing.T) {
	b := giftBench(t, nil)
	b.do(200, "PUT", "/api/v1/gifts/secret", apiToken, map[string]any{"name": "Not yet", "price": 0, "enabled": false, "order": -1})
	ids := func(a answer) (all []string) {
		list, _ := a.json["gifts"].([]any)
		for _, g := range list {
			all = append(all, g.(map[string]any)["id"].(string))
		}
		return all
	}
	if got := ids(b.do(200, "GET", "/api/v1/gifts", "", nil)); !slices.Equal(got, []string{"rose"}) {
		t.Errorf("everybody sees %v", got)
	}
	if got := ids(b.do(200, "GET", "/api/v1/gifts", b.userSig("bob"), nil)); !slices.Equal(got, []string{"rose"}) {
		t.Errorf("an account sees %v", got)
	}
	if got := ids(b.do(200, "GET", "/api/v1/gifts", apiToken, nil)); !slices.Equal(got, []string{"secret", "rose"}) {
		t.Errorf("the token sees %v", got)
	}
	b.do(401, "GET", "/api/v1/gifts", "no such token", nil)
	for _, call := range []struct{ method, path string }{{"GET", "/api/v1/gifts/rose"}, {"PUT", "/api/v1/gifts/rose"}, {"DELETE", "/api/v1/gifts/rose"}, {"POST", "/api/v1/rooms/demo/gifts"}} {
		if a := b.request(call.method, call.path, b.userSig("alice"), rose); a.status != 403 || a.code() != "token_needed" {
			t.Errorf("%s %s by the anchor: %d %s", call.method, call.path, a.status, a.raw)
		}
	}
	for field, body := range map[string]map[string]any{
		"price":  {"name": "x", "price": -1},
		"name":   {"name": "  ", "price": 1},
		"icon":   {"name": "x", "price": 1, "icon": "javascript:alert(1)"},
		"effect": {"name": "x", "price": 1, "effect": "a\nb"},
		"colour": {"name": "x", "price": 1, "colour": "red"},
	} {
		if a := b.request("PUT", "/api/v1/gifts/x", apiToken, body); a.status != 422 || a.field() != field {
			t.Errorf("%v: %d %s", body, a.status, a.raw)
		}
	}
	if a := b.request("PUT", "/api/v1/gifts/"+strings.Repeat("x", 65), apiToken, rose); a.status != 422 {
		t.Errorf("a long id: %d %s", a.status, a.raw)
	}
	b.do(204, "DELETE", "/api/v1/gifts/rose", apiToken, nil)
	for _, method := range []string{"GET", "DELETE"} {
		if a := b.request(method, "/api/v1/gifts/rose", apiToken, nil); a.status != 404 || a.code() != "no_such_gift" {
			t.Errorf("%s of one that is gone: %d %s", method, a.status, a.raw)
		}
	}
	acts := b.do(200, "GET", "/api/v1/audit?target=rose", apiToken, nil)
	if !strings.Contains(acts.raw, `"gift_put"`) || !strings.Contains(acts.raw, `"gift_delete"`) {
		t.Errorf("the log has %s", acts.raw)
	}
}

func TestBilling(t *testing.T) {
	b := giftBench(t, nil)
	order := map[string]any{"order": "pay-1", "gift": "rose", "count": 3, "user": "dora"}
	first := b.bill(200, order)
	if again := b.bill(200, order); again.raw != first.raw {
		t.Errorf("repeated it is %s, was %s", again.raw, first.raw)
	}
	if first.json["value"] != 300.0 || first.json["state"] != "accepted" || first.json["to"] != "alice" || first.json["via"] != "backend" {
		t.Errorf("billed %s", first.raw)
	}
	for name, tc := range map[string]struct {
		body   map[string]any
		status int
		code   string
		field  string
	}{
		"another count under its id": {map[string]any{"order": "pay-1", "gift": "rose", "count": 4, "user": "dora"}, 409, "order_reused", "order"},
		"another user under its id":  {map[string]any{"order": "pay-1", "gift": "rose", "count": 3, "user": "eve"}, 409, "order_reused", "order"},
		"another price under its id": {map[string]any{"order": "pay-1", "gift": "rose", "count": 3, "user": "dora", "price": 1}, 409, "order_reused", "order"},
		"no such gift":               {map[string]any{"order": "pay-2", "gift": "yacht", "user": "dora"}, 404, "no_such_gift", "gift"},
		"a gift without its name":    {map[string]any{"order": "pay-2", "gift": "yacht", "user": "dora", "price": 5}, 404, "no_such_gift", "gift"},
		"no order":                   {map[string]any{"gift": "rose", "user": "dora"}, 422, "invalid", "order"},
		"too many":                   {map[string]any{"order": "pay-2", "gift": "rose", "user": "dora", "count": 10000}, 422, "invalid", "count"},
		"none":                       {map[string]any{"order": "pay-2", "gift": "rose", "user": "dora", "count": -1}, 422, "invalid", "count"},
		"an id of other letters":     {map[string]any{"order": "a b", "gift": "rose", "user": "dora"}, 422, "bad_parameter", "order"},
		"a fraction":                 {map[string]any{"order": "pay-2", "gift": "rose", "user": "dora", "price": 0.5}, 422, "invalid", "price"},
	} {
		if a := b.request("POST", "/api/v1/rooms/demo/gifts", apiToken, tc.body); a.status != tc.status || a.code() != tc.code || a.field() != tc.field {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		}
	}
	if a := b.request("POST", "/api/v1/rooms/nowhere/gifts", apiToken, order); a.status != 404 {
		t.Errorf("in no room: %d %s", a.status, a.raw)
	}
	own := b.bill(200, map[string]any{"order": "pay-3", "gift": "yacht", "name": "Yacht", "price": 1_000_000, "user": "dora", "nick": "D"})
	if own.json["value"] != 1e6 || own.json["name"] != "Yacht" || own.json["nick"] != "D" {
		t.Errorf("of one's own: %s", own.raw)
	}
	totals := b.do(200, "GET", "/api/v1/rooms/demo/gifts/totals", "", nil)
	if want := `{"totals":{"value":1000300,"count":4,"senders":1},"session":""}`; strings.TrimSpace(totals.raw) != want {
		t.Errorf("totals are %s", totals.raw)
	}
}

func TestWhoReadsOrdersAndLedger(t *testing.T) {
	b := giftBench(t, nil)
	b.bill(200, map[string]any{"order": "pay-1", "gift": "rose", "user": "dora"})
	ctx := t.Context()
	if _, err := b.gifts.Give(ctx, gift.Giving{Group: "demo", Order: "o-1", Gift: "rose", Count: 1, From: chat.Identity{User: "dora"}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		path, auth string
		want       int
	}{
		{"orders/o-1?user=dora", b.userSig("dora"), 200},
		{"orders/o-1?user=dora", b.userSig("alice"), 200}, // the anchor
		{"orders/o-1?user=dora", apiToken, 200},
		{"orders/o-1?user=dora", b.userSig("eve"), 403},
		{"orders/o-1?user=dora", "", 401},
		{"orders/o-1?user=eve", b.userSig("eve"), 404},
		{"orders/o-1", apiToken, 404}, // no backend's
		{"orders/pay-1", apiToken, 200},
		{"orders/pay-1", b.userSig("alice"), 200},
		{"orders/pay-1", b.userSig("dora"), 403},
		{"ledger", apiToken, 200},
		{"ledger", b.userSig("alice"), 200},
		{"ledger", b.userSig("dora"), 403},
		{"ledger?format=csv", b.userSig("dora"), 403},
		{"ledger", "", 401},
		{"ranking", "", 200},
		{"totals", "", 200},
	} {
		if a := b.request("GET", "/api/v1/rooms/demo/gifts/"+tc.path, tc.auth, nil); a.status != tc.want {
			t.Errorf("%s: %d %s, want %d", tc.path, a.status, a.raw, tc.want)
		}
	}
	b.do(204, "DELETE", "/api/v1/rooms/demo", apiToken, nil)
	if a := b.do(200, "GET", "/api/v1/rooms/demo/gifts/ledger", apiToken, nil); !strings.Contains(a.raw, "pay-1") {
		t.Errorf("of a room that is gone: %s", a.raw)
	}
	b.do(404, "GET", "/api/v1/rooms/demo/gifts/ledger", b.userSig("alice"), nil)
}

func TestRankingOfASession(t *testing.T) {
	b := giftBench(t, nil)
	store := gift.NewMemory()
	b.gifts.Service = gift.NewService(gift.Config{Session: func(string) string { return b.gifts.session }}, store, nil, b.chat, nil, nil)
	b.gifts.Boards = gift.NewBoards(store)
	b.do(200, "PUT", "/api/v1/gifts/rose", apiToken, rose)
	for i, session := range []string{"s1", "s2", "s2"} {
		b.gifts.session = session
		b.bill(200, map[string]any{"order": fmt.Sprint("pay-", i), "gift": "rose", "user": fmt.Sprint("user", i), "count": i + 1})
	}
	for query, want := range map[string]string{
		"":                        `user2 300;user1 200; of s2`,
		"?session=s1":             `user0 100; of s1`,
		"?session=s9":             ` of s9`,
		"?scope=all":              `user2 300;user1 200;user0 100; of `,
		"?scope=all&limit=1":      `user2 300; of `,
		"?scope=all&session=s1":   `user2 300;user1 200;user0 100; of `,
		"?scope=session&limit=50": `user2 300;user1 200; of s2`,
	} {
		a := b.do(200, "GET", "/api/v1/rooms/demo/gifts/ranking"+query, "", nil)
		got := ""
		for _, r := range a.json["ranking"].([]any) {
			r := r.(map[string]any)
			got += fmt.Sprintf("%s %v;", r["user"], r["value"])
		}
		if got += fmt.Sprintf(" of %s", a.json["session"]); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=101", "?scope=me", "?session=*"} {
		if a := b.request("GET", "/api/v1/rooms/demo/gifts/ranking"+query, "", nil); a.status != 422 {
			t.Errorf("%s: %d %s", query, a.status, a.raw)
		}
	}
}

func TestLedgerPagesAndExports(t *testing.T) {
	b := giftBench(t, nil)
	const n = 1203 // more than two pages of an export
	for i := range n {
		_, err := b.gifts.Bill(t.Context(), gift.Billing{Group: "demo", Order: fmt.Sprint("pay-", i), Gift: "rose", Count: 1, User: fmt.Sprint("user", i%3), Nick: `=HYPERLINK("http://evil")`})
		must(t, err)
	}
	seen, cursor := 0, ""
	for pages := 0; pages == 0 || cursor != ""; pages++ {
		a := b.do(200, "GET", "/api/v1/rooms/demo/gifts/ledger?limit=500&user=user1&cursor="+cursor, apiToken, nil)
		seen += len(a.json["entries"].([]any))
		cursor, _ = a.json["nextCursor"].(string)
	}
	if seen != n/3 {
		t.Errorf("one user's pages hold %d entries", seen)
	}
	a := b.do(200, "GET", "/api/v1/rooms/demo/gifts/ledger?format=csv", apiToken, nil)
	rows, err := csv.NewReader(strings.NewReader(a.raw)).ReadAll()
	if err != nil || len(rows) != n+1 || rows[0][0] != "entry" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		if row[0] != fmt.Sprint(i+1) || row[12] != `'=HYPERLINK("http://evil")` {
			t.Fatalf("row %d is %q", i, row)
		}
	}
	if got := a.header.Get("Content-Disposition"); got != `attachment; filename="gifts-demo.csv"` || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") {
		t.Errorf("saved as %s, %s", got, a.header.Get("Content-Type"))
	}
	a = b.do(200, "GET", "/api/v1/rooms/demo/gifts/ledger?format=jsonl&cursor=1200", apiToken, nil)
	lines := 0
	for s := bufio.NewScanner(strings.NewReader(a.raw)); s.Scan(); lines++ {
		var e struct {
			Entry     uint64
			SettledAt time.Time
		}
		if err := json.Unmarshal(s.Bytes(), &e); err != nil || e.Entry != uint64(1201+lines) || e.SettledAt.IsZero() {
			t.Errorf("line %s, %v", s.Bytes(), err)
		}
	}
	if lines != 3 {
		t.Errorf("%d lines after the 1200th", lines)
	}
	a = b.do(200, "GET", "/api/v1/rooms/demo/gifts/ledger?format=csv&until=2020-01-01T00:00:00Z", apiToken, nil)
	if strings.Count(a.raw, "\n") != 1 {
		t.Errorf("of nothing: %q", a.raw)
	}
	for query, field := range map[string]string{"since=yesterday": "since", "limit=501": "limit", "format=xml": "format", "cursor=x": "cursor", "cursor=99999999999999999999": "cursor"} {
		if a := b.request("GET", "/api/v1/rooms/demo/gifts/ledger?"+query, apiToken, nil); a.status != 422 || a.field() != field {
			t.Errorf("%s: %d %s", query, a.status, a.raw)
		}
	}
}

// breaking are gifts whose store goes away after some entries.
type breaking struct {
	web.Gifts
	after int
}

func (b breaking) Export(_ context.Context, _ gift.Query) iter.Seq2[gift.Entry, error] {
	return func(yield func(gift.Entry, error) bool) {
		for i := range b.after {
			if !yield(gift.Entry{Number: uint64(i + 1), Order: gift.Order{ID: strings.Repeat("x", 64), Group: "demo"}}, nil) {
				return
			}
		}
		yield(gift.Entry{}, chat.ErrUnavailable)
	}
}

// An export that can't be whole says so: with an error if nothing was sent yet, or by a connection that breaks.
func TestExportThatBreaks(t *testing.T) {
	for _, after := range []int{0, 1, 5000} {
		b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Gifts = breaking{d.Gifts, after} })
		b.createRoom("demo")
		req, err := http.NewRequestWithContext(t.Context(), "GET", b.url+"/api/v1/rooms/demo/gifts/ledger?format=jsonl", nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+apiToken)
		resp, err := b.client.Do(req)
		if after == 0 {
			if err != nil || resp.StatusCode != 503 {
				t.Errorf("before the first entry: %v, %v", resp, err)
			}
			_ = resp.Body.Close()
			continue
		}
		if err != nil { // it broke before the head was out
			continue
		}
		var broken error
		for s := bufio.NewReader(resp.Body); broken == nil; {
			_, broken = s.ReadBytes('\n')
		}
		_ = resp.Body.Close()
		if resp.StatusCode != 200 || broken.Error() == "EOF" {
			t.Errorf("after %d entries: %d, %v", after, resp.StatusCode, broken)
		}
	}
}

func TestNoGiftsHere(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Gifts = nil })
	b.createRoom("demo")
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/gifts", nil},
		{"GET", "/gifts/rose", nil},
		{"PUT", "/gifts/rose", rose},
		{"DELETE", "/gifts/rose", nil},
		{"POST", "/rooms/demo/gifts", map[string]any{"order": "1", "gift": "rose", "user": "dora"}},
		{"GET", "/rooms/demo/gifts/orders/1", nil},
		{"GET", "/rooms/demo/gifts/ledger", nil},
		{"GET", "/rooms/demo/gifts/ranking", nil},
		{"GET", "/rooms/demo/gifts/totals", nil},
	} {
		if a := b.request(call.method, "/api/v1"+call.path, apiToken, call.body); a.status != 404 || a.code() != "not_offered" {
			t.Errorf("%s %s: %d %s", call.method, call.path, a.status, a.raw)
		}
	}
}
