package main

import (
	"reflect"
	"testing"

	"github.com/alecthomas/kong"

	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
)

// TestSwitchesAreAsConfigured: each switch is what its flag says, and by default what is documented.
func TestSwitchesAreAsConfigured(t *testing.T) {
	if is := configuredBy(t).switches(); !reflect.DeepEqual(is, settingtest.Values()) {
		t.Errorf("by default: %+v", is)
	}
	got := configuredBy(t, "--chat-history=50", "--chat-history-age=1h", "--chat-members=40", "--chat-tips=0", "--chat-mute-notices=off", "--chat-web-instances=2",
		"--chat-native-instances=4", "--chat-rivals=apps", "--chat-rooms=many", "--chat-leave=device", "--guest-login=on", "--chat-rate=80", "--chat-user-burst=7",
		"--chat-user-rate=0.5", "--chat-recall-window=0", "--chat-priority-cap=low", "--chat-word-action=block", "--broadcasts=off", "--callback-on-failure=reject", "--chat-words-admins=on", "--chat-words-public=on",
		"--chat-create-groups=on", "--chat-members-write=on", "--like-rate=5", "--like-burst=9", "--embed-origins=https://a.example", "--admins=a,b,c,d,e").switches()
	was := reflect.ValueOf(settingtest.Values())
	for i, f := range reflect.VisibleFields(was.Type()) {
		if is := reflect.ValueOf(got).Field(i).Interface(); reflect.DeepEqual(is, was.Field(i).Interface()) {
			t.Errorf("%s is %v whatever its flag says", f.Name, is)
		}
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if none := configuredBy(t, "--embed-origins=").switches(); len(none.EmbedOrigins) != 0 || none.Validate() != nil {
		t.Errorf("no site at all: %q", none.EmbedOrigins)
	}
}

// configuredBy are the settings that flags make.
func configuredBy(t testing.TB, flags ...string) *Settings {
	t.Helper()
	var s struct{ Settings }
	parser, err := kong.New(&s)
	if err == nil {
		_, err = parser.Parse(flags)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &s.Settings
}

// TestFlagsOfSwitches: the flag that a switch names is there.
func TestFlagsOfSwitches(t *testing.T) {
	flags := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Settings]()) {
		flags[f.Tag.Get("yaml")] = true
	}
	for _, sw := range setting.Table() {
		if !flags[sw.Flag] {
			t.Errorf("there is no --%s", sw.Flag)
		}
	}
}
