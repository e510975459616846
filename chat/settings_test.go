package chat_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"liveroom/chat"
)

func ptr[T any](v T) *T { return &v }

// TestSettingsReachMembersAndNewcomers: once each change, whole, by those who may.
func TestSettingsReachMembersAndNewcomers(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, j := join(t, s, "demo", "alice")
	if j.Settings.Settings != chat.DefaultSettings() || j.Settings.Version != 0 {
		t.Errorf("joined with %+v", j.Settings)
	}
	patch := chat.SettingsPatch{Introduction: ptr("tea"), SlowMode: ptr(5 * time.Second)}
	for range 2 { // the second time nothing changes
		now, err := s.SetSettings(t.Context(), "demo", named("owner"), patch)
		if err != nil || now.Introduction != "tea" || now.SlowMode != 5*time.Second || !now.GuestsSpeak {
			t.Fatalf("%+v, %v", now, err)
		}
	}
	if _, err := s.SetSettings(t.Context(), "demo", named("alice"), patch); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("a member: %v", err)
	}
	events := alice.events("settings")
	want := `{"introduction":"tea","avatar":"","muteAll":false,"slowMode":5,"guestsSpeak":true,"uploads":"members"}`
	if len(events) != 1 || events[0].Version != 1 || string(events[0].Data) != want {
		t.Errorf("%d events, the first %+v", len(events), events)
	}
	if _, j := join(t, s, "demo", "bob"); j.Settings.Version != 1 || j.Settings.Introduction != "tea" {
		t.Errorf("bob joined with %+v", j.Settings)
	}
}

func TestSettingsLimits(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	for _, tc := range []struct {
		patch chat.SettingsPatch
		field string // refused for; empty: taken
	}{
		{chat.SettingsPatch{Introduction: ptr(strings.Repeat("茶", 80))}, ""},
		{chat.SettingsPatch{Introduction: ptr(strings.Repeat("茶", 80) + ".")}, "introduction"},
		{chat.SettingsPatch{Introduction: ptr("\xff")}, "introduction"},
		{chat.SettingsPatch{Avatar: ptr(strings.Repeat("a", 100))}, ""},
		{chat.SettingsPatch{Avatar: ptr(strings.Repeat("a", 101))}, "avatar"},
		{chat.SettingsPatch{Avatar: ptr("https://a/ b")}, "avatar"},
		{chat.SettingsPatch{SlowMode: ptr(time.Hour)}, ""},
		{chat.SettingsPatch{SlowMode: ptr(time.Hour + time.Second)}, "slowMode"},
		{chat.SettingsPatch{SlowMode: ptr(-time.Second)}, "slowMode"},
		{chat.SettingsPatch{SlowMode: ptr(1500 * time.Millisecond)}, "slowMode"},
		{chat.SettingsPatch{Uploads: ptr(chat.UploadsNone)}, ""},
		{chat.SettingsPatch{Uploads: ptr(chat.Uploads("everybody"))}, "uploads"},
	} {
		_, err := s.SetSettings(t.Context(), "demo", admin, tc.patch)
		var refused *chat.Error
		if tc.field == "" && err != nil || tc.field != "" && (!errors.As(err, &refused) || refused.Code != 10004 || refused.Field != tc.field) {
			t.Errorf("%+v: %v, want a refusal of %q", tc.patch, err, tc.field)
		}
	}
}

// TestGuestsSpeakWhereTheyMay: the setting counts for guests with a name; anonymous ones never speak, members always.
func TestGuestsSpeakWhereTheyMay(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	guest := chat.Identity{User: "guest_1", Nick: "Ming", Guest: true}
	anonymous := chat.Identity{User: "anon_1", Anonymous: true}
	for _, who := range []chat.Identity{guest, anonymous, named("alice")} {
		if _, err := s.Join(t.Context(), "demo", who, newSession(who.User), nil); err != nil {
			t.Fatal(err)
		}
	}
	try := func(who chat.Identity, want error) {
		t.Helper()
		if _, err := s.Send(t.Context(), chat.Message{Group: "demo", Body: text("hi")}, who); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", who.User, err, want)
		}
	}
	try(guest, nil)
	try(anonymous, chat.ErrPermission)
	if _, err := s.SetSettings(t.Context(), "demo", admin, chat.SettingsPatch{GuestsSpeak: ptr(false)}); err != nil {
		t.Fatal(err)
	}
	try(guest, chat.ErrPermission)
	try(anonymous, chat.ErrPermission)
	try(named("alice"), nil)
}

// TestChangeChecksAllBeforeItDoesAny: one bad part, and nothing of it happens.
func TestChangeChecksAllBeforeItDoesAny(t *testing.T) {
	var renamed []string
	s := start(t, chat.Config{Rename: func(_ context.Context, g chat.Group, name, notice *string) error {
		renamed = append(renamed, g.Room+" "+*name)
		return nil
	}}, chat.NewMemory())
	create(t, s, "demo")
	good := chat.GroupPatch{Name: ptr("New"), Settings: chat.SettingsPatch{Introduction: ptr("tea")}, Fields: map[string]string{"a": "b"}}
	for name, spoil := range map[string]func(*chat.GroupPatch){
		"name":     func(p *chat.GroupPatch) { p.Name = ptr(strings.Repeat("x", 121)) },
		"notice":   func(p *chat.GroupPatch) { p.Notice = ptr(strings.Repeat("x", 301)) },
		"settings": func(p *chat.GroupPatch) { p.Settings.Avatar = ptr(" ") },
		"fields":   func(p *chat.GroupPatch) { p.Fields = map[string]string{"a b": ""} },
		"server's": func(p *chat.GroupPatch) { p.Fields = map[string]string{"live_status": "x"} },
		"nothing":  func(p *chat.GroupPatch) { *p = chat.GroupPatch{} },
	} {
		p := good
		spoil(&p)
		if err := s.Change(t.Context(), "demo", named("owner"), p); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := s.Change(t.Context(), "demo", named("alice"), good); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("a stranger: %v", err)
	}
	d, err := s.Describe(t.Context(), "demo")
	if err != nil || d.Settings != chat.DefaultSettings() || len(d.Fields) != 0 || len(renamed) != 0 {
		t.Errorf("became %+v, renamed %v, %v", d, renamed, err)
	}
	if err := s.Change(t.Context(), "demo", named("owner"), good); err != nil {
		t.Fatal(err)
	}
	if d, _ = s.Describe(t.Context(), "demo"); d.Settings.Introduction != "tea" || d.Fields["a"] != "b" || len(renamed) != 1 || renamed[0] != "demo New" {
		t.Errorf("became %+v, renamed %v", d, renamed)
	}
}

// TestChangeWithoutALiveRoom: where nobody else keeps name and notice, the group does.
func TestChangeWithoutALiveRoom(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	if err := s.Change(t.Context(), "demo", named("owner"), chat.GroupPatch{Name: ptr("New"), Notice: ptr("hush")}); err != nil {
		t.Fatal(err)
	}
	d, err := s.Describe(t.Context(), "demo")
	if err != nil || d.Name != "New" || d.Notice != "hush" || d.Owner != "owner" || d.Count.Members != 1 {
		t.Errorf("became %+v, %v", d, err)
	}
	if kinds := strings.Join(alice.kinds(), " "); kinds != "profile notice" {
		t.Errorf("alice was told %s", kinds)
	}
}
