package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// answerBytes is how much is kept of what a receiver answered.
const answerBytes = 1024

// head is what is to be sent next of a queue: a gap, or an item.
type head struct {
	event Event
	n     uint64 // of the item; 0: a gap
	at    time.Time
}

// try sends the head of a queue once. The queue is taken.
func (s *Service) try(ctx context.Context, q *queue, probe bool) {
	h, err := s.head(ctx, q)
	if err != nil || h == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.release(q, probe)
		if err != nil && ctx.Err() == nil {
			s.unreadable(q, err)
			s.later(q, retryMin)
		}
		s.schedule(q)
		s.forget(q)
		s.start(q.ep)
		return
	}
	start := time.Now()
	r := s.send(ctx, h.event)
	took := time.Since(start)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil && r.Outcome != Delivered {
		s.release(q, false)
		return // it says nothing about the receiver
	}
	q.ep.note(h.event, start, took, r)
	if r.Outcome == Unwell {
		s.ill(q.ep, probe)
	} else {
		s.good(q.ep)
	}
	s.release(q, false)
	if !q.gone {
		s.judge(q, h, r)
		s.schedule(q)
		s.forget(q)
	}
	if r.Outcome == Delivered || r.Outcome == Refused {
		q.ep.well++
	}
	s.start(q.ep)
}

// release lets go of a queue that was taken; idle says that its probe was none.
func (s *Service) release(q *queue, idle bool) {
	q.taken = false
	q.ep.flying--
	crowded := s.flying >= s.cfg.Most
	s.flying--
	if idle && q.ep.open {
		q.ep.due = true
	}
	if crowded {
		s.startAll()
	}
}

// send makes one try, and bounds it. A Sender that panics fails.
func (s *Service) send(ctx context.Context, e Event) (r Result) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic while sending a callback", "endpoint", e.Endpoint, "command", e.Command, "panic", fmt.Sprint(p))
			r = Result{Outcome: Failed, Why: "internal error"}
		}
		r.Answer = clip(r.Answer, answerBytes)
		r.Why = clip(r.Why, answerBytes)
	}()
	return s.sender.Send(ctx, e)
}

// clip is the start of a text, as valid UTF-8.
func clip(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strings.ToValidUTF8(text, "�")
}

// head returns what is to be sent of a queue, nil for nothing. It reads from the store what is not in memory.
func (s *Service) head(ctx context.Context, q *queue) (*head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(q.gaps) > 0 {
		return s.gapHead(q)
	}
	if err := s.fill(ctx, q); err != nil {
		return nil, err
	}
	if len(q.gaps) > 0 { // made while the store was read
		return s.gapHead(q)
	}
	if len(q.window) == 0 {
		return nil, nil
	}
	i := q.window[0]
	return &head{event: i.Event, n: i.N, at: i.QueuedAt}, nil
}

// gapHead is a gap as an event. From now on it stays as it is.
func (s *Service) gapHead(q *queue) (*head, error) {
	gap := &q.gaps[0]
	if !gap.Tried {
		gap.Tried = true
		s.touch(q)
	}
	body, err := json.Marshal(gap.Loss)
	if err != nil {
		return nil, err
	}
	return &head{event: Event{
		Endpoint: q.key.Endpoint, Room: q.key.Room, Class: q.key.Class, ID: gap.ID, Command: Dropped, Body: body, At: gap.Until,
	}}, nil
}

// fill puts items in the window if it is empty. The lock is held, but not while the store is read; the queue is taken.
func (s *Service) fill(ctx context.Context, q *queue) error {
	if len(q.window) > 0 || q.first == q.next || q.gone {
		return nil
	}
	items, limit := q.tail, windowItems
	if s.windows >= s.cfg.Window {
		limit = 1
	}
	if q.first < q.stored {
		first := q.first
		s.mu.Unlock()
		read, err := s.store.Items(ctx, q.key, first, limit, windowBytes)
		s.mu.Lock()
		if errors.Is(err, ErrDamaged) {
			s.missing(q, err)
			return nil
		}
		if err != nil || q.gone {
			return err
		}
		q.unread = false
		if len(q.window) > 0 { // all was dropped meanwhile, and more came
			return nil
		}
		for len(read) > 0 && read[0].N < q.first { // dropped meanwhile
			read = read[1:]
		}
		if len(read) == 0 || read[0].N != q.first {
			if q.first == first {
				s.missing(q, nil)
			}
			return nil
		}
		items = read
	}
	q.window = append(q.window, items[:min(len(items), limit)]...)
	s.windows += sizes(q.window)
	if len(q.window) > 0 {
		q.oldest = q.window[0].QueuedAt
	}
	return nil
}

// missing skips stored items that the store does not have, which only a damaged file can make happen.
func (s *Service) missing(q *queue, err error) {
	s.log.Error("queued callbacks are missing in the store", "endpoint", q.key.Endpoint, "room", q.key.Room, "events", q.stored-q.first, "err", err)
	s.drop(q, q.stored)
}

// unreadable says once that a queue can't be read.
func (s *Service) unreadable(q *queue, err error) {
	if !q.unread {
		s.log.Error("queued callbacks can't be read; will retry", "endpoint", q.key.Endpoint, "room", q.key.Room, "err", err)
	}
	q.unread = true
}

// judge decides what a try means for the head of a queue.
func (s *Service) judge(q *queue, h *head, r Result) {
	if h.n > 0 && h.n < q.first { // it was dropped while it was under way
		if r.Outcome == Delivered {
			s.undrop(q)
		}
		return
	}
	q.tries++
	switch habit := q.ep.habit; {
	case r.Outcome == Delivered:
		s.advance(q, h)
	case habit.Tries > 0:
		if q.tries < habit.Tries && (r.Timeout || !habit.OnlyTimeout) {
			s.later(q, habit.Pause)
			return
		}
		if q.key.Class == Talk {
			q.ep.counts.givenUp++
			s.advance(q, h)
			return
		}
		s.bury(q, h, r)
	case r.Outcome == Refused:
		s.bury(q, h, r)
	case r.Outcome == Failed:
		s.failed(q, h, r, true)
	case r.Outcome == Unwell:
		s.failed(q, h, r, q.wellSeen > 0 && q.ep.well >= q.wellSeen)
	}
}

// undrop takes back that the last of a gap was dropped: it arrived after all. While it was under way nobody was told.
func (s *Service) undrop(q *queue) {
	last := len(q.gaps) - 1
	if last < 0 || q.gaps[last].Tried {
		return
	}
	q.ep.counts.dropped[q.key.Class]--
	if q.gaps[last].Count--; q.gaps[last].Count == 0 {
		q.gaps = q.gaps[:last]
	}
	s.touch(q)
}

// failed puts a head off, or aside if too many tries count against it: those that the endpoint answered, and those it did
// not though it answered another event since the try before.
func (s *Service) failed(q *queue, h *head, r Result, counts bool) {
	q.wellSeen = q.ep.well + 1
	if counts {
		q.failed++
	}
	switch {
	case q.failed >= s.cfg.Failures:
		s.bury(q, h, r)
	case !q.ep.open:
		s.later(q, backoff(max(q.failed, min(q.tries, unwellMost))))
	}
}

// advance goes on behind a head that is done with.
func (s *Service) advance(q *queue, h *head) {
	if h.n > 0 {
		s.discard(q, h.n+1)
		return
	}
	q.gaps = append(q.gaps[:0:0], q.gaps[1:]...)
	q.tries, q.failed, q.wellSeen = 0, 0, 0
	s.touch(q)
}

// bury puts a head aside. Of a gap nothing is kept but the number that its endpoint's figures have.
func (s *Service) bury(q *queue, h *head, r Result) {
	if h.n > 0 {
		s.die(q.ep, h.event, q.tries, r)
	}
	s.advance(q, h)
}
