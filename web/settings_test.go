package web_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
	"liveroom/web"
)

const settingsPath = "/api/v1/settings"

// settingsBench is a server with switches, and a second Service over the same store: another node.
func settingsBench(t *testing.T) (*bench, *setting.Service) {
	t.Helper()
	store := setting.NewMemory()
	made := make([]*setting.Service, 2)
	for i := range made {
		var err error
		made[i], err = setting.New(t.Context(), settingtest.Values(), store, slog.New(slog.DiscardHandler))
		must(t, err)
	}
	return newBench(t, func(_ *web.Config, deps *web.Deps) { deps.Settings = made[0] }), made[1]
}

func TestSettingsAreChangedAndGivenBack(t *testing.T) {
	b, other := settingsBench(t)
	a := b.do(200, "GET", settingsPath, apiToken, nil)
	if a.json["version"] != 0.0 || a.json["changedAt"] != nil || a.json["changedBy"] != "" || len(a.json["changed"].([]any)) != 0 {
		t.Errorf("at first: %s", a.raw)
	}
	for _, of := range []string{"settings", "configured"} {
		got := a.json[of].(map[string]any)
		if len(got) != len(setting.Table()) || got["history"] != 20.0 || got["historyAge"] != "86400s" || got["muteNotices"] != true || len(got["admins"].([]any)) != 0 {
			t.Errorf("%s: %v", of, got)
		}
	}
	a = b.do(200, "PATCH", settingsPath, apiToken, `{"version":0,"settings":{"history":50,"historyAge":"1h30m","admins":["ops"],"guestLogin":true}}`)
	got, configured := a.json["settings"].(map[string]any), a.json["configured"].(map[string]any)
	if a.json["version"] != 1.0 || a.json["changedBy"] != "administrator" || a.json["changedAt"] == nil {
		t.Errorf("changed: %s", a.raw)
	}
	if got["history"] != 50.0 || got["historyAge"] != "5400s" || got["guestLogin"] != true || configured["history"] != 20.0 {
		t.Errorf("changed: %s", a.raw)
	}
	if changed := fmt.Sprint(a.json["changed"]); changed != "[history historyAge guestLogin admins]" {
		t.Errorf("changed are %s", changed)
	}
	a = b.do(200, "PATCH", settingsPath, apiToken, `{"settings":{"history":null,"admins":null,"tips":null}}`)
	if got := a.json["settings"].(map[string]any); a.json["version"] != 2.0 || got["history"] != 20.0 || got["guestLogin"] != true {
		t.Errorf("given back: %s", a.raw)
	}
	if a := b.do(200, "PATCH", settingsPath, apiToken, `{"settings":{"guestLogin":true}}`); a.json["version"] != 2.0 {
		t.Errorf("what changes nothing made a version: %s", a.raw)
	}
	must(t, other.Reload(t.Context()))
	if st := other.State(); st.Version != 2 || !st.Values.GuestLogin || st.Values.History != 20 {
		t.Errorf("another node has %+v", st)
	}
	if a := b.do(409, "PATCH", settingsPath, apiToken, `{"version":1,"settings":{"history":7}}`); a.code() != "settings_changed" || a.field() != "version" {
		t.Errorf("of an old version: %s", a.raw)
	}
	b.do(200, "PATCH", settingsPath, apiToken, `{"version":2,"settings":{"history":7}}`)

	a = b.do(200, "GET", "/api/v1/audit?action=settings_change", apiToken, nil)
	entries := a.json["acts"].([]any)
	if len(entries) != 3 {
		t.Fatalf("audited: %s", a.raw)
	}
	first, detail := entries[2].(map[string]any), entries[2].(map[string]any)["detail"].(map[string]any)
	if first["by"] != "administrator" || len(detail) != 4 || detail["history"] != "20 → 50" || detail["historyAge"] != `"86400s" → "5400s"` || detail["admins"] != `[] → ["ops"]` {
		t.Errorf("audited: %v", first)
	}
	if detail := entries[1].(map[string]any)["detail"].(map[string]any); len(detail) != 2 || detail["history"] != "50 → 20" {
		t.Errorf("audited: %v", detail)
	}
}

// TestLongListsAreAuditedWhole: with what was and what is.
func TestLongListsAreAuditedWhole(t *testing.T) {
	b, _ := settingsBench(t)
	var lists [2]string
	for i := range lists {
		lists[i] = `["https://` + strings.Repeat("a.", 60) + `example` + strings.Repeat(fmt.Sprintf(`","https://%d.`, i)+strings.Repeat("a.", 60)+"example", 4) + `"]`
		b.do(200, "PATCH", settingsPath, apiToken, `{"settings":{"embedOrigins":`+lists[i]+`}}`)
	}
	if acts, _ := b.acts("action=settings_change"); len(acts) != 2 || acts[0].Detail["embedOrigins"] != "→ "+lists[1] || acts[0].Detail["embedOriginsBefore"] != lists[0] {
		t.Errorf("%+v", acts)
	}
}

func TestSettingsThatCantBeAreNamed(t *testing.T) {
	b, _ := settingsBench(t)
	for body, field := range map[string]string{
		`{"settings":{"history":0}}`:                               "settings.history",
		`{"settings":{"history":1001}}`:                            "settings.history",
		`{"settings":{"history":1.5}}`:                             "settings.history",
		`{"settings":{"history":"50"}}`:                            "settings.history",
		`{"settings":{"historyAge":"59s"}}`:                        "settings.historyAge",
		`{"settings":{"historyAge":60}}`:                           "settings.historyAge",
		`{"settings":{"historyAge":"soon"}}`:                       "settings.historyAge",
		`{"settings":{"guestLogin":"on"}}`:                         "settings.guestLogin",
		`{"settings":{"rivals":"none"}}`:                           "settings.rivals",
		`{"settings":{"userRate":0}}`:                              "settings.userRate",
		`{"settings":{"embedOrigins":["https://a;script-src *"]}}`: "settings.embedOrigins",
		`{"settings":{"admins":["a","b","c","d","e"]}}`:            "settings.admins",
		`{"settings":{"admins":["guest_x"]}}`:                      "settings.admins",
		`{"settings":{"colour":"red"}}`:                            "settings.colour",
		`{"settings":{"history":50,"tips":-1}}`:                    "settings.tips",
		`{"version":0}`:                                            "settings",
		`{"version":-1,"settings":{}}`:                             "version",
	} {
		if a := b.do(422, "PATCH", settingsPath, apiToken, body); a.code() != "invalid" || a.field() != field {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	if a := b.do(200, "GET", settingsPath, apiToken, nil); a.json["version"] != 0.0 {
		t.Errorf("something of it changed: %s", a.raw)
	}
	b.do(403, "PATCH", settingsPath, b.userSig("alice"), `{"settings":{"history":50}}`)
	b.do(403, "GET", settingsPath, b.userSig("alice"), nil)
	b.do(200, "PATCH", settingsPath, apiToken, `{"settings":{}}`)
}
