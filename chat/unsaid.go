package chat

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"
)

// What is told of messages that were taken back while they were held.
var (
	errUnsaid = ErrNoMessage.with("", "it was recalled before it was delivered")
	errParted = ErrPermission.with("", "its sender was taken out of the group before it was delivered")
	errNobody = ErrNoAccount.with("", "the account of its sender was deleted before it was delivered")
)

// drop takes back what is held of a group, or of all if it is empty, and matches: it is due at once, and let go for this
// reason. It says how much there was. A room's lock may be held; with that of the group, what drop does not see is in the
// room's batches.
func (h *holds) drop(group string, match func(*Message) bool, why error) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.order == 0 { // nothing was ever held
		return 0
	}
	fits := func(p *sending) bool {
		return p.unsaid == nil && (group == "" || p.Message.Group == group) && match(p.Message)
	}
	for p := range h.leaving {
		if fits(p) {
			p.unsaid = why
			n++
		}
	}
	before := n
	for i := range h.due {
		if fits(h.due[i].sending) {
			h.due[i].unsaid, h.due[i].at = why, time.Time{}
			n++
		}
	}
	if n > before {
		heap.Init(&h.due)
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	return n
}

// leave ends the holding of a message that is due, and says why it must not be delivered; nil: it may be.
func (h *holds) leave(p *sending) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.leaving, p)
	return p.unsaid
}

// unsay takes back what is held of users who were taken out of the room. The room's lock is held.
func (r *room) unsay(users []string) {
	r.s.holds.drop(r.id, func(m *Message) bool { return slices.Contains(users, m.From) }, errParted)
}

// ForgetHeld takes back what is held of users whose accounts were deleted, on all nodes.
func (s *Service) ForgetHeld(users ...string) {
	if s.cfg.Delay == nil || len(users) == 0 {
		return
	}
	s.forgetHeldHere(users)
	if s.abroad != nil {
		s.abroad.mail.say("", news{Unsaid: &unsaidNews{Users: users}})
	}
}

func (s *Service) forgetHeldHere(users []string) {
	s.holds.drop("", func(m *Message) bool { return slices.Contains(users, m.From) }, errNobody)
}

// unsaidNews is what other nodes must not deliver if they hold it: a message of From, or all of Users.
type unsaidNews struct {
	Group  string   `json:"group,omitempty"`
	From   string   `json:"from,omitempty"`
	Random uint32   `json:"random,omitempty"`
	Users  []string `json:"users,omitempty"`
}

func (s *Service) hearUnsaid(n *unsaidNews) {
	if len(n.Users) > 0 {
		s.forgetHeldHere(n.Users)
	}
	if n.Random != 0 {
		s.holds.drop(n.Group, said(n.From, n.Random), errUnsaid)
	}
}

// said matches the messages of a sender with a Random.
func said(from string, random uint32) func(*Message) bool {
	return func(m *Message) bool { return m.Random == random && m.From == from && !m.Server }
}

// RecallByRandom is Recall of a message whose number is not known, as of one that is held (Config.Delay): the newest with a
// Random, not 0, of a sender, by himself if that is empty. One that is held is never delivered, and members are not told; one
// that was delivered meanwhile is recalled by its number. In a cluster what is not known here may be held by another node:
// that is told, and who recalls is not told whether there was one.
func (s *Service) RecallByRandom(ctx context.Context, group string, by Identity, from string, random uint32, reason string) error {
	from = cmp.Or(from, by.User)
	if random == 0 {
		return ErrParameter.with("random", "name the message by its seq or its random")
	}
	w := Withdrawal{0, Recalled, by.User, reason}
	if err := cmp.Or(checkWithdrawReason(reason), s.ready(ctx)); err != nil {
		return err
	}
	held := false
	err := s.with(ctx, group, func(r *room) error {
		if err := r.mayRecallOf(by, from); err != nil {
			return err
		}
		held = s.holds.drop(group, said(from, random), errUnsaid) > 0
		return nil
	})
	if err == nil && !held {
		err = s.recallDelivered(ctx, group, by, from, random, w)
		if !errors.Is(err, ErrNoMessage) || s.abroad == nil {
			return err
		}
		s.abroad.mail.say("", news{Unsaid: &unsaidNews{Group: group, From: from, Random: random}})
		err = nil
	}
	if err != nil {
		return err
	}
	if held {
		s.recalls.Add(1)
	}
	s.record(ctx, by, group, "recall", from, map[string]string{"kind": string(Recalled), "reason": reason, "random": strconv.FormatUint(uint64(random), 10)})
	return nil
}

// recallDelivered recalls the newest message with a Random of a sender that is in the log once all that goes before is there.
func (s *Service) recallDelivered(ctx context.Context, group string, by Identity, from string, random uint32, w Withdrawal) error {
	match, turn := said(from, random), false
	permit := func(r *room) error {
		for _, m := range slices.Backward(r.log.messages) {
			if match(m) {
				w.Seq = m.Seq
				return r.mayRecall(by, m.Seq, time.Now())
			}
		}
		if turn {
			return ErrNoMessage.with("random", "there is no such message, or it is too old to be found")
		}
		turn = true // it may be on its way to the log
		return r.mayRecallOf(by, from)
	}
	err := s.withdraw(ctx, group, by, &w, permit)
	if errors.Is(err, ErrNoMessage) { // or was flushed together with this, and is there now
		err = s.withdraw(ctx, group, by, &w, permit)
	}
	return err
}

// mayRecallOf says why by may not recall anything that somebody said. The room's lock is held.
func (r *room) mayRecallOf(by Identity, from string) error {
	switch {
	case by.Anonymous || by.User == "":
		return ErrPermission.with("", "anonymous guests have nothing to recall")
	case r.manages(by) && r.keptOut(by) == nil:
		return Unhurried(r.s.cfg.Journal, by)
	case from != by.User:
		return ErrPermission.with("from", "only its sender, the owner and administrators may recall a message")
	case r.s.tuned().RecallWindow < 0:
		return ErrRecallLate
	}
	return nil
}
