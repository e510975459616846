package live

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/stream"
	"liveroom/status"
)

// maxStops bounds the stops waiting for the store: more than a node can hold pushes.
const maxStops = 4096

// Push is one admitted push: a generation of a room's stream, until Close.
type Push struct {
	*stream.Publisher
	ctx        context.Context // of the connection, without its end: a stop is recorded after the client has gone
	service    *Service
	req        stream.Request
	room       string
	stream     string
	generation uint64
	delayed    bool // it is shown later
	startedAt  time.Time
	refused    atomic.Bool // by its door, for what it carries
	told       bool        // that it is over; the room's view guards it
}

// stop is the end of a push that the store must learn.
type stop struct {
	room       string
	generation uint64
	reason     status.Reason
}

// Refuse records why the door ends the push, for what it carries. The door tells the publisher, and closes the push.
func (p *Push) Refuse(why *stream.Refusal) {
	p.refused.Store(true)
	p.service.notePush(p.room, p.req, why)
}

// Close ends the push and records why. When the store can't take it now, Run reports it later.
func (p *Push) Close(reason stream.StopReason) {
	s, at, format := p.service, time.Now(), p.format()
	p.Publisher.Close(reason)
	s.withView(p.room, "", func(v *view) {
		p.over(p.closeReason(reason), at, format)
		if v.push == p {
			v.push = nil
		}
	})
	st := stop{p.room, p.generation, status.Reason(reason)}
	if s.retired.Load() {
		if s.cfg.Shared == nil {
			s.log.Info("push left to the next start", "room", p.room)
			return
		}
		st.reason = status.ReasonPushLost
	}
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	if err := s.report(ctx, st); err != nil {
		s.log.Warn("push stop not recorded yet", "room", p.room, "err", err)
		select {
		case s.stops <- st:
		default:
			s.log.Error("push stop lost: too many are waiting; recovery will find it", "room", p.room)
		}
	}
}

// report tells the machine about a stop. A room that is gone needs no telling.
func (s *Service) report(ctx context.Context, st stop) error {
	rec, err := s.machine.Do(ctx, st.room, status.Event{
		Kind: status.PushStopped, Node: s.cfg.Node, Generation: st.generation, Stop: st.reason,
	})
	if errors.Is(err, status.ErrUnknownRoom) {
		return nil
	}
	if err == nil && rec.Reason == st.reason { // else the room had ended it, and said so
		s.log.Info("push stopped", "room", st.room, "reason", st.reason, "status", rec.Name, "version", rec.Version)
	}
	return err
}

// Run reports the push stops that the store could not take at once, and shows what is shown later, while it brings status
// and group of every room in step with it, or, where it is one of several nodes, follows the others and keeps its pushes. When it returns, none of
// its work is running; stops still waiting are found by recovery at the next start, or when their leases lapse.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = s.delay.Run(ctx) }) // it ends with ctx only
	wg.Go(func() { s.samplePushes(ctx) })
	wg.Go(func() {
		if s.cfg.Shared != nil {
			s.runShared(ctx)
			return
		}
		if err := s.AlignAll(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("rooms not brought in step", "err", err)
		}
	})
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case st := <-s.stops:
			s.reportUntilTaken(ctx, st)
		}
	}
}

func (s *Service) reportUntilTaken(ctx context.Context, st stop) {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := s.report(try, st)
		cancel()
		if err == nil || ctx.Err() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
