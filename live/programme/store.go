package programme

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrChanged refuses a change of what somebody else changed meanwhile.
var ErrChanged = errors.New("programme: changed meanwhile")

// Store keeps boards. Each method is one atomic step, durable before it answers (class A); what it returns is the caller's own.
type Store interface {
	// Now is the clock by which plans are due.
	Now(ctx context.Context) (time.Time, error)
	// Board is what a room has; an empty one, of revision 0, where there is none.
	Board(ctx context.Context, room string) (Board, error)
	// Put stores a board in the place of the one with its revision and answers it with its new one, or ErrChanged. An empty board
	// is not kept.
	Put(ctx context.Context, b Board) (Board, error)
	// Due names the rooms, at most limit, with something to be done by then (Board.NextAt), those that wait longest first.
	Due(ctx context.Context, now time.Time, limit int) ([]string, error)
	// Boards are at most limit of all there are, by room, behind a room.
	Boards(ctx context.Context, after string, limit int) ([]Board, error)
}

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu  sync.Mutex
	all map[string]Board
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{all: map[string]Board{}} }

// Now implements Store.
func (m *Memory) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// Board implements Store.
func (m *Memory) Board(_ context.Context, room string) (Board, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.all[room]
	b.Room = room
	return b.Copy(), nil
}

// Put implements Store.
func (m *Memory) Put(_ context.Context, b Board) (Board, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all[b.Room].Revision != b.Revision {
		return Board{}, ErrChanged
	}
	b = b.Next()
	if b.Empty() {
		delete(m.all, b.Room)
		return b, nil
	}
	m.all[b.Room] = b
	return b.Copy(), nil
}

// Due implements Store.
func (m *Memory) Due(_ context.Context, now time.Time, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []Board
	for _, b := range m.all {
		if at := b.NextAt(); !at.IsZero() && !at.After(now) {
			due = append(due, b)
		}
	}
	slices.SortFunc(due, func(a, b Board) int {
		if c := a.NextAt().Compare(b.NextAt()); c != 0 {
			return c
		}
		return strings.Compare(a.Room, b.Room)
	})
	rooms := []string{}
	for _, b := range due[:min(limit, len(due))] {
		rooms = append(rooms, b.Room)
	}
	return rooms, nil
}

// Boards implements Store.
func (m *Memory) Boards(_ context.Context, after string, limit int) ([]Board, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := []Board{}
	for room, b := range m.all {
		if room > after {
			all = append(all, b.Copy())
		}
	}
	slices.SortFunc(all, func(a, b Board) int { return strings.Compare(a.Room, b.Room) })
	return all[:min(limit, len(all))], nil
}
