package pass

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var (
	tokenTime = time.Date(2026, 3, 4, 5, 59, 0, 0, time.UTC)
	testNode  = []byte("0123456789abcdef")
)

func TestSessionID(t *testing.T) {
	s := NewSigner("hls", testNode, []byte("primary"), []byte("backup"))
	sid, _ := s.Session(tokenTime, "live", "demo")
	for _, tt := range []struct {
		name      string
		signer    *Signer
		app, room string
		after     time.Duration
		want      error
	}{
		{name: "at once", signer: s, app: "live", room: "demo"},
		{name: "after eleven hours", signer: s, app: "live", room: "demo", after: 11 * time.Hour},
		{name: "after twelve hours", signer: s, app: "live", room: "demo", after: 12 * time.Hour},
		{name: "a second later", signer: s, app: "live", room: "demo", after: 12*time.Hour + time.Second, want: ErrTooOld},
		{name: "a node whose clock is behind", signer: s, app: "live", room: "demo", after: -30 * time.Second},
		{name: "from the future", signer: s, app: "live", room: "demo", after: -2 * time.Minute, want: ErrTooOld},
		{name: "another stream", signer: s, app: "live", room: "demo2", want: ErrForged},
		{name: "another app", signer: s, app: "vip", room: "demo", want: ErrForged},
		{name: "app and stream shifted", signer: s, app: "livede", room: "mo", want: ErrForged},
		{name: "another node key", signer: NewSigner("hls", []byte("fedcba9876543210"), []byte("primary")), app: "live", room: "demo", want: ErrForged},
		{name: "play key rotated to backup", signer: NewSigner("hls", testNode, []byte("new"), []byte("primary")), app: "live", room: "demo"},
		{name: "play key revoked", signer: NewSigner("hls", testNode, []byte("new"), []byte("backup")), app: "live", room: "demo", want: ErrForged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, start, _, err := tt.signer.CheckSession(sid, tokenTime.Add(tt.after), 12*time.Hour, tt.app, tt.room)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && !start.Equal(tokenTime) {
				t.Errorf("start is %v, want %v", start, tokenTime)
			}
		})
	}
	if other, _ := s.Session(tokenTime, "live", "demo"); other == sid {
		t.Error("two session ids are equal")
	}
}

// TestTamperedTokens changes each character of a session id and of a capability.
func TestTamperedTokens(t *testing.T) {
	s := NewSigner("hls", testNode, []byte("primary"))
	sid, _ := s.Session(tokenTime, "live", "demo")
	capability := s.Hourly(Under{}, Hour(tokenTime), "demo", "1")
	for _, token := range []struct {
		name, value string
		valid       func(string) bool
	}{
		{"sid", sid, func(v string) bool {
			_, _, _, err := s.CheckSession(v, tokenTime, time.Hour, "live", "demo")
			return err == nil
		}},
		{"capability", capability, func(v string) bool { return s.CheckHourly(v, tokenTime, "demo", "1") }},
	} {
		t.Run(token.name, func(t *testing.T) {
			if !token.valid(token.value) {
				t.Fatal("the token itself is refused")
			}
			for i := range token.value {
				for _, c := range "Aa0_-=\n" {
					if changed := token.value[:i] + string(c) + token.value[i+1:]; changed != token.value && token.valid(changed) {
						t.Errorf("accepted with %q at %d", c, i)
					}
				}
			}
			for _, v := range []string{"", token.value[1:], token.value + "A", token.value + "=", "\n" + token.value, strings.ToUpper(token.value)} {
				if token.valid(v) {
					t.Errorf("accepted %q", v)
				}
			}
		})
	}
}

func TestCapabilityHours(t *testing.T) {
	s := NewSigner("hls", testNode, []byte("primary"), []byte("backup"))
	made := s.Hourly(Under{}, Hour(tokenTime), "demo", "1700000000000") // 05:59
	for _, tt := range []struct {
		name          string
		signer        *Signer
		room, session string
		at            time.Duration
		want          bool
	}{
		{"at once", s, "demo", "1700000000000", 0, true},
		{"next hour", s, "demo", "1700000000000", 2 * time.Minute, true},
		{"end of next hour", s, "demo", "1700000000000", time.Hour, true},
		{"the hour after", s, "demo", "1700000000000", time.Hour + time.Minute, false},
		{"made by a clock that is ahead", s, "demo", "1700000000000", -59*time.Minute - 30*time.Second, true},
		{"not yet", s, "demo", "1700000000000", -61 * time.Minute, false},
		{"another stream", s, "demo2", "1700000000000", 0, false},
		{"another session", s, "demo", "1700000000001", 0, false},
		{"rotated", NewSigner("hls", testNode, []byte("new"), []byte("primary")), "demo", "1700000000000", 0, true},
		{"revoked", NewSigner("hls", testNode, []byte("new"), []byte("backup")), "demo", "1700000000000", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.signer.CheckHourly(made, tokenTime.Add(tt.at), tt.room, tt.session); got != tt.want {
				t.Errorf("accepted %t, want %t", got, tt.want)
			}
		})
	}
}

// TestPassesUntil: of what they were made for, until then, and of nobody else.
func TestPassesUntil(t *testing.T) {
	s := NewSigner("vod", testNode, []byte("primary"), []byte("backup"))
	made := s.Until(Under{}, tokenTime.Add(time.Hour), "file", "demo", "rec")
	for _, tt := range []struct {
		name   string
		signer *Signer
		of     []string
		at     time.Duration
		want   error
	}{
		{name: "at once", signer: s, of: []string{"file", "demo", "rec"}},
		{name: "a second before", signer: s, of: []string{"file", "demo", "rec"}, at: time.Hour - time.Second},
		{name: "then", signer: s, of: []string{"file", "demo", "rec"}, at: time.Hour, want: ErrTooOld},
		{name: "another recording", signer: s, of: []string{"file", "demo", "rec2"}, want: ErrForged},
		{name: "parts shifted", signer: s, of: []string{"file", "demor", "ec"}, want: ErrForged},
		{name: "another use", signer: NewSigner("hls", testNode, []byte("primary")), of: []string{"file", "demo", "rec"}, want: ErrForged},
		{name: "rotated", signer: NewSigner("vod", testNode, []byte("new"), []byte("primary")), of: []string{"file", "demo", "rec"}},
		{name: "revoked", signer: NewSigner("vod", testNode, []byte("new")), of: []string{"file", "demo", "rec"}, want: ErrForged},
	} {
		t.Run(tt.name, func(t *testing.T) {
			until, err := tt.signer.CheckUntil(made, tokenTime.Add(tt.at), tt.of...)
			if !errors.Is(err, tt.want) || err == nil && !until.Equal(tokenTime.Add(time.Hour)) {
				t.Errorf("%v, %v, want %v", until, err, tt.want)
			}
		})
	}
	for i := range made {
		for _, c := range "Aa0_-=\n" {
			if changed := made[:i] + string(c) + made[i+1:]; changed != made {
				if _, err := s.CheckUntil(changed, tokenTime, "file", "demo", "rec"); err == nil {
					t.Errorf("accepted with %q at %d", c, i)
				}
			}
		}
	}
	sid, key := s.Session(tokenTime, "live", "demo", "what")
	again := s.Again(Under{}, key, tokenTime, "live", "demo")
	if got, start, _, err := s.CheckSession(again, tokenTime, time.Hour, "live", "demo"); err != nil || got != key || !start.Equal(tokenTime) {
		t.Errorf("the same session for something else: %v", err)
	}
	if _, _, _, err := s.CheckSession(sid, tokenTime, time.Hour, "live", "demo"); !errors.Is(err, ErrForged) {
		t.Errorf("it is taken for its other id: %v", err)
	}
}

// FuzzTokens looks for a token that is accepted though nobody made it.
func FuzzTokens(f *testing.F) {
	s := NewSigner("hls", testNode, []byte("primary"))
	sid, capability := s.sessionOf(Under{}, Key{1, 2, 3}, tokenTime, "live", "demo"), s.Hourly(Under{}, Hour(tokenTime), "demo", "1")
	f.Add(sid, "live", "demo")
	f.Add(sid+"=", "live", "demo")
	f.Add(capability, "", "demo")
	f.Add("\x00", "a", "b")
	f.Fuzz(func(t *testing.T, token, app, name string) {
		key, _, _, err := s.CheckSession(token, tokenTime, time.Hour, app, name)
		if err == nil && (token != sid || app != "live" || name != "demo") {
			t.Errorf("session %x for %q %q %q", key, token, app, name)
		}
		if s.CheckHourly(token, tokenTime, name, "1") && (token != capability || name != "demo") {
			t.Errorf("capability %q for %q", token, name)
		}
	})
}
