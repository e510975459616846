package web

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/level"
	"liveroom/chat/words"
	"liveroom/live"
	"liveroom/live/keyring"
	"liveroom/live/pull"
	"liveroom/live/relay"
	"liveroom/status"
	"liveroom/web/callback/delivery"
)

// Problem is the body of every error answer (RFC 9457).
type Problem struct {
	Title     string `json:"title" example:"Conflict"`
	Status    int    `json:"status" example:"409"`
	Code      string `json:"code" example:"transition_refused" doc:"Stable; decide by this."`
	Detail    string `json:"detail" doc:"A sentence a person can act on."`
	Field     string `json:"field,omitempty" doc:"The field at fault, where one is."`
	RequestID string `json:"requestId" doc:"Find the request in the server's log by this."`
	Until     *Time  `json:"until,omitempty" doc:"When the refusal ends, of a mute or ban that does."`
	NextAt    *Time  `json:"nextAt,omitempty" doc:"When the same sender may try again."`

	retryAfter time.Duration
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus is the HTTP status (huma.StatusError).
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json (huma.ContentTypeFilter).
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders tells when to come back (huma.HeadersError).
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="liveroom"`)
	}
	return h
}

func newProblem(httpStatus int, code, detail string) *Problem {
	return &Problem{Title: http.StatusText(httpStatus), Status: httpStatus, Code: code, Detail: detail}
}

func (p *Problem) at(field string) *Problem { p.Field = field; return p }

func (p *Problem) retry(after time.Duration) *Problem { p.retryAfter = after; return p }

// write answers a request that never reached the API.
func (p *Problem) write(w http.ResponseWriter, ctx context.Context) {
	p.RequestID = requestID(ctx)
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody to tell
}

// problem is the one table from errors to HTTP. What it doesn't know is logged whole and answered as internal.
func problem(ctx context.Context, log *slog.Logger, err error) *Problem {
	p := known(err)
	if p == nil {
		log.Error("request failed", "requestId", requestID(ctx), "err", err)
		p = newProblem(http.StatusInternalServerError, "internal", "something went wrong here; the log has it under the request's id")
	}
	out := *p
	out.RequestID = requestID(ctx)
	return &out
}

func known(err error) *Problem {
	var (
		own     *Problem
		room    *live.Error
		refused *status.Refused
		group   *chat.Error
		user    *account.Error
		rank    *level.Error
		target  *relay.Error
		source  *pull.Error
		keys    *keyring.Error
	)
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &room):
		return roomProblem(room)
	case errors.As(err, &refused):
		return refusedProblem(refused)
	case errors.As(err, &group):
		return chatProblem(group)
	case errors.As(err, &user):
		return accountProblem(user)
	case errors.As(err, &rank):
		return newProblem(http.StatusUnprocessableEntity, rank.Code, rank.Detail).at(rank.Field)
	case errors.As(err, &target):
		return relayProblem(target)
	case errors.As(err, &source):
		return relayProblem(&relay.Error{Code: source.Code, Field: source.Field, Detail: source.Detail})
	case signInProblem(err) != nil:
		return signInProblem(err)
	case errors.As(err, &keys):
		return keysProblem(keys)
	case errors.Is(err, keyring.ErrSealed): // the node goes on with those it has
		return newProblem(http.StatusConflict, "keys_sealed", keyring.ErrSealed.Error()+"; see the security guide on push and play keys")
	case words.Refused(err):
		return wordsProblem(err)
	case settingsProblem(err) != nil:
		return settingsProblem(err)
	case recordingProblem(err) != nil:
		return recordingProblem(err)
	case refusedByCallbacks(err):
		return callbackProblem(err)
	case errors.Is(err, status.ErrUnknownRoom):
		return newProblem(http.StatusNotFound, "not_found", "there is no such room")
	case errors.Is(err, status.ErrUnavailable), errors.Is(err, delivery.ErrUnsettled), errors.Is(err, delivery.ErrNoCourier):
		return newProblem(http.StatusServiceUnavailable, "store_unavailable", "the store did not answer; try again").retry(2 * time.Second)
	case errors.Is(err, status.ErrConflict), errors.Is(err, keyring.ErrChanged):
		return newProblem(http.StatusConflict, "conflict", "others kept changing the same thing; try again").retry(time.Second)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return newProblem(http.StatusServiceUnavailable, "timeout", "it took too long; try again").retry(time.Second)
	}
	return nil
}

func roomProblem(e *live.Error) *Problem {
	httpStatus := map[string]int{
		"not_found": http.StatusNotFound, "exists": http.StatusConflict, "invalid": http.StatusUnprocessableEntity,
		"blocked_text": http.StatusUnprocessableEntity, "no_stream_keys": http.StatusServiceUnavailable,
		"playback_reused": http.StatusConflict, "too_many_playbacks": http.StatusConflict,
		"recording_unavailable": http.StatusConflict,
	}[e.Code]
	if httpStatus == 0 {
		return nil
	}
	return newProblem(httpStatus, e.Code, e.Detail).at(e.Field)
}

// refusedProblem keeps the machine's own code; two of them speak of what was sent and not of the room.
func refusedProblem(e *status.Refused) *Problem {
	switch e.Code {
	case "invalid_playback_url":
		return newProblem(http.StatusUnprocessableEntity, "invalid", e.Detail).at("url")
	case "invalid_until":
		return newProblem(http.StatusUnprocessableEntity, "invalid", e.Detail).at("until")
	}
	return newProblem(http.StatusConflict, e.Code, e.Detail)
}

func chatProblem(e *chat.Error) *Problem {
	p := chatStatus(e)
	if !e.Until.IsZero() && !chat.IsEndless(e.Until) {
		p.Until = &Time{e.Until}
	}
	if !e.NextAt.IsZero() {
		p.NextAt = &Time{e.NextAt}
		p.retryAfter = max(time.Until(e.NextAt), time.Second)
	}
	return p
}

// chatStatus is the HTTP status of a refusal of the chat.
func chatStatus(e *chat.Error) *Problem {
	if p := fileStatus(e); p != nil {
		return p
	}
	p := newProblem(http.StatusUnprocessableEntity, e.Name, e.Detail).at(e.Field)
	switch e.Code {
	case 10002:
		p = newProblem(http.StatusServiceUnavailable, e.Name, e.Detail).at(e.Field).retry(2 * time.Second)
	case 10007, 10017:
		p = newProblem(http.StatusForbidden, e.Name, e.Detail).at(e.Field)
	case 10010, 10030, 10050:
		p = newProblem(http.StatusNotFound, e.Name, e.Detail).at(e.Field)
	case 10021, 10025, 10031, 10032, 10057:
		p = newProblem(http.StatusConflict, e.Name, e.Detail).at(e.Field)
	case 10006, 10023, 10049:
		p = newProblem(http.StatusTooManyRequests, e.Name, e.Detail).at(e.Field).retry(time.Second)
	case 10056:
		p = newProblem(http.StatusPreconditionFailed, e.Name, e.Detail).at("If-Match")
	case 80002:
		p = newProblem(http.StatusRequestEntityTooLarge, e.Name, e.Detail).at(e.Field)
	}
	return p
}

// wordsProblem is a refusal of words.Service.
func wordsProblem(err error) *Problem {
	switch {
	case errors.Is(err, words.ErrVersion):
		return newProblem(http.StatusPreconditionFailed, "changed", "the list has changed meanwhile; read it again").at("If-Match")
	case errors.Is(err, words.ErrTooMany):
		return newProblem(http.StatusUnprocessableEntity, "too_many_words", "a list has at most "+strconv.Itoa(words.MaxWords)+" words").at("words")
	default:
		return newProblem(http.StatusUnprocessableEntity, "invalid", err.Error()).at("words")
	}
}

func accountProblem(e *account.Error) *Problem {
	if e.Field == "userId" {
		c := *e
		c.Field, e = "user", &c
	}
	switch e.Code {
	case 80001:
		return newProblem(http.StatusUnprocessableEntity, e.Name, e.Detail).at(e.Field)
	case 40005, 40601, 40605, 70402:
		return newProblem(http.StatusUnprocessableEntity, "invalid", e.Detail).at(e.Field)
	case 70107:
		return newProblem(http.StatusNotFound, "unknown_user", e.Detail).at(e.Field)
	}
	return newProblem(http.StatusUnauthorized, "bad_user_sig", e.Detail)
}
