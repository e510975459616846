package gift

import (
	"context"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat/pace"
)

// Service is what the doors call. Create it with NewService and keep Run running.
type Service struct {
	cfg     Config
	store   Store
	settler Settler // nil: all is free
	room    Room
	teller  Teller // may be nil
	log     *slog.Logger

	gifts  giftCache
	pace   *pace.Buckets // of givers
	agenda agenda
	fresh  chan *flight  // to be asked the first time
	again  chan *flight  // to be asked again
	placed chan struct{} // closed: of flights whose order was placed long ago

	mu      sync.Mutex // guards flights and what is said of it in flight
	flights map[flightKey]*flight

	stats counts
}

type counts struct {
	placed, accepted, refused, unknown, expired, contradicted, shown, dropped, failed atomic.Uint64
}

// Stats are counts of this node since the start.
type Stats struct {
	Placed       uint64 // orders taken, pending or billed
	Accepted     uint64 // settled here
	Refused      uint64
	Unknown      uint64 // askings that settled nothing
	Expired      uint64 // of those refused: nobody answered in time
	Contradicted uint64 // answers to orders that were settled otherwise: the backend's books and ours differ
	Shown        uint64 // messages handed to rooms
	Dropped      uint64 // messages of groups that are gone, or that no room takes
	Failed       uint64 // rounds of a group that failed and are tried again
	Asking       int    // orders being asked now, or waiting for it
	Groups       int    // groups this node works on now
}

// NewService returns a service. settler nil settles all as accepted; teller may be nil. It starts nothing.
func NewService(cfg Config, store Store, settler Settler, room Room, teller Teller, log *slog.Logger) *Service {
	cfg = cfg.withDefaults()
	s := &Service{
		cfg: cfg, store: store, settler: settler, room: room, teller: teller, log: log,
		fresh: make(chan *flight, 4096), again: make(chan *flight, cfg.Askers),
		placed: make(chan struct{}), flights: map[flightKey]*flight{},
	}
	close(s.placed)
	s.gifts.load = store.Catalogue
	s.pace = pace.New(cfg.Burst, time.Duration(float64(time.Second)/cfg.Rate))
	s.agenda.init()
	return s
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	asking := len(s.flights)
	s.mu.Unlock()
	c := &s.stats
	return Stats{
		Placed: c.placed.Load(), Accepted: c.accepted.Load(), Refused: c.refused.Load(), Unknown: c.unknown.Load(), Expired: c.expired.Load(),
		Contradicted: c.contradicted.Load(), Shown: c.shown.Load(), Dropped: c.dropped.Load(), Failed: c.failed.Load(),
		Asking: asking, Groups: s.agenda.len(),
	}
}

// Catalogue returns all gifts, as they were a second ago at most; while the store is away as they were then.
func (s *Service) Catalogue(ctx context.Context) (Catalogue, error) { return s.gifts.all(ctx) }

// PutGift makes or changes a gift. Other nodes know it within a second.
func (s *Service) PutGift(ctx context.Context, g Gift) (Catalogue, error) {
	if err := g.Validate(); err != nil {
		return Catalogue{}, err
	}
	c, err := s.store.PutGift(ctx, g)
	if err == nil {
		s.gifts.put(c)
	}
	return c, err
}

// DeleteGift deletes a gift. Orders of it stay.
func (s *Service) DeleteGift(ctx context.Context, id string) (Catalogue, error) {
	c, err := s.store.DeleteGift(ctx, id)
	if err == nil {
		s.gifts.put(c)
	}
	return c, err
}

// Order returns an order by its maker's id: of a user, or of backends where user is empty.
func (s *Service) Order(ctx context.Context, group, user, id string) (Order, error) {
	switch {
	case user == "":
		return s.store.Order(ctx, group, BackendKey(id))
	case !clientID.MatchString(id): // it might read as another user's: ids of users hold colons
		return Order{}, ErrNoOrder
	}
	return s.store.Order(ctx, group, ClientKey(user, id))
}

// Totals of a session, or of All.
func (s *Service) Totals(ctx context.Context, group, session string) (Totals, error) {
	if err := validSession(session); err != nil {
		return Totals{}, err
	}
	return s.store.Totals(ctx, group, session)
}

// Ranking of a session, or of All: the first limit, at most MaxRanking.
func (s *Service) Ranking(ctx context.Context, group, session string, limit int) ([]Rank, error) {
	if limit < 1 || limit > MaxRanking {
		return nil, parameter("limit", "must be 1 to %d", MaxRanking)
	}
	if err := validSession(session); err != nil {
		return nil, err
	}
	return s.store.Ranking(ctx, group, session, limit)
}

// Bounds of what is read at once.
const (
	MaxRanking = 100
	MaxPage    = 500
)

// Ledger returns a page of at most MaxPage entries; it may be short where others follow.
func (s *Service) Ledger(ctx context.Context, q Query) (Page, error) {
	if q.Limit < 1 || q.Limit > MaxPage {
		return Page{}, parameter("limit", "must be 1 to %d", MaxPage)
	}
	if err := validSession(q.Session); err != nil {
		return Page{}, err
	}
	return s.store.Ledger(ctx, q)
}

// Export returns all entries of a query, page by page. It ends after the first error.
func (s *Service) Export(ctx context.Context, q Query) iter.Seq2[Entry, error] {
	q.Limit = MaxPage
	return func(yield func(Entry, error) bool) {
		if err := validSession(q.Session); err != nil {
			yield(Entry{}, err)
			return
		}
		for {
			p, err := s.store.Ledger(ctx, q)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range p.Entries {
				if !yield(e, nil) {
					return
				}
			}
			if p.Next == 0 {
				return
			}
			q.After = p.Next
		}
	}
}

// Trim removes what is older than it is kept, of all groups. One node at a time does it, now and then.
func (s *Service) Trim(ctx context.Context) error {
	const groups, things = 100, 500
	now := time.Now()
	for after := ""; ; {
		some, err := s.store.Groups(ctx, after, groups)
		if err != nil {
			return err
		}
		for _, group := range some {
			for n := things; n == things; {
				if n, err = s.store.Trim(ctx, group, now.Add(-s.cfg.Kept), now.Add(-s.cfg.KeptRefused), things); err != nil {
					return err
				}
			}
			after = group
		}
		if len(some) < groups {
			return nil
		}
	}
}
