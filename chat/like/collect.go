package like

import (
	"context"
	"sync"
	"time"
)

const (
	storeTimeout = 2 * time.Second  // for one store operation
	idleAfter    = 10 * time.Minute // without likes a group is forgotten here
	sessionStays = 3 * time.Second  // for which a session is believed to be the group's own
	maxCounts    = 16               // live sessions of which likes of one group wait at a time
	atOnce       = 32               // groups whose batches are under way at a time
)

// pending is what is known of a group here. What waits goes from fresh to counts, where it has its live session, and on into a
// batch, which does not change any more.
type pending struct {
	fresh  int64
	counts []Count
	batch  *Batch // under way, or its answer was lost: it is sent again as it is
	usedAt time.Time
	gone   bool // the group is: a batch is due, be it without likes, so that the store forgets it too

	session   string // the group was in
	sessionAt time.Time

	total int64 // of the group in the store, as it was told last
	known bool  // it was
	asked bool  // somebody asks for it
}

func (p *pending) empty() bool {
	return p.batch == nil && len(p.counts) == 0 && p.fresh == 0 && !p.gone
}

// unstored is how many likes are not among total.
func (p *pending) unstored() int64 {
	n := p.fresh
	for _, c := range p.counts {
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
func (s *Service) collect(group string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(group)
	p.usedAt = time.Now()
	p.fresh += n
}

// Gone notes that a group was dismissed: its likes go too, some minutes later, when whoever sums up its last session had them.
func (s *Service) Gone(group string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(group)
	p.usedAt, p.gone = time.Now(), true
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
	for _, group := range s.due(time.Now()) {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, storeTimeout)
			defer cancel()
			t, err := s.store.AddLikes(ctx, group, s.batch(group, s.cfg.Session(group)))
			if err == nil {
				s.added(group, t.All)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			failed = err
		})
	}
	wg.Wait()
	return failed
}

// due lists groups of which something waits, and forgets those that nobody likes any more.
func (s *Service) due(now time.Time) (groups []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for group, p := range s.groups {
		switch {
		case !p.empty():
			groups = append(groups, group)
		case now.Sub(p.usedAt) > idleAfter && !p.asked:
			delete(s.groups, group)
		}
	}
	return groups
}

// batch gives what is fresh its session, which is that the group is in now, or was a moment ago if it is over, and returns what is
// to be stored.
func (s *Service) batch(group, session string) Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, now := s.of(group), time.Now()
	before := session
	if p.session != "" && now.Sub(p.sessionAt) < sessionStays {
		before = p.session
	}
	p.session, p.sessionAt = session, now
	if last := len(p.counts) - 1; last >= 0 && (p.counts[last].Session == before || last == maxCounts-1) {
		p.counts[last].Likes += p.fresh
	} else if p.fresh > 0 {
		p.counts = append(p.counts, Count{before, p.fresh})
	}
	p.fresh = 0
	if p.batch == nil {
		s.number++
		p.batch = &Batch{Writer: s.writer, Number: s.number, Likes: p.counts}
		p.counts, p.gone = nil, false
	}
	return *p.batch
}

// added takes note that a group's batch is stored.
func (s *Service) added(group string, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.of(group)
	p.batch = nil
	p.total, p.known = max(p.total, total), true
}
