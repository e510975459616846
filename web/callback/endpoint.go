package callback

import (
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"liveroom/web/callback/delivery"
)

// Format says whose callbacks an endpoint understands.
type Format string

// The formats.
const (
	FormatIM     Format = "im"     // Tencent IM (spec im-callbacks)
	FormatCSS    Format = "css"    // Tencent CSS (spec css §3)
	FormatStatus Format = "status" // liveroom's own, of rooms' statuses
	FormatEvents Format = "events" // liveroom's own, of gifts, levels, draws and the like
)

// Retry says how after-events are repeated.
type Retry string

// The ways. With the last two an endpoint is treated as Tencent treats it: IM events are tried once, others up to 13 times,
// a minute apart.
const (
	RetryStored   Retry = "stored" // at least once (package delivery)
	RetryTencent  Retry = "tencent"
	RetryTimeouts Retry = "tencent_on_timeout" // and IM events up to three times where no answer came in time
)

// OnFailure says what becomes of what a before-event asked for when the receiver gives no valid answer in time.
type OnFailure string

// The ways.
const (
	FailOpen   OnFailure = "deliver" // it is done
	FailClosed OnFailure = "reject"
)

// Bounds of an endpoint.
const (
	MaxEndpoints = 32
	maxURLBytes  = 1024
	maxKeyBytes  = 128
	maxEvents    = 64
)

// AllEvents in Endpoint.Events stands for all events of its format that are told. What a receiver is asked before it happens
// it must name: whoever only listens would otherwise hold up each message, and decide about it unawares.
const AllEvents = "*"

// Endpoint is a receiver of callbacks.
type Endpoint struct {
	ID        string    `json:"id"` // [a-z0-9-]{1,32}
	URL       string    `json:"url"`
	Format    Format    `json:"format"`
	Events    []string  `json:"events"` // names, or AllEvents
	Key       string    `json:"key,omitempty"`
	OnFailure OnFailure `json:"onFailure"`
	Retry     Retry     `json:"retry"`
	Enabled   bool      `json:"enabled"`
	Fixed     bool      `json:"-"` // it comes from the settings and can't be changed otherwise
	CreatedAt time.Time `json:"createdAt"`
	ChangedAt time.Time `json:"changedAt"`
}

// LogValue implements slog.LogValuer: neither the key nor what may stand for one in the URL is shown.
func (e Endpoint) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", e.ID), slog.String("host", e.Host()), slog.String("format", string(e.Format)))
}

// Host is what logs say of the URL, which may have a secret in it.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// wants says whether it is to be told of an event, or asked.
func (e Endpoint) wants(name string) bool {
	return slices.Contains(e.Events, name) || slices.Contains(e.Events, AllEvents) && !Asked(name)
}

// Habit is how its queues are treated.
func (e Endpoint) Habit() delivery.Habit {
	h := delivery.Habit{Paused: !e.Enabled}
	switch {
	case e.Retry == RetryStored:
	case e.Format != FormatIM:
		h.Tries, h.Pause = 13, time.Minute
	case e.Retry == RetryTimeouts:
		h.Tries, h.Pause, h.OnlyTimeout = 3, time.Second, true
	default:
		h.Tries = 1
	}
	return h
}

// EndpointError says what is wrong with an endpoint.
type EndpointError struct {
	Code   string // exists, too_many, fixed or invalid
	Field  string // as JSON names it
	Detail string
}

func (e *EndpointError) Error() string {
	if e.Field == "" {
		return "endpoint: " + e.Detail
	}
	return "endpoint: " + e.Field + ": " + e.Detail
}

func invalid(field, format string, args ...any) error {
	return &EndpointError{Code: "invalid", Field: field, Detail: fmt.Sprintf(format, args...)}
}

var endpointID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// withDefaults fills in what may be left out.
func (e Endpoint) withDefaults() Endpoint {
	if len(e.Events) == 0 {
		e.Events = []string{AllEvents}
	}
	if e.OnFailure == "" {
		e.OnFailure = FailOpen
	}
	if e.Retry == "" {
		e.Retry = RetryStored
	}
	return e
}

// check says what of an endpoint can't be.
func (e Endpoint) check() error {
	if !endpointID.MatchString(e.ID) {
		return invalid("id", "must be 1 to 32 of a-z, 0-9 and -")
	}
	if err := checkURL(e.URL); err != nil {
		return err
	}
	names, ok := Known()[e.Format]
	if !ok {
		return invalid("format", "must be im, css, status or events")
	}
	if len(e.Events) > maxEvents {
		return invalid("events", "at most %d", maxEvents)
	}
	for _, name := range e.Events {
		if name != AllEvents && !slices.Contains(names, name) {
			return invalid("events", "%.64q is no event of format %s; there are: %s", name, e.Format, strings.Join(names, ", "))
		}
	}
	if len(e.Key) > maxKeyBytes || strings.ContainsFunc(e.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid("key", "must be at most %d printable ASCII characters without spaces", maxKeyBytes)
	}
	switch e.OnFailure {
	case FailOpen, FailClosed:
	default:
		return invalid("onFailure", "must be deliver or reject")
	}
	switch e.Retry {
	case RetryStored, RetryTencent, RetryTimeouts:
		return nil
	default:
		return invalid("retry", "must be stored, tencent or tencent_on_timeout")
	}
}

// checkURL says what of a receiver's address can't be. Where its host leads is looked at when it is dialled.
func checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURLBytes:
		return invalid("url", "at most %d bytes", maxURLBytes)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return invalid("url", "must be like https://backend.example.com/callback")
	case u.User != nil:
		return invalid("url", "must be without user and password; receivers check the signature")
	case u.Fragment != "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return invalid("url", "must be without a fragment, spaces and control characters")
	default:
		return nil
	}
}
