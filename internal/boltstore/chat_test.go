package boltstore

import (
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
