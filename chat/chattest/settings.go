package chattest

import (
	"testing"
	"time"

	"liveroom/chat"
)

func testSettings(t *testing.T, s chat.Store) {
	if now := Create(t, s, "g"); now.Settings != chat.DefaultSettings() || now.SettingsVersion != 0 {
		t.Errorf("a new group has %+v, version %d", now.Settings, now.SettingsVersion)
	}
	hello, none, all, no := "hello <b>", "", true, false
	slow, off := 90*time.Second, time.Duration(0)
	admins := chat.UploadsAdmins
	want := chat.DefaultSettings()
	for i, tc := range []struct {
		patch   chat.SettingsPatch
		set     func(*chat.Settings)
		version uint64
	}{
		{chat.SettingsPatch{}, func(*chat.Settings) {}, 0},
		{chat.SettingsPatch{Introduction: &hello, Avatar: &hello}, func(s *chat.Settings) { s.Introduction, s.Avatar = hello, hello }, 1},
		{chat.SettingsPatch{MuteAll: &all, SlowMode: &slow}, func(s *chat.Settings) { s.MuteAll, s.SlowMode = true, slow }, 2},
		{chat.SettingsPatch{MuteAll: &all}, func(*chat.Settings) {}, 2},
		{chat.SettingsPatch{GuestsSpeak: &no, Uploads: &admins}, func(s *chat.Settings) { s.GuestsSpeak, s.Uploads = false, admins }, 3},
		{chat.SettingsPatch{MuteAll: &no, SlowMode: &off, Introduction: &none}, func(s *chat.Settings) { s.MuteAll, s.SlowMode, s.Introduction = false, 0, "" }, 4},
	} {
		tc.set(&want)
		v, err := s.PutSettings(t.Context(), "g", tc.patch)
		if err != nil || v.Settings != want || v.Version != tc.version {
			t.Fatalf("patch %d: %+v, %v; want %+v, version %d", i, v, err, want, tc.version)
		}
		if now := Load(t, s, "g"); now.Settings != want || now.SettingsVersion != tc.version {
			t.Errorf("patch %d: stored %+v, version %d", i, now.Settings, now.SettingsVersion)
		}
	}
	if other := Create(t, s, "other"); other.Settings != chat.DefaultSettings() {
		t.Errorf("another group has %+v", other.Settings)
	}
}
