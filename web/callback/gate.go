package callback

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/chat"
)

// Gate asks IM receivers before something happens (spec im-callbacks §6.1, §6.5, §6.7, §7.2). It is a chat.Gate. What no
// receiver wants to be asked about costs one look-up.
type Gate struct {
	asker
	app uint64
	log *slog.Logger

	asked, allowed, refused, dropped, rewritten atomic.Uint64

	failing sync.Mutex
	failed  map[string]uint64 // by why
}

var _ chat.Gate = (*Gate)(nil)

// NewGate returns the gate of an IM application's chat.
func NewGate(app uint64, receivers *Registry, client *Client, log *slog.Logger) *Gate {
	return &Gate{asker: asker{client: client, receivers: receivers, desks: map[string]*desk{}}, app: app, log: log, failed: map[string]uint64{}}
}

// AsksMessages implements chat.Gate.
func (g *Gate) AsksMessages() bool { return g.receivers.Wants(BeforeSendMsg) != nil }

// Message implements chat.Gate.
func (g *Gate) Message(ctx context.Context, m *chat.Message, who chat.Identity) (chat.Ruling, error) {
	to, ok := g.receiver(BeforeSendMsg)
	if !ok {
		return chat.Ruling{}, nil
	}
	v, err := g.put(ctx, to, question{BeforeSendMsg, m.Group, from(who), beforeMessage(m, who, time.Now())})
	return g.rule(to, m, v, err, ruleGroup)
}

// Letter implements chat.Gate.
func (g *Gate) Letter(ctx context.Context, user string, m *chat.Message, who chat.Identity) (chat.Ruling, error) {
	to, ok := g.receiver(BeforeLetter)
	if !ok {
		return chat.Ruling{}, nil
	}
	v, err := g.put(ctx, to, question{BeforeLetter, queueOf(m.From), from(who), beforeLetter(user, m, time.Now())})
	return g.rule(to, m, v, err, ruleLetter)
}

// Join implements chat.Gate.
func (g *Gate) Join(ctx context.Context, group string, who chat.Identity) error {
	to, ok := g.receiver(BeforeApplyJoinGroup)
	if !ok {
		return nil
	}
	v, err := g.put(ctx, to, question{BeforeApplyJoinGroup, group, from(who), beforeJoin(group, who, time.Now())})
	return g.permit(to, v, err, ruleJoin)
}

// Found implements chat.Gate.
func (g *Gate) Found(ctx context.Context, d chat.GroupDraft, who chat.Identity) error {
	to, ok := g.receiver(BeforeCreateGroup)
	if !ok {
		return nil
	}
	v, err := g.put(ctx, to, question{BeforeCreateGroup, "", from(who), beforeGroup(d, who, time.Now())})
	return g.permit(to, v, err, ruleFound)
}

// question is one before-callback.
type question struct {
	command, group string // group: whose questions are bounded together
	query          url.Values
	body           []byte
}

// put asks a receiver a question. The error is a *failure, or that of ctx.
func (g *Gate) put(ctx context.Context, to Endpoint, q question) (v verdict, err error) {
	err = g.ask(ctx, to, q.group, func() (answer, error) {
		g.asked.Add(1)
		now := time.Now()
		return g.client.post(ctx, beforeTimeout, imURL(to, g.app, q.command, q.query, now), headers(to, "", q.body, now), q.body)
	}, func(got answer) (err error) {
		v, err = readVerdict(got)
		return err
	})
	return v, err
}

// rules say what a kind of question may be answered with.
type rules struct {
	own   codes
	plain int  // where the receiver refuses without a code of its own
	none  int  // where it gives no answer, and so the endpoint wants it
	drops bool // 2 drops
}

var (
	ruleGroup  = rules{own: groupCodes, plain: codeGroup, none: codeNone, drops: true}
	ruleLetter = rules{own: letterCodes, plain: codeLetter, none: codeLetter, drops: true}
	ruleJoin   = rules{plain: codeGroup, none: codeGroup}
	ruleFound  = rules{own: groupCodes, plain: codeGroup, none: codeGroup}
)

// rule is what becomes of a message.
func (g *Gate) rule(to Endpoint, m *chat.Message, v verdict, err error, r rules) (chat.Ruling, error) {
	if err == nil && v.code == 2 && r.drops {
		g.dropped.Add(1)
		return chat.Ruling{Drop: true}, nil
	}
	if err := g.permit(to, v, err, r); err != nil {
		return chat.Ruling{}, err
	}
	ruling := v.ruling(m)
	if ruling.Body != nil || ruling.CloudCustomData != nil {
		g.rewritten.Add(1)
	}
	return ruling, nil
}

// permit is whether something may be done.
func (g *Gate) permit(to Endpoint, v verdict, err error, r rules) error {
	var f *failure
	switch {
	case errors.As(err, &f):
		g.count(f, to)
		if to.OnFailure != FailClosed {
			return nil
		}
		return &chat.Error{Code: r.none, Name: nameNone, Detail: "the operator's backend did not say whether it may be done; try again", Temporary: true}
	case err != nil:
		return err // whoever asked is gone
	case v.code == 0:
		g.allowed.Add(1)
		return nil
	}
	g.refused.Add(1)
	return v.refusal(r.own, r.plain)
}

func (g *Gate) count(f *failure, to Endpoint) {
	g.failing.Lock()
	g.failed[f.why]++
	g.failing.Unlock()
	if f.why != whyOpen && f.why != whyBusy {
		g.log.Debug("before-callback failed", "endpoint", to, "why", f.Error())
	}
}

// GateStats are counts since the start.
type GateStats struct {
	Asked, Allowed, Refused, Dropped, Rewritten uint64            // Rewritten are among Allowed
	Failed                                      map[string]uint64 // by why: what a failure is called, busy or open
	Open                                        int               // receivers that are left alone now
}

// Stats may be called at any time.
func (g *Gate) Stats() GateStats {
	st := GateStats{
		Asked: g.asked.Load(), Allowed: g.allowed.Load(), Refused: g.refused.Load(), Dropped: g.dropped.Load(), Rewritten: g.rewritten.Load(),
		Failed: map[string]uint64{},
	}
	g.failing.Lock()
	maps.Copy(st.Failed, g.failed)
	g.failing.Unlock()
	st.Open = g.open()
	return st
}
