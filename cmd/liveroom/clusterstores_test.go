package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"liveroom/internal/redistest"
)

// TestStoresWhileRedisIsAway: what needs accounts, words, acts or receivers says on every door that it is to be tried again.
// Who has a UserSig signs in all the same, what was set of switches and keys stays in force, and all is well again, and as it was
// answered last, when Redis is back.
func TestStoresWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, redistest.Durable(), "--callback-private=127.0.0.0/8")
	c.start()
	n := c.nodes[0]
	b := n.backend()
	for _, user := range []string{"alice", "bob"} {
		b.ok("im_open_login_svc/account_import", map[string]any{"UserID": user})
	}
	n.patch(map[string]any{"history": 50, "embedOrigins": []string{"https://a.example"}})
	key := n.rotate("play").Play.Primary.Fingerprint
	stands := func(when string) {
		t.Helper()
		if s, k := n.shown(), n.shownKeys(); s.Version != 1 || s.Settings.History != 50 || n.frames() != "'self' https://a.example" || k.Play.Primary.Fingerprint != key {
			t.Errorf("%s: %+v, frames of %q, %+v", when, s, n.frames(), k)
		}
	}
	c.redis.Kill()
	n.eventually("it knows that Redis is away", func() bool { return !n.about().is("redis") })

	for _, r := range []struct {
		method, path string
		body         any
	}{
		{http.MethodGet, "/accounts", nil},
		{http.MethodGet, "/accounts/alice", nil},
		{http.MethodPut, "/accounts/alice", map[string]any{"nick": "A"}},
		{http.MethodPatch, "/accounts/alice", map[string]any{"nick": "A"}},
		{http.MethodPost, "/accounts/alice/kick", nil},
		{http.MethodDelete, "/accounts/alice", nil},
		{http.MethodGet, "/words", nil},
		{http.MethodPost, "/words", map[string]any{"words": []map[string]any{{"word": "x"}}}},
		{http.MethodDelete, "/words/x", nil},
		{http.MethodGet, "/audit", nil},
		{http.MethodPost, "/callbacks", map[string]any{"url": "http://127.0.0.1:1/", "format": "im"}},
		{http.MethodPatch, "/settings", map[string]any{"settings": map[string]any{"history": 60}}},
		{http.MethodPost, "/keys/play/rotate", nil},
		{http.MethodDelete, "/keys/play/backup", nil},
		{http.MethodPost, "/session", map[string]any{"token": n.secrets.APIToken}},
		{http.MethodDelete, "/sessions", nil},
	} {
		resp, raw := n.request(r.method, "/api/v1"+r.path, r.body, "Bearer "+n.secrets.APIToken)
		var problem struct{ Code string }
		if err := json.Unmarshal(raw, &problem); err != nil || resp.StatusCode != http.StatusServiceUnavailable || problem.Code != "store_unavailable" {
			t.Errorf("%s %s: %s %s", r.method, r.path, resp.Status, raw)
		}
	}
	stands("while Redis is away")
	for _, command := range []struct {
		code int
		name string
		body any
	}{
		{70500, "im_open_login_svc/account_import", map[string]any{"UserID": "carol"}},
		{70500, "im_open_login_svc/account_check", map[string]any{"CheckItem": []map[string]any{{"UserID": "bob"}}}},
		{70500, "im_open_login_svc/kick", map[string]any{"UserID": "alice"}},
		{10002, "group_open_http_svc/create_group", map[string]any{"Type": "AVChatRoom", "Name": "g"}},
	} {
		if r := b.must(command.code, command.name, command.body); !strings.HasPrefix(r.ErrorInfo, "store_unavailable") {
			t.Errorf("%s: %s", command.name, r.raw)
		}
	}

	alice := n.login("alice")
	defer alice.leave()

	if err := c.redis.Up(); err != nil {
		t.Fatal(err)
	}
	n.eventually("it knows that Redis is back", func() bool { return n.about().is("redis") })
	n.call(http.MethodPut, "/api/v1/accounts/alice", map[string]any{"nick": "A"}, nil)
	stands("when Redis is back")
	if s := n.patch(map[string]any{"history": 60}); s.Version != 2 {
		t.Errorf("changed after it: %+v", s)
	}
}
