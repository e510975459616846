package web

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"
)

// Check looks at one thing the server depends on.
type Check struct {
	Name  string
	Needs bool // without it nobody should be sent here; else the server is only degraded
	Probe func(ctx context.Context) error
}

// Facts are told beside the checks, for operators only. They must end when ctx does.
type Facts func(ctx context.Context) map[string]any

// States of health.
const (
	stateReady    = "ready"
	stateDegraded = "degraded"  // serves, but not everything
	stateNot      = "not ready" // starting, stopping, or something needed is missing
)

const probeTimeout = 2 * time.Second

type health struct {
	version string
	began   time.Time
	checks  []Check
	facts   Facts
	ready   atomic.Bool
}

func newHealth(version string, checks []Check, facts Facts) *health {
	return &health{version: version, began: time.Now(), checks: checks, facts: facts}
}

type checkResult struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
	TookMs int64  `json:"tookMs"`
}

// look runs all checks. Their words are for the ops port only.
func (h *health) look(ctx context.Context) (state string, results []checkResult) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	state = stateReady
	for _, c := range h.checks {
		began := time.Now()
		err := c.Probe(ctx)
		result := checkResult{Name: c.Name, OK: err == nil, TookMs: time.Since(began).Milliseconds()}
		if err != nil {
			result.Detail = err.Error()
			if c.Needs {
				state = stateNot
			} else if state == stateReady {
				state = stateDegraded
			}
		}
		results = append(results, result)
	}
	if !h.ready.Load() {
		state = stateNot
	}
	return state, results
}

// live answers that the process runs.
func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz answers whether clients should be sent here, without details.
func (h *health) readyz(w http.ResponseWriter, r *http.Request) {
	state, _ := h.look(r.Context())
	writeJSON(w, statusOfState(state), map[string]string{"status": state})
}

// detailed is for the ops port.
func (h *health) detailed(w http.ResponseWriter, r *http.Request) {
	state, results := h.look(r.Context())
	all := map[string]any{
		"status": state, "checks": results, "version": h.version, "go": runtime.Version(),
		"goroutines": runtime.NumGoroutine(), "uptime": time.Since(h.began).Round(time.Second).String(),
	}
	if h.facts != nil {
		ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
		defer cancel()
		maps.Copy(all, h.facts(ctx))
	}
	writeJSON(w, statusOfState(state), all)
}

// statusOfState: degraded is 200, because a balancer that took every node out when the store is away would end the
// watching that goes on without it.
func statusOfState(state string) int {
	if state == stateNot {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

func writeJSON(w http.ResponseWriter, httpStatus int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(httpStatus)
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody to tell
}
