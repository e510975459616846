package web_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"liveroom/address"
	"liveroom/live/keyring"
	"liveroom/live/stream"
	"liveroom/web"
)

// pushWith pushes to a room's stream with an address.
func (b *bench) pushWith(raw string) error {
	b.t.Helper()
	a, err := address.Parse(raw)
	must(b.t, err)
	p, err := b.rooms.Publish(b.t.Context(), stream.Request{Protocol: stream.RTMP, App: a.App, Name: a.Name, Query: a.Queries()})
	if err == nil {
		p.Close(stream.StopClosed)
	}
	return err
}

// TestKeysAreRotated: from the first key to the end of it, with the addresses of each.
func TestKeysAreRotated(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	made := func() string {
		a := b.do(200, "POST", "/api/v1/rooms/demo/addresses", apiToken, nil)
		return a.json["push"].(map[string]any)["rtmp"].(string)
	}
	keys := func(a answer) (primary, backup map[string]any) {
		push := a.json["push"].(map[string]any)
		backup, _ = push["backup"].(map[string]any)
		return push["primary"].(map[string]any), backup
	}
	checked := func(url string) answer {
		return b.do(200, "POST", "/api/v1/addresses/check", apiToken, map[string]any{"url": url})
	}
	old := made()
	first, none := keys(b.do(200, "GET", "/api/v1/keys", apiToken, nil))
	if none != nil || first["since"] != nil || first["lastUsedAt"] != nil {
		t.Errorf("at first: %v, %v", first, none)
	}
	checked(old)
	if p, _ := keys(b.do(200, "GET", "/api/v1/keys", apiToken, nil)); p["lastUsedAt"] != nil {
		t.Error("a key was used by a look at an address")
	}
	must(t, b.pushWith(old))
	if p, _ := keys(b.do(200, "GET", "/api/v1/keys", apiToken, nil)); p["lastUsedAt"] == nil {
		t.Error("a key was used, and nobody knows")
	}

	body := map[string]any{"primary": first["fingerprint"]}
	primary, backup := keys(b.do(200, "POST", "/api/v1/keys/push/rotate", apiToken, body))
	if backup["fingerprint"] != first["fingerprint"] || backup["lastUsedAt"] == nil || primary["since"] == nil || primary["lastUsedAt"] != nil {
		t.Errorf("rotated: %v, %v", primary, backup)
	}
	if a := b.do(409, "POST", "/api/v1/keys/push/rotate", apiToken, body); a.json["code"] != "keys_changed" || a.json["field"] != "primary" {
		t.Error(a.raw)
	}
	fresh := made()
	must(t, b.pushWith(old))
	must(t, b.pushWith(fresh))

	if p, none := keys(b.do(200, "DELETE", "/api/v1/keys/push/backup", apiToken, nil)); none != nil || p["fingerprint"] != primary["fingerprint"] {
		t.Errorf("revoked: %v, %v", p, none)
	}
	must(t, b.pushWith(fresh))
	if err := b.pushWith(old); err == nil || !strings.Contains(err.Error(), "ask for a new address if that key was changed") {
		t.Errorf("an old address: %v", err)
	}
	if a := b.do(200, "GET", "/api/v1/rooms/demo/refusals", apiToken, nil); !strings.Contains(a.raw, "bad_signature") {
		t.Errorf("refusals: %s", a.raw)
	}
	if a := checked(old); a.json["ok"] != false || a.json["code"] != "bad_signature" || a.json["purpose"] != "" {
		t.Error(a.raw)
	}
	if a := checked(fresh); a.json["ok"] != true {
		t.Error(a.raw)
	}
	b.do(200, "DELETE", "/api/v1/keys/push/backup", apiToken, nil) // which is not there
	revealed := b.do(200, "POST", "/api/v1/keys/push/reveal", apiToken, nil)
	secret, _ := revealed.json["primary"].(string)
	u := address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"}.Push(secret, "demo", time.Now().Add(time.Hour))
	must(t, b.pushWith(u.RTMP))
	if revealed.json["backup"] != nil || revealed.header.Get("Cache-Control") != "no-store" {
		t.Error("the backup is shown, or the answer may be kept")
	}

	var did []string
	acts, _ := b.acts("target=push")
	for _, a := range acts {
		did = append(did, a.Action)
	}
	if strings.Join(did, " ") != "key_reveal key_revoke key_rotate" || acts[0].Detail["primary"] != primary["fingerprint"] {
		t.Errorf("audited: %v, %v", did, acts)
	}
	if audit := b.do(200, "GET", "/api/v1/audit", apiToken, nil).raw; strings.Contains(audit+b.logs.String(), secret) || strings.Contains(audit, "push_master_key_0001") {
		t.Error("a key is in the log or the audit log")
	}
}

// TestKeysThatOthersChange: a call is meant for the keys that its caller has seen, and what another node did is not written down
// as his.
func TestKeysThatOthersChange(t *testing.T) {
	var other *keyring.Service
	b := newBench(t, func(_ *web.Config, d *web.Deps) {
		store := &keyring.Memory{}
		other, d.Keys = ring(t, store, d.Log), ring(t, store, d.Log)
	})
	rotated := b.do(200, "POST", "/api/v1/keys/push/rotate", apiToken, nil).json["push"].(map[string]any)
	seen := rotated["backup"].(map[string]any)["fingerprint"].(string)
	_, err := other.Rotate(t.Context(), keyring.Push, "push_key_of_spring", "")
	must(t, err)
	if a := b.do(409, "DELETE", "/api/v1/keys/push/backup?backup="+seen, apiToken, nil); a.json["code"] != "keys_changed" || a.json["field"] != "backup" {
		t.Error(a.raw)
	}
	_, err = other.Revoke(t.Context(), keyring.Push, "")
	must(t, err)
	b.do(200, "DELETE", "/api/v1/keys/push/backup?backup="+seen, apiToken, nil) // gone already
	if acts, _ := b.acts("action=key_revoke"); len(acts) != 0 {
		t.Errorf("audited: %+v", acts)
	}
}

// sealed is a Store whose ring somebody else has put there.
type sealed struct{ keyring.Memory }

func (*sealed) Put(context.Context, uint64, keyring.Ring) error { return keyring.ErrSealed }

// TestKeysThatCannotBeOpened: who rotates is told what is wrong, and not that something is.
func TestKeysThatCannotBeOpened(t *testing.T) {
	b := newBench(t, func(_ *web.Config, d *web.Deps) { d.Keys = ring(t, &sealed{}, d.Log) })
	if a := b.do(409, "POST", "/api/v1/keys/push/rotate", apiToken, nil); a.json["code"] != "keys_sealed" {
		t.Error(a.raw)
	}
}

// ring are keys of a store that nobody signs with.
func ring(t *testing.T, store keyring.Store, log *slog.Logger) *keyring.Service {
	t.Helper()
	s, err := keyring.New(t.Context(), keyring.Config{
		Push: address.Keys{Primary: "push_master_key_0001"}, Play: address.Keys{Primary: "play_master_key_0003"},
		NodeKey: []byte("node key of the tests"), Apply: func(address.Keys, address.Keys) {},
		UsedAt: func(keyring.Kind, string) time.Time { return time.Time{} },
	}, store, log)
	must(t, err)
	return s
}

func TestKeysAreForTokens(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	for _, c := range []struct{ method, path string }{
		{"GET", "/api/v1/keys"}, {"POST", "/api/v1/keys/push/rotate"}, {"POST", "/api/v1/keys/push/reveal"}, {"DELETE", "/api/v1/keys/play/backup"},
	} {
		if a := b.do(403, c.method, c.path, b.userSig("alice"), nil); a.json["code"] != "token_needed" {
			t.Errorf("%s %s: %s", c.method, c.path, a.raw)
		}
		b.do(401, c.method, c.path, "", nil)
	}
	for _, key := range []string{"short", "with a blank", "play_master_key_0003", apiToken} {
		if a := b.do(422, "POST", "/api/v1/keys/push/rotate", apiToken, map[string]any{"key": key}); a.json["field"] != "key" || strings.Contains(a.raw, key) {
			t.Errorf("%s: %s", key, a.raw)
		}
	}
	b.do(422, "POST", "/api/v1/keys/chat/rotate", apiToken, nil)
	without := newBench(t, func(_ *web.Config, d *web.Deps) { d.Keys = nil })
	without.do(404, "GET", "/api/v1/keys", apiToken, nil)
}
