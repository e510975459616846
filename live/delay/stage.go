package delay

import (
	"cmp"
	"container/heap"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/stream"
)

// Most is the longest delay.
const Most = 600 * time.Second

// Config of a Stage. Zero fields take their defaults.
type Config struct {
	// Bytes is how much of all streams may wait. Default 512 MiB.
	Bytes int64
	// Hub is what the hub of pushes that are shown later is told; its clock should be that of the public one.
	Hub stream.Config
}

// Stage shows pushes later. Its methods may be called from any goroutine.
type Stage struct {
	cfg    Config
	hub    *stream.Hub // where they are shown
	behind *stream.Hub // where they are pushed
	log    *slog.Logger
	early  atomic.Uint64
	alarm  time.Time // when going out early was last logged; mu guards it

	wake chan struct{} // capacity 1: there is an earlier time than Run knows

	out sync.Mutex // held while what was due happens, and while a line is purged. Taken before mu.

	mu      sync.Mutex
	lines   map[string]*line
	due     lines
	bytes   int64
	tags    int
	stopped bool
}

// New returns a stage that shows pushes in hub while Run runs.
func New(cfg Config, hub *stream.Hub, log *slog.Logger) *Stage {
	if cfg.Bytes <= 0 {
		cfg.Bytes = 512 << 20
	}
	return &Stage{cfg: cfg, hub: hub, behind: stream.NewHub(cfg.Hub), log: log, wake: make(chan struct{}, 1), lines: make(map[string]*line)}
}

// push is one push that is shown later. It is the sink of its publisher.
type push struct {
	stage  *Stage
	line   *line
	delay  time.Duration
	opts   stream.PublishOptions // of what is shown
	shown  *stream.Publisher     // nil before its time, and where it may not be shown; Stage.out guards it
	purged bool                  // nothing of it is shown any more; Stage.mu guards it
}

// Publish begins a push of which everything is shown d later, or, where what was pushed before is not shown yet, behind
// that: with as much delay as that takes. The errors are stream.Hub.Publish's. Calls for one stream, Purge among them, come
// one after the other.
func (s *Stage) Publish(name string, o stream.PublishOptions, d time.Duration) (*stream.Publisher, error) {
	now := time.Now()
	k := &push{stage: s, delay: d, opts: o}
	k.opts.Passed = true
	s.mu.Lock()
	k.line = s.line(name)
	k.line.pushes++
	s.mu.Unlock()
	o.Sink, o.Gated = k, false // the gate is where it is shown
	p, err := s.behind.Publish(name, o)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		k.line.pushes--
		s.tidy(k.line)
		return nil, err
	}
	if !k.purged {
		k.delay = max(k.delay, k.line.tail.Sub(now)) // also the end of the push before
		s.add(k.line, item{at: now.Add(k.delay), push: k, what: begins})
	}
	return p, nil
}

// Pass implements stream.Sink.
func (k *push) Pass(t *stream.Tag, now time.Time) {
	k.stage.mu.Lock()
	defer k.stage.mu.Unlock()
	if !k.purged {
		k.stage.add(k.line, item{at: now.Add(k.delay), push: k, tag: t})
	}
}

// Over implements stream.Sink.
func (k *push) Over() {
	s := k.stage
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.purged {
		k.line.pushes--
		s.tidy(k.line)
		return
	}
	s.add(k.line, item{at: time.Now().Add(k.delay), push: k, what: ended})
}

// Do has something done to a stream that viewers are to meet d later, behind all that is in line already. f runs on Run's
// goroutine; it must not block and may not call Purge. If the line is purged before, it never runs.
func (s *Stage) Do(name string, d time.Duration, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(s.line(name), item{at: time.Now().Add(d), what: control, do: f})
}

// Busy says whether something of a stream is not shown yet, or will be later.
func (s *Stage) Busy(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[name] != nil
}

// Rest is how long it takes until all of a stream is shown that is in line now.
func (s *Stage) Rest(name string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.lines[name]; l != nil {
		return max(time.Until(l.tail), 0)
	}
	return 0
}

// Purge throws away what is in line of a stream, and ends what is shown of it. Nothing of that happens after Purge has
// returned. A push that goes on is not shown any more.
func (s *Stage) Purge(name string) {
	s.out.Lock()
	defer s.out.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[name]
	if l == nil {
		return
	}
	if l.current != nil {
		l.current.purged = true
		l.current.close()
	}
	for l.n > 0 {
		i := l.pop()
		s.bytes -= i.cost()
		switch i.what {
		case tagged:
			s.tags--
			i.push.purged = true
		case begins:
			i.push.purged = true
		case ended:
			i.push.purged = true
			l.pushes--
		case control:
		}
	}
	l.tail = time.Time{}
	if l.place >= 0 {
		heap.Remove(&s.due, l.place)
	}
	s.tidy(l)
}

// line is a stream's line. s.mu is held.
func (s *Stage) line(name string) *line {
	l := s.lines[name]
	if l == nil {
		l = &line{name: name, place: -1}
		s.lines[name] = l
	}
	return l
}

// tidy forgets a line in which nothing waits or will. s.mu is held.
func (s *Stage) tidy(l *line) {
	if l.n == 0 && l.pushes == 0 && s.lines[l.name] == l {
		delete(s.lines, l.name)
	}
}

// add puts an item at the end of a line. s.mu is held.
func (s *Stage) add(l *line, i item) {
	if s.stopped {
		return
	}
	if i.at.Before(l.tail) {
		i.at = l.tail
	}
	s.bytes += i.cost()
	if i.tag != nil {
		s.tags++
	}
	l.push(i)
	if l.place < 0 {
		heap.Push(&s.due, l)
		if l.place != 0 && s.bytes <= s.cfg.Bytes {
			return
		}
	} else if s.bytes <= s.cfg.Bytes {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run shows what is due until ctx ends. What waits then is never shown.
func (s *Stage) Run(ctx context.Context) error {
	defer s.stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.show())
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.wake:
		case <-timer.C:
		}
	}
}

// stop lets go of everything: nobody would show it.
func (s *Stage) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for _, l := range s.lines {
		l.ring, l.base, l.n, l.bytes, l.place = nil, 0, 0, 0, -1
	}
	s.due, s.bytes, s.tags = nil, 0, 0
}

// atOnce bounds how much happens while a Purge has to wait.
const atOnce = 64

// show does what is due and returns how long nothing more will be, an hour at most.
func (s *Stage) show() time.Duration {
	var batch [atOnce]item
	for {
		s.out.Lock()
		n, l, wait := s.take(batch[:], time.Now())
		for i := range batch[:n] {
			s.happen(l, &batch[i])
		}
		clear(batch[:n])
		s.out.Unlock()
		if n == 0 {
			return wait
		}
	}
}

// take removes what is due of the line that is first, or if there is none says for how long. Where too much waits, it is from
// the line that has most of it, the oldest: who keeps little pays for nobody. s.out is held.
func (s *Stage) take(batch []item, now time.Time) (n int, l *line, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.due) == 0 {
		return 0, nil, time.Hour
	}
	l = s.due[0]
	hurry := s.bytes > s.cfg.Bytes && now.Before(l.head().at)
	if hurry {
		l = slices.MaxFunc(s.due, func(a, b *line) int { return cmp.Compare(a.bytes, b.bytes) })
	}
	early := 0
	for ; n < len(batch) && l.n > 0; n++ {
		if late := now.Sub(l.head().at); late < 0 {
			if !hurry || s.bytes <= s.cfg.Bytes {
				wait = -late
				break
			}
			early++
		}
		batch[n] = l.pop()
		s.bytes -= batch[n].cost()
		if batch[n].tag != nil {
			s.tags--
		}
		if batch[n].what == ended {
			l.pushes--
		}
	}
	if l.n == 0 {
		l.ring, l.base = nil, 0
		heap.Remove(&s.due, l.place)
		s.tidy(l)
	} else {
		heap.Fix(&s.due, l.place)
	}
	if early > 0 {
		s.ahead(early, now)
	}
	return n, l, min(wait, time.Hour)
}

// alarmEvery is how often is logged that media goes out early.
const alarmEvery = 10 * time.Second

// ahead counts what goes out before its time, and says so. s.mu is held.
func (s *Stage) ahead(n int, now time.Time) {
	s.early.Add(uint64(n)) //nolint:gosec // a small count
	if s.alarm.IsZero() || now.Sub(s.alarm) >= alarmEvery {
		s.alarm = now
		s.log.Error("delayed media goes out early: more is held than delay-bytes allows", "bytes", s.bytes, "limit", s.cfg.Bytes)
	}
}

// happen does what an item is about. s.out is held.
func (s *Stage) happen(l *line, i *item) {
	switch i.what {
	case begins:
		shown, err := s.hub.Publish(l.name, i.push.opts)
		if err != nil {
			s.log.Warn("delayed push not shown", "stream", l.name, "generation", i.push.opts.Generation, "err", err)
			return
		}
		i.push.shown, l.current = shown, i.push
	case tagged:
		if i.push.shown != nil && i.push.shown.Pass(i.tag) != nil { // it was ended where it is shown, on purpose
			i.push.shown = nil
		}
	case ended:
		i.push.close()
		if l.current == i.push {
			l.current = nil
		}
	case control:
		i.do()
	}
}

// close ends what is shown of a push. Stage.out is held.
func (k *push) close() {
	if k.shown != nil {
		k.shown.Close(stream.StopClosed)
		k.shown = nil
	}
}

// Info is what is known of a push that is shown later.
func (s *Stage) Info(name string) (stream.Info, bool) {
	in, ok := s.behind.Info(name)
	return in, ok && in.Publishing
}

// Drop ends the push of a stream; what came of it is shown.
func (s *Stage) Drop(name string, cause error) { s.behind.Drop(name, cause) }

// End is Drop for a session that is over: the next one's clock is free.
func (s *Stage) End(name string, cause error) { s.behind.End(name, cause) }

// Forget is End for a stream of which nothing will come back.
func (s *Stage) Forget(name string, cause error) { s.behind.Forget(name, cause) }

// Stats are the figures of a stage.
type Stats struct {
	Streams int          // of which something is not shown yet
	Bytes   int64        // that wait
	Limit   int64        // how many may
	Tags    int          // of them
	Early   uint64       // items that went out before their time, since the start
	Pushes  stream.Stats // of the hub of pushes that are shown later
}

// Stats returns the figures.
func (s *Stage) Stats() Stats {
	pushes := s.behind.Stats() // its mutex comes before this one
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Streams: len(s.lines), Bytes: s.bytes, Limit: s.cfg.Bytes, Tags: s.tags, Early: s.early.Load(), Pushes: pushes}
}
