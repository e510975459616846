package export

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"liveroom/live/record"
)

// piece is a segment, or what of it is wanted, on the session's clock.
type piece struct {
	seg      record.Segment
	from, to int64 // ms; what is not trimmed is whole, also where its samples reach a little over its ends
	head     bool  // it is trimmed at its begin,
	tail     bool  // and at its end
}

func (p piece) duration() int64 { return p.to - p.from }

func (p piece) trimmed() bool { return p.head || p.tail }

// wants says whether a sample at that ms belongs to the piece.
func (p piece) wants(ms int64) bool {
	return (!p.head || ms >= p.from) && (!p.tail || ms < p.to)
}

// cutOut is what of an index is between two points of its play time. Both are to be where a decoder can begin, or the ends.
func cutOut(x record.Index, from, to int64) (out []piece) {
	var at int64
	for _, s := range x.Segments {
		begin, end := max(from-at, 0), min(to-at, s.Duration)
		if begin < end {
			out = append(out, piece{seg: s, from: s.Start + begin, to: s.Start + end, head: begin > 0, tail: end < s.Duration})
		}
		at += s.Duration
	}
	return out
}

// length is the play time of all segments, in ms.
func length(x record.Index) (ms int64) {
	for _, s := range x.Segments {
		ms += s.Duration
	}
	return ms
}

func total(pieces []piece) (ms int64) {
	for _, p := range pieces {
		ms += p.duration()
	}
	return ms
}

// Span is a part of a recording, in ms of its play time.
type Span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// RangeError says that there is no such part.
type RangeError struct {
	Field  string // from or to
	Detail string
}

func (e *RangeError) Error() string { return e.Field + ": " + e.Detail }

// Snap moves a span's ends to where a decoder can begin: from back, to on, so that nothing of what was asked for is missing.
// A To of 0 is the recording's end. The ends of a span that was snapped stay where they are.
func Snap(ctx context.Context, lib record.Library, id string, s Span) (Span, error) {
	x, err := lib.Index(ctx, id)
	if err != nil {
		return Span{}, err
	}
	return snap(ctx, newSource(lib, id), x, s)
}

func snap(ctx context.Context, src *source, x record.Index, s Span) (Span, error) {
	whole := length(x)
	if s.To == 0 {
		s.To = whole
	}
	switch {
	case whole == 0:
		return Span{}, &RangeError{"from", "there is nothing in the recording"}
	case s.From < 0 || s.From >= whole:
		return Span{}, &RangeError{"from", fmt.Sprintf("must be from 0s to before the end, %s", seconds(whole))}
	case s.To <= s.From:
		return Span{}, &RangeError{"to", "must be after from"}
	case s.To > whole:
		s.To = whole
	}
	from, err := keyAt(ctx, src, x, s.From, false)
	if err != nil {
		return Span{}, err
	}
	to, err := keyAt(ctx, src, x, s.To, true)
	return Span{from, to}, err
}

// keyAt is the nearest point where a decoder can begin, at or before a point, or at or after it.
func keyAt(ctx context.Context, src *source, x record.Index, point int64, after bool) (int64, error) {
	var at int64
	for _, s := range x.Segments {
		if point < at+s.Duration {
			keys, err := keys(ctx, src, s)
			if err != nil {
				return 0, err
			}
			i, exact := slices.BinarySearch(keys, s.Start+point-at)
			switch {
			case exact:
				return point, nil
			case !after:
				return at + max(keys[max(i-1, 0)]-s.Start, 0), nil
			case i < len(keys) && keys[i] < s.End():
				return at + keys[i] - s.Start, nil
			default:
				return at + s.Duration, nil
			}
		}
		at += s.Duration
	}
	return at, nil
}

// keys are the times in a segment, in ms on the session's clock, where a decoder can begin; the first is its start.
func keys(ctx context.Context, src *source, s record.Segment) ([]int64, error) {
	tracks, err := src.tracks(ctx, s.Init)
	if err != nil {
		return nil, err
	}
	all, err := src.segment(ctx, s)
	if err != nil {
		return nil, err
	}
	seen := slices.ContainsFunc(all, func(x stretch) bool { return tracks[x.track].video })
	out := []int64{s.Start}
	for _, x := range all {
		t := tracks[x.track]
		if t.video != seen {
			continue
		}
		for _, one := range x.samples {
			if ms := t.ms(one.dts); one.key && ms > s.Start {
				out = append(out, ms)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// seconds is ms as the API writes durations.
func seconds(ms int64) string { return strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + "s" }
