package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat"
	"liveroom/status"
)

// Time is a moment on the wire. It is read in any zone and written in UTC.
type Time struct{ time.Time }

// MarshalJSON writes the time.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(chat.TimeLayout) + `"`), nil
}

// Schema describes the type in the API's description.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-11-21T20:00:00.000Z"}}
}

func (t *Time) value() time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// NullTime is a moment that may not be; the zero time is null.
type NullTime struct{ time.Time }

// MarshalJSON writes the time, or null.
func (t NullTime) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return Time(t).MarshalJSON()
}

// Schema describes the type in the API's description.
func (NullTime) Schema(r huma.Registry) *huma.Schema {
	s := Time{}.Schema(r)
	s.Nullable = true
	return s
}

// TimePatch is a time that may be absent (stays), null (is removed) or given.
type TimePatch struct {
	Set bool
	At  time.Time // zero: removed
}

// UnmarshalJSON notes that the field was there.
func (t *TimePatch) UnmarshalJSON(b []byte) error {
	t.Set, t.At = true, time.Time{}
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return t.At.UnmarshalJSON(b)
}

// Schema describes the type in the API's description.
func (TimePatch) Schema(r huma.Registry) *huma.Schema { return NullTime{}.Schema(r) }

func (t TimePatch) patch() *time.Time {
	if !t.Set {
		return nil
	}
	return &t.At
}

// Duration is a length of time on the wire: "90s". Go's other forms ("1m30s") are read too.
type Duration time.Duration

// MarshalText writes whole seconds where it can.
func (d Duration) MarshalText() ([]byte, error) {
	if d := time.Duration(d); d%time.Second != 0 {
		return []byte(strconv.FormatInt(d.Milliseconds(), 10) + "ms"), nil
	}
	return []byte(strconv.FormatInt(int64(time.Duration(d)/time.Second), 10) + "s"), nil
}

// UnmarshalText reads what time.ParseDuration reads, from zero up.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("must be a length of time like 90s or 1h30m")
	}
	*d = Duration(v)
	return nil
}

// Schema describes the type in the API's description.
func (Duration) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeString, Pattern: `^([0-9]+(\.[0-9]+)?(h|m|s|ms))+$`, MaxLength: ptr(32),
		Description: "A length of time, such as 90s or 1h30m.", Examples: []any{"90s"},
	}
}

func (d *Duration) value() time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

func (d *Duration) patch() *time.Duration { return (*time.Duration)(d) }

// Record is a status record on the wire (design §3).
type Record struct {
	Room         string        `json:"room"`
	Epoch        string        `json:"epoch" doc:"Grows when a room's history begins anew; compare it before version."`
	Version      uint64        `json:"version" doc:"Grows with each change."`
	Code         status.Code   `json:"code" minimum:"1" maximum:"5" doc:"1 waiting, 2 live, 3 paused, 4 ended, 5 playback."`
	Name         string        `json:"name" enum:"waiting,live,paused,ended,playback"`
	Reason       status.Reason `json:"reason" doc:"What brought the room here."`
	Detail       string        `json:"detail" doc:"What the caller gave as reason."`
	Session      string        `json:"session" doc:"The live session; empty before the first."`
	Since        Time          `json:"since" doc:"When this status was entered."`
	StreamActive bool          `json:"streamActive"`
	GraceUntil   NullTime      `json:"graceUntil" doc:"When the room will end if nothing happens."`
	PlaybackURL  *string       `json:"playbackUrl" nullable:"true"`
	Delay        *Duration     `json:"delay,omitempty" doc:"How much later viewers see it, where the push that runs is shown later; absent: at once."`
}

func recordOf(r status.Record) Record {
	out := Record{
		Room: r.Room, Epoch: r.Epoch, Version: r.Version, Code: r.Code, Name: r.Name, Reason: r.Reason, Detail: r.Detail,
		Session: r.Session, Since: Time{r.Since}, StreamActive: r.StreamActive, PlaybackURL: r.PlaybackURL,
	}
	if r.Delay > 0 {
		out.Delay = ptr(Duration(r.Delay))
	}
	if r.GraceUntil != nil {
		out.GraceUntil = NullTime{*r.GraceUntil}
	}
	return out
}

func ptr[T any](v T) *T { return &v }

// numberCursor reads the cursor of a list whose pages end with a number; an empty one is 0, the first page.
func numberCursor(cursor string) (uint64, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(cursor, 10, 64)
	if err != nil || n == 0 {
		return 0, newProblem(http.StatusUnprocessableEntity, "invalid", "must be nextCursor of another page").at("cursor")
	}
	return n, nil
}
