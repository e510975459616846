package chat_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"liveroom/chat"
)

// TestBeforeAMessage: what has to be done before a message is sent is done of messages that nothing is wrong with, and one that
// it refuses may be sent again.
func TestBeforeAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{}
		s, _ := gated(t, chat.Config{}, g)
		calls, refusal := 0, error(nil)
		send := func(words string, random uint32) error {
			how := chat.SendOptions{Before: func(context.Context) error { calls++; return refusal }}
			_, err := s.SendWith(t.Context(), chat.Message{Group: "demo", Body: text(words), Random: random}, named("alice"), how)
			return err
		}
		if err := send(strings.Repeat("x", 20<<10), 1); !errors.Is(err, chat.ErrTooLarge) || calls != 0 {
			t.Errorf("%v, called %d times", err, calls)
		}
		refusal = errors.New("can't be recorded")
		if err := send("a", 2); !errors.Is(err, refusal) || calls != 1 {
			t.Errorf("%v, called %d times", err, calls)
		}
		g.asks(t)
		refusal = nil
		for range 2 {
			if err := send("a", 2); err != nil || calls != 2 {
				t.Errorf("%v, called %d times", err, calls)
			}
		}
		g.asks(t, "a")
	})
}
