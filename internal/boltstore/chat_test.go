package boltstore

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"

	"liveroom/chat"
	"liveroom/chat/chattest"
)

// openChat opens a file with its chat; both close with the test, or by the returned function.
func openChat(t *testing.T, path string) (*Store, *Chat, func()) {
	t.Helper()
	s, err := Open(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	c := s.Chat()
	closed := false
	stop := func() {
		if closed {
			return
		}
		closed = true
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return s, c, stop
}

func TestChatConforms(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chat.Store {
		_, c, _ := openChat(t, filepath.Join(t.TempDir(), "liveroom.db"))
		return c
	})
}

// fading is a context that ends once it was looked at.
type fading struct {
	context.Context
	looked bool
}

func (f *fading) Err() error {
	if f.looked {
		return context.Canceled
	}
	f.looked = true
	return nil
}

// TestAGroupThatIsMadeIsSaidToBe, also if who wanted it goes away while it is written: nobody else would be told of it.
func TestAGroupThatIsMadeIsSaidToBe(t *testing.T) {
	_, c, _ := openChat(t, filepath.Join(t.TempDir(), "liveroom.db"))
	now, fresh, err := c.CreateGroup(&fading{Context: t.Context()}, chat.Group{ID: "g", Room: "r", Name: "Tea"})
	if err != nil || !fresh || now.ID != "g" || now.Name != "Tea" || now.CreatedAt.IsZero() {
		t.Errorf("made %+v, %v, %v", now, fresh, err)
	}
	if state := chattest.Load(t, c, "g"); state.Group.Name != "Tea" {
		t.Errorf("there is %+v", state.Group)
	}
}
