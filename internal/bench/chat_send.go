package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// sending is all who speak.
type sending struct {
	run     *chatRun
	senders []*sender
	likes   *giving // nil: none are given
	gifts   *giving
	over    atomic.Bool

	sent      atomic.Int64 // in the window, like dropped and refused
	dropped   atomic.Int64 // by frequency control
	refused   atomic.Int64
	unsent    atomic.Int64 // fell due in the window while their sender had no connection, or too much unanswered
	acks      atomic.Int64 // answers to sends, at any time
	delivered atomic.Int64 // messages that senders got, which they do as members
	lost      atomic.Int64 // connections
	late      histogram    // sending behind what was due
	answered  histogram    // sending to its answer
	notes     notes
}

func newSending(r *chatRun) *sending {
	s := &sending{run: r}
	s.likes, s.gifts = newGiving("like", r.plan.Likes), newGiving("gift", r.plan.Gifts)
	add := func(room *chatRoom, all []ChatSender, gives *giving) {
		for k, who := range all {
			s.senders = append(s.senders, &sender{
				all: s, room: room, who: who, index: k, of: len(all), gives: gives, pending: map[uint64]underWay{}, next: firstSendID,
			})
		}
	}
	for i, room := range r.plan.Rooms {
		if r.plan.Rate > 0 {
			add(r.rooms[i], room.Senders, nil)
		}
		if s.likes != nil {
			add(r.rooms[i], room.Likers, s.likes)
		}
		if s.gifts != nil {
			add(r.rooms[i], room.Givers, s.gifts)
		}
	}
	return s
}

const sendersAtOnce = 64 // connecting

// connect brings all senders into their rooms.
func (s *sending) connect(ctx, alive context.Context, load *sync.WaitGroup) error {
	if len(s.senders) == 0 {
		return nil
	}
	s.run.plan.Progress(fmt.Sprintf("%d senders joining", len(s.senders)))
	failed := make(chan error, len(s.senders))
	slots := make(chan struct{}, sendersAtOnce)
	var asked sync.WaitGroup
	for _, one := range s.senders {
		slots <- struct{}{}
		asked.Go(func() {
			defer func() { <-slots }()
			in, err := one.enter(ctx)
			if err != nil {
				failed <- fmt.Errorf("a sender of room %s: %w", one.room.group, err)
				return
			}
			load.Go(func() { one.live(alive, in) })
		})
	}
	asked.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// begin lets all speak until end, each at its moments, so that a room's messages come evenly.
func (s *sending) begin(ctx context.Context, load *sync.WaitGroup) {
	began := time.Now().Add(10 * time.Millisecond)
	for _, one := range s.senders {
		load.Go(func() { one.speak(ctx, began) })
	}
}

// end lets nobody say more.
func (s *sending) end() { s.over.Store(true) }

// unanswered are the messages whose answers are still awaited.
func (s *sending) unanswered() (n int) {
	for _, one := range s.senders {
		one.mu.Lock()
		n += len(one.pending)
		one.mu.Unlock()
	}
	return n
}
