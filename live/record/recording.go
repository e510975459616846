// Package record keeps what is pushed: recordings of live sessions, as segments of fMP4 with an index.
//
// A recording belongs to a room's session, not to a connection: it goes on over reconnects, pauses, restarts and moves of the
// push to other nodes, with gaps marked. All times in it are ms on the session's clock (design §5).
//
// The segments are the truth. Each is an object of its own, durable before the next begins, whose name says all there is to
// know of it (SegmentName); so the index of a recording that runs, or was cut off by a crash, is what a listing of its objects
// says, and at most the segment that was not stored yet is lost. When a recording is finished its index is written beside its
// segments, and nothing of it changes any more.
package record

import (
	"context"
	"errors"
	"time"

	"liveroom/live/blob"
	"liveroom/status"
)

// Kind says what a recording is for.
type Kind string

// The kinds.
const (
	Full  Kind = "recording" // all of a session, or what was asked for of it
	Shift Kind = "timeshift" // the newest of a session, for those who watch later than live; it goes with the session
)

// State says where a recording stands.
type State string

// The states.
const (
	Running   State = "recording"
	Finishing State = "finishing" // its session is over, or it was stopped; its index is being written
	Done      State = "done"
	Failed    State = "failed" // nothing was kept of it; Cause says why
	// Deleting is one that is being removed, which nobody but a Store knows any more.
	Deleting State = "deleting"
)

// Recording is what is known of a recording beside its segments.
type Recording struct {
	ID      string `json:"id"` // ULID
	Kind    Kind   `json:"kind"`
	Room    string `json:"room"`
	Group   string `json:"group"`
	Stream  string `json:"stream"`
	Title   string `json:"title,omitempty"` // of the room when it began, or as it was named since
	Session string `json:"session"`         // ULID of the live session
	// Zero is the zero of the session's clock: a segment of start s was pushed at Zero + s.
	Zero      time.Time `json:"zero"`
	CreatedAt time.Time `json:"createdAt"`
	State     State     `json:"state"`
	Cause     string    `json:"cause,omitempty"` // why it failed, ended early or has gaps that are not the push's, in words
	By        string    `json:"by,omitempty"`    // who asked for it; empty: the room's rule
	EndedAt   time.Time `json:"endedAt,omitzero"`
	// Later is how much later than that the last of it may be shown, or the end be noticed by who writes it, and so come to be stored.
	Later time.Duration `json:"later,omitempty"`

	// What its index says, as of the last time it was looked at. Durations are ms.
	Start    int64 `json:"start"`    // of the first segment, on the session's clock
	Duration int64 `json:"duration"` // of all segments together: gaps take no time
	Gaps     int   `json:"gaps"`
	Segments int   `json:"segments"`
	Bytes    int64 `json:"bytes"`
	Width    int   `json:"width,omitempty"`
	Height   int   `json:"height,omitempty"`
	// Codecs with profile and level (RFC 6381), of the first segment.
	Video string `json:"video,omitempty"`
	Audio string `json:"audio,omitempty"`

	// Formats are what exports are made of it when it is done, of files no longer than FileMax (0: no limit).
	Formats []Format      `json:"formats,omitempty"`
	FileMax time.Duration `json:"fileMax,omitempty"`

	// Of is the recording that this one was cut out of; empty: none.
	Of string `json:"of,omitempty"`
	// ExpiresAt is when it is removed; zero: never by its age.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
	// Age is how long after it is done that will be; 0: never.
	Age time.Duration `json:"age,omitempty"`
	// Pinned says that only a person removes it: neither its age does nor that all of them take too many bytes.
	Pinned bool `json:"pinned,omitempty"`
	// Untold says that it is done, and that who is to be told so may not have been yet (Told).
	Untold bool `json:"untold,omitempty"`
}

// OfRoom says whether it is of the room of its id that was made then, and not of one before that was deleted: a room that is made
// anew under an old id has none of what the old one left. What counts is when its session began, so that a cut is of the same room as
// what it was cut out of; the clock is the one that all nodes share.
func (r Recording) OfRoom(madeAt time.Time) bool {
	began := status.SessionBegan(r.Session)
	if began.IsZero() {
		began = r.CreatedAt
	}
	return !began.Before(madeAt.Truncate(time.Millisecond))
}

// Segment is one segment of a recording: a piece of fMP4 that can be decoded from its beginning after its init segment, with
// decoding times on the session's clock.
type Segment struct {
	Generation uint64 // of the push it came from
	Start      int64  // ms on the session's clock
	Duration   int64  // ms
	Init       string // file name of its init segment
	Breaks     bool   // it does not follow from the segment before: EXT-X-DISCONTINUITY
	Bytes      int64
	File       string // file name within the recording
}

// End is where the segment ends, in ms on the session's clock.
func (s Segment) End() int64 { return s.Start + s.Duration }

// Index is what a recording consists of, in order: by generation, then by start; times never go back.
type Index struct {
	Segments []Segment
	Ended    bool // nothing will be added

	// Removed is how many segments came before the first, of a time shift, and RemovedBreaks how many of those had Breaks: by them
	// segments have the same numbers on all nodes, at all times.
	Removed, RemovedBreaks uint64
}

// Gap is a time of which nothing was recorded.
type Gap struct {
	After    int64 // ms of the recording, gaps left out, after which it comes
	Start    int64 // ms on the session's clock
	Duration int64 // ms
}

// ErrUnknown says that there is no such recording.
var ErrUnknown = errors.New("record: there is no such recording")

// Library is what those who play, cut and export recordings need of them. Service is one.
type Library interface {
	// Recording finds one, or answers ErrUnknown.
	Recording(ctx context.Context, id string) (Recording, error)
	// Index is what it consists of now. The slice is shared: nobody may change it.
	Index(ctx context.Context, id string) (Index, error)
	// Current is the recording that time shift in a room reads: that of the session that is running now, the full one where
	// there is one. ErrUnknown: there is none.
	Current(ctx context.Context, room string) (Recording, error)
	// Open opens one of its files: a segment, an init segment. An error that is fs.ErrNotExist says that it is not there.
	Open(ctx context.Context, id, file string) (blob.Object, error)
}
