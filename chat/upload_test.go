package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/chat"
)

// TestWhoMayUpload: the group's settings, restraints and presence decide, and only presence is not asked for twice.
func TestWhoMayUpload(t *testing.T) {
	s := start(t, chat.Config{}, chat.NewMemory())
	create(t, s, "demo")
	guest := chat.Identity{User: "guest_1", Guest: true}
	anonymous := chat.Identity{User: "anon_1", Anonymous: true}
	for _, who := range []chat.Identity{named("alice"), named("mod"), guest, anonymous} {
		enter(t, s, "demo", who, newSession(who.User))
	}
	if err := s.SetProfile(t.Context(), "demo", chat.Profile{Name: "demo", Owner: "owner", Admins: []string{"mod"}}); err != nil {
		t.Fatal(err)
	}
	check := func(what string, who chat.Identity, first, later error) {
		t.Helper()
		if err := s.MayUpload(t.Context(), "demo", who); !errors.Is(err, first) {
			t.Errorf("%s: %s may: %v, want %v", what, who.User, err, first)
		}
		if err := s.MayFinishUpload(t.Context(), "demo", who); !errors.Is(err, later) {
			t.Errorf("%s: %s may finish: %v, want %v", what, who.User, err, later)
		}
	}
	settings := func(p chat.SettingsPatch) {
		t.Helper()
		if _, err := s.SetSettings(t.Context(), "demo", admin, p); err != nil {
			t.Fatal(err)
		}
	}
	check("at first", named("alice"), nil, nil)
	check("at first", named("owner"), nil, nil)
	check("at first", guest, chat.ErrPermission, chat.ErrPermission)
	check("at first", named("absent"), chat.ErrPermission, nil)
	check("at first", chat.Identity{}, chat.ErrPermission, nil) // a grant names somebody
	check("at first", admin, nil, nil)
	if err := s.MayUpload(t.Context(), "demo", anonymous); !errors.Is(err, chat.ErrPermission) {
		t.Errorf("anonymous: %v", err)
	}

	settings(chat.SettingsPatch{Uploads: ptr(chat.UploadsAdmins)})
	check("admins", named("alice"), chat.ErrPermission, chat.ErrPermission)
	check("admins", named("mod"), nil, nil)
	check("admins", named("owner"), nil, nil)
	settings(chat.SettingsPatch{Uploads: ptr(chat.UploadsNone)})
	check("none", named("owner"), chat.ErrPermission, chat.ErrPermission)
	check("none", admin, nil, nil)
	settings(chat.SettingsPatch{Uploads: ptr(chat.UploadsMembers), MuteAll: ptr(true)})
	check("all muted", named("alice"), chat.ErrMutedAll, chat.ErrMutedAll)
	check("all muted", named("mod"), nil, nil)
	settings(chat.SettingsPatch{MuteAll: ptr(false)})

	if _, err := s.Mute(t.Context(), "demo", admin, "alice", time.Minute, ""); err != nil {
		t.Fatal(err)
	}
	check("muted", named("alice"), chat.ErrMuted, chat.ErrMuted)
	if _, err := s.Mute(t.Context(), "demo", admin, "alice", 0, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Ban(t.Context(), "demo", admin, chat.Ban{Users: []string{"alice"}, For: time.Minute}); err != nil {
		t.Fatal(err)
	}
	check("banned", named("alice"), chat.ErrPermission, chat.ErrBanned)
	if err := s.MayUpload(t.Context(), "nowhere", admin); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("no group: %v", err)
	}
}

// witness notes what the chat tells of messages and groups.
type witness struct {
	mu   sync.Mutex
	told []string
	fail error
}

func (w *witness) note(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, fmt.Sprintf(format, args...))
	return w.fail
}

func (w *witness) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.told)
}

func (w *witness) config() chat.Config {
	return chat.Config{
		History: 1, ResumeMessages: 1,
		Withdrawing: func(_ context.Context, group string, seq uint64, m *chat.Message, kind chat.WithdrawalKind) error {
			if m == nil {
				return w.note("%s %s %d, out of the log", kind, group, seq)
			}
			return w.note("%s %s %d: %s", kind, group, m.Seq, textOf(m))
		},
		Delivered: func(m *chat.Message) { _ = w.note("delivered %s %d: %s", m.Group, m.Seq, textOf(m)) },
		Dismissed: func(group string) { _ = w.note("dismissed %s", group) },
	}
}

// TestWhatMessagesShowGoesWithThem: who keeps it is told before the body is gone, and of the group's end.
func TestWhatMessagesShowGoesWithThem(t *testing.T) {
	w := &witness{}
	s := start(t, w.config(), chat.NewMemory())
	create(t, s, "demo")
	join(t, s, "demo", "alice")
	send(t, s, "demo", "alice", "one")
	send(t, s, "demo", "alice", "two")
	if _, err := s.SendServer(t.Context(), chat.Message{Group: "demo", Body: text("of the server")}); err != nil {
		t.Fatal(err)
	}
	send(t, s, "demo", "alice", "four")
	if err := s.Verdict(t.Context(), "demo", admin, 1, true, ""); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to take away
		if err := s.Recall(t.Context(), "demo", named("alice"), 4, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Dismiss(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"delivered demo 1: one", "delivered demo 2: two", "delivered demo 4: four",
		"blocked demo 1, out of the log", "recalled demo 4: four", "dismissed demo",
	}
	if got := w.all(); !slices.Equal(got, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestAMessageStaysUntilWhatItShowsIsGone: otherwise nobody would know any more what to remove.
func TestAMessageStaysUntilWhatItShowsIsGone(t *testing.T) {
	w := &witness{fail: errors.New("the disk is away")}
	s := start(t, w.config(), chat.NewMemory())
	create(t, s, "demo")
	alice, _ := join(t, s, "demo", "alice")
	send(t, s, "demo", "alice", "one")
	if err := s.Recall(t.Context(), "demo", named("alice"), 1, ""); !errors.Is(err, chat.ErrUnavailable) {
		t.Errorf("recalled: %v", err)
	}
	if got, err := s.History(t.Context(), "demo", 0); err != nil || len(got) != 1 || got[0].Withdrawn != "" || len(alice.events("recalled")) > 0 {
		t.Errorf("history %+v, %v", got, err)
	}
	w.mu.Lock()
	w.fail = nil
	w.mu.Unlock()
	if err := s.Recall(t.Context(), "demo", named("alice"), 1, ""); err != nil {
		t.Errorf("tried again: %v", err)
	}
}

// TestAddressesInMessages: what leads to files leads to the web, and nowhere else.
func TestAddressesInMessages(t *testing.T) {
	image := func(url string) string {
		return `{"MsgType":"TIMImageElem","MsgContent":{"UUID":"x","ImageFormat":3,"ImageInfoArray":[{"Type":1,"URL":"https://a/b.png"},{"Type":3,"Size":1,"URL":` + url + `}]}}`
	}
	for _, tc := range []struct {
		element string
		ok      bool
	}{
		{image(`"https://h/files/x?sig=y"`), true},
		{image(`"HTTP://h:8080/x"`), true},
		{image(`""`), true},
		{image(`"javascript:alert(1)"`), false},
		{image(`" javascript:alert(1)"`), false},
		{image(`"java\u0073cript:alert(1)"`), false},
		{image(`"data:image/svg+xml,<svg/>"`), false},
		{image(`"file:///etc/passwd"`), false},
		{image(`"blob:https://h/x"`), false},
		{image(`"//h/x"`), false},
		{image(`"/files/x"`), false},
		{image(`"https:///x"`), false},
		{image(`"https://h/\u0000"`), false},
		{image(`7`), false},
		{image(`["javascript:x"]`), false},
		{image(`{"url":"javascript:x"}`), false},
		{`{"MsgType":"TIMImageElem","MsgContent":{"URL":"https://h","url":"javascript:x"}}`, false},
		{`{"MsgType":"TIMSoundElem","MsgContent":{"Url":"https://h/x","UUID":"x","Size":1,"Second":2,"Download_Flag":2}}`, true},
		{`{"MsgType":"TIMSoundElem","MsgContent":{"Url":"javascript:x"}}`, false},
		{`{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"https://h/x","ThumbUrl":"","VideoFormat":"mp4"}}`, true},
		{`{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUrl":"https://h/x","ThumbUrl":"javascript:x"}}`, false},
		{`{"MsgType":"TIMFileElem","MsgContent":{"Url":"ftp://h/x","FileName":"x"}}`, false},
		{`{"MsgType":"TIMFileElem","MsgContent":{"FileName":"javascript:x"}}`, true},
		{`{"MsgType":"TIMTextElem","MsgContent":{"Text":"javascript:x","url":"javascript:x"}}`, true},
	} {
		if err := chat.CheckBody(json.RawMessage("[" + tc.element + "]")); (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.element, err)
		}
	}
}
