package export

import (
	"bytes"
	"encoding/binary"
	"testing"

	"liveroom/live/flv"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/live/stream"
)

// FuzzFiles: whatever stands in stored files, reading them ends, and nothing that comes of it is out of bounds.
func FuzzFiles(f *testing.F) {
	m := recordtest.NewMedia(f)
	f.Add(m.Init, m.At(0, 1000))
	f.Add([]byte("\x00\x00\x00\x00moov"), []byte("\x00\x00\x00\x01moof\x00\x00\x00\x00\x00\x00\x00\x10"))
	f.Fuzz(func(t *testing.T, init, segment []byte) {
		tracks, err := readInit(init)
		if err != nil {
			tracks, _ = readInit(m.Init)
		}
		for _, x := range tracks {
			if _, err := inFLV(x); err == nil && x.config == nil {
				t.Error("a codec without its configuration")
			}
		}
		all, err := readSegment(segment, tracks)
		if err != nil {
			return
		}
		for _, run := range all {
			if run.track < 0 || run.track >= len(tracks) {
				t.Fatalf("track %d", run.track)
			}
		}
	})
}

// TestEnhancedFLV: HEVC and Opus stand in FLV as enhanced RTMP has them, as this server reads them, and nothing is lost.
func TestEnhancedFLV(t *testing.T) {
	lib := recordtest.New(t, record.Config{})
	r := keep(t, lib, kept{0, hevc})
	files := export(t, lib, r.ID, FLV, 0, Span{})
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	x, err := lib.Index(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	src := newSource(lib, r.ID)
	var want [2][][]byte // pictures, sounds
	for _, s := range x.Segments {
		all, err := src.segment(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range all {
			for _, one := range run.samples {
				want[run.track] = append(want[run.track], one.data)
			}
		}
	}
	got, heads := readEnhanced(t, files[0].data)
	for i, name := range []string{"pictures", "sounds"} {
		if len(got[i]) != len(want[i]) || heads[i] != 1 {
			t.Fatalf("%d %s and %d headers, want %d", len(got[i]), name, heads[i], len(want[i]))
		}
		for n := range got[i] {
			if !bytes.Equal(got[i][n], want[i][n]) {
				t.Fatalf("%s %d differs", name, n)
			}
		}
	}
}

// readEnhanced is what the tags of HEVC and Opus carry, and how many headers there are of each.
func readEnhanced(t *testing.T, data []byte) (all [2][][]byte, heads [2]int) {
	t.Helper()
	r, err := flv.NewReader(bytes.NewReader(data), 0)
	if err != nil {
		t.Fatal(err)
	}
	for {
		kind, _, buf, err := r.Next()
		if err != nil {
			return all, heads
		}
		p := buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]
		switch {
		case kind == stream.Script:
		case kind == stream.Video && p[0]&0x80 != 0 && string(p[1:5]) == "hvc1":
			if p[0]&15 == 0 {
				heads[0]++
			} else {
				all[0] = append(all[0], p[8:]) // behind the composition time
			}
		case kind == stream.Audio && p[0]>>4 == 9 && string(p[1:5]) == "Opus":
			if p[0]&15 == 0 {
				heads[1]++
				if !bytes.HasPrefix(p[5:], []byte("OpusHead\x01")) || binary.LittleEndian.Uint32(p[17:]) != 48000 {
					t.Errorf("%q", p)
				}
			} else {
				all[1] = append(all[1], p[5:])
			}
		default:
			t.Fatalf("%s tag %x", kind, p[:5])
		}
	}
}
