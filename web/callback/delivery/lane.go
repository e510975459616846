package delivery

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"liveroom/internal/wait"
)

// How a lane is written.
const (
	laneEvery  = 50 * time.Millisecond // how long an event waits for others
	laneEvents = 500                   // in one step, at most,
	laneBytes  = 1 << 20               // and bytes they take, about
)

// lane is a node's way into the inbox for the events of a class. Those of different classes need no order.
type lane struct {
	class    Class
	exchange Exchange
	poster   string
	bound    int64 // bytes that may wait in memory
	most     int64 // bytes of the inbox from which on nothing more is put in it
	log      *slog.Logger

	write chan struct{} // tells run that somebody settles
	fresh chan struct{} // and that something waits

	mu       sync.Mutex // guards what follows
	waiting  []*posting
	losses   map[Key]*posting // in waiting, of what was dropped
	bytes    int64            // of waiting
	accepted uint64           // events taken in, and losses made of them
	done     uint64           // of those, the ones that are in the inbox or dropped
	moved    chan struct{}    // closed and made anew whenever done grows
	numbered uint64           // ids of losses
	lost     uint64           // of State
	failures uint64
}

// posting is an event on its way, or in its place what was dropped there.
type posting struct {
	Posted
	loss *Loss
}

func newLane(x Exchange, class Class, poster string, bound, most int64, log *slog.Logger) *lane {
	return &lane{
		class: class, exchange: x, poster: poster, bound: bound, most: most, log: log, write: make(chan struct{}, 1), fresh: make(chan struct{}, 1),
		losses: map[Key]*posting{}, moved: make(chan struct{}),
	}
}

// add takes an event in.
func (l *lane) add(e Event) {
	p := &posting{Posted: Posted{Event: e, Bytes: (&Item{Event: e}).size()}}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.bytes+p.Bytes <= l.bound:
	case l.class != State:
		l.shed()
	default: // nothing of it can be dropped
		if l.lost++; l.lost == 1 {
			l.log.Error("callbacks can't be stored; events are lost", "endpoint", e.Endpoint, "room", e.Room)
		}
		return
	}
	l.waiting = append(l.waiting, p)
	l.bytes += p.Bytes
	l.accepted++
	signal(l.fresh)
}

// shed drops the oldest events until half of the bound is free. What was dropped of a queue is told in the place of the first
// of it.
func (l *lane) shed() {
	kept, now := l.waiting[:0], time.Now().UTC()
	for _, p := range l.waiting {
		if p.loss != nil || l.bytes <= l.bound/2 {
			kept = append(kept, p)
			continue
		}
		key := Key{p.Endpoint, p.Room, p.Class}
		l.bytes -= p.Bytes
		note := l.losses[key]
		if note == nil {
			note = l.newLoss(key, now)
			l.losses[key] = note
			l.bytes += note.Bytes
			kept = append(kept, note)
		} else {
			l.advance(1)
		}
		note.loss.Count++
		note.loss.Until = now
	}
	clear(l.waiting[len(kept):])
	l.waiting = kept
}

func (l *lane) newLoss(key Key, now time.Time) *posting {
	l.numbered++
	id := key.Room + ":" + l.poster + ":" + strconv.FormatUint(l.numbered, 10)
	return &posting{
		Posted: Posted{Event: Event{Endpoint: key.Endpoint, Room: key.Room, Class: key.Class, ID: id, Command: Dropped}, Bytes: int64(len(id)) + 300},
		loss:   &Loss{Room: key.Room, Class: key.Class.String(), Since: now},
	}
}

// advance notes that so many are done with. The lock is held.
func (l *lane) advance(n int) {
	l.done += uint64(n)
	close(l.moved)
	l.moved = make(chan struct{})
}

// settle waits until what was added before is in the inbox, not longer than late says.
func (l *lane) settle(ctx context.Context, late <-chan time.Time) error {
	l.mu.Lock()
	upTo := l.accepted
	l.mu.Unlock()
	for {
		l.mu.Lock()
		done, moved := l.done >= upTo, l.moved
		l.mu.Unlock()
		if done {
			return nil
		}
		signal(l.write)
		select {
		case <-moved:
		case <-late:
			return ErrUnsettled // run says what is wrong
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run puts what waits into the inbox until ctx ends, and then what is left. The error says what could not be put.
func (l *lane) run(ctx context.Context) error {
	due := time.NewTimer(laneEvery)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return l.rest(ctx)
		case <-l.fresh:
			due.Reset(laneEvery)
			select {
			case <-ctx.Done():
				return l.rest(ctx)
			case <-due.C:
			case <-l.write:
			}
		}
		for b := l.batch(); len(b.events) > 0; b = l.batch() {
			if !l.put(ctx, b) {
				return l.last(ctx, b)
			}
		}
	}
}

// put puts a step in the inbox as soon as that can be done, and says whether it did before ctx ended.
func (l *lane) put(ctx context.Context, b batch) bool {
	for failing := false; ; failing = true {
		err := l.post(ctx, b)
		if err == nil {
			return true
		}
		if !failing {
			l.log.Error("callbacks can't be put in the inbox; will retry", "err", err)
		}
		if wait.For(ctx, writeRetry) != nil {
			return false
		}
	}
}

// rest puts what is left into the inbox at the end.
func (l *lane) rest(ctx context.Context) error { return l.last(ctx, l.batch()) }

// last puts a step in the inbox, and what is left behind it; one that fails is tried once more.
func (l *lane) last(ctx context.Context, b batch) error {
	for ; len(b.events) > 0; b = l.batch() {
		err := l.post(ctx, b)
		if err != nil {
			err = l.post(ctx, b)
		}
		if err != nil {
			return fmt.Errorf("delivery: callbacks are lost: %w", err)
		}
	}
	return nil
}

// batch is one step. It stays as it is until it is done, so that it is done once.
type batch struct {
	id     string
	events []Posted
}

// batch takes what is to be put in the inbox next.
func (l *lane) batch() (b batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.id = rand.Text()
	size := int64(0)
	for _, p := range l.waiting {
		if len(b.events) == laneEvents || size > laneBytes {
			break
		}
		size += p.Bytes
		if p.loss != nil {
			delete(l.losses, Key{p.Endpoint, p.Room, p.Class})
			p.Body, _ = json.Marshal(p.loss) // it is plain
			p.At, p.Lost = p.loss.Until, p.loss.Count
		}
		b.events = append(b.events, p.Posted)
	}
	l.waiting = slices.Delete(l.waiting, 0, len(b.events))
	return b
}

// post puts a step in the inbox.
func (l *lane) post(ctx context.Context, b batch) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	err := l.exchange.Post(ctx, l.poster, b.id, l.most, b.events)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures++
		return err
	}
	for _, e := range b.events {
		l.bytes -= e.Bytes
	}
	l.advance(len(b.events))
	return nil
}

// newEpoch is in the ids that one node makes, and in those of no other.
func newEpoch() string {
	return strconv.FormatInt(time.Now().UnixMilli(), 36) + strings.ToLower(rand.Text()[:4])
}
