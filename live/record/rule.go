package record

import (
	"fmt"
	"time"
)

// Mode says when a room's sessions are recorded.
type Mode string

// The modes.
const (
	Off    Mode = "off"
	Demand Mode = "demand" // between Service.Start and Service.Stop
	Always Mode = "always"
)

// Format is what is made of a recording.
type Format string

// The formats. HLS is how recordings are kept; the others are exports, made when a recording is done.
const (
	HLS Format = "hls"
	MP4 Format = "mp4"
	FLV Format = "flv"
)

// Rule says what is kept of a stream.
type Rule struct {
	Room, Group, Stream, Title string

	Mode    Mode
	Formats []Format
	// FileMax is the longest an exported file may last; 0: no limit.
	FileMax time.Duration
	// Keep is how long a recording is kept after it is done; 0: for ever.
	Keep time.Duration
	// Shift is how far back viewers may watch while live; 0: not at all.
	Shift time.Duration
}

// Error is what a caller did wrong, or can't have now, in terms it can act on.
type Error struct {
	Code   string // stable: recording_off, recording_always, recording_running, recording_unavailable, not_live, invalid
	Field  string // the field at fault, empty when there is none
	Detail string
}

func (e *Error) Error() string {
	if e.Field != "" {
		return e.Code + ": " + e.Field + ": " + e.Detail
	}
	return e.Code + ": " + e.Detail
}

func refuse(code, format string, args ...any) error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}
