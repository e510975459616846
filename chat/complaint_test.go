package chat

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestStoreThatFailsDoesNotFillTheLog: many rooms try again many times while it is away.
func TestStoreThatFailsDoesNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := &bytes.Buffer{}
		s, err := New(Config{}, NewMemory(), slog.New(slog.NewTextHandler(said, nil)))
		if err != nil {
			t.Fatal(err)
		}
		fail := func(times int, op string) {
			for range times {
				if got := s.storeError(errors.New("away"), op); !errors.Is(got, ErrUnavailable) {
					t.Error(got)
				}
			}
		}
		fail(100, "entries")
		fail(1, "flush")
		time.Sleep(complainEvery)
		fail(100, "entries")
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], "op=entries error=away unsaid=0") || !strings.Contains(lines[1], "op=flush") ||
			!strings.Contains(lines[2], "op=entries error=away unsaid=99") {
			t.Errorf("it says:\n%s", said)
		}
	})
}
