package im

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Server is the door. Its path is /v4/.
type Server struct {
	cfg      Config
	accounts Accounts
	chat     Chat
	journal  journal
	failures Failures
	log      *slog.Logger

	commands map[string]*command // by service/command
	calls    *rate.Limiter       // of all together; nil: any number
	unknown  tally               // requests that are none of them
}

// New returns the door. It holds nothing that must be closed.
func New(cfg Config, deps Deps, log *slog.Logger) (*Server, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	if err := errors.Join(cfg.Validate(), deps.validate()); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, accounts: deps.Accounts, chat: deps.Chat, journal: journal{deps.Journal}, failures: deps.Failures, log: log,
		commands: map[string]*command{}, calls: limiter(cfg.Rates[allCommands]),
	}
	s.register()
	for _, c := range s.commands {
		c.calls = cfg.Rates.limit(c)
	}
	return s, nil
}

// register fills the table.
func (s *Server) register() {
	s.registerAccounts()
	s.registerProfiles()
	s.registerPresence()
	s.registerLetters()
	s.registerSilence()
	s.registerRest()
	s.registerGroupCommands()
}

// ServeHTTP answers one command. What is asked for is looked at from the outside in: method, path, who asks, how often,
// and only then the body.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	setHeaders(h)
	if r.Method == http.MethodOptions {
		return // what a page asks before it asks
	}
	began := time.Now()
	c, err := s.find(r)
	name, tally := "unknown", &s.unknown // its path, a stranger's words, is not for the log
	var out any
	if err == nil {
		name, tally = c.name, &c.tally
		out, err = s.guarded(c, r)
	}
	code := s.answer(w, c, out, err)
	tally.add(code)
	if s.log.Enabled(r.Context(), slog.LevelDebug) {
		s.log.Debug("command answered", "requestId", h.Get("X-Request-Id"), "command", name, "code", code, "took", time.Since(began))
	}
}

// setHeaders sets those of every answer (spec im-rest §1.1).
func setHeaders(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "X-Requested-With")
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("X-Content-Type-Options", "nosniff")
}

// codeBusy is for an address that has too many requests under way.
const codeBusy = 60018

// ServeBusy answers an address that has as many requests under way as it may, whatever it asks for: clients that look for
// an envelope would take anything else for success.
func (s *Server) ServeBusy(w http.ResponseWriter, _ *http.Request) {
	setHeaders(w.Header())
	s.unknown.add(s.answer(w, nil, nil, refuse(codeBusy, "this address has as many calls under way as it may; see max-per-address")))
}

// find returns the command that a request is for.
func (s *Server) find(r *http.Request) (*command, error) {
	if r.Method != http.MethodPost {
		return nil, refuse(60002, "the method must be POST")
	}
	path, _ := strings.CutPrefix(r.URL.Path, "/v4/")
	if c := s.commands[path]; c != nil {
		return c, nil
	}
	return nil, refuse(60009, "there is no such service or command; the path must be /v4/{service}/{command}")
}

// guarded carries a command out, and answers a panic as internal.
func (s *Server) guarded(c *command, r *http.Request) (out any, err error) {
	defer func() {
		p := recover()
		if p == http.ErrAbortHandler {
			panic(p)
		}
		if p != nil {
			s.log.Error("panic in a command", "command", c.name, "panic", p, "stack", string(debug.Stack()))
			out, err = nil, refuse(c.internal, "something went wrong here; the log has it")
		}
	}()
	by, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	if err := s.inTime(c); err != nil {
		return nil, err
	}
	body, err := read(c, r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	return c.run(ctx, by, body)
}

// codeAllTooFast is for more calls than the application may make, whatever they are.
const codeAllTooFast = 60011

// inTime says whether a command comes too soon after others.
func (s *Server) inTime(c *command) error {
	switch {
	case s.calls != nil && !s.calls.Allow():
		return refuse(codeAllTooFast, "more than %d calls in a second", s.calls.Burst())
	case c.calls != nil && !c.calls.Allow():
		return refuse(c.limits.tooFast, "more than %d calls of %s in a second", c.calls.Burst(), c.name)
	}
	return nil
}

// read reads a request's body, which may take as long as the server in front allows.
func read(c *command, r *http.Request) ([]byte, error) {
	if r.ContentLength > int64(c.body) {
		return nil, refuse(93000, "the body is larger than %d bytes", c.body)
	}
	if n := int(r.ContentLength); n >= 0 {
		body := make([]byte, n)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			return nil, refuse(60008, "the body did not arrive whole in time")
		}
		return body, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(c.body)+1))
	switch {
	case err != nil:
		return nil, refuse(60008, "the body did not arrive whole in time")
	case len(body) > c.body:
		return nil, refuse(93000, "the body is larger than %d bytes", c.body)
	}
	return body, nil
}

// gateway is the service of what is refused before it reaches one.
var gateway = service{internal: 60008}

// answer writes what became of a request, and returns the code it was answered with.
func (s *Server) answer(w http.ResponseWriter, c *command, out any, err error) int {
	of := &gateway
	if c != nil {
		of = c.service
	}
	e := envelope{ActionStatus: statusOK}
	if of.display {
		e.ErrorDisplay = new(string)
	}
	if o, ok := out.(outcome); ok {
		e.ActionStatus, e.ErrorCode, e.ErrorInfo = o.outcome()
	}
	if err == nil {
		if err = write(w, e, out); err == nil {
			return e.ErrorCode
		}
	}
	refusal := of.known(err)
	if refusal == nil {
		s.log.Error("command failed", "requestId", w.Header().Get("X-Request-Id"), "err", err)
		refusal = refuse(of.internal, "something went wrong here; the log has it under the request's id")
	}
	e = envelope{ActionStatus: statusFail, ErrorCode: refusal.Code, ErrorInfo: refusal.Info}
	if of.display {
		e.ErrorDisplay = &refusal.Info
	}
	_ = write(w, e, nil) // always marshals
	return refusal.Code
}
