package like

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/chat"
)

// maxTold is how many groups are told their totals at a time.
const maxTold = 10_000

// Run brings what is collected to the store until ctx ends, and once more then. It runs once.
func (s *Service) Run(ctx context.Context) error {
	if !s.begin(ctx) {
		return errors.New("like: Run called twice")
	}
	defer s.end()
	tick := time.NewTicker(s.cfg.Flush)
	defer tick.Stop()
	failing := false
	note := func(err error) {
		if err != nil && !failing {
			s.log.Warn("likes can't be stored; they wait", "error", err)
		}
		failing = err != nil
	}
	for {
		select {
		case <-ctx.Done():
			err := s.flush(context.WithoutCancel(ctx))
			if err != nil {
				s.log.Error("likes were lost at the end", "error", err)
			}
			return errors.Join(context.Cause(ctx), err)
		case now := <-tick.C:
			note(s.flush(ctx))
			s.givers.sweep(now)
			s.shows.sweep(now)
		}
	}
}

func (s *Service) begin(ctx context.Context) bool {
	s.life.Lock()
	defer s.life.Unlock()
	if s.base != nil {
		return false
	}
	s.base, s.running = ctx, true
	return true
}

// end lets nothing be shown any more and waits for what is.
func (s *Service) end() {
	s.life.Lock()
	s.running = false
	s.life.Unlock()
	s.wg.Wait()
}

// RunTotals tells groups that are liked their totals every Config.Tell until ctx ends. One node does it for all.
func (s *Service) RunTotals(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Tell)
	defer tick.Stop()
	failing := false
	for {
		err := s.tell(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.Warn("rooms can't be told their likes; will retry", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// tell tells totals once. Only if all groups could be told they go off the store's list.
func (s *Service) tell(ctx context.Context) error {
	groups, mark, err := s.store.Liked(ctx, maxTold)
	if err != nil || len(groups) == 0 {
		return err
	}
	var wg sync.WaitGroup
	var mu sync.Mutex // guards failed
	var failed error
	places := make(chan struct{}, atOnce)
	for _, group := range groups {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if err := s.tellOne(ctx, group); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = err
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	return s.store.Told(ctx, mark)
}

// tellOne tells a group its total.
func (s *Service) tellOne(ctx context.Context, group string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*storeTimeout)
	defer cancel()
	t, err := s.store.Likes(ctx, group, "")
	if err != nil {
		return err
	}
	err = s.cfg.Raise(ctx, group, t.All)
	if errors.Is(err, chat.ErrNoGroup) {
		return s.store.DeleteLikes(ctx, group)
	}
	return err
}
