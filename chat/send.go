package chat

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"
	"unicode/utf8"
)

// Send sends a message: of the member who stands behind it, or of anyone if an administrator sends it. Its Group, Body,
// CloudCustomData, Random and Priority count; the sender's name is taken from who, and from the message only if who is
// an administrator and names somebody. A repeat within Config.DedupAge gets the original ack.
//
// The order of checks is design §6. Refusals are *Error; a message that frequency control dropped is none.
func (s *Service) Send(ctx context.Context, m Message, who Identity) (Ack, error) {
	return s.SendWith(ctx, m, who, SendOptions{})
}

// SendWith is Send with options.
func (s *Service) SendWith(ctx context.Context, m Message, who Identity, how SendOptions) (Ack, error) {
	if err := s.ready(ctx); err != nil {
		s.lost(m.Priority, err)
		return Ack{}, err
	}
	p, err := s.admit(ctx, &m, who)
	if err != nil {
		s.lost(m.Priority, err)
		s.tellUnfit(ctx, &m, who, how, err)
		return Ack{}, err
	}
	p.how, p.by, p.prompt = how, s.remember(who), who.Admin
	if p.counts = p.by; s.cfg.Counted != nil && p.counts == nil {
		by := who
		p.counts = &by
	}
	if how.Beside {
		p.counts, p.paced = nil, ""
	}
	return s.sendOnce(ctx, p)
}

// SendServer sends a room message of the server: exempt from frequency control, and last item of its batch.
func (s *Service) SendServer(ctx context.Context, m Message) (Ack, error) {
	if err := s.ready(ctx); err != nil {
		s.lost(m.Priority, err)
		return Ack{}, err
	}
	if m.From == "" {
		m.From = Administrator
	}
	m.Server = true
	c, err := s.check(&m)
	if err != nil {
		s.lost(m.Priority, err)
		return Ack{}, err
	}
	if m.Priority == 0 {
		m.Priority = s.priorityOf(c)
	}
	p := s.sending(&m)
	p.exempt = true
	return s.sendOnce(ctx, p)
}

// admit checks a message of somebody else than the server and completes it.
func (s *Service) admit(ctx context.Context, m *Message, who Identity) (*sending, error) {
	if !who.Admin || m.From == "" {
		m.From, m.Nick, m.Avatar = who.User, who.Nick, who.Avatar
	}
	if err := s.inNameOf(ctx, m, who); err != nil {
		return nil, err
	}
	s.meetHosts(ctx, m.Group)
	address, trusted := s.cfg.standing(m.From, who)
	var paced string
	manages := false
	err := s.with(ctx, m.Group, func(r *room) error {
		paced, manages = r.pacedAs(who), r.manages(who)
		r.dress(m, who)
		if err := r.maySend(who); err != nil || trusted {
			return err
		}
		return r.maySpeak(m.From, address)
	})
	if err != nil {
		return nil, err
	}
	m.Server = false
	c, err := s.check(m)
	if err != nil {
		return nil, err
	}
	if kind, ok := c.fromServer(); ok && !who.Admin {
		return nil, ErrPermission.with("body", "custom messages of type %q come from the server only", kind)
	}
	if err := c.mayBeSent(s.cfg.Kind, m, who, manages); err != nil {
		return nil, err
	}
	if m.Priority == 0 {
		m.Priority = s.priorityOf(c)
	}
	if !who.Admin {
		m.Priority = max(m.Priority, s.tuned().PriorityCap)
	}
	p := s.sending(m)
	p.exempt = s.exempt(who)
	p.Address, p.Trusted, p.paced = address, trusted, paced
	return p, nil
}

// dress gives a message the name its sender has in this room, and his standing. The room's lock is held.
func (r *room) dress(m *Message, who Identity) {
	var earned Standing
	if r.s.cfg.Standing != nil && m.From != Administrator {
		earned = r.s.cfg.Standing(m.From)
	}
	m.Level, m.Badge = earned.Level, earned.Badge
	if p := r.users[who.User]; p != nil && m.From == who.User {
		m.Nick, m.Avatar = p.who().Nick, p.who().Avatar
	}
	sender := r.s.cfg.who(m.From)
	sender.Nick, sender.Avatar = m.Nick, m.Avatar
	m.Nick = r.guise(sender).Nick
}

// inNameOf completes a message that an administrator sends for somebody else, who must have an account.
func (s *Service) inNameOf(ctx context.Context, m *Message, who Identity) error {
	if m.From == who.User || m.From == Administrator || s.cfg.Account == nil {
		return nil
	}
	account, err := s.cfg.Account(ctx, m.From)
	if errors.Is(err, ErrNoAccount) {
		return ErrNoAccount.with("from", "there is no account %q", clip(m.From))
	}
	if err != nil {
		return s.storeError(err, "find account")
	}
	m.Nick, m.Avatar = cmp.Or(m.Nick, account.Nick), cmp.Or(m.Avatar, account.Avatar)
	return nil
}

// maySend says why who may not speak here. The room's lock is held.
func (r *room) maySend(who Identity) error {
	switch {
	case who.Anonymous || who.User == "":
		return ErrPermission.with("", "anonymous guests only receive; sign in to send")
	case who.Admin:
		return nil
	case who.User == Administrator:
		return ErrPermission.with("from", "this account speaks for the server")
	case who.Guest && !r.settings.GuestsSpeak:
		return ErrPermission.with("", "guests only receive in this group")
	case r.manages(who):
		return nil
	case !r.has(who.User):
		return ErrPermission.with("group", "join the group before sending to it")
	}
	return nil
}

// check looks at what is the same for all senders.
func (s *Service) check(m *Message) (content, error) { return s.checkWithin(m, s.cfg.MessageBytes) }

// checkWithin is check for a message of at most so many bytes.
func (s *Service) checkWithin(m *Message, most int) (content, error) {
	if n := len(m.Body) + len(m.CloudCustomData); n > most {
		return content{}, ErrTooLarge.with("body", "body and cloudCustomData have %d bytes, at most %d are allowed", n, most)
	}
	if m.Priority > Lowest {
		return content{}, ErrParameter.with("priority", "must be High, Normal, Low or Lowest")
	}
	for name, text := range map[string]string{"cloudCustomData": m.CloudCustomData, "from": m.From, "nick": m.Nick, "avatar": m.Avatar} {
		if !utf8.ValidString(text) {
			return content{}, ErrParameter.with(name, "must be UTF-8")
		}
	}
	return inspect(m.Body)
}

func (s *Service) sending(m *Message) *sending {
	m.Seq = 0
	return &sending{Candidate: Candidate{Message: m, Key: DedupKey(m)}, done: make(chan struct{})}
}

// sendOnce sends p unless it was sent before, and waits for the answer.
func (s *Service) sendOnce(ctx context.Context, p *sending) (Ack, error) {
	group, priority := p.Message.Group, p.Message.Priority
	if p.Key != (Key{}) {
		earlier, err := s.claim(ctx, p)
		if err != nil {
			s.lost(priority, err)
			return Ack{}, err
		}
		if earlier != nil {
			s.fate(priority, repeated)
			ack, err := earlier.wait(ctx)
			ack.NextAt = s.nextAt(ctx, group, p.paced)
			return ack, err
		}
	}
	err := s.pace(ctx, p)
	if err == nil {
		err = s.reword(p)
	}
	if err == nil && p.how.Before != nil {
		err = p.how.Before(ctx)
	}
	if err != nil {
		s.abandon(group, p, err)
		return Ack{}, err
	}
	later, full := s.delay(ctx, p), false
	err = s.askMessage(ctx, p, func() error {
		return s.with(ctx, group, func(r *room) error {
			r.counted(p)
			held := false
			if held, full = r.holdBack(p, later); held || full {
				return nil
			}
			if !p.Message.Server && r.crowded(p) {
				return nil
			}
			return s.enqueue(r, p, nil)
		})
	})
	if err != nil {
		s.abandon(group, p, err)
		return Ack{}, err
	}
	if full {
		s.release(group, p.Key)
	}
	return p.wait(ctx)
}

// counted tells that a message may be sent. The room's lock is held, and nobody else has the message yet.
func (r *room) counted(p *sending) {
	if r.s.cfg.Counted != nil && p.counts != nil && !p.Unheard && !r.s.stopping() {
		r.s.cfg.Counted(p.Message, *p.counts)
	}
}

func (p *sending) wait(ctx context.Context) (Ack, error) {
	if p.later != nil {
		return *p.later, nil
	}
	select {
	case <-p.done:
		ack := p.ack
		ack.Body, ack.CloudCustomData, ack.NextAt = p.clean, p.cleanData, p.next
		return ack, p.err
	case <-ctx.Done():
		return Ack{}, ctx.Err()
	}
}

// claim reserves p's key, here and in the store. It returns the earlier send if there is one.
func (s *Service) claim(ctx context.Context, p *sending) (earlier *sending, err error) {
	group := p.Message.Group
	var before *Ack
	err = s.with(ctx, group, func(r *room) (err error) {
		if earlier = r.inFlight[p.Key]; earlier != nil {
			return nil
		}
		if r.feed != nil {
			before, err = r.claimHere(p, time.Now())
		}
		if err == nil {
			r.inFlight[p.Key] = p
		}
		return err
	})
	if err != nil || earlier != nil || p.unclaimed {
		return earlier, err
	}
	if before != nil {
		s.settle(group, p, *before, nil)
		return p, nil
	}
	storeCtx, cancel := s.storeContext()
	defer cancel()
	if s.feed != nil {
		storeCtx, p.claimOp = WithOperation(storeCtx)
	}
	reserved, err := s.store.Reserve(storeCtx, group, p.Key)
	switch {
	case err != nil:
		if err = s.storeError(err, "reserve"); s.feed != nil && errors.Is(err, ErrUnavailable) && p.how.Local {
			p.unclaimed = true // the loop finds out how long the store is away
			return nil, nil
		}
	case reserved.Ack != nil:
		s.recollect(ctx, p, reserved.Ack)
		s.settle(group, p, *reserved.Ack, nil)
		return p, nil
	case !reserved.Fresh:
		err = ErrInFlight
	default:
		return nil, nil
	}
	s.settle(group, p, Ack{}, err)
	return nil, err
}

// recollect finds out for the answer's sake what the members got in place of what is sent again.
func (s *Service) recollect(ctx context.Context, p *sending, ack *Ack) {
	sent := *p.Message
	_ = s.reword(p) // what was let through once is not refused now
	if s.cfg.Gate == nil || ack.Dropped {
		return
	}
	_ = s.with(ctx, sent.Group, func(r *room) error { // a group that is gone has no members
		m := r.log.find(ack.Seq)
		if m == nil || m.Withdrawn != "" || m.From != sent.From || m.Random != sent.Random || !m.Time.Equal(ack.Time) {
			return nil
		}
		p.clean, p.cleanData = "", nil
		if !bytes.Equal(m.Body, sent.Body) {
			p.clean = string(m.Body)
		}
		if m.CloudCustomData != sent.CloudCustomData {
			p.cleanData = &m.CloudCustomData
		}
		return nil
	})
}

// settle answers a send that never came to the loop.
func (s *Service) settle(group string, p *sending, ack Ack, err error) {
	p.ack, p.err = ack, err
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		p.err = ErrInFlight // it was its sender who gave up, and not who repeated it
	}
	if r := s.inMemory(group); r != nil {
		r.mu.Lock()
		if r.inFlight[p.Key] == p {
			delete(r.inFlight, p.Key)
		}
		if err != nil {
			r.refundPace(p)
			r.tellNotSent(p, err)
		}
		r.mu.Unlock()
	}
	close(p.done)
}

// abandon gives up a send whose key is claimed.
func (s *Service) abandon(group string, p *sending, err error) {
	s.lost(p.Message.Priority, err)
	s.release(group, p.Key)
	s.settle(group, p, Ack{}, err) // who waits for it may send again at once
}

// keysOf are the keys of sends.
func keysOf(sends []*sending) []Key {
	keys := make([]Key, len(sends))
	for i, p := range sends {
		keys[i] = p.Key
	}
	return keys
}

// release frees keys in the store. If that fails too, they are free after PendingAge.
func (s *Service) release(group string, keys ...Key) {
	keys = slices.DeleteFunc(keys, func(key Key) bool { return key == Key{} })
	if len(keys) == 0 {
		return
	}
	ctx, cancel := s.storeContext()
	defer cancel()
	if err := s.store.Release(ctx, group, keys...); err != nil {
		s.log.Debug("chat reservation not released", "error", err)
	}
}

// crowded keeps the open batch within Config.Pending: the least important candidate is dropped as frequency control
// would, which may be p itself. The room's lock is held.
func (r *room) crowded(p *sending) bool {
	if r.open == nil || len(r.open.sends) < r.s.tuned().Pending {
		return false
	}
	victim, at := p, -1
	from := rand.IntN(len(r.open.sends))
	for i := range r.open.sends { // from a random place: inside a priority, chance decides
		j := (from + i) % len(r.open.sends)
		if q := r.open.sends[j]; q.Message.Priority.class() > victim.Message.Priority.class() {
			victim, at = q, j
		}
	}
	victim.ack = Ack{Time: time.Now(), Seq: r.log.last, Dropped: true}
	delete(r.inFlight, victim.Key)
	r.open.surplus = append(r.open.surplus, victim.Key)
	r.s.fate(victim.Message.Priority, dropped)
	r.tellNotSent(victim, ErrTooManyMessages)
	close(victim.done)
	if at < 0 {
		return true
	}
	r.open.sends = append(r.open.sends[:at], r.open.sends[at+1:]...)
	return false
}
