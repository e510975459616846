package record_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

func TestSegmentNamesSayAll(t *testing.T) {
	for _, s := range []record.Segment{
		{Generation: 1, Start: 0, Duration: 1, Init: "0123456789abcdef.mp4"},
		{Generation: 999_999_999, Start: 999_999_999_999, Duration: 3_600_000, Init: "0123456789abcdef.mp4", Breaks: true},
	} {
		s.File = record.SegmentName(s)
		if got, ok := record.ParseSegmentName(s.File); !ok || got != s {
			t.Errorf("%s: %+v, %v", s.File, got, ok)
		}
	}
	for _, file := range []string{
		"", "index.json", "0123456789abcdef.mp4", "000001-000000000000-0-0123456789abcdef.m4s", "000001-000000000000-9999999-0123456789abcdef.m4s",
		"0000001-000000000000-1-0123456789abcdef.m4s", "000001-000000000000-1-0123456789abcdef-b.m4s ", "../000001-000000000000-1-0123456789abcdef.m4s",
	} {
		if s, ok := record.ParseSegmentName(file); ok {
			t.Errorf("%q is taken for %+v", file, s)
		}
	}
}

func FuzzParseSegmentName(f *testing.F) {
	f.Add("000001-000000000000-6000-0123456789abcdef-b.m4s")
	f.Fuzz(func(t *testing.T, file string) {
		if s, ok := record.ParseSegmentName(file); ok && (record.SegmentName(s) != file || s.Duration <= 0 || s.Start < 0) {
			t.Errorf("%q became %+v", file, s)
		}
	})
}

// TestIndexNeverGoesBack: what a node stored that had not heard of the push's move gives way to the newer push.
func TestIndexNeverGoesBack(t *testing.T) {
	const init = "0123456789abcdef.mp4"
	seg := func(generation uint64, start, duration int64) record.Segment {
		return record.Segment{Generation: generation, Start: start, Duration: duration, Init: init, Bytes: 1}
	}
	x := record.NewIndex([]record.Segment{
		seg(3, 30_000, 6000), seg(1, 0, 6000), seg(1, 6000, 6040), seg(2, 12_000, 6000), seg(2, 18_000, 6000), seg(2, 24_000, 6500), seg(2, 30_000, 6000), seg(3, 40_000, 2000),
	}, true)
	var got []record.Segment
	for _, s := range x.Segments {
		got = append(got, record.Segment{Generation: s.Generation, Start: s.Start, Duration: s.Duration, Init: s.Init, Bytes: 1, Breaks: s.Breaks})
	}
	b := func(s record.Segment) record.Segment { s.Breaks = true; return s }
	want := []record.Segment{seg(1, 0, 6000), seg(1, 6000, 6000), b(seg(2, 12_000, 6000)), seg(2, 18_000, 6000), b(seg(3, 30_000, 6000)), b(seg(3, 40_000, 2000))}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	gaps := []record.Gap{{After: 24_000, Start: 24_000, Duration: 6000}, {After: 30_000, Start: 36_000, Duration: 4000}}
	if !reflect.DeepEqual(x.Gaps(), gaps) || x.Duration() != 32_000 || x.Bytes() != 6 {
		t.Errorf("gaps %+v, %d ms, %d bytes", x.Gaps(), x.Duration(), x.Bytes())
	}
}

// TestAPlacedRecordingCanBeRead makes one of real media and reads it as a player would.
func TestAPlacedRecordingCanBeRead(t *testing.T) {
	l := recordtest.New(t, record.Config{})
	m := recordtest.NewMedia(t)
	r := l.Keep(t, "demo", m, recordtest.Span{Generation: 1, Start: 2000, Pieces: 5}, recordtest.Span{Generation: 2, Start: 20_000, Pieces: 3})
	if r.State != record.Done || r.Start != 2000 || r.Duration != 8000 || r.Gaps != 1 || r.Segments != 5 {
		t.Fatalf("%+v", r)
	}
	x, err := l.Index(t.Context(), r.ID)
	if err != nil || !x.Ended || len(x.Segments) != 5 {
		t.Fatalf("%+v, %v", x, err)
	}
	path := filepath.Join(t.TempDir(), "all.mp4")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range x.Segments {
		files := []string{s.File}
		if i == 0 {
			files = []string{s.Init, s.File}
		}
		for _, file := range files {
			o, err := l.Open(t.Context(), r.ID, file)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := out.ReadFrom(o); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(raw))
	if len(lines) != 200 {
		t.Fatalf("%d pictures", len(lines))
	}
	before := -1.0
	for _, line := range lines {
		at, err := strconv.ParseFloat(strings.Trim(line, ","), 64)
		if err != nil || at <= before {
			t.Fatalf("a picture at %s after %f: %v", line, before, err)
		}
		before = at
	}
	if before < 22.9 || before > 23 {
		t.Errorf("the last picture is at %f s", before)
	}
	if _, err := l.Open(t.Context(), r.ID, "index.json"); err == nil {
		t.Error("its index is served as media")
	}
	if _, err := l.Recording(t.Context(), "../secret"); err == nil {
		t.Error("a name that is no id is found")
	}
}
