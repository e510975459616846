package web

import (
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxProfile bounds how long a profile may be asked to take.
const maxProfile = time.Hour

// Ops is the handler of the operator's port: /metrics, /health, /debug/pprof/. It asks for no token, so that port must not
// be reachable from outside.
func (s *Server) Ops() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn), ErrorHandling: promhttp.ContinueOnError,
	}))
	mux.HandleFunc("GET /health", s.health.detailed)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.bound(w, r, s.cfg.AnswerTimeout+profiled(r))
		mux.ServeHTTP(w, r)
	})
}

// profiled is how long the profile that a request asks for is taken.
func profiled(r *http.Request) time.Duration {
	if !strings.HasPrefix(r.URL.Path, "/debug/pprof/") {
		return 0
	}
	seconds, err := strconv.ParseFloat(r.URL.Query().Get("seconds"), 64)
	if err != nil || !(seconds > 0) {
		seconds = 30 // what a profile takes if nothing is said
	}
	return time.Duration(min(seconds, maxProfile.Seconds()) * float64(time.Second))
}
