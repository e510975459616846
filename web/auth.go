package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/live"
	"liveroom/status"
	"liveroom/web/signin"
)

// caller is who stands behind a request.
type caller struct {
	token   bool   // has an API token: may do everything
	session string // by which session of a browser he has it; empty: by the token itself
	console string // what he called himself when that began
	user    string // else the account his UserSig names
	who     chat.Identity
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// is says whether the caller may do what a user may: he is that user, or a backend.
func (c caller) is(user string) bool { return c.token || c.user == user }

// by is the reason that stands in the record for what the caller does.
func (c caller) by() status.Reason {
	if c.token {
		return status.ReasonByAdmin
	}
	return status.ReasonByAnchor
}

// speaker is the caller as the chat knows people: it decides by role what each may do, the same on every door. Nick and
// avatar are those of the account.
func (s *Server) speaker(ctx context.Context) chat.Identity {
	c := callerOf(ctx)
	who := c.who
	if c.token {
		who = backend
		who.Console = c.console
	}
	who.Addr = remoteOf(ctx)
	return who
}

// maxBearerBytes is above any UserSig and any token.
const maxBearerBytes = 8 << 10

// authenticate finds the caller of a request, or says why there is none. An address that failed too often is not heard.
func (s *Server) authenticate(ctx context.Context, header string) (caller, error) {
	bearer, ok := cutBearer(header)
	if !ok {
		return caller{}, newProblem(http.StatusUnauthorized, "unauthorized", "send Authorization: Bearer with an API token or a UserSig")
	}
	addr := remoteOf(ctx)
	if !s.MayTry(addr) {
		return caller{}, tooManyFailures()
	}
	if s.tokens.match(bearer) {
		return caller{token: true}, nil
	}
	who, err := s.accounts.Login(ctx, "", bearer)
	if err == nil && who.User != "" && !who.Anonymous {
		who.Platform = "RESTAPI"
		return caller{user: who.User, who: who}, nil
	}
	var refused *account.Error
	if err != nil && !errors.As(err, &refused) {
		return caller{}, err // the store is away: nobody's fault
	}
	s.Failed(addr)
	s.log.Debug("authentication failed", "requestId", requestID(ctx), "remote", addr)
	return caller{}, newProblem(http.StatusUnauthorized, "unauthorized", "this is neither an API token nor a valid UserSig of this application")
}

func tooManyFailures() *Problem {
	return newProblem(http.StatusTooManyRequests, "too_many_failures", "too many failed authentications from this address; try again later").retry(time.Minute)
}

// MayTry says whether an address may be heard that wants to authenticate itself, here or at another door: it did not fail
// too often lately. A door notes with Failed that it did.
func (s *Server) MayTry(from netip.Addr) bool { return s.failures.allow(from, 0, time.Now()) }

// Failed notes a failed authentication of an address.
func (s *Server) Failed(from netip.Addr) {
	s.failures.allow(from, 1, time.Now())
	s.count.authFailures.Add(1)
}

func cutBearer(header string) (string, bool) {
	scheme, value, _ := strings.Cut(header, " ")
	value = strings.TrimSpace(value)
	return value, strings.EqualFold(scheme, "Bearer") && value != "" && len(value) <= maxBearerBytes
}

// tokens are kept as digests, so that comparing takes the same time whatever the length.
type tokens [][sha256.Size]byte

func newTokens(plain []string) tokens {
	out := make(tokens, len(plain))
	for i, t := range plain {
		out[i] = sha256.Sum256([]byte(t))
	}
	return out
}

func (t tokens) match(given string) bool {
	sum := sha256.Sum256([]byte(given))
	found := 0
	for i := range t {
		found |= subtle.ConstantTimeCompare(sum[:], t[i][:])
	}
	return found == 1
}

// signedIn lets through whoever can be authenticated.
func (s *Server) signedIn(ctx huma.Context, next func(huma.Context)) {
	who, err := s.identify(ctx)
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	called := context.WithValue(ctx.Context(), callerKey{}, who)
	next(huma.WithContext(ctx, chat.ActingAs(called, s.speaker(called))))
}

// identify finds the caller by what he sends with the request, or else by the session of his browser.
func (s *Server) identify(ctx huma.Context) (caller, error) {
	header := ctx.Header("Authorization")
	if header == "" {
		if who, _, err := s.bySession(ctx); err == nil || !errors.Is(err, signin.ErrNoSession) {
			return who, err
		}
	}
	return s.authenticate(ctx.Context(), header)
}

// tokenOnly lets API tokens through.
func (s *Server) tokenOnly(ctx huma.Context, next func(huma.Context)) {
	s.signedIn(ctx, func(ctx huma.Context) {
		if !callerOf(ctx.Context()).token {
			s.refuse(ctx, newProblem(http.StatusForbidden, "token_needed", "only an API token may do this"))
			return
		}
		next(ctx)
	})
}

func (s *Server) refuse(ctx huma.Context, err error) {
	p := problem(ctx.Context(), s.log, err)
	for k, values := range p.GetHeaders() {
		for _, v := range values {
			ctx.SetHeader(k, v)
		}
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	_ = s.api.Marshal(ctx.BodyWriter(), "application/json", p) // the client is gone: nobody to tell
}

// mayDrive returns the room if the caller may drive it: with a token, or as its anchor.
func (s *Server) mayDrive(ctx context.Context, id string) (live.Listed, error) {
	l, err := s.rooms.Room(ctx, id)
	if err != nil {
		return live.Listed{}, err
	}
	if who := callerOf(ctx); !who.token && (who.user == "" || who.user != l.Room.Anchor) {
		return live.Listed{}, newProblem(http.StatusForbidden, "not_anchor", "only the room's anchor or an API token may do this")
	}
	return l, nil
}
