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

// goneStays is how long the likes of a group stay that is gone: for who sums up its last session.
const goneStays = 10 * time.Minute

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
			s.log.Warn("likes can't be stored; they wait", "err", err)
		}
		failing = err != nil
	}
	for {
		select {
		case <-ctx.Done():
			err := s.flush(context.WithoutCancel(ctx))
			if err != nil {
				s.log.Error("likes were lost at the end", "err", err)
			}
			return errors.Join(context.Cause(ctx), err)
		case now := <-tick.C:
			note(s.flush(ctx))
			s.givers.Sweep(now)
			s.shows.Sweep(now)
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
	t := teller{s: s, gone: map[string]time.Time{}}
	failing := false
	for {
		err := t.tell(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.Warn("rooms can't be told their likes; will retry", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// teller is what the node that tells totals knows.
type teller struct {
	s *Service

	mu    sync.Mutex           // guards what follows
	gone  map[string]time.Time // groups that are gone, and since when that is known; of maxTold at most
	again []string             // groups that are to be told again
}

// tell tells totals once. Who could be told goes off the store's list, and who could not goes to its end: so one group keeps no
// other from being told.
func (r *teller) tell(ctx context.Context) error {
	groups, mark, err := r.s.store.Liked(ctx, maxTold)
	if err != nil || len(groups) == 0 {
		return err
	}
	var wg sync.WaitGroup
	var failed error // guarded by mu
	r.again = nil
	places := make(chan struct{}, atOnce)
	for _, group := range groups {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			done, err := r.tellOne(ctx, group)
			r.mu.Lock()
			defer r.mu.Unlock()
			if err != nil {
				failed = err
			}
			if !done {
				r.again = append(r.again, group)
			}
		})
	}
	wg.Wait()
	for _, group := range r.again {
		if _, err := r.s.store.AddLikes(ctx, group, Batch{}); err != nil {
			return errors.Join(failed, err)
		}
	}
	return errors.Join(failed, r.s.store.Told(ctx, mark))
}

// tellOne tells a group its total, or forgets one that is gone for long enough. Done is false for one that must come again.
func (r *teller) tellOne(ctx context.Context, group string) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*storeTimeout)
	defer cancel()
	t, err := r.s.store.Likes(ctx, group, "")
	if err != nil {
		return false, err
	}
	err = r.s.cfg.Raise(ctx, group, t.All)
	gone := errors.Is(err, chat.ErrNoGroup)
	switch {
	case !gone && err != nil:
		return false, err
	case gone && !r.over(group):
		return false, nil
	case gone:
		err = r.s.store.DeleteLikes(ctx, group)
	}
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.gone, group)
	}
	return err == nil, err
}

// over says whether a group is gone for long enough.
func (r *teller) over(group string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	since, known := r.gone[group]
	if !known && len(r.gone) < maxTold {
		since, r.gone[group] = time.Now(), time.Now()
	}
	return time.Since(since) >= goneStays
}
