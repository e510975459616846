package chat

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"
)

// WithdrawalKind says why a message has no body any more.
type WithdrawalKind string

// The kinds of withdrawal.
const (
	Recalled WithdrawalKind = "recalled" // by its sender, or by who manages the group
	Blocked  WithdrawalKind = "blocked"  // by a verdict that came after delivery
)

// maxWithdrawals is how many of a group's withdrawals are kept for members who were away when they happened.
const maxWithdrawals = 200

// maxWithdrawReason bounds the words that go with a withdrawal, in bytes.
const maxWithdrawReason = 200

// Withdrawal is the end of a delivered message: who was there removed it, who comes never sees it.
type Withdrawal struct {
	Seq    uint64         `json:"seq"`
	Kind   WithdrawalKind `json:"kind"`
	By     string         `json:"by"`
	Reason string         `json:"reason"`
}

// Withdrawn is a withdrawal as it was stored.
type Withdrawn struct {
	Withdrawal
	From    string // the message's sender; empty if the message was out of the log already
	Version uint64 // counts the group's withdrawals
	Fresh   bool   // this call did it; false: it was withdrawn before
}

// RecallStore takes delivered messages back, durable before it is answered (class A).
type RecallStore interface {
	// Withdraw takes the body of a message away for good, and remembers the withdrawal: the newest 200 of a group. A
	// message that is out of the log only leaves the memory. One that never was, or is the server's, is refused.
	Withdraw(ctx context.Context, group string, w Withdrawal) (Withdrawn, error)
}

// SaveWithdrawal makes a withdrawal durable: the head, the message without its body (nil if it is out of the log), the
// withdrawal under its version. Those with a version up to forget are kept no longer.
type SaveWithdrawal func(next Head, m *Message, w Withdrawal, forget uint64) error

// Withdraw is RecallStore.Withdraw.
func (l *Ledger) Withdraw(w Withdrawal, save SaveWithdrawal) (Withdrawn, error) {
	m, err := l.log.withdrawable(w.Seq)
	if err != nil {
		return Withdrawn{}, err
	}
	next := l.Head()
	if m != nil && m.Withdrawn != "" || m == nil && slices.ContainsFunc(l.withdrawals, func(o Withdrawal) bool { return o.Seq == w.Seq }) {
		return Withdrawn{Withdrawal: w, Version: next.Withdrawals}, nil
	}
	done := Withdrawn{Withdrawal: w, Version: next.Withdrawals + 1, Fresh: true}
	next.Withdrawals++
	var forget uint64
	if next.Withdrawals > maxWithdrawals {
		forget = next.Withdrawals - maxWithdrawals
	}
	if m != nil {
		done.From = m.From
		m = m.without(w.Kind)
	}
	if save != nil {
		if err := save(next, m, w, forget); err != nil {
			return Withdrawn{}, err
		}
	}
	l.head = next
	l.log.replace(m)
	l.withdrawals = appendWithdrawal(l.withdrawals, w)
	return done, nil
}

// appendWithdrawal keeps the newest in a list of its own: what was given out is never written.
func appendWithdrawal(list []Withdrawal, w Withdrawal) []Withdrawal {
	return append(slices.Clone(list[max(0, len(list)+1-maxWithdrawals):]), w)
}

// without returns the message as it is after a withdrawal. Messages are shared: m stays as it is.
func (m *Message) without(kind WithdrawalKind) *Message {
	c := *m
	c.Body, c.CloudCustomData, c.Withdrawn = nil, "", kind
	return &c
}

// withdrawable returns the message with a number that may be withdrawn, or nil if it is out of the log.
func (b *logbook) withdrawable(seq uint64) (*Message, error) {
	m := b.find(seq)
	switch {
	case m == nil && (seq == 0 || seq > b.last || seq > b.floor):
		return nil, ErrNoMessage
	case m != nil && m.Server:
		return nil, ErrNotRecallable
	}
	return m, nil
}

// find returns the message with a number, or nil.
func (b *logbook) find(seq uint64) *Message {
	i := sort.Search(len(b.messages), func(i int) bool { return b.messages[i].Seq >= seq })
	if i < len(b.messages) && b.messages[i].Seq == seq {
		return b.messages[i]
	}
	return nil
}

// replace puts m in the place of the message with its number, if that is still there. Nil does nothing.
func (b *logbook) replace(m *Message) {
	if m == nil {
		return
	}
	i := sort.Search(len(b.messages), func(i int) bool { return b.messages[i].Seq >= m.Seq })
	if i < len(b.messages) && b.messages[i].Seq == m.Seq {
		b.bytes += m.size() - b.messages[i].size()
		b.messages[i] = m
	}
}

// Withdraw implements RecallStore.
func (s *Memory) Withdraw(_ context.Context, group string, w Withdrawal) (done Withdrawn, err error) {
	err = s.with(group, func(l *Ledger) (err error) { done, err = l.Withdraw(w, nil); return err })
	return done, err
}

// Recall takes a message back: its sender may within Config.RecallWindow, owner and administrators always. Members are
// told; history and resume have the message without its body. Recalling it again succeeds.
func (s *Service) Recall(ctx context.Context, group string, by Identity, seq uint64, reason string) error {
	w := Withdrawal{seq, Recalled, by.User, reason}
	return s.withdraw(ctx, group, by, &w, func(r *room) error { return r.mayRecall(by, seq, time.Now()) })
}

// Withdrawals are the newest of a group, at most 200, in the order they happened.
func (s *Service) Withdrawals(ctx context.Context, group string) (all []Withdrawal, err error) {
	err = s.with(ctx, group, func(r *room) error {
		all = slices.Clone(r.withdrawals)
		return nil
	})
	return all, err
}

// Verdict is what a review found of a delivered message; owner and administrators may give it. One that blocks takes the
// message from everybody who has it, as a recall does. One that passes changes nothing, and is refused if the message is
// withdrawn already: its body is gone.
func (s *Service) Verdict(ctx context.Context, group string, by Identity, seq uint64, block bool, reason string) error {
	judge := func(r *room) error {
		if !r.manages(by) {
			return ErrPermission.with("", "only the owner and administrators may judge messages")
		}
		if err := cmp.Or(r.keptOut(by), Unhurried(r.s.cfg.Journal, by)); err != nil {
			return err
		}
		m, err := r.log.withdrawable(seq)
		if err == nil && !block && (m != nil && m.Withdrawn != "" || r.withdrew(seq)) {
			return ErrNotRecallable.with("seq", "the message is withdrawn and its body gone: no verdict brings it back")
		}
		return err
	}
	if block {
		return s.withdraw(ctx, group, by, &Withdrawal{seq, Blocked, by.User, reason}, judge)
	}
	if err := checkWithdrawReason(reason); err != nil {
		return err
	}
	if err := s.with(ctx, group, judge); err != nil {
		return err
	}
	s.record(ctx, by, group, "verdict", strconv.FormatUint(seq, 10), map[string]string{"verdict": "pass", "reason": reason})
	return nil
}

// mayRecall says why by may not recall a message. The room's lock is held.
func (r *room) mayRecall(by Identity, seq uint64, now time.Time) error {
	m, err := r.log.withdrawable(seq)
	switch {
	case by.Anonymous || by.User == "":
		return ErrPermission.with("", "anonymous guests have nothing to recall")
	case err != nil:
		return err
	case r.manages(by) && r.keptOut(by) == nil:
		return Unhurried(r.s.cfg.Journal, by)
	case m == nil:
		return ErrNoMessage
	case m.From != by.User:
		return ErrPermission.with("seq", "only its sender, the owner and administrators may recall a message")
	case m.Withdrawn == "" && now.Sub(m.Time) > r.s.tuned().RecallWindow:
		return ErrRecallLate
	}
	return nil
}

// withdrew says whether a message is among the newest withdrawn ones. The room's lock is held.
func (r *room) withdrew(seq uint64) bool {
	return slices.ContainsFunc(r.withdrawals, func(w Withdrawal) bool { return w.Seq == seq })
}

func checkWithdrawReason(reason string) error {
	if len(reason) > maxWithdrawReason || !utf8.ValidString(reason) {
		return ErrParameter.with("reason", "must be at most %d bytes of UTF-8", maxWithdrawReason)
	}
	return nil
}

// withdraw withdraws a message whose number stands in what, at the latest when permit has been asked.
func (s *Service) withdraw(ctx context.Context, group string, by Identity, what *Withdrawal, permit func(*room) error) error {
	if err := checkWithdrawReason(what.Reason); err != nil {
		return err
	}
	var m *Message // nil if it is out of the log
	look := func(r *room) error {
		err := permit(r)
		m = r.log.find(what.Seq)
		return err
	}
	return s.change(ctx, group, look, func(ctx context.Context) (outcome, error) {
		w := *what
		if m == nil || m.Withdrawn == "" {
			if err := s.cfg.Withdrawing(ctx, group, w.Seq, m, w.Kind); err != nil {
				return outcome{}, s.storeError(err, "withdraw what a message shows")
			}
		}
		done, err := s.store.Withdraw(ctx, group, w)
		if err != nil || !done.Fresh {
			return outcome{late: func(Entry) outcome { return s.withdrawn(group, by, w, m) }}, s.storeError(err, "withdraw")
		}
		out := s.withdrawn(group, by, w, m)
		out.items, out.update = []Item{done.event()}, func(r *room) { r.empty(w) }
		return out, nil
	})
}

// withdrawn is what the maker of a withdrawal tells.
func (s *Service) withdrawn(group string, by Identity, w Withdrawal, m *Message) outcome {
	action := "recall"
	if w.Kind == Blocked {
		action = "verdict"
		s.blocks.Add(1)
	} else {
		s.recalls.Add(1)
	}
	return outcome{
		acts:  acts(by, group, action, []string{strconv.FormatUint(w.Seq, 10)}, map[string]string{"kind": string(w.Kind), "reason": w.Reason}),
		facts: []Fact{Withdrew{Occasion{group, time.Now(), by}, []uint64{w.Seq}, w.Kind, []*Message{m}}},
	}
}

// empty removes the body of a message from the room. The room's lock is held.
func (r *room) empty(w Withdrawal) {
	if m := r.log.find(w.Seq); m != nil {
		r.log.replace(m.without(w.Kind))
	}
	r.withdrawals = appendWithdrawal(r.withdrawals, w)
}

// event tells members that a message is withdrawn.
func (w Withdrawn) event() Item {
	type one struct {
		Seq  uint64 `json:"seq"`
		From string `json:"from"`
		Risk bool   `json:"hasRiskContent,omitempty"`
	}
	type data struct {
		Messages []one   `json:"messages"`
		By       *string `json:"by,omitempty"`
		Reason   string  `json:"reason"`
	}
	if w.Kind == Blocked {
		return event("modified", w.Version, data{[]one{{w.Seq, w.From, true}}, nil, w.Reason})
	}
	return event("recalled", w.Version, data{[]one{{w.Seq, w.From, false}}, &w.By, w.Reason})
}

// withdrawnUpTo returns what was withdrawn of the messages up to seq, in the order it happened: a client that has them
// must remove them. The room's lock is held.
func (r *room) withdrawnUpTo(seq uint64) []Withdrawal {
	some := []Withdrawal{}
	for _, w := range r.withdrawals {
		if w.Seq <= seq {
			some = append(some, w)
		}
	}
	return some
}
