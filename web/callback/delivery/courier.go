package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/internal/wait"
)

// How the courier reads the inbox.
const (
	inboxEvery  = time.Second // whatever it was told
	inboxEvents = 1000
	inboxBytes  = 1 << 20

	// unwrittenBytes is how much of it may be in memory alone, so that a step of the store stays small: a large one keeps a
	// store that does one thing at a time from everything else.
	unwrittenBytes = 2 << 20
)

// Deliver delivers what all nodes append, until ctx ends or another node does it: then the error is ErrDeposed. One node at a
// time has it called; a greater fence is a later term. What was under way when it ends is sent again by the next term.
func (n *Node) Deliver(ctx context.Context, fence uint64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := n.begin(ctx, fence, cancel)
	if err != nil {
		return err
	}
	defer n.close(s)
	wake := make(chan struct{}, 1)
	asked := make(chan struct{}, 1)
	var wg sync.WaitGroup
	wg.Go(func() { n.exchange.Listen(ctx, func() { signal(wake); signal(asked) }) })
	wg.Go(func() { n.feed(ctx, s, wake) })
	wg.Go(func() { n.answerAll(ctx, s, asked) })
	_ = s.Run(ctx) // what it could not store is in the inbox still, or was sent
	wg.Wait()
	return context.Cause(ctx)
}

// begin begins the term as soon as the Exchange can be reached and the queues be read. end ends it.
func (n *Node) begin(ctx context.Context, fence uint64, end context.CancelCauseFunc) (*Service, error) {
	for failing := false; ; failing = true {
		s, err := n.open(ctx, fence, end)
		if err == nil || errors.Is(err, ErrDeposed) {
			return s, err
		}
		if !failing && ctx.Err() == nil {
			n.log.Error("callbacks can't be delivered; will retry", "err", err)
		}
		if wait.For(ctx, writeRetry) != nil {
			return nil, errors.Join(context.Cause(ctx), err)
		}
	}
}

// open begins the term, again if it has, and makes its Service.
func (n *Node) open(ctx context.Context, fence uint64, end context.CancelCauseFunc) (*Service, error) {
	store, err := n.exchange.Begin(ctx, fence)
	if err != nil {
		return nil, err
	}
	if err := n.fresh(ctx); err != nil {
		return nil, err
	}
	s, err := New(ctx, n.cfg, &termStore{store, end}, n.sender, n.log)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	s.SetEndpoints(n.habits)
	n.service = s
	return s, nil
}

// close ends the node's being the courier.
func (n *Node) close(s *Service) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.service = nil
	past := emptyStats()
	past.add(n.past)
	past.add(s.Stats().counted())
	n.past = past
}

// termStore ends the term when it finds that another node delivers.
type termStore struct {
	Store
	end context.CancelCauseFunc
}

func (t *termStore) Commit(ctx context.Context, c Change) error {
	err := t.Store.Commit(ctx, c)
	if errors.Is(err, ErrDeposed) {
		t.end(ErrDeposed)
	}
	return err
}

// feed takes events out of the inbox until ctx ends. They are removed there when they are stored, or sent.
func (n *Node) feed(ctx context.Context, s *Service, wake <-chan struct{}) {
	tick := time.NewTicker(inboxEvery)
	defer tick.Stop()
	for place, failing := "", false; ; {
		events, err := n.exchange.Inbox(ctx, place, inboxEvents, min(inboxBytes, n.cfg.Unwritten/4))
		if err == nil && len(events) > 0 {
			if err = n.know(ctx, s, events); err == nil {
				s.take(events)
				place = events[len(events)-1].Place
				for s.waiting() > min(unwrittenBytes, n.cfg.Unwritten/2) { // beyond the latter it would drop more
					signal(s.hurry)
					if wait.For(ctx, laneEvery) != nil {
						break
					}
				}
				if ctx.Err() != nil {
					return
				}
				failing = false
				continue
			}
		}
		if err != nil && !failing && ctx.Err() == nil {
			n.log.Error("the inbox of callbacks can't be read; will retry", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

// know looks again which endpoints there are if one of them is not known.
func (n *Node) know(ctx context.Context, s *Service, events []Posted) error {
	for _, e := range events {
		if !s.knows(e.Endpoint) {
			return n.fresh(ctx)
		}
	}
	return nil
}
