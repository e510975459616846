package export

import (
	"context"
	"errors"
)

// laid is a piece as it stands in a file: its samples on the file's clock.
type laid struct {
	tracks []track
	all    []stretch
}

// errChanged says that objects which nobody may change did.
var errChanged = errors.New("export: the recording changed while it was read")

// layer puts pieces behind one another: gaps take no time, and no time of a track is there twice.
type layer struct {
	src  *source
	base int64   // ms in the file where the next piece begins
	next []int64 // of each track, the earliest time that its next sample may have: a ms after the one before
}

// lay reads a piece and puts it where it belongs. All pieces of a file have one init segment. The samples hold until the next call.
func (l *layer) lay(ctx context.Context, p piece) (laid, error) {
	tracks, err := l.src.tracks(ctx, p.seg.Init)
	if err != nil {
		return laid{}, err
	}
	all, err := l.src.segment(ctx, p.seg)
	if err != nil {
		return laid{}, err
	}
	if l.next == nil {
		l.next = make([]int64, len(tracks))
	}
	out := laid{tracks: tracks}
	for _, run := range all {
		t := tracks[run.track]
		shift := t.ticks(l.base - p.from)
		kept := stretch{track: run.track, samples: make([]sample, 0, len(run.samples))}
		for _, s := range run.samples {
			if p.trimmed() && !p.wants(t.ms(s.dts)) {
				continue
			}
			s.dts = max(s.dts+shift, l.next[run.track])
			l.next[run.track] = s.dts + int64(t.scale+999)/1000
			kept.samples = append(kept.samples, s)
		}
		if len(kept.samples) > 0 {
			out.all = append(out.all, kept)
		}
	}
	l.base += p.duration()
	return out, nil
}
