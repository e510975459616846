package pull

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/internal/wait"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
	"liveroom/status"
)

// run is one time that a task runs.
type run struct {
	*Service
	task   Task
	board  board
	cancel context.CancelFunc
	done   chan struct{}         // closed when it has ended
	last   atomic.Pointer[Cause] // why it is ended from outside

	stream   string    // of its room
	begun    time.Time // when media first came into the room; zero: not yet
	flows    time.Time // when it last began to push
	line     timeline
	failures int
	running  bool // as Tell was told
	failing  bool // it was told that it failed, and has not run since
	yielded  bool // somebody else pushed
}

// board is a run's State, which others read.
type board struct {
	mu    sync.Mutex // guards state
	state State
}

func (b *board) get() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// change changes it; Since moves with the phase.
func (b *board) change(f func(s *State)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.state.Phase
	f(&b.state)
	if b.state.Phase != was {
		b.state.Since = time.Now().UTC().Truncate(time.Millisecond)
	}
}

func (r *run) show(p Phase, why Cause, next time.Time) {
	r.board.change(func(s *State) { s.Phase, s.Cause, s.Retries, s.NextAt = p, why, r.failures, next })
}

// Why a push ends that its source does not end.
var (
	errTaken  = failed(CauseTaken, "somebody began to push into the room")
	errSilent = failed(rtmp.FailSilent, "no media came from the source for a while")
)

// start begins to serve a task. The Service waits for it.
func (s *Service) start(ctx context.Context, t Task) *run {
	ctx, cancel := context.WithCancel(ctx)
	r := &run{Service: s, task: t, cancel: cancel, done: make(chan struct{}), begun: t.Run.BegunAt}
	r.board.change(func(st *State) { *st = State{Run: t.Run.ID, Phase: Connecting, Node: s.cfg.Node} })
	go func() {
		defer close(r.done)
		defer cancel()
		r.serve(ctx)
	}()
	return r
}

// serve pushes whenever there is a place to push to, until the run is over.
func (r *run) serve(ctx context.Context) {
	defer func() {
		why := Cause{}
		if last := r.last.Load(); last != nil {
			why = *last
		}
		r.stopped(why)
	}()
	for {
		if !r.free(ctx) {
			return
		}
		err := r.play(ctx)
		switch why := causeOf(err); {
		case ctx.Err() != nil:
			return
		case err == nil:
			done := Cause{CauseFinished, "it was played to its end"}
			r.stopped(done)
			r.finish(ctx, done)
			return
		case why.Code == CauseTaken, why.Code == CauseBusy:
			r.yielded = true
			if r.running {
				r.count.failed(CauseTaken)
			}
			r.stopped(why)
			r.show(Waiting, why, time.Time{})
		default:
			if !r.flows.IsZero() && time.Since(r.flows) >= r.cfg.Steady {
				r.failures = 0
			}
			r.failures++
			if !r.wait(ctx, why) {
				return
			}
		}
	}
}

// free waits until nobody pushes into the room; where somebody did, until that is so for a while, so that he may come back. It says
// whether to go on.
func (r *run) free(ctx context.Context) bool {
	var since time.Time
	for {
		look, cancel := context.WithTimeout(ctx, storeWait)
		room, err := r.rooms.Room(look, r.task.Room)
		cancel()
		switch {
		case ctx.Err() != nil:
			return false
		case errors.Is(err, status.ErrUnknownRoom), err == nil && older(r.task, room):
			r.show(Waiting, Cause{"unknown_room", "there is no such room any more"}, time.Time{})
			since = time.Time{}
		case err != nil: // what runs elsewhere is not known
			since = time.Time{}
		case room.Busy:
			if !r.yielded {
				r.yielded = true
				r.show(Waiting, Cause{CauseBusy, "somebody pushes into the room; the pull waits until nobody does"}, time.Time{})
			}
			since = time.Time{}
		case !r.yielded:
			r.stream = room.Stream
			return true
		case since.IsZero():
			since = time.Now()
		case time.Since(since) >= r.cfg.Free:
			r.stream, r.yielded = room.Stream, false
			return true
		}
		if wait.For(ctx, r.cfg.Free/10) != nil {
			return false
		}
	}
}

// play connects and pushes until the source is over, which of what is to end is no error, or something fails.
func (r *run) play(ctx context.Context) (err error) {
	r.show(Connecting, r.board.get().Cause, time.Time{})
	r.flows, r.line = time.Time{}, timeline{}
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	silence := time.AfterFunc(r.patience(r.task), func() { cancel(errSilent) })
	defer silence.Stop()
	p := &playing{run: r, ctx: ctx, cancel: cancel, wg: &wg, silence: silence, pace: pacer{lead: leadLive}}
	if r.task.Kind == VOD {
		p.pace.lead = leadVOD
	}
	defer func() {
		if cause := recover(); cause != nil {
			r.log.Error("panic while pulling", "pull", r.task, "panic", cause, "stack", string(debug.Stack()))
			err = failed(CauseFormat, "what the source sends can't be read")
		}
		p.close(err)
	}()
	for {
		over, err := p.round()
		if err != nil && ctx.Err() != nil && context.Cause(ctx) != ctx.Err() { //nolint:errorlint // the cause of this very context
			return context.Cause(ctx)
		}
		if err != nil || over {
			return err
		}
	}
}

// playing is one connection to the source, or, of VOD that loops, several.
type playing struct {
	*run
	ctx     context.Context
	cancel  context.CancelCauseFunc
	wg      *sync.WaitGroup
	silence *time.Timer
	pace    pacer
	push    Push
	held    []tag // before there is something to see or hear
	rounds  int
}

type tag struct {
	kind stream.Kind
	ms   int64
	buf  []byte
}

// maxHeld bounds what comes before the first picture or sound.
const maxHeld = 16

// round plays the source once, and says whether that was all.
func (p *playing) round() (over bool, err error) {
	vod := p.task.Kind == VOD
	p.silence.Reset(p.patience(p.task)) // a source that is asked for again may not take longer to answer than it may be silent
	from, err := p.from()
	if err != nil {
		return true, err
	}
	p.count.connects.Add(1)
	src, err := p.opener(p.ctx, p.task, from)
	if err != nil {
		return true, err
	}
	defer src.Close()
	p.rounds++
	length := time.Duration(src.Length()) * time.Millisecond
	media := false
	for {
		p.silence.Reset(p.patience(p.task))
		kind, ms, buf, err := src.Next(p.ctx)
		p.silence.Stop()
		switch {
		case errors.Is(err, io.EOF) && !vod:
			return true, failed(CauseEnded, "the source says that it is over")
		case errors.Is(err, io.EOF) && !media && from == 0:
			return true, failed(CauseFormat, "there is nothing in the source")
		case errors.Is(err, io.EOF):
			if media {
				p.tell(FileEnds, Cause{}, length)
			}
			p.line.round(src.Length())
			return !p.task.Loop, nil
		case err != nil:
			return true, err
		case kind == stream.Script:
			continue
		}
		begins := !media && !configures(kind, buf[stream.HeaderBytes:len(buf)-stream.TrailerBytes])
		media = media || begins
		if err := p.take(tag{kind, ms, buf}, media); err != nil {
			return true, err
		}
		if begins && vod {
			p.tell(FileBegins, Cause{}, length)
		}
	}
}

// from is where a recording is to be played from: where it would be had it never been interrupted.
func (p *playing) from() (int64, error) {
	if p.task.source() != fromRecording || p.begun.IsZero() || p.rounds > 0 {
		return 0, nil
	}
	now, err := p.now(p.ctx)
	if err != nil {
		return 0, failed(CauseStore, "the store does not answer")
	}
	return max(now.Sub(p.begun).Milliseconds(), 0), nil
}

// take pushes a tag, and begins the push with the first picture or sound.
func (p *playing) take(t tag, media bool) error {
	if p.task.Kind == VOD {
		t.ms = p.line.at(t.ms)
	}
	if p.push == nil {
		p.held = append(p.held, t)
		if !media {
			if len(p.held) > maxHeld {
				return failed(CauseFormat, "the source sends nothing to see or hear")
			}
			return nil
		}
		if err := p.begin(); err != nil {
			return err
		}
		for _, t := range p.held {
			if err := p.write(t); err != nil {
				return err
			}
		}
		p.held = nil
		return nil
	}
	return p.write(t)
}

func (p *playing) write(t tag) error {
	if err := p.pace.wait(p.ctx, t.ms); err != nil {
		return err
	}
	size := uint64(len(t.buf))                                        //nolint:gosec // never negative
	if err := p.push.Write(t.kind, uint32(t.ms), t.buf); err != nil { //nolint:gosec // RTMP's clock wraps after 49 days
		return p.pushOver()
	}
	p.count.bytes.Add(size)
	p.board.change(func(s *State) {
		s.Bytes += size
		if p.failures > 0 && time.Since(p.flows) >= p.cfg.Steady {
			s.Retries = 0
		}
	})
	return nil
}

// begin begins to push into the room.
func (p *playing) begin() error {
	from := p.task.Shown()
	if from == "" {
		from = "recording " + p.task.Recording
	}
	push, err := p.rooms.Feed(p.ctx, p.task.Room, from)
	if err != nil {
		return err
	}
	p.push, p.flows = push, time.Now()
	p.wg.Go(func() {
		select {
		case <-push.Done():
			p.cancel(p.pushOver())
		case <-p.ctx.Done():
		}
	})
	p.count.running.Add(1)
	p.show(Running, Cause{}, time.Time{})
	p.log.Info("pull runs", "room", p.task.Room, "pull", p.task.ID, "from", from)
	p.running, p.failing = true, false
	p.tell(Started, Cause{}, 0)
	if p.begun.IsZero() {
		p.noteBegun(p.ctx)
	}
	return nil
}

// pushOver is why the room ended the push.
func (p *playing) pushOver() error {
	err := p.push.Err()
	if errors.Is(err, stream.ErrTakenOver) || errors.Is(err, stream.ErrStale) {
		return errTaken
	}
	why, ok := errors.AsType[*stream.Refusal](err)
	if ok {
		return failed(why.Code, why.Detail)
	}
	return failed(CauseDropped, "the room ended the push")
}

// close ends the push.
func (p *playing) close(err error) {
	if p.push == nil {
		return
	}
	p.count.running.Add(-1)
	reason := stream.StopLost
	switch {
	case err == nil || p.last.Load() != nil:
		reason = stream.StopClosed
	case errors.Is(err, errSilent):
		reason = stream.StopSilent
	}
	p.push.Close(reason)
}

// noteBegun stores when media first came; where that can't be, it is told by the clock of this node alone.
func (r *run) noteBegun(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	now, err := r.now(ctx)
	if err != nil {
		now = time.Now().UTC().Truncate(time.Millisecond)
	}
	r.begun = now
	r.update(ctx, func(t *Task) { t.Run.BegunAt = now })
}

// update changes what is stored of the run, if it is still on.
func (r *run) update(ctx context.Context, f func(t *Task)) bool {
	_, err := r.store.ChangeTask(ctx, r.task.Room, r.task.ID, func(t *Task) error {
		if t.Run.ID != r.task.Run.ID || !t.Run.On() {
			return errMoved
		}
		f(t)
		return nil
	})
	r.stir()
	return err == nil || errors.Is(err, errMoved) || errors.Is(err, ErrUnknown)
}

// finish stores that the run has ended by itself, however long that takes.
func (r *run) finish(ctx context.Context, why Cause) {
	r.show(Ended, why, time.Time{})
	for {
		step, cancel := context.WithTimeout(ctx, storeWait)
		now, err := r.now(step)
		stored := err == nil && r.update(step, func(t *Task) { t.end(now, why) })
		cancel()
		if stored || wait.For(ctx, r.cfg.Retry) != nil {
			return
		}
	}
}

// wait notes a failure and waits for the next try. It says whether there is one.
func (r *run) wait(ctx context.Context, why Cause) bool {
	d := min(r.cfg.Retry<<min(r.failures-1, 20), r.cfg.RetryMost)
	d = d/2 + rand.N(d/2+1)
	r.count.failed(why.Code)
	r.show(Waiting, why, time.Now().Add(d).UTC().Truncate(time.Millisecond))
	switch {
	case r.running || !r.failing:
		r.running, r.failing = false, true
		r.log.Warn("pull failed, trying again", "room", r.task.Room, "pull", r.task.ID, "from", r.task.Shown(), "code", why.Code, "detail", why.Detail)
		r.tell(Stopped, why, 0)
	case r.failures == failingAfter:
		r.tell(Failing, why, 0)
	}
	return wait.For(ctx, d) == nil
}

// stopped tells that it does not run any more.
func (r *run) stopped(why Cause) {
	if r.running {
		r.running = false
		r.log.Info("pull stopped", "room", r.task.Room, "pull", r.task.ID, "from", r.task.Shown(), "code", why.Code, "detail", why.Detail)
		r.tell(Stopped, why, 0)
	}
}

func (r *run) tell(kind EventKind, why Cause, length time.Duration) {
	r.cfg.Tell(Event{Task: r.task, Stream: r.stream, Kind: kind, Cause: why, Duration: length, At: time.Now()})
}
