package export

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"liveroom/live/flv"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/live/stream"
)

// played reads a reel to its end, as a file, and says when each kind's first and last tag were.
func played(t *testing.T, r *Reel) (file []byte, first, last map[stream.Kind]int64) {
	t.Helper()
	file, first, last = flv.Header(true, true), map[stream.Kind]int64{}, map[stream.Kind]int64{}
	for {
		p, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return file, first, last
		}
		if err != nil {
			t.Fatal(err)
		}
		if before, there := last[p.Kind]; !there {
			first[p.Kind] = p.At
		} else if p.At < before {
			t.Errorf("%v at %d after %d", p.Kind, p.At, before)
		}
		last[p.Kind] = p.At
		stream.PutHeader(p.Buf, p.Kind, uint32(p.At), len(p.Buf)-stream.HeaderBytes-stream.TrailerBytes)
		file = append(file, p.Buf...)
	}
}

// TestReel: a recording is read as tags that can be decoded, all of them, in order, gaps left out; also from a point on.
func TestReel(t *testing.T) {
	t.Parallel()
	lib := recordtest.New(t, record.Config{})
	r := keep(t, lib, kept{0, late}, kept{60_000, late})
	reel, err := OpenReel(t.Context(), lib, r.ID, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	about(t, "the recording", reel.Length(), 6000)
	file, _, last := played(t, reel)
	p := probe(t, "reel.flv", file)
	about(t, "the reel", p.lasts(t), 6000)
	for _, s := range p.Streams {
		if s.Kind == "video" && s.Frames != "150" {
			t.Errorf("%s pictures", s.Frames)
		}
	}
	for _, tt := range []struct {
		from  int64
		loop  bool
		first int64
	}{{4500, false, 4000}, {reel.Length() + 4500, true, 4000}, {reel.Length(), true, 0}} {
		if reel, err = OpenReel(t.Context(), lib, r.ID, tt.from, tt.loop); err != nil {
			t.Fatal(err)
		}
		_, first, end := played(t, reel)
		if got := first[stream.Video]; got < tt.first-60 || got > tt.first+60 || fmt.Sprint(end) != fmt.Sprint(last) {
			t.Errorf("from %d: begins at %d, ends at %v, want %d and %v", tt.from, got, end, tt.first, last)
		}
	}
	if reel, err = OpenReel(t.Context(), lib, r.ID, reel.Length(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := reel.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %v", err)
	}
	if _, err := Codecs(slices.Repeat([]byte{0, 0, 0, 9, 'm', 'o', 'o', 'v', 0}, 2)); !Unreadable(err) {
		t.Errorf("an init segment that is none: %v", err)
	}
}
