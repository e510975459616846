package gift

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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
