package socket

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
)

// handle answers one frame.
func (s *session) handle(raw []byte) {
	r, err := decode(raw)
	var nothing errNoRequest
	if errors.As(err, &nothing) {
		s.shut(badFrame, nothing.Error())
		return
	}
	if !s.allowed() {
		s.refuse(&r, errTooFast)
		return
	}
	if err != nil {
		s.refuse(&r, err)
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.srv.cfg.OpTimeout)
	defer cancel()
	if err := s.dispatch(ctx, &r); err != nil {
		s.refuse(&r, err)
	}
}

func (s *session) refuse(r *request, err error) {
	e, unknown := refusalOf(err)
	if unknown {
		s.srv.log.Error("chat op failed", "op", r.Op, "err", err)
	}
	s.answer(refusal(r.ID, e))
}

// dispatch runs an op, which answers unless it returns an error.
func (s *session) dispatch(ctx context.Context, r *request) error {
	switch r.Op {
	case "auth":
		return s.auth(ctx, r)
	case "ping":
		return s.ping(r)
	}
	if !s.signedIn {
		return errNotSignedIn
	}
	switch r.Op {
	case "join":
		return s.join(ctx, r)
	case "leave":
		return s.leave(ctx, r)
	case "sendC2C":
		return s.sendC2C(ctx, r)
	case "group":
		return s.group(ctx, r)
	case "setGroup":
		return s.setGroup(ctx, r)
	case "upload":
		return s.upload(ctx, r)
	case "mute", "mutes", "kick", "ban", "unban", "bans", "setRole":
		return s.moderate(ctx, r)
	case "createGroup":
		return s.createGroup(ctx, r)
	case "dismiss":
		return s.done(r, s.srv.rooms.Disband(ctx, r.Group, s.who))
	case "getProfiles":
		return s.getProfiles(ctx, r)
	case "setProfile":
		return s.setProfile(ctx, r)
	case "count":
		return s.count(ctx, r)
	case "send", "recall", "history", "members",
		"getAttributes", "setAttributes", "replaceAttributes", "deleteAttributes",
		"getCounters", "setCounters", "addCounter", "deleteCounters":
		if err := s.joined(r); err != nil {
			return err
		}
		return s.inGroup(ctx, r)
	}
	if op := moreOps[r.Op]; op != nil {
		if len(r.Group) > maxGroupBytes {
			return badParameter("group", "must be a group's id")
		}
		return op(s, ctx, r)
	}
	return errUnknownOp
}

// maxGroupBytes is the longest that a group's id can be. The chat looks at ids itself; what stands beside it keeps things by them.
const maxGroupBytes = 48

// moreOps are those of nouns beside the chat, each in a file of its own. What they need of a group they ask for themselves.
var moreOps = map[string]func(*session, context.Context, *request) error{
	"getLevel":   (*session).getLevel,
	"startDraw":  (*session).startDraw,
	"endDraw":    (*session).endDraw,
	"cancelDraw": (*session).cancelDraw,
	"draw":       (*session).draw,
	"like":       (*session).like,
	"follow":     (*session).follow, "unfollow": (*session).unfollow, "getFollow": (*session).getFollow,
	"following": (*session).following, "followers": (*session).followers,
	"summary":   (*session).summary,
	"gifts":     (*session).giftOps,
	"sendGift":  (*session).giftOps,
	"giftOrder": (*session).giftOps,
	"ranking":   (*session).giftOps,
}

// joined refuses an op of who is not in the group.
func (s *session) joined(r *request) error {
	if in, _ := s.queue.has(r.Group); !in {
		return errNotJoined
	}
	return nil
}

// inGroup runs an op of a member.
func (s *session) inGroup(ctx context.Context, r *request) error {
	switch r.Op {
	case "send":
		return s.send(ctx, r)
	case "recall":
		return s.recall(ctx, r)
	case "history":
		return s.history(ctx, r)
	case "members":
		return s.members(ctx, r)
	default:
		return s.values(ctx, r)
	}
}

func (s *session) ping(r *request) error {
	s.answer(finish(appendField(answer(r, 24), "time", time.Now().UnixMilli())))
	return nil
}

func (s *session) send(ctx context.Context, r *request) error {
	p, err := chat.ParsePriority(r.Priority)
	if err != nil {
		return err
	}
	ack, err := s.srv.rooms.SendWith(ctx, chat.Message{
		Group: r.Group, Random: r.Random, Priority: p, Body: r.Body, CloudCustomData: r.CloudCustomData,
	}, s.who, chat.SendOptions{Local: true})
	if err != nil {
		return err
	}
	b := answer(r, 64)
	b = appendField(b, "time", ack.Time.Unix())
	if ack.Degraded {
		b = appendField(b, "scope", "node")
	} else {
		b = appendField(appendField(b, "seq", ack.Seq), "scope", "room")
	}
	if !ack.NextAt.IsZero() {
		b = appendField(b, "nextAt", ack.NextAt.UnixMilli())
	}
	b = appendInstead(b, ack)
	if r.Fate {
		fate := "delivered"
		if ack.Dropped {
			fate = "dropped"
		} else if ack.Delayed {
			fate = "delayed"
		}
		b = appendField(b, "fate", fate)
	}
	s.answer(finish(b))
	return nil
}

// appendInstead appends what members get in place of what was sent, where that is so.
func appendInstead(b []byte, ack chat.Ack) []byte {
	if ack.Body != "" {
		b = append(append(b, `,"body":`...), ack.Body...)
	}
	if ack.CloudCustomData != nil {
		b = appendField(b, "cloudCustomData", *ack.CloudCustomData)
	}
	return b
}

func (s *session) history(ctx context.Context, r *request) error {
	if r.Count < 0 {
		return badParameter("count", "must not be negative")
	}
	all, err := s.srv.rooms.History(ctx, r.Group, r.Count)
	if err != nil {
		return err
	}
	b := append(answer(r, sizeOf(all)), `,"messages":`...)
	s.answer(finish(appendMessages(b, all)))
	return nil
}

// done answers an op that has nothing to tell but that it worked.
func (s *session) done(r *request, err error) error {
	if err == nil {
		s.answer(finish(answer(r, 0)))
	}
	return err
}
