package live

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bounds of a rule for recordings.
const (
	MinFileMax   = time.Minute
	MaxFileMax   = 24 * time.Hour
	MaxKeep      = 10 * 365 * 24 * time.Hour
	MinTimeShift = 10 * time.Second
	MaxTimeShift = 24 * time.Hour
)

// Recording is a room's own rule for recordings. The zero value leaves all to the server's settings.
type Recording struct {
	Mode      string // off, demand or always; empty: the setting
	Formats   string // of RecordFormats, joined by commas; empty: the setting
	FileMax   Length // of exported files; 0: no limit
	Keep      Length // after a recording is done; 0: for ever
	TimeShift Length // how far back viewers may watch while live; 0: not at all
	Download  bool   // viewers may download what is played back
}

// Length is a duration that a room says itself, or leaves to the server's setting.
type Length struct {
	Set   bool
	Value time.Duration
}

// Or is the length, or the setting where the room does not say it.
func (l Length) Or(setting time.Duration) time.Duration {
	if l.Set {
		return l.Value
	}
	return setting
}

// RecordModes and RecordFormats are what a rule may say.
var (
	RecordModes   = []string{"off", "demand", "always"}
	RecordFormats = []string{"hls", "mp4", "flv"}
)

// Asks says whether a rule wants anything to be kept.
func (r Recording) Asks() bool {
	return r.Mode == "demand" || r.Mode == "always" || r.TimeShift.Value > 0
}

func (r Recording) validate() error {
	if r.Mode != "" && !slices.Contains(RecordModes, r.Mode) {
		return invalid("recording.mode", `must be "off", "demand" or "always"`)
	}
	if r.Formats != "" {
		seen := map[string]bool{}
		for _, f := range strings.Split(r.Formats, ",") {
			if seen[f] || !slices.Contains(RecordFormats, f) {
				return invalid("recording.formats", "must be some of hls, mp4 and flv, each once")
			}
			seen[f] = true
		}
	}
	for _, l := range []struct {
		field       string
		length      Length
		least, most time.Duration
		zero        string
	}{
		{"recording.fileMax", r.FileMax, MinFileMax, MaxFileMax, "no limit"},
		{"recording.keep", r.Keep, time.Minute, MaxKeep, "for ever"},
		{"recording.timeShift", r.TimeShift, MinTimeShift, MaxTimeShift, "none"},
	} {
		if v := l.length.Value; v != 0 && (v < l.least || v > l.most || v%time.Second != 0) {
			return invalid(l.field, fmt.Sprintf("must be 0s (%s), or whole seconds from %s to %s", l.zero, l.least, l.most))
		}
	}
	return nil
}
