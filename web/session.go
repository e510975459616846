package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/web/signin"
)

// Sessions knows who is signed in with a browser, and makes links that do it once (signin.Service).
type Sessions interface {
	Open(ctx context.Context, name string) (one signin.Session, secret string, err error)
	Session(ctx context.Context, secret string) (signin.Session, error)
	Alive(ctx context.Context, id string) (bool, error)
	Close(ctx context.Context, id string) error
	CloseAll(ctx context.Context) (int, error)
	Life() time.Duration
	CSRF(secret string) string
	Genuine(secret, csrf string) bool
	NewLink(purpose signin.Purpose, room string, ttl time.Duration) (l signin.Link, code string, err error)
	ReadLink(code string) (signin.Link, error)
	Use(ctx context.Context, l signin.Link) error
}

// defaultConsole is who signs in without a name.
const defaultConsole = "admin"

// SessionBody is what signs in: one of token and code.
type SessionBody struct {
	Token string `json:"token,omitempty" maxLength:"8192" doc:"An API token."`
	Code  string `json:"code,omitempty" maxLength:"512" doc:"The code of a link for administrators."`
	Name  string `json:"name,omitempty" maxLength:"32" doc:"Who it is, for the audit log; default admin." example:"Ming"`
}

// SessionShown is a session as the API shows it.
type SessionShown struct {
	Name      string `json:"name" example:"Ming"`
	CSRF      string `json:"csrf" doc:"Send it as X-CSRF-Token with all but GET."`
	ExpiresAt Time   `json:"expiresAt" doc:"When the session ends if nothing is done in it."`
}

type signInIn struct{ Body SessionBody }

type signInOut struct {
	SetCookie string `header:"Set-Cookie"`
	Body      SessionShown
}

type sessionReply struct{ Body SessionShown }

type signOutOut struct {
	SetCookie string `header:"Set-Cookie"`
}

func (s *Server) registerSessions() {
	has := s.sessions != nil
	op := s.operation("sign-in", http.MethodPost, "/session", "sign-in", "Sign in with a browser", anyone)
	op.Description = "Sets a cookie that is good for what the API token may, with requests of this server's pages. " +
		"All but GET need the answer's csrf as X-CSRF-Token. An Authorization header wins over the cookie."
	op.DefaultStatus = http.StatusCreated
	op.Middlewares = huma.Middlewares{s.ownPagesOnly}
	offer(s, has, op, s.openSession)

	op = s.operation("session", http.MethodGet, "/session", "sign-in", "Show who is signed in", anyone)
	op.Middlewares, op.Security = huma.Middlewares{s.inSession}, []map[string][]string{inBrowser(op.Method)}
	offer(s, has, op, s.showSession)

	op = s.operation("sign-out", http.MethodDelete, "/session", "sign-in", "Sign out", anyone)
	op.Middlewares, op.Security = huma.Middlewares{s.inSession}, []map[string][]string{inBrowser(op.Method)}
	op.DefaultStatus = http.StatusNoContent
	offer(s, has, op, s.closeSession)

	op = s.operation("sign-out-all", http.MethodDelete, "/sessions", "sign-in", "Sign everybody out", tokenHolder)
	op.Description = "Ends all sessions, and makes the links for administrators void that were made before."
	op.DefaultStatus = http.StatusNoContent
	offer(s, has, op, s.closeSessions)
}

// openSession signs in. The session is always a new one: what the browser had before is ended, never taken over.
func (s *Server) openSession(ctx context.Context, in *signInIn) (*signInOut, error) {
	name, err := consoleName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	with, err := s.show(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	one, secret, err := s.sessions.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if old := priorOf(ctx); old != "" {
		if err := s.sessions.Close(ctx, old); err != nil {
			return nil, err
		}
	}
	s.record(asConsole(ctx, one), "", "sign_in", "", with)
	return &signInOut{
		SetCookie: s.cookie(secret, s.sessions.Life()),
		Body:      SessionShown{Name: one.Name, CSRF: s.sessions.CSRF(secret), ExpiresAt: Time{one.Until}},
	}, nil
}

// show checks what somebody signs in with, and answers what the audit log is told of it.
func (s *Server) show(ctx context.Context, body SessionBody) (map[string]string, error) {
	if (body.Token == "") == (body.Code == "") {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "send either token or code").at("token")
	}
	from := remoteOf(ctx)
	if !s.MayTry(from) {
		return nil, tooManyFailures()
	}
	if body.Token != "" {
		if s.tokens.match(body.Token) {
			return map[string]string{"with": "token"}, nil
		}
		s.Failed(from)
		return nil, newProblem(http.StatusUnauthorized, "unauthorized", "this is no API token of this server").at("token")
	}
	l, err := s.readLink(ctx, body.Code, signin.ForAdmin)
	if err == nil {
		err = s.sessions.Use(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	return map[string]string{"with": "link", "link": l.ID}, nil
}

// asConsole is a context in which the holder of a session acts.
func asConsole(ctx context.Context, one signin.Session) context.Context {
	return context.WithValue(ctx, callerKey{}, caller{token: true, session: one.ID, console: one.Name})
}

// consoleName is what somebody calls himself. What is not printable has no place in a log.
func consoleName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return defaultConsole, nil
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return "", newProblem(http.StatusUnprocessableEntity, "invalid", "must be printable").at("name")
		}
	}
	return name, nil
}

func (s *Server) showSession(ctx context.Context, _ *struct{}) (*sessionReply, error) {
	one := shownSession(ctx)
	return &sessionReply{Body: SessionShown{Name: one.Name, CSRF: s.sessions.CSRF(one.secret), ExpiresAt: Time{one.Until}}}, nil
}

func (s *Server) closeSession(ctx context.Context, _ *struct{}) (*signOutOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if err := s.sessions.Close(ctx, callerOf(ctx).session); err != nil {
		return nil, err
	}
	s.record(ctx, "", "sign_out", "", nil)
	return &signOutOut{SetCookie: s.cookie("", -1)}, nil
}

func (s *Server) closeSessions(ctx context.Context, _ *struct{}) (*signOutOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	n, err := s.sessions.CloseAll(ctx)
	if err != nil {
		return nil, err
	}
	s.record(ctx, "", "sign_out_all", "", map[string]string{"sessions": number(n)})
	return &signOutOut{SetCookie: s.cookie("", -1)}, nil
}

// signInProblem is a refusal of signin.Service.
func signInProblem(err error) *Problem {
	switch {
	case errors.Is(err, signin.ErrBadLink):
		return newProblem(http.StatusUnauthorized, "bad_link", "this is no link of this server, or its keys were changed; ask for another").at("code")
	case errors.Is(err, signin.ErrUsed):
		return newProblem(http.StatusGone, "link_used", "this link was used; it is good once: ask for another").at("code")
	case errors.Is(err, signin.ErrExpired):
		return newProblem(http.StatusGone, "link_expired", "this link has expired; ask for another").at("code")
	case errors.Is(err, signin.ErrVoid):
		return newProblem(http.StatusGone, "link_expired", "everybody was signed out since this link was made; ask for another").at("code")
	case errors.Is(err, signin.ErrTooManyLinks):
		return newProblem(http.StatusServiceUnavailable, "too_many_links", "too many links were used lately; try again when some have expired").retry(time.Minute)
	}
	return nil
}
