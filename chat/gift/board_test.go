package gift

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
)

// readLedgers counts how often rankings are read, each of which takes a while.
type readLedgers struct {
	Ledgers
	reads atomic.Int64
	fails atomic.Bool
}

func (l *readLedgers) Ranking(_ context.Context, group, session string, _ int) ([]Rank, error) {
	n := l.reads.Add(1)
	time.Sleep(50 * time.Millisecond)
	if l.fails.Load() {
		return nil, errors.New("away")
	}
	return []Rank{{Rank: 1, User: group + session, Value: n}}, nil
}

func (l *readLedgers) Totals(context.Context, string, string) (Totals, error) {
	return Totals{Value: 7}, nil
}

func TestBoardsAreReadOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &readLedgers{}
		b := NewBoards(l)
		look := func() {
			t.Helper()
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					got, err := b.Board(t.Context(), "g", "s")
					if err != nil || got.Totals.Value != 7 || len(got.Ranking) != 1 || got.Ranking[0].User != "gs" {
						t.Errorf("%+v, %v", got, err)
					}
				})
			}
			wg.Wait()
		}
		look()
		look()
		if n := l.reads.Load(); n != 1 {
			t.Errorf("200 looks read %d times", n)
		}
		time.Sleep(boardAge)
		look()
		if n := l.reads.Load(); n != 2 {
			t.Errorf("a second later it was read %d times", n)
		}
		time.Sleep(boardAge)
		l.fails.Store(true)
		if _, err := b.Board(t.Context(), "g", "s"); err == nil {
			t.Error("what can't be read is answered")
		}
		l.fails.Store(false)
		look() // a failure is not remembered
		for i := range 3 * maxBoards {
			gone, cancel := context.WithCancel(t.Context())
			cancel() // who asks first goes away, which fails nobody
			if _, err := b.Board(gone, fmt.Sprint(i), All); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.all) > maxBoards {
			t.Errorf("%d boards are remembered", len(b.all))
		}
	})
}

// TestBoardsOfHostileSessions: a session's name that is none never comes to the store, and a reading that breaks down leaves
// nobody waiting.
func TestBoardsOfHostileSessions(t *testing.T) {
	l := &readLedgers{}
	b := NewBoards(l)
	for _, session := range []string{"\x00\xff\xff\xff\xff\xff\xff\xff", "\xff", "a\x00b", "s\x1f0000", strings.Repeat("s", 65)} {
		var refusal *chat.Error
		if _, err := b.Board(t.Context(), "g", session); !errors.As(err, &refusal) || refusal.Field != "session" {
			t.Errorf("session %q: %v", session, err)
		}
	}
	if n := l.reads.Load(); n != 0 {
		t.Errorf("the store was asked %d times", n)
	}

	b = NewBoards(nil) // whose reading panics
	broken := func() (v any) {
		defer func() { v = recover() }()
		_, _ = b.Board(t.Context(), "g", All)
		return nil
	}
	for range 2 { // the second must not wait for the first
		if broken() == nil {
			t.Fatal("it was read from nothing")
		}
	}
}
