package summary

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
)

// Bounds of what a node counts between two writes. Of more, what is beyond is lost and counted.
const (
	maxGroups = 20_000
	maxUsers  = 200_000 // of all groups together
	perWrite  = 200     // sessions written in one step
	perUsers  = 5_000   // users in one step
	maxUnread = 3       // groups whose sessions can't be found out, before others are left to the next time
)

// A session is known everywhere a moment after its beginning. Where a node is slow to learn of it what happens there waits, but not
// for ever.
const (
	beganKnown  = 2 * time.Second
	beganAtMost = time.Minute
)

// pending is what was counted since the last write.
type pending struct {
	lost atomic.Uint64

	mu     sync.Mutex // guards what follows
	groups map[string]*tally
	users  int
	began  map[string]time.Time // rooms whose session began then: whoever is there already is in it
}

// tally is what was counted of one group.
type tally struct {
	messages, plays int64
	users           map[string]struct{}
}

func newPending() *pending {
	return &pending{groups: map[string]*tally{}, began: map[string]time.Time{}}
}

// on runs f on a group's tally; it never blocks for longer than another of these takes.
func (p *pending) on(group string, f func(*tally)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.groups[group]
	if t == nil {
		if len(p.groups) >= maxGroups {
			p.lost.Add(1)
			return
		}
		t = &tally{}
		p.groups[group] = t
	}
	f(t)
}

// Message counts a member's message that was delivered.
func (s *Service) Message(group string) { s.pending.on(group, func(t *tally) { t.messages++ }) }

// Played counts somebody who begins to watch.
func (s *Service) Played(group string) { s.pending.on(group, func(t *tally) { t.plays++ }) }

// Came counts a named user who came to a group.
func (s *Service) Came(group, user string) {
	s.pending.on(group, func(t *tally) { s.pending.user(t, user) })
}

// Began notes that a session began in a room: whoever is there on this node is in it. He is counted a little later, when all
// nodes know of the session.
func (s *Service) Began(room string) { s.pending.begin(room, time.Now()) }

func (p *pending) begin(room string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, known := p.began[room]
	switch {
	case !known && len(p.began) >= maxGroups:
		p.lost.Add(1)
	case !known || at.After(old):
		p.began[room] = at
	}
}

// beginnings takes the rooms whose sessions began.
func (p *pending) beginnings() map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.began
	p.began = map[string]time.Time{}
	return all
}

// early counts who was there when sessions began. Of what it returns a session began of which the group does not know yet: what
// was counted in them belongs to it.
func (s *Service) early(ctx context.Context) (awaited map[string]bool) {
	awaited = map[string]bool{}
	for room, at := range s.pending.beginnings() {
		group, err := s.cfg.Group(ctx, room)
		if errors.Is(err, ErrGone) {
			continue
		}
		session := ""
		if err == nil {
			if session, err = s.cfg.Session(ctx, group); err == nil && session == "" {
				awaited[group] = true
			}
		}
		age := time.Since(at)
		if session != "" && age >= beganKnown {
			for _, user := range s.cfg.Here(group) {
				s.Came(group, user)
			}
		} else if age < beganAtMost {
			s.pending.begin(room, at)
		}
	}
	return awaited
}

// user enters a user. The lock is held.
func (p *pending) user(t *tally, user string) {
	if _, there := t.users[user]; there {
		return
	}
	if p.users >= maxUsers {
		p.lost.Add(1)
		return
	}
	if t.users == nil {
		t.users = map[string]struct{}{}
	}
	t.users[user] = struct{}{}
	p.users++
}

// take is what is pending.
func (p *pending) take() map[string]*tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.groups
	p.groups, p.users = make(map[string]*tally, len(all)), 0
	return all
}

// put gives back what could not be written yet.
func (p *pending) put(group string, old *tally) {
	p.on(group, func(t *tally) {
		t.messages += old.messages
		t.plays += old.plays
		for u := range old.users {
			p.user(t, u)
		}
	})
}

// Lost is how much could not be counted: groups' seconds, users, and steps that could not be written.
func (s *Service) Lost() uint64 { return s.pending.lost.Load() }

// Count writes what is counted on this node until ctx ends, and once more then.
func (s *Service) Count(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Write)
	defer tick.Stop()
	w := writer{s: s}
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			w.write(last)
			return context.Cause(ctx)
		case <-tick.C:
			w.write(ctx)
		}
	}
}

// writer writes what is pending, in steps that are tried again under their names where the answer was lost.
type writer struct {
	s    *Service
	left []step
	bad  bool // the last write failed, and that was said
}

type step struct {
	deltas []Delta
	users  int
	op     string
	since  time.Time
}

// write empties what is pending. A step that can't be written is tried again until the store may have forgotten that it was.
func (w *writer) write(ctx context.Context) {
	err := w.collect(ctx)
	for len(w.left) > 0 {
		one := w.left[0]
		if time.Since(one.since) > chat.OperationAge*8/10 {
			w.s.pending.lost.Add(1)
		} else if failed := w.s.store.Add(chat.AsOperation(ctx, one.op), one.deltas); failed != nil {
			err = failed
			break
		}
		w.left = w.left[1:]
	}
	if failed := err != nil && ctx.Err() == nil; failed != w.bad {
		if w.bad = failed; failed {
			w.s.log.Warn("what is counted of live sessions can't be written; will retry", "err", err)
		}
	}
}

// collect makes steps of what is pending. Of a group whose session can't be found out now it stays pending; where that is so of
// several, no others are asked about.
func (w *writer) collect(ctx context.Context) (failed error) {
	if len(w.left) > 0 && time.Since(w.left[0].since) < chat.OperationAge*8/10 {
		return nil // what was counted since is collected when that is written
	}
	awaited := w.s.early(ctx)
	var one step
	done := func() {
		if len(one.deltas) > 0 {
			_, one.op = chat.WithOperation(ctx)
			one.since = time.Now()
			w.left = append(w.left, one)
			one = step{}
		}
	}
	unread := 0
	for group, t := range w.s.pending.take() {
		if unread == maxUnread {
			w.s.pending.put(group, t)
			continue
		}
		session, err := w.s.cfg.Session(ctx, group)
		if err != nil {
			failed = err
			unread++
			w.s.pending.put(group, t)
			continue
		}
		if session == "" {
			if awaited[group] {
				w.s.pending.put(group, t)
			}
			continue // else nothing runs that it could belong to
		}
		d := Delta{Session: session, Messages: t.messages, Plays: t.plays}
		for u := range t.users {
			d.Users = append(d.Users, u)
			if one.users++; one.users >= perUsers {
				one.deltas = append(one.deltas, d)
				done()
				d = Delta{Session: session}
			}
		}
		if d.Messages != 0 || d.Plays != 0 || len(d.Users) > 0 {
			one.deltas = append(one.deltas, d)
		}
		if len(one.deltas) >= perWrite {
			done()
		}
	}
	done()
	return failed
}
