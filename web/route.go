package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
)

// route makes the router and the API on it.
func (s *Server) route() {
	globals()
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.UseRawPath = true           // %2F belongs to a user's id
	e.ForwardedByClientIP = false // clientAddr decides
	e.Use(s.observe, s.recoverAPI, s.headers)
	e.NoRoute(s.elsewhere)
	e.NoMethod(func(c *gin.Context) {
		newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "this path has no "+shorten(c.Request.Method)+"; see Allow").write(c.Writer, c.Request.Context())
	})
	s.engine = e
	s.api = humagin.New(e, s.apiConfig())
	s.registerRooms()
	s.registerStatus()
	s.registerEvents()
	s.registerDrive()
	s.registerAddresses()
	s.registerIngest()
	s.registerNodes()
	s.registerGuests()
	s.registerSessions()
	s.registerLinks()
	s.registerAccounts()
	s.registerUserSigs()
	s.registerChat()
	s.registerLevels()
	s.registerLikes()
	s.registerFollows()
	s.registerGuide()
	s.registerSummaries()
	s.registerWords()
	s.registerAudit()
	s.registerDraws()
	s.registerRelays()
	s.registerPulls()
	s.registerKinds()
	s.registerSettings()
	s.registerKeys()
	s.registerGifts()
	s.registerBroadcasts()
	s.registerScreenshots()
	s.registerPlaybacks()
	s.registerRecordings()
	if s.callbacks != nil {
		s.registerCallbacks()
	}
	look := []string{http.MethodGet, http.MethodHead}
	e.Match(look, "/healthz", gin.WrapF(s.health.live))
	e.Match(look, "/readyz", gin.WrapF(s.health.readyz))
	e.Match(look, OEmbedPath, s.oembed)
}

// elsewhere serves what is no API.
func (s *Server) elsewhere(c *gin.Context) {
	path := c.Request.URL.Path
	c.Status(http.StatusOK) // gin begins here with 404, which would stand where a handler says nothing
	switch {
	case s.pages != nil && !strings.HasPrefix(path, "/api/") && !isIM(path):
		s.pages.ServeHTTP(c.Writer, c.Request)
	default:
		newProblem(http.StatusNotFound, "not_found", "there is nothing at this path").write(c.Writer, c.Request.Context())
	}
}

// observe counts and, at debug level, logs each request.
func (s *Server) observe(c *gin.Context) {
	began := time.Now()
	c.Next()
	took := time.Since(began)
	s.metrics.served(c.FullPath(), c.Request.Method, c.Writer.Status(), took)
	if ctx := c.Request.Context(); s.log.Enabled(ctx, slog.LevelDebug) {
		s.log.Debug("request served", "requestId", requestID(ctx), "method", c.Request.Method, "path", shownPath(c.Request),
			"status", c.Writer.Status(), "bytes", c.Writer.Size(), "remote", c.Request.RemoteAddr, "took", took)
	}
}

// recoverAPI answers a panic as internal while it still can.
func (s *Server) recoverAPI(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler || c.Writer.Written() {
			panic(p)
		}
		s.count.panics.Add(1)
		s.log.Error("panic in a request", "requestId", requestID(c.Request.Context()), "path", shownPath(c.Request), "panic", p, "stack", string(debug.Stack()))
		newProblem(http.StatusInternalServerError, "internal", "something went wrong here; the log has it under the request's id").write(c.Writer, c.Request.Context())
		c.Abort()
	}()
	c.Next()
}

// headers are those of every answer of the API. Other origins' pages may read what is public, and nothing more.
func (s *Server) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if !strings.HasPrefix(c.Request.URL.Path, "/api/") {
		return
	}
	switch c.Request.Method {
	case http.MethodOptions:
		s.origins.share(h, c.Request, "")
		s.origins.preflight(h, "GET", "If-None-Match")
		c.AbortWithStatus(http.StatusNoContent)
		return
	case http.MethodGet, http.MethodHead:
		s.origins.share(h, c.Request, exposedByAPI)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// who says who may use an operation.
type who int

const (
	anyone who = iota
	tokenOrAnchor
	tokenHolder
)

// maxBodyBytes bounds every body the API reads. The largest lawful one replaces a group's attributes.
const maxBodyBytes = 64 << 10

// operation begins the description of a call.
func (s *Server) operation(id, method, path, tag, summary string, w who) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, Tags: []string{tag},
		MaxBodyBytes: maxBodyBytes, BodyReadTimeout: s.cfg.BodyTimeout,
	}
	switch w {
	case anyone:
	case tokenOrAnchor:
		op.Middlewares = huma.Middlewares{s.signedIn}
		op.Security = []map[string][]string{{"token": {}}, {"userSig": {}}, inBrowser(method)}
	case tokenHolder:
		op.Middlewares = huma.Middlewares{s.tokenOnly}
		op.Security = []map[string][]string{{"token": {}}, inBrowser(method)}
	}
	return op
}

// inBrowser is how a call is made from a page of the console.
func inBrowser(method string) map[string][]string {
	if isRead(method) {
		return map[string][]string{"session": {}}
	}
	return map[string][]string{"session": {}, "csrf": {}}
}

// RoomPath names the room a call is about.
type RoomPath struct {
	Room string `path:"room" pattern:"^[A-Za-z0-9_-]{1,48}$" maxLength:"48" doc:"The room's id." example:"demo"`
}

// empty is an answer without body.
type empty struct{}

// timed bounds what a write may wait for the store (design §7).
func timed(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 10*time.Second)
}
