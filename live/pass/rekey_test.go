package pass

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPlayKeysChange: what was signed with a key lives while the key is primary or backup, and what was made of it dies with it.
func TestPlayKeysChange(t *testing.T) {
	s := NewSigner("hls", testNode, []byte("first"))
	sid, key := s.Session(tokenTime, "live", "demo")
	check := func(sid string) (Under, error) {
		_, _, under, err := s.CheckSession(sid, tokenTime, time.Hour, "live", "demo")
		return under, err
	}
	s.SetPlays([]byte("second"), []byte("first"))
	under, err := check(sid)
	if err != nil || !s.Accepts(under) {
		t.Fatalf("while its key is the backup: %v", err)
	}
	again := s.Again(under, key, tokenTime, "live", "demo")
	until, hourly := s.Until(under, tokenTime.Add(time.Hour), "file"), s.Hourly(under, Hour(tokenTime), "demo")
	fresh, _ := s.Session(tokenTime, "live", "demo")
	if u, err := check(fresh); err != nil || u == under || u != s.Now() {
		t.Errorf("a new session is signed with the old key, or not accepted: %v", err)
	}
	if _, err := check(again); err != nil {
		t.Error(err)
	}
	if got := s.UsedAt([]byte("first")); got.Unix() != tokenTime.Unix() {
		t.Errorf("the old key was used at %v", got)
	}
	term := s.Term()
	s.SetPlays([]byte("second"))
	if s.Term() == term {
		t.Error("nobody can tell that keys have changed")
	}
	for what, sid := range map[string]string{"the session": sid, "what was made of it": again} {
		if _, err := check(sid); !errors.Is(err, ErrForged) {
			t.Errorf("%s lives on: %v", what, err)
		}
	}
	if _, err := s.CheckUntil(until, tokenTime, "file"); !errors.Is(err, ErrForged) {
		t.Errorf("a pass lives on: %v", err)
	}
	if s.CheckHourly(hourly, tokenTime, "demo") || s.Accepts(under) || !s.Accepts(Under{}) {
		t.Error("an hourly pass lives on")
	}
	if _, err := check(fresh); err != nil {
		t.Errorf("a session of the key that stays: %v", err)
	}
	if !s.UsedAt([]byte("first")).IsZero() || s.UsedAt([]byte("second")).IsZero() {
		t.Error("when keys were used is not what happened")
	}
	if text := fmt.Sprintf("%v %+v %#v", under, under, under); strings.Contains(text, "first") || strings.Contains(text, fmt.Sprint([]byte("first"))) {
		t.Errorf("it shows its key: %s", text)
	}
}
