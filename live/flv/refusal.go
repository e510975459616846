package flv

import (
	"encoding/json"
	"errors"
	"net/http"

	"liveroom/live/stream"
)

// codeInternal is the code of what is our own fault.
const codeInternal = "internal"

// RefusalStatus is the HTTP status that answers a refusal with that code.
func RefusalStatus(code string) int {
	switch code {
	case "bad_signature", "expired", "missing_signature", "forbidden", "banned":
		return http.StatusForbidden
	case "unknown_room", "unknown_app", "not_live", "not_playback", "paused", "not_found":
		return http.StatusNotFound
	case "too_many":
		return http.StatusTooManyRequests
	case "superseded":
		return http.StatusConflict
	case "store_unavailable", "stopping", "stalled", "room_full", "room_bandwidth", "node_full", "node_bandwidth":
		return http.StatusServiceUnavailable
	case codeInternal:
		return http.StatusInternalServerError
	default:
		return http.StatusBadRequest
	}
}

// retryAfter is when to come back, in seconds; empty for never. Who waits for a place to be free may wait a little longer.
func retryAfter(r *stream.Refusal, status int) string {
	switch {
	case r.Code == "room_full", r.Code == "room_bandwidth", r.Code == "node_full", r.Code == "node_bandwidth":
		return "10"
	case r.Temporary, status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		return "2"
	}
	return ""
}

// WriteRefusal answers a request with the problem document of a refusal (RFC 9457). An error that is no
// *stream.Refusal is "internal", and nothing of it is told. It returns the code.
func WriteRefusal(w http.ResponseWriter, err error) (code string) {
	refusal, ok := errors.AsType[*stream.Refusal](err)
	if !ok {
		refusal = &stream.Refusal{Code: codeInternal, Detail: "The server failed to answer; its log says why."}
	}
	field := refusal.Field
	if bad, ok := errors.AsType[*badParameter](err); ok {
		field = bad.name
	}
	status := RefusalStatus(refusal.Code)
	body, err := json.Marshal(struct {
		Type   string `json:"type"`
		Title  string `json:"title"`
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
		Field  string `json:"field,omitempty"`
	}{"about:blank", http.StatusText(status), status, refusal.Code, refusal.Detail, field})
	if err != nil { // cannot happen with strings and numbers
		http.Error(w, refusal.Code, status)
		return refusal.Code
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if after := retryAfter(refusal, status); after != "" {
		h.Set("Retry-After", after)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
	return refusal.Code
}
