package socket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
)

// Presence is what the door tells the chat of who is there.
type Presence interface {
	SignIn(ctx context.Context, who chat.Identity, sess chat.Session) error
	SignOut(user string, sess chat.Session, why chat.SignOutReason)
	Quit(ctx context.Context, group string, sess chat.Session) error
}

// Versions of docs/protocol.md that this server speaks. What only adds fields, ops and events makes no new version.
const (
	oldestProtocol = 1
	newestProtocol = 1
)

// What a client may want of rooms: see chat.OneRoom.
const (
	roomsOne  = "one"
	roomsMany = "many"
)

// maxLogins is how many logins may fail on one connection.
const maxLogins = 3

// hello are the fields of auth.
type hello struct {
	UserID   string `json:"userId"`
	UserSig  string `json:"userSig"`
	Platform string `json:"platform"`
	Instance string `json:"instance"`
	Session  string `json:"session"`
	Rooms    string `json:"rooms"`
	SDK      string `json:"sdk"`
	Protocol *int   `json:"protocol"`
}

// check says what is wrong with what a client tells of itself.
func (h *hello) check() error {
	for _, f := range []struct {
		name, is string
		limit    int
	}{
		{"platform", h.Platform, 16},
		{"instance", h.Instance, 64},
		{"sdk", h.SDK, 64},
	} {
		if !printable(f.is, f.limit) {
			return badParameter(f.name, fmt.Sprintf("must be printable ASCII without spaces, at most %d characters", f.limit))
		}
	}
	if h.Rooms != "" && h.Rooms != roomsMany && h.Rooms != roomsOne {
		return badParameter("rooms", "must be "+roomsOne+" or "+roomsMany)
	}
	if h.Protocol != nil && (*h.Protocol < oldestProtocol || *h.Protocol > newestProtocol) {
		e := *errClientTooOld
		e.Detail = fmt.Sprintf("the client speaks version %d of the protocol, this server %d to %d; update the older of the two", *h.Protocol, oldestProtocol, newestProtocol)
		return &e
	}
	return nil
}

// printable says whether text is printable ASCII without spaces, of at most limit bytes.
func printable(text string, limit int) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return len(text) <= limit
}

// auth signs the connection in, or makes it an anonymous guest.
func (s *session) auth(ctx context.Context, r *request) error {
	if s.signedIn {
		return errSignedIn
	}
	var h hello
	if err := r.into(&h); err != nil {
		return err
	}
	if err := h.check(); err != nil {
		s.srv.log.Debug("chat client refused", "remote", addrOf(s.from()), "sdk", h.SDK, "err", err)
		return err
	}
	who := chat.Identity{Anonymous: true}
	if h.UserSig == "" && h.UserID == "" {
		who.User = account.AnonymousPrefix + newID()
	} else {
		var err error
		if who, err = s.login(ctx, r, &h); err != nil {
			return err
		}
	}
	who.Platform, who.Instance, who.Addr = chat.NormalPlatform(h.Platform), h.Instance, s.who.Addr
	who.ManyRooms = h.Rooms == roomsMany
	who.Watch = s.id
	if isID(h.Session) {
		who.Watch = h.Session
	}
	if err := s.srv.rooms.SignIn(ctx, who, s); err != nil {
		return err
	}
	s.who, s.signedIn = who, true
	s.extend()

	b := answer(r, 224)
	b = appendField(b, "session", who.Watch)
	b = appendField(b, "user", who.User)
	b = appendField(b, "nick", who.Nick)
	b = appendField(b, "avatar", who.Avatar)
	b = appendField(b, "anonymous", who.Anonymous)
	b = appendField(b, "serverTime", time.Now().UnixMilli())
	b = appendField(b, "pingSeconds", s.srv.cfg.PingEvery.Seconds())
	b = appendField(b, "protocol", newestProtocol)
	s.answer(finish(b))
	return nil
}

// login checks a UserSig. A failure is answered late, and each later than the one before.
func (s *session) login(ctx context.Context, r *request, h *hello) (chat.Identity, error) {
	if s.srv.guard.lockedOut(s.from(), time.Now()) {
		s.srv.count.lockedOut.Add(1)
		return chat.Identity{}, errLockedOut
	}
	who, err := s.srv.accounts.Login(ctx, h.UserID, h.UserSig)
	if err == nil {
		return who, nil
	}
	var refused *account.Error
	if !errors.As(err, &refused) {
		return chat.Identity{}, err // nobody's fault
	}
	s.srv.count.failedLogins.Add(1)
	s.srv.log.Debug("chat login failed", "remote", addrOf(s.from()), "code", refused.Code)
	wait := time.NewTimer(s.srv.guard.failed(s.from(), time.Now()))
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
