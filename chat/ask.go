package chat

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// maxWaiting is how many messages of one sender to one group wait until it is their turn to be asked about. A person has but
// his devices to send from; a backend sends from hundreds of connections at once.
const maxWaiting = 1000

// errGate is for a Gate that failed and did not say what shall happen then.
var errGate = &Error{Code: 10002, Name: "not_decided", Detail: "whoever decides about it here did not answer; try again", Temporary: true}

// turns let the messages of one sender to one group pass one after the other, in the order they came; others do not wait
// for them.
type turns struct {
	mu    sync.Mutex
	lines map[lane][]chan struct{} // who waits behind the one that passes; closed when it is their turn
}

// lane is what a turn is of. Letters have no group.
type lane struct{ group, from string }

// take waits for the caller's turn, which lasts until done is called. It is refused where too many wait.
func (t *turns) take(ctx context.Context, l lane) (done func(), err error) {
	turn := t.enter(l)
	if turn == nil {
		return nil, ErrTooManyMessages.with("", "too many of your messages wait to be decided about; wait a moment")
	}
	done = func() { t.leave(l, turn) }
	select {
	case <-turn:
		return done, nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}

// enter puts the caller at the end of a line, if that is not too long.
func (t *turns) enter(l lane) (turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := t.lines[l]
	if len(line) > maxWaiting {
		return nil
	}
	if t.lines == nil {
		t.lines = make(map[lane][]chan struct{})
	}
	turn = make(chan struct{})
	if len(line) == 0 {
		close(turn)
	}
	t.lines[l] = append(line, turn)
	return turn
}

// leave lets the next one pass if turn was the first of its line.
func (t *turns) leave(l lane, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := t.lines[l]
	at := slices.Index(line, turn)
	line = slices.Delete(line, at, at+1)
	if len(line) == 0 {
		delete(t.lines, l)
		return
	}
	t.lines[l] = line
	if at == 0 {
		close(line[0])
	}
}

// askMessage asks the Gate about a message and does what it says. Next is called in the sender's turn.
func (s *Service) askMessage(ctx context.Context, p *sending, next func() error) error {
	if s.cfg.Gate == nil || p.Message.Server || p.how.Unasked || p.by == nil || !s.cfg.Gate.AsksMessages() {
		return next()
	}
	return s.inTurn(ctx, p, func() (Ruling, error) {
		err := s.with(ctx, p.Message.Group, func(r *room) error { // who was forbidden to speak while he waited is not asked about
			if p.Trusted {
				return nil
			}
			return r.maySpeak(p.Message.From, p.Address)
		})
		if err != nil {
			return Ruling{}, err
		}
		return s.cfg.Gate.Message(ctx, p.Message, *p.by)
	}, next)
}

// askLetter is askMessage for a message to a user.
func (s *Service) askLetter(ctx context.Context, to string, p *sending, next func() error) error {
	if s.cfg.Gate == nil || p.how.Unasked {
		return next()
	}
	return s.inTurn(ctx, p, func() (Ruling, error) { return s.cfg.Gate.Letter(ctx, to, p.Message, *p.by) }, next)
}

// inTurn waits for the sender's turn and asks.
func (s *Service) inTurn(ctx context.Context, p *sending, gate func() (Ruling, error), next func() error) error {
	done, err := s.turns.take(ctx, lane{p.Message.Group, p.Message.From})
	if err != nil {
		return err
	}
	defer done()
	var ruling Ruling
	err = s.ask(func() (err error) { ruling, err = gate(); return err })
	if err != nil {
		return err
	}
	p.Unheard = ruling.Drop
	s.rewrite(p, ruling)
	return next()
}

// askJoin asks the Gate about somebody who is not in the group and may come in.
func (s *Service) askJoin(ctx context.Context, group string, who Identity) error {
	if s.cfg.Gate == nil || who.Anonymous {
		return nil
	}
	in := false
	err := s.with(ctx, group, func(r *room) error {
		_, in = r.away[who.User]
		if in = in || r.has(who.User); !in {
			_, _, in = r.elsewhere(who.User)
		}
		return r.mayEnter(who, time.Now())
	})
	if err != nil || in {
		return err
	}
	return s.ask(func() error { return s.cfg.Gate.Join(ctx, group, who) })
}

// askFound asks the Gate about a group that may be made.
func (s *Service) askFound(ctx context.Context, d GroupDraft, by Identity) error {
	if s.cfg.Gate == nil {
		return nil
	}
	return s.ask(func() error { return s.cfg.Gate.Found(ctx, d, by) })
}

// ask calls the Gate, whose panic must not end the program.
func (s *Service) ask(gate func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.panics.Add(1)
			s.log.Error("chat gate panicked", "panic", v, "stack", string(debug.Stack()))
			err = errGate
		}
	}()
	err = gate()
	var refusal *Error
	if err == nil || errors.As(err, &refusal) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	s.log.Warn("chat gate failed", "error", err)
	return errGate
}

// rewrite puts what a ruling says in the place of what was sent. If that can't be sent, the message goes as it was.
func (s *Service) rewrite(p *sending, with Ruling) {
	if with.Drop || with.Body == nil && with.CloudCustomData == nil {
		return
	}
	m := *p.Message
	if with.Body != nil {
		m.Body = slices.Clone(with.Body)
	}
	if with.CloudCustomData != nil {
		m.CloudCustomData = *with.CloudCustomData
	}
	if _, err := s.check(&m); err != nil {
		s.log.Warn("chat gate rewrote a message to what can't be sent", "group", m.Group, "error", err)
		return
	}
	p.Message.Body, p.Message.CloudCustomData = m.Body, m.CloudCustomData
	if with.Body != nil {
		p.clean = string(m.Body)
	}
	p.cleanData = cmp.Or(with.CloudCustomData, p.cleanData)
}
