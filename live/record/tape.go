package record

import (
	"context"
	"sync"
	"time"
)

// Piece is a finished segment of a stream, as those who make segments hand it over. Its bytes are shared: nobody may change
// them.
type Piece struct {
	Stream, Session string
	Zero            time.Time // of the session's clock
	Generation      uint64
	Start, Duration int64    // ms on the session's clock
	Breaks          bool     // it does not follow from the one before
	Within          bool     // it ends within a GOP: what follows from it does not begin with a keyframe
	Init            []byte   // init segment
	Parts           [][]byte // fMP4, one after the other
	Video, Audio    string   // codecs (RFC 6381)
	Width, Height   int
}

func (p *Piece) bytes() (n int64) {
	for _, part := range p.Parts {
		n += int64(len(part))
	}
	return n
}

const (
	// ruleFor is how long what was found out of a room's rule holds.
	ruleFor = 5 * time.Second
	// retireAfter is the silence after which nothing of a stream is remembered.
	retireAfter = 5 * time.Minute
	// drainLimit is how long what waits at the end of the process may take to be stored.
	drainLimit = 5 * time.Second
	// mostTapes bounds the streams followed at a time.
	mostTapes = 20_000
)

// tape is what is recorded of one stream. Its goroutine owns everything but what mu guards.
type tape struct {
	s      *Service
	stream string
	wake   chan struct{} // capacity 1

	mu sync.Mutex
	// Guarded by mu.
	queue  []Piece
	bytes  int64
	missed int    // segments that found no room, not yet told
	gap    bool   // such a one was the last
	over   string // the newest of its sessions that is over
	looks  bool   // somebody asked for a recording, or for none
	wanted bool   // something is kept of it
	coming string // the session of which something came lately
	left   bool   // its goroutine is over: it takes nothing any more
	// session is the one of what was taken last, and writes the recordings that are open, by their ids. Their writer is the
	// goroutine, which reads session without mu.
	session string
	writes  [2]string

	rule  Rule
	ruled time.Time // when it was read; zero: never
	full  *deck
	shift *deck
	idle  time.Duration // silence after which nothing is expected soon
}

// Take is given each segment of each stream as it is finished. It never waits: what finds no room is left out, and marked as
// a gap.
func (s *Service) Take(p Piece) {
	for {
		if t := s.tape(p.Stream); t == nil || t.push(p) {
			return
		}
	}
}

// Keeps says whether anything is kept of a stream, as far as that is known already; where it is not, that something may be.
func (s *Service) Keeps(stream string) bool {
	t := s.tape(stream)
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wanted
}

// Over is told that a room's session is over, so that its recording ends at once and not with the next sweep.
func (s *Service) Over(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tapes {
		t.mu.Lock()
		if t.session == session || t.coming == session {
			t.over = session
			t.signal()
		}
		t.mu.Unlock()
	}
}

// look has the rule of a stream looked at again, here.
func (s *Service) look(stream string) {
	s.mu.Lock()
	t := s.tapes[stream]
	s.mu.Unlock()
	if t != nil {
		t.mu.Lock()
		t.looks = true
		t.mu.Unlock()
		t.signal()
	}
}

// tape is that of a stream, made where there is none; nil while Run does not run.
func (s *Service) tape(stream string) *tape {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tapes[stream]
	if t != nil || !s.running || len(s.tapes) >= mostTapes {
		return t
	}
	t = &tape{s: s, stream: stream, wake: make(chan struct{}, 1), wanted: true, idle: 5 * time.Second}
	t.full, t.shift = &deck{tape: t, kind: Full}, &deck{tape: t, kind: Shift}
	s.tapes[stream] = t
	s.spawn(t.run)
	return t
}

// leave forgets a tape that has nothing to do.
func (s *Service) leave(t *tape, always bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) > 0 && !always {
		return false
	}
	t.left = true
	delete(s.tapes, t.stream)
	return true
}

func (t *tape) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// push gives the goroutine a piece; false: it is over, and another is to be asked.
func (t *tape) push(p Piece) bool {
	n := p.bytes()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left {
		return false
	}
	if t.bytes+n > t.s.cfg.QueueBytes || t.s.held.Load()+n > t.s.cfg.Memory {
		t.missed++
		t.gap = true
		t.s.counts.missed.Add(1)
		return true
	}
	p.Breaks, t.gap = p.Breaks || t.gap, false
	t.bytes += n
	t.s.held.Add(n)
	t.queue = append(t.queue, p)
	t.coming = p.Session
	t.signal()
	return true
}

// pop takes the oldest piece, and says how many were left out before it. Its bytes count until done.
func (t *tape) pop() (p Piece, missed int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		return p, 0, false
	}
	p = t.queue[0]
	t.queue[0] = Piece{}
	t.queue = t.queue[1:]
	if len(t.queue) == 0 {
		missed, t.missed = t.missed, 0
		t.queue = nil
	}
	return p, missed, true
}

func (t *tape) done(p *Piece) {
	n := p.bytes()
	t.s.held.Add(-n)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes -= n
}

// run stores what comes until ended ends, or nothing has come for long. What is being stored then is not cut off, but for a
// store that does not answer.
func (t *tape) run(ended context.Context) {
	ctx, cut := context.WithCancel(context.WithoutCancel(ended))
	defer cut()
	defer context.AfterFunc(ended, func() {
		late := time.AfterFunc(drainLimit, cut)
		context.AfterFunc(ctx, func() { late.Stop() })
	})()
	timer := time.NewTimer(t.idle)
	defer timer.Stop()
	silent := false
	for {
		select {
		case <-ended.Done():
			t.drain(ctx)
			return
		case <-t.wake:
			if t.work(ctx) {
				silent = false
				timer.Reset(t.idle)
			}
			t.ask(ctx)
		case <-timer.C:
			if silent {
				if t.s.leave(t, false) {
					t.forget()
					return
				}
				continue
			}
			silent = true
			timer.Reset(retireAfter)
			t.rest(ctx)
		}
	}
}

// work stores what waits, and says whether there was anything.
func (t *tape) work(ctx context.Context) (any bool) {
	for ctx.Err() == nil {
		p, missed, ok := t.pop()
		if !ok {
			return any
		}
		any = true
		t.take(ctx, &p)
		if missed > 0 {
			t.full.miss(ctx, missed)
		}
		t.done(&p)
	}
	return any
}

// drain stores what waits at the end of the process.
func (t *tape) drain(ctx context.Context) {
	t.work(ctx)
	t.flush(ctx)
	for {
		p, _, ok := t.pop()
		if !ok {
			break
		}
		t.done(&p)
	}
	t.forget()
	t.s.leave(t, true)
}

func (t *tape) forget() {
	t.full.forget()
	t.shift.forget()
}

func (t *tape) flush(ctx context.Context) {
	t.full.flush(ctx)
	t.shift.flush(ctx)
}

// rest is for when nothing has come for a while: the push is lost, or the room is paused.
func (t *tape) rest(ctx context.Context) {
	t.flush(ctx)
	t.mu.Lock()
	if len(t.queue) == 0 {
		t.coming = ""
	}
	t.mu.Unlock()
	t.full.pause(ctx)
}

// ask looks at what somebody asked for.
func (t *tape) ask(ctx context.Context) {
	t.mu.Lock()
	looks, over := t.looks, t.over != "" && t.over == t.session
	if t.looks = false; over {
		t.over = ""
	}
	t.mu.Unlock()
	if looks {
		t.ruled = time.Time{}
		if t.session != "" {
			t.lookup(ctx)
			t.follow(ctx)
		}
	}
	if over {
		t.flush(ctx)
		t.full.end(ctx)
		t.shift.end(ctx)
	}
}

// take adds a piece to what is kept of its session.
func (t *tape) take(ctx context.Context, p *Piece) {
	if p.Session == "" || p.Session != t.session {
		t.flush(ctx)
		t.forget()
		t.mu.Lock()
		t.session = p.Session
		t.mu.Unlock()
		t.ruled = time.Time{}
	}
	if p.Session == "" || len(p.Init) == 0 || p.Duration <= 0 || p.Duration > mostDuration || p.Start < 0 || p.Start > mostStart || p.Generation > mostGeneration {
		t.s.counts.odd.Add(1)
		return
	}
	t.idle = min(max(2*time.Duration(p.Duration)*time.Millisecond+2*time.Second, 4*time.Second), 30*time.Second)
	if !t.lookup(ctx) {
		return
	}
	t.follow(ctx)
	t.full.add(ctx, p)
	t.shift.add(ctx, p)
}

// lookup reads the rule anew where it is old. A store that does not answer changes nothing of what is known.
func (t *tape) lookup(ctx context.Context) bool {
	if !t.ruled.IsZero() && time.Since(t.ruled) < ruleFor {
		return true
	}
	rule, err := t.s.cfg.Rule(ctx, t.stream)
	if err != nil {
		t.s.log.Debug("rule of a recording not known", "stream", t.stream, "err", err)
		return !t.ruled.IsZero()
	}
	t.rule, t.ruled = rule, time.Now()
	return true
}

// follow has the decks do what the rule says, and notes whether anything is kept.
func (t *tape) follow(ctx context.Context) {
	can := t.s.cfg.Why() == nil
	t.full.follow(ctx, can && t.rule.Mode == Always, can && t.rule.Mode == Demand)
	t.shift.follow(ctx, can && t.rule.Shift > 0 && t.rule.Mode != Always, false)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes = [2]string{t.full.rec.ID, t.shift.rec.ID}
	t.wanted = t.full.rec.ID != "" || t.shift.rec.ID != "" || can && (t.rule.Mode != Off || t.rule.Shift > 0)
}
