package hls

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

const (
	// keepAgain is the time between two tries to keep a record.
	keepAgain = time.Second
	// maxKeeping is how many records are on their way at a time.
	maxKeeping = 16
)

// unkept are the timelines whose newest state is not recorded.
type unkept struct {
	mu   sync.Mutex
	all  map[*timeline]struct{}
	wake chan struct{}
}

func newUnkept() *unkept {
	return &unkept{all: make(map[*timeline]struct{}), wake: make(chan struct{}, 1)}
}

// note asks for a timeline to be recorded.
func (u *unkept) note(t *timeline) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all[t] = struct{}{}
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *unkept) take() map[*timeline]struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := u.all
	u.all = make(map[*timeline]struct{})
	return all
}

// keep records what changes until ctx ends. What can't be recorded is tried again; only the newest state matters.
func (s *Server) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.unkept.wake:
		}
		if s.keepAll(ctx) {
			continue
		}
		again := time.NewTimer(keepAgain)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
	}
}

// keepAll records all that is not recorded, and says whether it could.
func (s *Server) keepAll(ctx context.Context) bool {
	var (
		wg     sync.WaitGroup
		places = make(chan struct{}, maxKeeping)
		failed = make(chan struct{}, 1)
	)
	for t := range s.unkept.take() {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if err := s.keepOne(ctx, t); err != nil {
				s.unkept.note(t)
				select {
				case failed <- struct{}{}:
				default:
				}
			}
		})
	}
	wg.Wait()
	return len(failed) == 0
}

func (s *Server) keepOne(ctx context.Context, t *timeline) error {
	r := t.record(s.cfg.Node)
	if r == nil {
		return nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	return s.cfg.Upstream.Keep(ctx, t.name, r.Session, r.Generation, raw)
}
