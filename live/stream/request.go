package stream

import (
	"net"
	"strings"
)

// Protocols by which a stream is pushed or played, as they appear in logs, metrics and viewer counts.
const (
	RTMP  = "rtmp"
	FLV   = "flv"
	WSFLV = "wsflv"
	HLS   = "hls"
	Pull  = "pull" // pushed by this server, which gets it elsewhere

	Playback  = "playback"  // what a room plays back of recordings
	TimeShift = "timeshift" // an earlier time of what a room shows
	Recording = "recording" // one recording by an address of its own, which was checked by whoever asks
)

// Request is what a client asked for, as it was written on the wire. A door fills it in; whoever admits checks it.
type Request struct {
	Protocol string   // one of the constants above
	Host     string   // the host the client believes it talks to, without port; may be empty
	App      string   // AppName, without slashes
	Name     string   // stream name, without extension and query
	Query    []string // raw query strings from every place they may come from (publish name, tcUrl, app, URL), without '?'
	Remote   string   // address of the client, host:port
	Local    string   // address of ours that it is connected to, host:port; may be empty
}

// Hostname is the host of a Host header or a URL, without its port.
func Hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}

// Refusal says why a push or play was refused. Code is stable and snake_case (bad_signature, expired, room_ended,
// forbidden, unknown_room, early_push, not_live, paused, store_unavailable, …); Detail is a sentence a person can act on and holds no secret.
type Refusal struct {
	Code      string
	Detail    string
	Temporary bool   // the same request may succeed in a moment
	Field     string // parameter at fault, if one is
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }

// StopReason is why a push stopped, in the words of the status record (design §4).
type StopReason string

// The ways a push stops.
const (
	StopClosed StopReason = "push_closed" // the publisher said goodbye
	StopLost   StopReason = "push_lost"   // the connection broke
	StopSilent StopReason = "push_silent" // connected, but no media
)
