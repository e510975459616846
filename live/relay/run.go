package relay

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// run is one target while its room's push is here.
type run struct {
	*Service
	target Target
	url    rtmp.URL
	stream string
	board  board
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when it has ended
	last   chan struct{} // closed: it ends with what is left of the stream
	begun  time.Time     // when it last began to run

	running bool // as Tell was told
	failing bool // it was told that it failed, and has not run since
}

// errOver says that the stream is over, errDry that no media comes, and errOff, as the cause of a run's end, that it is not wanted any
// more: its target is told. Who is told nothing, because the push is elsewhere now or the server stops, may wait for who comes back.
var (
	errOver = errors.New("relay: the stream is over")
	errDry  = errors.New("relay: no media")
	errOff  = errors.New("relay: it is switched off")
)

// farewell is how long it may take at the most to take leave of a target.
const farewell = time.Second

// start begins to serve a target. The room waits for it.
func (r *room) start(t Target, streamName string) *run {
	ctx, cancel := context.WithCancelCause(r.ctx)
	one := &run{Service: r.Service, target: t, stream: streamName, cancel: cancel, done: make(chan struct{}), last: make(chan struct{})}
	one.board.change(func(s *State) { *s = State{Phase: Idle, Node: r.cfg.Node} })
	go func() {
		defer close(one.done)
		defer cancel(nil)
		one.serve(ctx)
	}()
	return one
}

// ends lets it end by itself. It is called once.
func (r *run) ends() { close(r.last) }

// serve pushes whenever there is something to push.
func (r *run) serve(ctx context.Context) {
	var err error
	if r.url, err = rtmp.ParseURL(r.target.URL); err != nil {
		r.board.change(func(s *State) { s.Cause = Cause{CauseAddress, "the address " + err.Error()} })
		select {
		case <-ctx.Done():
		case <-r.last:
		}
		return
	}
	defer func() { r.stopped(Cause{}) }()
	for failures := 0; ; {
		if err := r.flows(ctx); err != nil {
			return
		}
		err := r.push(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errOver):
			r.rest(Cause{})
			continue
		case errors.Is(err, errDry):
			r.rest(Cause{CauseNoMedia, "no media comes from the room: it is paused, or its push is interrupted"})
			continue
		}
		if !r.begun.IsZero() && time.Since(r.begun) >= r.cfg.Steady {
			failures = 0
		}
		failures++
		if !r.wait(ctx, causeOf(err), failures) {
			return
		}
	}
}

// rest notes that there is nothing to push.
func (r *run) rest(why Cause) {
	r.board.change(func(s *State) { s.Phase, s.Cause, s.Retries, s.NextAt = Idle, why, 0, time.Time{} })
	r.stopped(why)
}

// flows waits for media. The error says that none will come.
func (r *run) flows(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer afterClose(r.last, cancel)()
	for {
		sub := r.streams.Subscribe(r.stream, "relay", stream.SubscribeOptions{Internal: true})
		err := r.firstMedia(ctx, sub)
		sub.Close()
		if !errors.Is(err, stream.ErrEnded) && !errors.Is(err, stream.ErrSlow) {
			return err
		}
		select { // the room says soon whether that was all
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (r *run) firstMedia(ctx context.Context, sub *stream.Subscriber) error {
	var buf []*stream.Tag
	for {
		tags, err := sub.Next(ctx, buf)
		if err != nil {
			return err
		}
		for _, t := range tags {
			if own(t) && t.Kind() != stream.Script && !t.SequenceHeader() {
				return nil
			}
		}
		clear(tags)
		buf = tags
	}
}

// own says that a tag was pushed to this node: what comes from another one is relayed there.
func own(t *stream.Tag) bool { return !t.Relayed() }

// afterClose calls f when ch is closed, unless stop is called before; nothing of it is left then.
func afterClose(ch <-chan struct{}, f func()) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ch:
			f()
		case <-quit:
		}
	}()
	return func() { close(quit); <-done }
}

// isOff says that a run has ended because it is not wanted any more.
func isOff(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errOff) }

// leash is a context for a connection: it ends with ctx, where leave is to be taken of the target a farewell later, and with end.
func leash(ctx context.Context) (line context.Context, end func()) {
	line, cut := context.WithCancel(context.WithoutCancel(ctx))
	stop := afterClose(ctx.Done(), func() {
		if isOff(ctx) {
			select {
			case <-time.After(farewell):
			case <-line.Done():
			}
		}
		cut()
	})
	return line, func() { cut(); stop() }
}

// push connects and sends until that fails or there is nothing to send any more.
func (r *run) push(ctx context.Context) error {
	r.board.change(func(s *State) { s.Phase, s.NextAt = Connecting, time.Time{} })
	r.begun = time.Time{}
	r.count.connects.Add(1)
	line, end := leash(ctx)
	defer end()
	out, err := rtmp.Publish(line, r.cfg.Client, r.url)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() != nil && !isOff(ctx) {
			<-out.Done() // it is being cut, and nothing is said
		}
		out.Close()
	}()
	sub := r.streams.Subscribe(r.stream, "relay", stream.SubscribeOptions{Internal: true})
	defer sub.Close()
	sub.SetIdle(r.cfg.Linger)
	r.begun = time.Now()
	r.count.running.Add(1)
	defer r.count.running.Add(-1)
	r.board.change(func(s *State) { s.Phase, s.Cause = Running, Cause{} })
	r.log.Info("relay runs", "room", r.target.Room, "relay", r.target.ID, "to", r.url)
	r.running, r.failing = true, false
	r.tell(Started, Cause{})
	return r.copy(ctx, out, sub)
}

// copy sends what the subscriber reads.
func (r *run) copy(ctx context.Context, out *rtmp.Outgoing, sub *stream.Subscriber) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer afterClose(out.Done(), cancel)()
	var (
		line timeline
		buf  []*stream.Tag
		sent uint64
		lost uint64
	)
	for {
		tags, err := sub.Next(ctx, buf)
		switch {
		case out.Err() != nil:
			return out.Err()
		case errors.Is(err, stream.ErrEnded):
			return errOver
		case errors.Is(err, stream.ErrIdle):
			return errDry
		case err != nil:
			return err
		}
		for i, t := range tags {
			if !own(t) {
				return errDry
			}
			out.Add(t, line.at(t, i == 0 && sub.Discontinuity()))
		}
		clear(tags) // a batch must not keep a keyframe's memory while it is sent
		buf = tags
		err = out.Flush()
		now, gone := out.Sent(), sub.Lost().Tags
		r.count.bytes.Add(now - sent)
		r.count.dropped.Add(gone - lost)
		r.board.change(func(s *State) {
			s.Bytes += now - sent
			s.Dropped += gone - lost
			if time.Since(r.begun) >= r.cfg.Steady {
				s.Retries = 0
			}
		})
		sent, lost = now, gone
		if err != nil {
			return err
		}
	}
}

// causeOf is an error in words that can be shown.
func causeOf(err error) Cause {
	if f, ok := errors.AsType[*rtmp.Failure](err); ok {
		return Cause{f.Code, f.Detail}
	}
	if errors.Is(err, stream.ErrSlow) {
		return Cause{CauseSlow, "the target takes less than is pushed: pictures were left out again and again"}
	}
	return Cause{rtmp.FailLost, "the connection broke"}
}

// wait notes a failure and waits for the next try. It says whether there is one.
func (r *run) wait(ctx context.Context, why Cause, failures int) bool {
	d := r.backOff(failures)
	r.count.failed(why.Code)
	next := time.Now().Add(d).UTC().Truncate(time.Millisecond)
	r.board.change(func(s *State) { s.Phase, s.Cause, s.Retries, s.NextAt = Waiting, why, failures, next })
	r.failed(why, failures)
	r.log.Debug("relay failed", "room", r.target.Room, "relay", r.target.ID, "to", r.url, "code", why.Code, "detail", why.Detail, "failures", failures)
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.last:
	case <-ctx.Done():
	}
	return false
}

// backOff is how long to wait after so many failures in a row.
func (r *run) backOff(failures int) time.Duration {
	d := min(r.cfg.Retry<<min(failures-1, 20), r.cfg.RetryMost)
	return d/2 + rand.N(d/2+1)
}

// stopped tells that it does not run any more.
func (r *run) stopped(why Cause) {
	if r.running {
		r.running = false
		r.log.Info("relay stopped", "room", r.target.Room, "relay", r.target.ID, "to", r.url, "code", why.Code, "detail", why.Detail)
		r.tell(Stopped, why)
	}
}

// failed tells that it ended or could not begin, once until it runs again, and once more when that happens again and again.
func (r *run) failed(why Cause, failures int) {
	switch {
	case r.running || !r.failing:
		r.running, r.failing = false, true
		r.log.Warn("relay failed, trying again", "room", r.target.Room, "relay", r.target.ID, "to", r.url, "code", why.Code, "detail", why.Detail)
		r.tell(Stopped, why)
	case failures == failingAfter:
		r.tell(Failing, why)
	}
}

func (r *run) tell(kind EventKind, why Cause) {
	r.cfg.Tell(Event{Target: r.target, Stream: r.stream, Kind: kind, Cause: why, At: time.Now()})
}
