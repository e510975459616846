package gift

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How long a board is believed, and how many are remembered.
const (
	boardAge  = time.Second
	maxBoards = 1000
)

// Board is who gave most in a session, or in All, and how much was given.
type Board struct {
	Ranking []Rank // the first MaxRanking; shared, not to be changed
	Totals  Totals
}

// Boards are boards as they were a second ago at most, however many look at them: one look costs the store nothing.
type Boards struct {
	store Ledgers

	mu  sync.Mutex // guards all, not held while the store is asked
	all map[boardKey]*boardRead
}

type boardKey struct{ group, session string }

// boardRead is a board that was read, or is being read.
type boardRead struct {
	done  chan struct{} // closed once the rest is set
	at    time.Time
	board Board
	err   error
}

// NewBoards returns the boards of a store.
func NewBoards(store Ledgers) *Boards {
	return &Boards{store: store, all: make(map[boardKey]*boardRead)}
}

// Board returns a session's board, or that of All. Those who ask while it is read wait for it together.
func (b *Boards) Board(ctx context.Context, group, session string) (Board, error) {
	if err := validSession(session); err != nil {
		return Board{}, err
	}
	key := boardKey{group, session}
	b.mu.Lock()
	r := b.all[key]
	if r != nil && r.stale(time.Now()) {
		r = nil
	}
	if r != nil {
		b.mu.Unlock()
		return r.wait(ctx)
	}
	r = &boardRead{done: make(chan struct{})}
	if _, known := b.all[key]; !known && len(b.all) >= maxBoards {
		b.forget(time.Now())
	}
	b.all[key] = r
	b.mu.Unlock()

	r.err = errNotRead
	defer close(r.done)                                      // whatever happens: nobody else reads it meanwhile
	r.board, r.err = b.read(context.WithoutCancel(ctx), key) // others wait for it: the first one's going away must not fail them
	r.at = time.Now()
	return r.board, r.err
}

// errNotRead is what those get who wait for somebody whose reading broke down.
var errNotRead = errors.New("the board of gifts was not read")

func (b *Boards) read(ctx context.Context, key boardKey) (Board, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	ranking, err := b.store.Ranking(ctx, key.group, key.session, MaxRanking)
	if err != nil {
		return Board{}, err
	}
	totals, err := b.store.Totals(ctx, key.group, key.session)
	return Board{ranking, totals}, err
}

// stale says whether it is to be read anew. One that is being read is not.
func (r *boardRead) stale(now time.Time) bool {
	select {
	case <-r.done:
		return r.err != nil || now.Sub(r.at) >= boardAge
	default:
		return false
	}
}

func (r *boardRead) wait(ctx context.Context) (Board, error) {
	select {
	case <-r.done:
		return r.board, r.err
	case <-ctx.Done():
		return Board{}, ctx.Err()
	}
}

// forget makes room. The lock is held.
func (b *Boards) forget(now time.Time) {
	for key, r := range b.all {
		if r.stale(now) {
			delete(b.all, key)
		}
	}
	for key := range b.all {
		if len(b.all) < maxBoards {
			return
		}
		delete(b.all, key)
	}
}
