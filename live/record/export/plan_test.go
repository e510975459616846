package export

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"testing"

	"pgregory.net/rapid"

	"liveroom/live/flv"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// TestSnap: ends move to keyframes, so that nothing asked for is missing, and stay where they were moved to.
func TestSnap(t *testing.T) {
	m := recordtest.NewMedia(t)
	d := newDesk(t)
	// Segments of two GOPs, and one; keyframes are 23 ms behind each second but a span's first.
	r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 3}, recordtest.Span{Generation: 2, Start: 60_000, Pieces: 2})
	for _, tc := range []struct{ asked, want Span }{
		{Span{}, Span{0, 5000}},
		{Span{0, 90_000}, Span{0, 5000}},
		{Span{1500, 1600}, Span{1023, 2000}},
		{Span{1023, 2000}, Span{1023, 2000}},
		{Span{2000, 3001}, Span{2000, 4023}},
		{Span{2500, 2501}, Span{2023, 3000}},
		{Span{4500, 5000}, Span{4023, 5000}},
	} {
		got, err := Snap(t.Context(), d.lib, r.ID, tc.asked)
		if err != nil || got != tc.want {
			t.Errorf("%v becomes %v, %v, want %v", tc.asked, got, err, tc.want)
		}
	}
	var wrong *RangeError
	if _, err := Snap(t.Context(), d.lib, r.ID, Span{From: 5000}); !errors.As(err, &wrong) || wrong.Detail != "must be from 0s to before the end, 5s" {
		t.Error(err)
	}
}

// TestCutsAddUp: whatever is recorded, parts that meet are together as long as the whole: as spans, as recordings that are cut
// out, and as files of either format made of those.
func TestCutsAddUp(t *testing.T) {
	m := recordtest.NewMedia(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := &desk{lib: recordtest.New(t, record.Config{}), store: NewMemory()}
		s := New(Config{NewID: status.NewULID}, d.lib, d.lib.Blobs, d.store, slog.New(slog.DiscardHandler))
		var spans []recordtest.Span
		var at int64
		for g := range rapid.IntRange(1, 4).Draw(rt, "spans") {
			at += rapid.SampledFrom([]int64{0, 1, 40, 700, 60_000}).Draw(rt, "gap")
			n := rapid.IntRange(1, 5).Draw(rt, "pieces")
			spans = append(spans, recordtest.Span{Generation: uint64(g + 1), Start: at, Pieces: n}) //nolint:gosec // few
			at += int64(n) * recordtest.GOP
		}
		r := d.lib.Keep(t, "r1", m, spans...)
		whole := r.Duration
		var sum int64
		for from := int64(0); from < whole; {
			asked := Span{from, rapid.Int64Range(from+1, whole).Draw(rt, "to")}
			j, err := s.Export(t.Context(), r.ID, Request{Format: Cut, Span: asked})
			if err != nil {
				rt.Fatal(err)
			}
			if j.Span.From != from || j.Span.To < asked.To {
				rt.Fatalf("%v became %v", asked, j.Span)
			}
			if err := s.make(t.Context(), &j); err != nil {
				rt.Fatal(err)
			}
			x, err := d.lib.Index(t.Context(), j.Target)
			if err != nil || length(x) != j.Span.To-j.Span.From {
				rt.Fatalf("a cut of %v lasts %d, %v", j.Span, length(x), err)
			}
			checkLength(rt, d, j.Target, length(x))
			sum += length(x)
			from = j.Span.To
			if err := s.store.Forget(t.Context(), r.ID); err != nil {
				rt.Fatal(err)
			}
		}
		if sum != whole {
			rt.Fatalf("cuts last %d, the whole %d", sum, whole)
		}
	})
}

// checkLength makes files of a recording and compares how long they say they are, and their last times.
func checkLength(t *rapid.T, d *desk, id string, want int64) {
	x, err := d.lib.Index(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []Format{MP4, FLV} {
		name := "rec/" + id + "/x/e-1." + string(format)
		if _, err := write(t.Context(), d.lib.Blobs, newSource(d.lib, id), name, format, cutOut(x, 0, want), 0, func(int64) error { return nil }); err != nil {
			t.Fatal(err)
		}
		o, err := d.lib.Blobs.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		data, _ := io.ReadAll(o)
		_ = o.Close()
		lasts := movieLength(t, data)
		if format == FLV {
			lasts = lastTag(t, data)
		}
		if lasts < want-60 || lasts > want+60 { // a picture and a sound
			t.Fatalf("%s of %d ms lasts %d", format, want, lasts)
		}
	}
}

// movieLength is what the movie header of an MP4 says, in ms.
func movieLength(t *rapid.T, data []byte) (ms int64) {
	if !bytes.HasPrefix(data[4:], []byte("ftyp")) {
		return 0
	}
	err := within(data, []string{"moov", "mvhd"}, func(_, p []byte) error {
		ms = int64(binary.BigEndian.Uint64(p[24:])) //nolint:gosec // small
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ms
}

// lastTag is the timestamp of an FLV file's last tag, in ms; none goes back.
func lastTag(t *rapid.T, data []byte) int64 {
	r, err := flv.NewReader(bytes.NewReader(data), 0)
	if err != nil {
		t.Fatal(err)
	}
	last := uint32(0)
	for {
		_, at, _, err := r.Next()
		if errors.Is(err, io.EOF) {
			return int64(last)
		}
		if err != nil || at < last {
			t.Fatalf("%d after %d, %v", at, last, err)
		}
		last = at
	}
}
