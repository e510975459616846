package record

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
)

// slack is how far, in ms, a segment may be from the one before without it being a gap, and into the next without being
// taken for another push's: the last picture of a push lasts as long as is guessed.
const slack = 250

// NewIndex puts segments in order, such as a listing has them. Times never go back in it: where two pushes were stored for
// the same time, because a node had not heard yet that the push went elsewhere, the newer one holds. What does not follow
// from the segment before it breaks.
func NewIndex(segments []Segment, ended bool) Index {
	all := slices.Clone(segments)
	slices.SortFunc(all, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Start, b.Start), cmp.Compare(a.Duration, b.Duration))
	})
	kept := all[:0:0]
	next := int64(math.MaxInt64)
	for _, s := range slices.Backward(all) {
		if over := s.End() - next; over > 0 {
			if over > slack {
				continue
			}
			s.Duration -= over
		}
		if s.Duration <= 0 {
			continue
		}
		next = s.Start
		kept = append(kept, s)
	}
	slices.Reverse(kept)
	for i := 1; i < len(kept); i++ {
		s, before := &kept[i], kept[i-1]
		s.Breaks = s.Breaks || s.Generation != before.Generation || s.Init != before.Init || s.Start-before.End() > slack
	}
	return Index{Segments: kept, Ended: ended}
}

// Duration is that of all segments together, in ms: gaps take no time.
func (x Index) Duration() (ms int64) {
	for _, s := range x.Segments {
		ms += s.Duration
	}
	return ms
}

// Bytes is the size of all segments together.
func (x Index) Bytes() (n int64) {
	for _, s := range x.Segments {
		n += s.Bytes
	}
	return n
}

// Gaps are the times between its segments of which nothing was recorded, in order.
func (x Index) Gaps() (gaps []Gap) {
	var at int64
	for i, s := range x.Segments {
		if i > 0 {
			if before := x.Segments[i-1]; s.Start-before.End() > slack {
				gaps = append(gaps, Gap{After: at, Start: before.End(), Duration: s.Start - before.End()})
			}
		}
		at += s.Duration
	}
	return gaps
}

// storedIndex is an index as it stands beside its segments: names and sizes, which say all.
type storedIndex struct {
	Version  int             `json:"version"`
	Segments []storedSegment `json:"segments"`
}

type storedSegment struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

// indexVersion is the version of storedIndex that is written, and the newest that is read.
const indexVersion = 1

var errIndex = errors.New("record: an index that makes no sense")

func (x Index) marshal() ([]byte, error) {
	stored := storedIndex{Version: indexVersion, Segments: []storedSegment{}}
	for _, s := range x.Segments {
		stored.Segments = append(stored.Segments, storedSegment{s.File, s.Bytes})
	}
	return json.Marshal(stored)
}

func readIndex(raw []byte) (Index, error) {
	var stored storedIndex
	if err := json.Unmarshal(raw, &stored); err != nil {
		return Index{}, fmt.Errorf("%w: %w", errIndex, err)
	}
	if stored.Version != indexVersion {
		return Index{}, fmt.Errorf("%w: version %d", errIndex, stored.Version)
	}
	var all []Segment
	for _, held := range stored.Segments {
		s, ok := ParseSegmentName(held.File)
		if !ok || held.Bytes < 0 {
			return Index{}, fmt.Errorf("%w: segment %q", errIndex, held.File)
		}
		s.Bytes = held.Bytes
		all = append(all, s)
	}
	return NewIndex(all, true), nil
}

// describe notes what an index says in a recording.
func (r *Recording) describe(x Index) {
	r.Start, r.Duration, r.Segments, r.Bytes, r.Gaps = 0, x.Duration(), len(x.Segments), x.Bytes(), len(x.Gaps())
	if len(x.Segments) > 0 {
		r.Start = x.Segments[0].Start
	}
}
