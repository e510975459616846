package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// step is one Change and what it was made of.
type step struct {
	change Change
	queues []*queue
	hard   uint64 // Service.hard at that time
}

// touch notes that a queue is to be stored. The lock is held.
func (s *Service) touch(q *queue) {
	s.dirty[q] = true
	signal(s.changed)
}

// writeLoop stores what changes, until ctx ends: at once for who settles and where much waits, otherwise after a while, so that what is delivered
// meanwhile need not be stored at all.
func (s *Service) writeLoop(ctx context.Context) error {
	due := time.NewTimer(writeEvery)
	defer due.Stop()
	for armed, failed := true, false; ; {
		var err error
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.changed:
			if !armed {
				due.Reset(writeEvery)
				armed = true
			}
			continue
		case <-s.write:
			if failed {
				continue // who settles has to wait for the next try like everybody
			}
			err = s.commit(ctx, false)
		case <-s.hurry:
			if failed {
				continue
			}
			err = s.commit(ctx, true)
		case <-due.C:
			armed = false
			err = s.commit(ctx, true)
		}
		if err != nil {
			if !failed {
				s.log.Error("callbacks can't be stored; will retry", "err", err)
			}
			due.Reset(writeRetry)
			armed = true
		}
		failed = err != nil
	}
}

// writeRest stores what is left at the end; a write that fails is tried once more.
func (s *Service) writeRest(ctx context.Context) error {
	err := s.commit(ctx, true)
	if err != nil {
		err = s.commit(ctx, true)
	}
	if err != nil {
		return fmt.Errorf("delivery: callbacks are lost: %w", err)
	}
	return nil
}

// commit stores what has changed; Talk waits if not all is asked for.
func (s *Service) commit(ctx context.Context, all bool) error {
	st := s.gather(all)
	var err error
	if len(st.queues) > 0 || len(st.change.Gone)+len(st.change.Dead)+len(st.change.DeadDrop) > 0 || st.change.Taken != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
		defer cancel()
		err = s.store.Commit(ctx, st.change)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.putBack(st)
		return err
	}
	s.stored(st)
	return nil
}

// gather takes what is to be stored. Dead letters that go don't go before what is queued again of them is stored; and what came by
// an inbox leaves it as it is stored in its queues, or the next courier would queue it twice.
func (s *Service) gather(all bool) *step {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &step{change: s.change, hard: s.hard}
	all = all || len(s.change.DeadDrop) > 0 || s.inbox.place != ""
	s.change = Change{}
	if all { // all that came by the inbox is in the queues that are stored now
		st.change.Taken, st.change.TakenBytes = s.inbox.place, s.inbox.bytes
		s.inbox = inbox{}
	}
	for q := range s.dirty {
		if q.key.Class == Talk && !all {
			continue
		}
		delete(s.dirty, q)
		record := q.record()
		if record.Idle() && !q.kept {
			s.forget(q) // all of it was delivered before it was stored
			continue
		}
		st.queues = append(st.queues, q)
		st.change.Queues = append(st.change.Queues, QueueChange{Queue: record, Append: slices.Clone(q.tail)})
	}
	return st
}

// putBack notes that a step was not stored. The lock is held.
func (s *Service) putBack(st *step) {
	s.failures++
	for _, q := range st.queues {
		if !q.gone {
			s.dirty[q] = true
		}
	}
	s.change.Gone = append(st.change.Gone, s.change.Gone...)
	s.change.DeadDrop = append(st.change.DeadDrop, s.change.DeadDrop...)
	s.change.Dead = append(st.change.Dead, s.change.Dead...)
	s.inbox.place = cmp.Or(s.inbox.place, st.change.Taken)
	s.inbox.bytes += st.change.TakenBytes
}

// stored notes that a step was. The lock is held.
func (s *Service) stored(st *step) {
	s.losing = false
	for i, q := range st.queues {
		if q.gone {
			continue
		}
		record := st.change.Queues[i].Queue
		q.kept = !record.Idle()
		for len(q.tail) > 0 && q.tail[0].N < record.Next {
			s.unwritten -= q.tail[0].size()
			q.tail[0] = nil
			q.tail = q.tail[1:]
		}
		q.stored = max(q.stored, record.Next)
		s.forget(q)
	}
	for _, l := range st.change.Dead {
		if ep := s.endpoints[l.Endpoint]; ep != nil {
			ep.pending[l.Class]--
		}
	}
	if st.hard > s.settled {
		s.settled = st.hard
		close(s.moved)
		s.moved = make(chan struct{})
	}
}
