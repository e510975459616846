package record

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"liveroom/live/blob"
)

// trimMost is the longest that more than its window is kept of a time shift, beside two segments: what is too old is removed in
// batches, of an eighth of the window where that is less.
const trimMost = 10 * time.Minute

// mark says what was removed of a time shift: all before its segment. Its name is all of it. Marks are stored before anything is
// removed, so that every node counts segments alike, whatever it has seen itself.
type mark struct {
	generation      uint64 // of the first segment that is left
	start           int64  // and where that begins
	removed, breaks uint64 // segments before, and those among them that did not follow from the one before
	after           bool   // the first that is left does not follow from the one before
}

const markPrefix = "cut-"

var markPattern = regexp.MustCompile(`^cut-([0-9]{6,9})-([0-9]{12})-([0-9]{1,12})-([0-9]{1,12})(-b)?$`)

func (m mark) String() string {
	after := ""
	if m.after {
		after = "-b"
	}
	return fmt.Sprintf("%s%06d-%012d-%d-%d%s", markPrefix, m.generation, m.start, m.removed, m.breaks, after)
}

// parseMark reads what String wrote; ok is false for everything else.
func parseMark(name string) (m mark, ok bool) {
	f := markPattern.FindStringSubmatch(name)
	if f == nil {
		return m, false
	}
	m.generation, _ = strconv.ParseUint(f[1], 10, 64) // all are short enough
	m.start, _ = strconv.ParseInt(f[2], 10, 64)
	m.removed, _ = strconv.ParseUint(f[3], 10, 64)
	m.breaks, _ = strconv.ParseUint(f[4], 10, 64)
	m.after = f[5] != ""
	return m, m.String() == name
}

// removes says whether a segment is one of those that were removed.
func (m mark) removes(s Segment) bool {
	return cmp.Or(cmp.Compare(s.Generation, m.generation), cmp.Compare(s.Start, m.start)) < 0
}

// window is what a listing says of a time shift, and the names of what is to be removed of it.
func (s *Service) window(ctx context.Context, id string) (x Index, old []string, err error) {
	all, err := s.segments(ctx, id)
	if err != nil {
		return Index{}, nil, err
	}
	var newest mark
	var marks []mark
	err = s.blobs.List(ctx, Prefix(id)+markPrefix, "", func(h blob.Held) error { // after the segments: what is missing there has its mark
		if m, ok := parseMark(strings.TrimPrefix(h.Name, Prefix(id))); ok {
			if marks = append(marks, m); m.removed >= newest.removed {
				newest = m
			}
		}
		return nil
	})
	if err != nil {
		return Index{}, nil, fmt.Errorf("record: list %s: %w", id, err)
	}
	left := all[:0:0]
	for _, seg := range all {
		if newest.removes(seg) {
			old = append(old, Prefix(id)+seg.File)
		} else {
			left = append(left, seg)
		}
	}
	for _, m := range marks {
		if m != newest {
			old = append(old, Prefix(id)+m.String())
		}
	}
	x = NewIndex(left, false)
	x.Removed, x.RemovedBreaks = newest.removed, newest.breaks
	if len(x.Segments) > 0 && newest.after {
		x.Segments[0].Breaks = true
	}
	return x, old, nil
}

// cut removes what ends before a time, in ms on the session's clock, of a time shift, and returns where the first ends that is left.
func (s *Service) cut(ctx context.Context, id string, before int64) (oldest int64, err error) {
	x, old, err := s.window(ctx, id)
	if err != nil || len(x.Segments) == 0 {
		return 0, err
	}
	n := 0
	m := mark{removed: x.Removed, breaks: x.RemovedBreaks}
	for ; n < len(x.Segments)-1 && x.Segments[n].End() < before; n++ {
		m.removed++
		if x.Segments[n].Breaks {
			m.breaks++
		}
	}
	first := x.Segments[n]
	if n > 0 {
		m.generation, m.start, m.after = first.Generation, first.Start, first.Breaks
		if err := s.blobs.Put(ctx, Prefix(id)+m.String(), nil); err != nil {
			return 0, err
		}
		if _, old, err = s.window(ctx, id); err != nil {
			return 0, err
		}
	}
	if len(old) > 0 {
		err = s.blobs.Remove(ctx, old...)
	}
	return first.End(), err
}
