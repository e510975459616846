package main

import (
	"fmt"
	"slices"
	"time"

	"liveroom/live"
)

// validRecordings says which setting of recordings can't be used.
func (s *Settings) validRecordings() error {
	for i, f := range s.RecordFormats {
		if !slices.Contains(live.RecordFormats, f) || slices.Contains(s.RecordFormats[:i], f) {
			return fmt.Errorf("record-formats: %q must be hls, mp4 or flv, each once", f)
		}
	}
	for _, d := range []struct {
		name        string
		value       time.Duration
		least, most time.Duration
		zero        bool
	}{
		{"record-segment", s.RecordSegment, time.Second, time.Minute, false},
		{"record-file-max", s.RecordFileMax, live.MinFileMax, live.MaxFileMax, true},
		{"record-age", s.RecordAge, time.Minute, live.MaxKeep, true},
		{"timeshift", s.TimeShift, live.MinTimeShift, live.MaxTimeShift, true},
	} {
		if (d.value != 0 || !d.zero) && (d.value < d.least || d.value > d.most) {
			return fmt.Errorf("%s is %s, must be from %s to %s", d.name, d.value, d.least, d.most)
		}
	}
	return nil
}
