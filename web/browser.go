package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/web/signin"
)

// csrfHeader has what pages elsewhere can't know.
const csrfHeader = "X-CSRF-Token"

// Names of the cookie. Browsers take one that begins with __Host- from https only, for this host and no other.
const (
	plainCookie  = "liveroom"
	secureCookie = "__Host-liveroom"
)

// maxCookies is how many cookies of one name are looked at. Over plain http a page of a neighbouring host can set some
// beside ours.
const maxCookies = 4

// cookieName depends on how browsers reach this server.
func (s *Server) cookieName() string {
	if s.ownOrigin.secure() {
		return secureCookie
	}
	return plainCookie
}

// cookie writes the cookie of a session; a negative life removes it.
func (s *Server) cookie(secret string, life time.Duration) string {
	c := http.Cookie{
		Name: s.cookieName(), Value: secret, Path: "/", MaxAge: int(life / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.ownOrigin.secure(),
	}
	if life < 0 {
		c.MaxAge = -1
	}
	return c.String()
}

// held is a session with the secret that showed it.
type held struct {
	signin.Session
	secret string
}

type (
	heldKey  struct{}
	priorKey struct{}
)

// shownSession is the session of who was let through by inSession.
func shownSession(ctx context.Context) held {
	h, _ := ctx.Value(heldKey{}).(held)
	return h
}

// priorOf is the session that a browser had which signs in.
func priorOf(ctx context.Context) string {
	id, _ := ctx.Value(priorKey{}).(string)
	return id
}

// session finds the session of a request's cookie, or signin.ErrNoSession.
func (s *Server) session(ctx huma.Context) (held, error) {
	if s.sessions == nil {
		return held{}, signin.ErrNoSession
	}
	name, seen := s.cookieName(), 0
	for _, c := range huma.ReadCookies(ctx) {
		if c.Name != name || seen == maxCookies {
			continue
		}
		seen++
		one, err := s.sessions.Session(ctx.Context(), c.Value)
		if !errors.Is(err, signin.ErrNoSession) {
			return held{one, c.Value}, err
		}
	}
	return held{}, signin.ErrNoSession
}

// bySession is the caller whom the session of a browser names: who holds an API token. signin.ErrNoSession says that there
// is none; else the request must be one of our own pages', and a write show that it is.
func (s *Server) bySession(ctx huma.Context) (caller, held, error) {
	h, err := s.session(ctx)
	if err != nil {
		return caller{}, held{}, err
	}
	if err := s.ownPage(ctx); err != nil {
		return caller{}, held{}, err
	}
	if !isRead(ctx.Method()) && !s.sessions.Genuine(h.secret, ctx.Header(csrfHeader)) {
		return caller{}, held{}, newProblem(http.StatusForbidden, "csrf", "send the csrf of the session (GET /api/v1/session) as "+csrfHeader)
	}
	return caller{token: true, session: h.ID, console: h.Name}, h, nil
}

// inSession lets through who is signed in with a browser.
func (s *Server) inSession(ctx huma.Context, next func(huma.Context)) {
	if s.sessions == nil {
		next(ctx) // to be told that it is not offered
		return
	}
	who, h, err := caller{}, held{}, error(signin.ErrNoSession)
	if ctx.Header("Authorization") == "" { // which wins, and is no session
		who, h, err = s.bySession(ctx)
	}
	if errors.Is(err, signin.ErrNoSession) {
		err = newProblem(http.StatusUnauthorized, "unauthorized", "nobody is signed in here: POST /api/v1/session")
	}
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	called := context.WithValue(ctx.Context(), callerKey{}, who)
	next(huma.WithContext(ctx, context.WithValue(called, heldKey{}, h)))
}

// ownPagesOnly keeps pages elsewhere from signing a browser in: as somebody else than its user thinks. It notes the
// session that the browser has.
func (s *Server) ownPagesOnly(ctx huma.Context, next func(huma.Context)) {
	err := s.ownPage(ctx)
	if err == nil {
		var h held
		if h, err = s.session(ctx); errors.Is(err, signin.ErrNoSession) {
			err = nil
		}
		ctx = huma.WithContext(ctx, context.WithValue(ctx.Context(), priorKey{}, h.ID))
	}
	if err != nil {
		s.refuse(ctx, err)
		return
	}
	next(ctx)
}

// ownPage says why a request is not one of this server's pages', or of no page at all. Browsers say where a request comes
// from by Sec-Fetch-Site (to https and localhost), and by Origin with all but GET; scripts can change neither.
func (s *Server) ownPage(ctx huma.Context) error {
	if site := ctx.Header("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return newProblem(http.StatusForbidden, "csrf", "only this server's own pages may do this with its cookie")
	}
	text := ctx.Header("Origin")
	if text == "" {
		return nil
	}
	from := newOwnOrigin(text)
	switch own := s.ownOrigin; {
	case from == (origin{}), from != own && !from.isHost(ctx.Host()):
		return newProblem(http.StatusForbidden, "csrf", "a page of "+shorten(text)+" may not do this; open it at "+own.String()+" (--public-url)")
	case own.secure() && !from.secure(): // it could be anybody's, and browsers keep no cookie of ours that comes to it
		return newProblem(http.StatusForbidden, "https_needed", "nobody is signed in over plain http here; open "+own.String()+" (--public-url)")
	}
	return nil
}

// isRead says whether requests of a method change nothing.
func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// origin is where a page comes from, in lower case and without the port that its scheme has anyway.
type origin struct{ scheme, host string }

// newOwnOrigin takes the origin of a URL. What has none, such as null, is the zero origin.
func newOwnOrigin(text string) origin {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return origin{}
	}
	return origin{u.Scheme, withoutPort(u.Scheme, u.Host)}
}

func withoutPort(scheme, host string) string {
	usual := map[string]string{"http": ":80", "https": ":443"}[scheme]
	return strings.TrimSuffix(strings.ToLower(host), usual)
}

func (o origin) secure() bool { return o.scheme == "https" }

// isHost says whether an origin is at the host of a request.
func (o origin) isHost(host string) bool { return o.host == withoutPort(o.scheme, host) }

func (o origin) String() string { return o.scheme + "://" + o.host }
