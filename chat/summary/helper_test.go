package summary

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
)

// town is all that a Service asks and tells, by hand.
type town struct {
	mu      sync.Mutex
	now     map[string]Turn // the newest record, by room
	version uint64
	online  int
	score   int64
	here    []string
	gifts   Gifts
	likes   int64
	giftErr error           // of all sessions
	ungiven map[string]bool // sessions whose gifts can't be read
	slow    map[string]bool // rooms whose state and reports get no answer
	unread  map[string]bool // groups whose session can't be found out

	messages, reports []Summary
	numbers           map[string]uint64 // the newest that a group took
	tellErr           error             // of the next message
}

func newTown() *town {
	return &town{now: map[string]Turn{}, ungiven: map[string]bool{}, slow: map[string]bool{}, unread: map[string]bool{}, numbers: map[string]uint64{}}
}

// answer returns at once, but for a slow room.
func (w *town) answer(ctx context.Context, room string) error {
	w.mu.Lock()
	slow := w.slow[room]
	w.mu.Unlock()
	if slow {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (w *town) config() Config {
	return Config{
		Now: func(context.Context) (time.Time, error) { return time.Now(), nil },
		Session: func(_ context.Context, group string) (string, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			t := w.now[group]
			if w.unread[group] {
				return "", errTest
			}
			if t.Phase == Over && time.Since(t.Since) > 3*time.Second {
				return "", nil
			}
			return t.Session, nil
		},
		Group: func(_ context.Context, room string) (string, error) { return room, nil },
		State: func(ctx context.Context, room string) (Turn, error) {
			if err := w.answer(ctx, room); err != nil {
				return Turn{}, err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if t, known := w.now[room]; known {
				return t, nil
			}
			return Turn{}, ErrGone
		},
		Live: func(context.Context) (all []Turn, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			for _, t := range w.now {
				if t.Phase != Over {
					all = append(all, t)
				}
			}
			return all, nil
		},
		Heads: func(string) Sample {
			w.mu.Lock()
			defer w.mu.Unlock()
			return Sample{Online: w.online, Members: w.online / 2, Viewers: w.online / 4}
		},
		Popularity: func(_ context.Context, groups []string) (map[string]int64, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			all := map[string]int64{}
			for _, g := range groups {
				all[g] = w.score
			}
			return all, nil
		},
		Here: func(string) []string { return w.here },
		Likes: func(context.Context, string, string) (int64, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.likes, nil
		},
		Gifts: func(_ context.Context, _, session string) (Gifts, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.ungiven[session] {
				return Gifts{}, errTest
			}
			return w.gifts, w.giftErr
		},
		Message: func(_ context.Context, s Summary) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.tellErr != nil {
				err := w.tellErr
				w.tellErr = nil
				return err
			}
			if s.Number > w.numbers[s.Group] {
				w.numbers[s.Group] = s.Number
				w.messages = append(w.messages, s)
			}
			return nil
		},
		Report: func(ctx context.Context, s Summary) error {
			if err := w.answer(ctx, s.Room); err != nil {
				return err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reports = append(w.reports, s)
			return nil
		},
	}
}

// record is the next record of a room, which is its own group.
func (w *town) record(room, session string, phase Phase, reason string) Turn {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.version++
	t := Turn{Room: room, Group: room, Session: session, Epoch: "E", Version: w.version, Phase: phase, Reason: reason, Since: time.Now()}
	w.now[room] = t
	return t
}

func (w *town) set(online int, score int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.online, w.score = online, score
}

func (w *town) told() (messages, reports []Summary) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.messages, w.reports
}

// node is a service that runs.
type node struct {
	*Service
	stop func()
}

func (w *town) node(t *testing.T, store Store, leads bool) *node {
	t.Helper()
	s, err := New(w.config(), store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Count(ctx) })
	if leads {
		wg.Go(func() { _ = s.Run(ctx) })
	}
	stop := func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return &node{s, stop}
}

// turn lets the node take in a record.
func (n *node) turn(t *testing.T, r Turn) {
	t.Helper()
	if err := n.Turn(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

var errTest = errors.New("not now")

func ids(all []Summary) (names []string) {
	for _, s := range all {
		names = append(names, fmt.Sprint(s.Session, " ", s.Reason))
	}
	return names
}
