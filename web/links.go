package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"liveroom/chat"
	"liveroom/live"
	"liveroom/web/signin"
)

// anchorSigTTL is how long the UserSig is good that a link gives an anchor.
const anchorSigTTL = 12 * time.Hour

// LinkBody says what a link is for.
type LinkBody struct {
	For       string    `json:"for" enum:"admin,anchor" doc:"admin: signs in to the console of the administrator; anchor: to that of a room's anchor."`
	Room      string    `json:"room,omitempty" pattern:"^[A-Za-z0-9_-]{1,48}$" maxLength:"48" doc:"Whose anchor; with anchor only." example:"demo"`
	ExpiresIn *Duration `json:"expiresIn,omitempty" doc:"Default 15m, at most 24h."`
}

type linkIn struct{ Body LinkBody }

type linkOut struct {
	Body struct {
		URL       string `json:"url" doc:"Good once. The code is behind the #, which browsers send nowhere." example:"http://localhost:8080/anchor#code=Ab3…"`
		ExpiresAt Time   `json:"expiresAt"`
	}
}

// RedeemBody is the code of a link.
type RedeemBody struct {
	Code string `json:"code" minLength:"1" maxLength:"512"`
}

type redeemIn struct{ Body RedeemBody }

type redeemOut struct {
	Body struct {
		User      string `json:"user" example:"alice"`
		UserSig   string `json:"userSig"`
		Room      string `json:"room" example:"demo"`
		ExpiresAt Time   `json:"expiresAt" doc:"Of the UserSig: in 12 hours."`
	}
}

func (s *Server) registerLinks() {
	has := s.sessions != nil
	op := s.operation("make-link", http.MethodPost, "/links", "sign-in", "Make a link that signs in once", tokenHolder)
	op.DefaultStatus = http.StatusCreated
	offer(s, has, op, s.makeLink)
	op = s.operation("redeem-link", http.MethodPost, "/links/redeem", "sign-in", "Use a link for an anchor", anyone)
	op.Description = "Answers a UserSig of whoever is the room's anchor now. Codes for administrators go to POST /api/v1/session."
	offer(s, has, op, s.redeemLink)
}

func (s *Server) makeLink(ctx context.Context, in *linkIn) (*linkOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	purpose, ttl := signin.ForAdmin, signin.DefaultLinkTTL
	if in.Body.ExpiresIn != nil {
		ttl = in.Body.ExpiresIn.value()
	}
	if ttl < signin.MinLinkTTL || ttl > signin.MaxLinkTTL {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be from 1s to 24h").at("expiresIn")
	}
	detail := map[string]string{"for": in.Body.For, "expiresIn": ttl.String()}
	group := ""
	switch {
	case in.Body.For == "anchor" && in.Body.Room == "":
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "name the room whose anchor it is for").at("room")
	case in.Body.For == "anchor":
		l, err := s.anchored(ctx, in.Body.Room)
		if err != nil {
			return nil, err
		}
		purpose, group, detail["room"] = signin.ForAnchor, l.Room.GroupID, l.Room.ID
	case in.Body.Room != "":
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "a link for administrators is for no room").at("room")
	}
	l, code, err := s.sessions.NewLink(purpose, in.Body.Room, ttl)
	if err != nil {
		return nil, err
	}
	detail["link"] = l.ID
	s.record(ctx, group, "link_make", "", detail)
	out := &linkOut{}
	out.Body.URL, out.Body.ExpiresAt = LinkURL(s.cfg.PublicURL, purpose, code), Time{l.ExpiresAt}
	return out, nil
}

// LinkURL is the address that a link's code is given out as. It stands behind the #: browsers send that to no server, and
// tell it no other page.
func LinkURL(publicURL string, purpose signin.Purpose, code string) string {
	page := "/admin#code="
	if purpose == signin.ForAnchor {
		page = "/anchor#code="
	}
	return strings.TrimSuffix(publicURL, "/") + page + code
}

func (s *Server) redeemLink(ctx context.Context, in *redeemIn) (*redeemOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if !s.MayTry(remoteOf(ctx)) {
		return nil, tooManyFailures()
	}
	link, err := s.readLink(ctx, in.Body.Code, signin.ForAnchor)
	if err != nil {
		return nil, err
	}
	l, err := s.anchored(ctx, link.Room)
	if err != nil {
		return nil, err
	}
	if l.Room.CreatedAt.After(link.MadeAt.Add(clocksDiffer)) { // another room, of perhaps another's
		return nil, newProblem(http.StatusGone, "link_expired", "the room was made anew since this link was made; ask for another").at("code")
	}
	sig, expires, err := s.accounts.MakeSig(l.Room.Anchor, anchorSigTTL)
	if err != nil {
		return nil, err
	}
	if err := s.sessions.Use(ctx, link); err != nil { // last: a link that gave nothing is not used
		return nil, err
	}
	s.record(asAnchor(ctx, l.Room.Anchor), l.Room.GroupID, "link_use", l.Room.Anchor, map[string]string{"room": l.Room.ID, "link": link.ID})
	out := &redeemOut{}
	out.Body.User, out.Body.UserSig, out.Body.Room, out.Body.ExpiresAt = l.Room.Anchor, sig, l.Room.ID, Time{expires}
	return out, nil
}

// asAnchor is a context in which a user acts.
func asAnchor(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, callerKey{}, caller{user: user, who: chat.Identity{User: user, Platform: chat.PlatformREST}})
}

// clocksDiffer is by how much the clocks of a cluster's nodes may.
const clocksDiffer = 30 * time.Second

// anchored is a room whose anchor a link can be for. An application administrator may do more than with this room, and
// more than who hands out a link for it thinks of.
func (s *Server) anchored(ctx context.Context, room string) (live.Listed, error) {
	l, err := s.rooms.Room(ctx, room)
	switch {
	case err != nil:
		return live.Listed{}, err
	case l.Room.Anchor == "":
		return live.Listed{}, newProblem(http.StatusConflict, "no_anchor", "the room has no anchor; give it one first").at("room")
	case s.accounts.IsAdmin(l.Room.Anchor):
		return live.Listed{}, newProblem(http.StatusConflict, "no_anchor", "the room's anchor is an application administrator, who signs in with a UserSig of his own").at("room")
	}
	return l, nil
}

// readLink reads a code that should be for a purpose. One that nobody but us could have made is a failed authentication if
// it is none; one that came too late is not.
func (s *Server) readLink(ctx context.Context, code string, purpose signin.Purpose) (signin.Link, error) {
	l, err := s.sessions.ReadLink(code)
	if err != nil {
		if p := signInProblem(err); p == nil || p.Code == "bad_link" {
			s.Failed(remoteOf(ctx))
		}
		return signin.Link{}, err
	}
	if l.For != purpose {
		where := "this link is for an anchor: open it at /anchor"
		if l.For == signin.ForAdmin {
			where = "this link is for an administrator: open it at /admin"
		}
		return signin.Link{}, newProblem(http.StatusUnauthorized, "bad_link", where).at("code")
	}
	return l, nil
}

func number(n int) string { return strconv.Itoa(n) }
