package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// apiConfig describes the API as a whole.
func (s *Server) apiConfig() huma.Config {
	cfg := huma.DefaultConfig("liveroom", s.cfg.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", "" // served by describe, without scripts from elsewhere
	cfg.CreateHooks = nil                                       // no $schema in answers
	cfg.Info.Description = "Live rooms: create them, ask for their status, drive them, and speak in their chat. " +
		"Errors are application/problem+json with a stable code. Times are RFC 3339 UTC, lengths of time are like 90s."
	if s.cfg.PublicURL != "" {
		cfg.Servers = []*huma.Server{{URL: s.cfg.PublicURL}}
	}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token: may do everything."},
		"userSig": {Type: "http", Scheme: "bearer", BearerFormat: "UserSig", Description: "A UserSig: of the room's anchor, or of an administrator of its chat where the chat decides."},
		"session": {Type: "apiKey", In: "cookie", Name: s.cookieName(), Description: "Who signed in with a browser (POST /api/v1/session) may do what the API token may, from pages of this server."},
		"csrf":    {Type: "apiKey", In: "header", Name: csrfHeader, Description: "The csrf of the session, with all but GET."},
	}
	return cfg
}

// describe serves the API's description, for programs and for people. It is written when somebody asks for it: that takes
// longer than all the rest of a server's start.
func (s *Server) describe() {
	written := sync.OnceValues(func() (yaml, page []byte) {
		yaml, err := s.api.OpenAPI().YAML()
		if err == nil {
			page, err = docsPage(s.api.OpenAPI())
		}
		if err != nil {
			panic(fmt.Errorf("web: describe the API: %w", err)) // it depends on nothing but the program
		}
		return yaml, page
	})
	s.engine.GET("/openapi.yaml", func(c *gin.Context) {
		yaml, _ := written()
		s.origins.share(c.Writer.Header(), c.Request, exposedByAPI)
		c.Data(http.StatusOK, "application/yaml; charset=utf-8", yaml)
	})
	s.engine.GET("/docs", func(c *gin.Context) {
		_, page := written()
		c.Header("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		c.Data(http.StatusOK, "text/html; charset=utf-8", page)
	})
	s.engine.GET("/docs/style.css", func(c *gin.Context) {
		c.Data(http.StatusOK, "text/css; charset=utf-8", docsStyle)
	})
}

// Routes lists the calls of the API as the router knows them, "GET /api/v1/rooms/{room}", in order.
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.engine.Routes() {
		if strings.HasPrefix(r.Path, "/api/") {
			out = append(out, r.Method+" "+routeParam.ReplaceAllString(r.Path, "{$1}"))
		}
	}
	slices.Sort(out)
	return out
}

var routeParam = regexp.MustCompile(`:(\w+)`)
