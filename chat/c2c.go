package chat

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// maxLetterPaces is how many senders' paces are remembered; beyond, somebody is forgotten.
const maxLetterPaces = 10_000

// letters are the messages between users: what is remembered of them.
type letters struct {
	mu    sync.Mutex
	dedup dedup
	paces buckets // of senders
}

// SendTo hands a message to all devices of another user, and to the sender's own but the session it comes from. Its Body,
// CloudCustomData and Random count; an administrator may send in the name of somebody else (From), and number it (Seq). It
// is for what programs tell each other: nothing is kept for a user who is not there, who misses it, and a device too slow
// to take it may miss it too. A repeat within Config.DedupAge gets the original ack.
func (s *Service) SendTo(ctx context.Context, user string, m Message, who Identity, from Session) (Ack, error) {
	return s.SendToWith(ctx, user, m, who, from, SendOptions{})
}

// SendToWith is SendTo with options.
func (s *Service) SendToWith(ctx context.Context, user string, m Message, who Identity, from Session, how SendOptions) (Ack, error) {
	who = s.presence.named(who)
	if !who.Admin || m.From == "" {
		m.From, m.Nick, m.Avatar = who.User, who.Nick, who.Avatar
	}
	m.Priority, m.Group, m.Server, m.Time = Normal, "", false, time.Time{}
	if err := s.ready(ctx); err != nil {
		return Ack{}, err
	}
	p, err := s.admitLetter(ctx, user, &m, who)
	if err != nil {
		s.tellUnsent(user, &m, who, how, err)
		return Ack{}, err
	}
	p.how, p.by = how, &who
	ack, fresh, err := s.letters.claim(p, time.Now(), s.tuned())
	if err != nil {
		s.tellUnsent(user, &m, who, how, err)
	}
	if err != nil || !fresh {
		return ack, err
	}
	err = s.askLetter(ctx, user, p, func() error {
		if err := s.mayWrite(who); err != nil { // silenced meanwhile
			s.tellUnsent(user, &m, who, how, err)
			return err
		}
		ack = s.letters.settle(user, p, time.Now(), s.tuned())
		if !p.Unheard {
			s.handOver(ctx, user, p, from)
		}
		return nil
	})
	if err != nil {
		s.letters.abandon(p, s.tuned())
		return Ack{}, err
	}
	return ack, nil
}

// handOver hands a message to everybody who gets it, on all nodes.
func (s *Service) handOver(ctx context.Context, user string, p *sending, from Session) {
	s.direct.Add(1)
	s.handOverHere(user, p.Message, p.how.Alone, from)
	if s.abroad == nil {
		return
	}
	to := []string{user}
	if user != p.Message.From && !p.how.Alone {
		to = append(to, p.Message.From)
	}
	letter := &letterNews{user, p.how.Alone, *p.Message}
	for _, node := range s.nodesOf(ctx, to) {
		s.abroad.mail.say(node, news{Letter: letter})
	}
}

// letterNews is a message to devices on another node.
type letterNews struct {
	To      string  `json:"to"`
	Alone   bool    `json:"alone,omitempty"`
	Message Message `json:"message"`
}

// nodesOf are the other nodes on which users are signed in. Where that can't be told, nobody is elsewhere.
func (s *Service) nodesOf(ctx context.Context, users []string) (nodes []string) {
	found, _ := s.usersElsewhere(ctx, users)
	for _, e := range found {
		for node, w := range e.Nodes {
			if len(w.Devices) > 0 && !slices.Contains(nodes, node) {
				nodes = append(nodes, node)
			}
		}
	}
	return nodes
}

// handOverHere hands a message to those devices on this node that get it.
func (s *Service) handOverHere(user string, m *Message, alone bool, from Session) {
	to := s.devicesOf(user)
	if user != m.From && !alone {
		to = append(to, s.devicesOf(m.From)...)
	}
	for _, d := range to {
		if d.sess != from {
			s.guarded(func() { d.sess.Direct(user, m) })
		}
	}
}

// admitLetter checks a message to a user as one to a group is checked.
func (s *Service) admitLetter(ctx context.Context, user string, m *Message, who Identity) (*sending, error) {
	switch {
	case who.Anonymous || who.User == "":
		return nil, ErrPermission.with("", "anonymous guests only receive; sign in to send")
	case !validUser(user):
		return nil, badUser("user")
	}
	if err := s.mayWrite(who); err != nil {
		return nil, err
	}
	if err := s.inNameOf(ctx, m, who); err != nil {
		return nil, err
	}
	c, err := s.check(m)
	if err != nil {
		return nil, err
	}
	if kind, ok := c.fromServer(); ok && !who.Admin {
		return nil, ErrPermission.with("body", "custom messages of type %q come from the server only", kind)
	}
	number := m.Seq
	p := s.sending(m)
	if who.Admin {
		m.Seq = number
	}
	if p.Key != (Key{}) {
		to := *m
		to.From += " " + user // no user id has a space
		p.Key = DedupKey(&to)
	}
	p.exempt = s.exempt(who)
	if !who.Admin {
		p.paced = who.User
	}
	if err := s.reword(p); err != nil {
		return nil, err
	}
	return p, s.mustKnow(ctx, user)
}

// mustKnow says if there is no such account.
func (s *Service) mustKnow(ctx context.Context, user string) error {
	if s.cfg.Account == nil || user == Administrator {
		return nil
	}
	_, err := s.cfg.Account(ctx, user)
	if errors.Is(err, ErrNoAccount) {
		return ErrNoReceiver
	}
	return s.storeError(err, "find account")
}

// claim lets a message come once, if its sender is not too fast. What is fresh must be settled or abandoned, and has its
// time from here on: whoever is asked about it knows it by that. Of thousands of messages no bodies are kept.
func (l *letters) claim(p *sending, now time.Time, cfg *Config) (ack Ack, fresh bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p.Key != (Key{}) {
		switch earlier := l.dedup.reserve(now, p.Key); {
		case earlier.Ack != nil:
			return Ack{Time: earlier.Ack.Time, Body: p.clean}, false, nil
		case !earlier.Fresh:
			return Ack{}, false, ErrInFlight
		}
		l.dedup.hold(p.Key)
	}
	if err := l.pace(p.paced, now, cfg); err != nil {
		l.dedup.release(p.Key)
		return Ack{}, false, err
	}
	p.Message.Time = now
	return Ack{}, true, nil
}

// settle answers a message that goes out now, and tells of it in this order.
func (l *letters) settle(to string, p *sending, now time.Time, cfg *Config) Ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := p.Message.Time
	l.dedup.settle(Settled{Key: p.Key, Ack: Ack{Time: at}, Expires: now.Add(cfg.DedupAge), unheard: p.Unheard})
	if cfg.Observer != nil && !p.Unheard && !p.how.Untold {
		cfg.Observer.Observe(LetterSent{Occasion{Time: now, By: *p.by}, to, p.Message, nil})
	}
	return Ack{Time: at, Body: p.clean, CloudCustomData: p.cleanData}
}

// tellUnsent tells of a message to a user that was refused.
func (s *Service) tellUnsent(to string, m *Message, who Identity, how SendOptions, err error) {
	e, ok := refusalIn(err)
	if s.cfg.Observer == nil || !ok || how.Untold || who.Anonymous || !validUser(to) {
		return
	}
	fit, now := s.fit(m), time.Now()
	if fit.Time.IsZero() { // it was not claimed
		fit.Time = now
	}
	s.letters.mu.Lock()
	defer s.letters.mu.Unlock()
	s.cfg.Observer.Observe(LetterSent{Occasion{Time: now, By: who}, to, fit, e})
}

// abandon gives up a message that was refused after it was claimed.
func (l *letters) abandon(p *sending, cfg *Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dedup.release(p.Key)
	l.paces.giveBack(p.paced, cfg.tokenInterval())
}

// pace takes what a message costs from its sender's token bucket, which is as large as that in a room. The lock is held.
func (l *letters) pace(user string, now time.Time, cfg *Config) error {
	interval := cfg.tokenInterval()
	if user == "" || interval == 0 {
		return nil
	}
	if at := l.paces.take(user, now, bucket{cfg.UserBurst, interval}, maxLetterPaces); !at.IsZero() {
		return ErrTooManyMessages.until(at)
	}
	return nil
}
