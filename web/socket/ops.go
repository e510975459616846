package socket

import (
	"context"
	"errors"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

// maxPlatformBytes bounds what a client calls its platform.
const maxPlatformBytes = 16

// maxLogins is how many logins may fail on one connection.
const maxLogins = 3

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
		return s.leave(r)
	case "group":
		return s.group(ctx, r)
	case "setGroup":
		return s.setGroup(ctx, r)
	case "mute", "mutes", "kick", "ban", "unban", "bans", "setRole":
		return s.moderate(ctx, r)
	case "count":
		return s.count(ctx, r)
	case "send", "recall", "history", "members",
		"getAttributes", "setAttributes", "replaceAttributes", "deleteAttributes",
		"getCounters", "setCounters", "addCounter", "deleteCounters":
		if in, _ := s.queue.has(r.Group); !in {
			return errNotJoined
		}
		return s.inGroup(ctx, r)
	}
	return errUnknownOp
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

// auth signs the connection in, or makes it an anonymous guest.
func (s *session) auth(ctx context.Context, r *request) error {
	if s.signedIn {
		return errSignedIn
	}
	platform, err := platformOf(r.Platform)
	if err != nil {
		return err
	}
	if r.UserSig == "" && r.UserID == "" {
		s.who = chat.Identity{User: account.AnonymousPrefix + newID(), Anonymous: true}
	} else if s.who, err = s.login(ctx, r); err != nil {
		return err
	}
	s.who.Platform, s.who.Address = platform, s.from
	s.who.Watch = s.id
	if isID(r.Session) {
		s.who.Watch = r.Session
	}
	s.signedIn = true
	s.user.Store(&s.who.User)
	s.extend()

	b := answer(r, 192)
	b = appendField(b, "session", s.who.Watch)
	b = appendField(b, "user", s.who.User)
	b = appendField(b, "nick", s.who.Nick)
	b = appendField(b, "anonymous", s.who.Anonymous)
	b = appendField(b, "serverTime", time.Now().UnixMilli())
	b = appendField(b, "pingSeconds", s.srv.cfg.PingEvery.Seconds())
	s.answer(finish(b))
	return nil
}

// login checks a UserSig. A failure is answered late, and each later than the one before.
func (s *session) login(ctx context.Context, r *request) (chat.Identity, error) {
	if s.srv.guard.lockedOut(s.from, time.Now()) {
		s.srv.count.lockedOut.Add(1)
		return chat.Identity{}, errLockedOut
	}
	who, err := s.srv.accounts.Login(ctx, r.UserID, r.UserSig)
	if err == nil {
		return who, nil
	}
	var refused *account.Error
	if !errors.As(err, &refused) {
		return chat.Identity{}, err // nobody's fault
	}
	s.srv.count.failedLogins.Add(1)
	s.srv.log.Debug("chat login failed", "remote", addrOf(s.from), "code", refused.Code)
	wait := time.NewTimer(s.srv.guard.failed(s.from, time.Now()))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
	if s.failures++; s.failures >= maxLogins {
		s.refuse(r, err)
		s.shut(authFailed, "")
	}
	return chat.Identity{}, err
}

func platformOf(p string) (string, error) {
	if p == "" {
		return "Web", nil
	}
	for _, c := range []byte(p) {
		if c <= ' ' || c > '~' {
			return "", badParameter("platform", "must be printable ASCII, like Web, Android or iPhone")
		}
	}
	if len(p) > maxPlatformBytes {
		return "", badParameter("platform", "must have at most 16 characters")
	}
	return p, nil
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
	ack, err := s.srv.rooms.Send(ctx, chat.Message{
		Group: r.Group, Random: r.Random, Priority: p, Body: r.Body, CloudCustomData: r.CloudCustomData,
	}, s.who)
	if err != nil {
		return err
	}
	b := answer(r, 64)
	b = appendField(b, "time", ack.Time.Unix())
	b = appendField(b, "seq", ack.Seq)
	if !ack.NextAt.IsZero() {
		b = appendField(b, "nextAt", ack.NextAt.UnixMilli())
	}
	if ack.Body != "" {
		b = append(append(b, `,"body":`...), ack.Body...)
	}
	if r.Fate {
		fate := "delivered"
		if ack.Dropped {
			fate = "dropped"
		}
		b = appendField(b, "fate", fate)
	}
	s.answer(finish(b))
	return nil
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
