package like

import (
	"context"
	"sync"
	"time"
)

const (
	storeTimeout = 2 * time.Second  // for one store operation
	idleAfter    = 10 * time.Minute // without likes a group is forgotten here
	maxCounts    = 16               // live sessions of which likes of one group wait at a time
	atOnce       = 32               // groups whose batches are under way at a time
)

// pending is what is known of a group here.
type pending struct {
	waiting []Count // not in a batch yet
	batch   *Batch  // under way, or its answer was lost: it is sent again as it is
	usedAt  time.Time

	total int64 // of the group in the store, as it was told last
	known bool  // it was
	asked bool  // somebody asks for it
}

func (p *pending) empty() bool { return p.batch == nil && len(p.waiting) == 0 }

// unstored is how many likes are not among total.
func (p *pending) unstored() (n int64) {
	for _, c := range p.waiting {
		n += c.Likes
	}
	if p.batch != nil {
		for _, c := range p.batch.Likes {
			n += c.Likes
		}
	}
	return n
}

// collect has likes wait for the next batch.
func (s *Service) collect(group, session string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(group)
	p.usedAt = time.Now()
	if last := len(p.waiting) - 1; last >= 0 && (p.waiting[last].Session == session || last == maxCounts-1) {
		p.waiting[last].Likes += n
		return
	}
	p.waiting = append(p.waiting, Count{session, n})
}

// of is what is known of a group. The lock is held.
func (s *Service) of(group string) *pending {
	p := s.groups[group]
	if p == nil {
		p = &pending{}
		s.groups[group] = p
	}
	return p
}

// answer tells what became of likes. Who is the first to like a group here asks the store for its total; others are not told it
// meanwhile.
func (s *Service) answer(ctx context.Context, group string, taken int) Accepted {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(group)
	if !p.known && !p.asked {
		p.asked = true
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		t, err := s.store.Likes(ctx, group, "")
		cancel()
		s.mu.Lock()
		p.asked = false
		if err == nil && !p.known {
			p.total, p.known = t.All, true
		}
	}
	return Accepted{taken, p.total + p.unstored(), p.known}
}

// flush brings what waits to the store, once; what the store did not answer waits on.
func (s *Service) flush(ctx context.Context) error {
	var wg sync.WaitGroup
	var failed error
	var mu sync.Mutex // guards failed
	places := make(chan struct{}, atOnce)
	for group, b := range s.due(time.Now()) {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, storeTimeout)
			defer cancel()
			t, err := s.store.AddLikes(ctx, group, *b)
			if err == nil {
				s.added(group, t.All)
				return
			}
			mu.Lock()
			failed = err
			mu.Unlock()
		})
	}
	wg.Wait()
	return failed
}

// due makes batches of what waits, and forgets groups that nobody likes any more. A batch does not change after this.
func (s *Service) due(now time.Time) map[string]*Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]*Batch{}
	for group, p := range s.groups {
		if p.empty() {
			if now.Sub(p.usedAt) > idleAfter && !p.asked {
				delete(s.groups, group)
			}
			continue
		}
		if p.batch == nil {
			s.number++
			p.batch = &Batch{Writer: s.writer, Number: s.number, Likes: p.waiting}
			p.waiting = nil
		}
		all[group] = p.batch
	}
	return all
}

// added takes note that a group's batch is stored.
func (s *Service) added(group string, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(group)
	p.batch = nil
	p.total, p.known = max(p.total, total), true
}
