package export

import (
	"fmt"
	"io"
	"testing"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

// What tests have ffmpeg encode.
const (
	picture = "-f lavfi -i testsrc2=size=160x120:rate=25 "
	sound   = "-f lavfi -i sine=frequency=440:sample_rate=44100 "
	h264    = "-c:v libx264 -preset ultrafast -g 25 -sc_threshold 0 -pix_fmt yuv420p "
	aac     = "-c:a aac -b:a 32k "

	plain = picture + sound + "-t 3 -profile:v baseline " + h264 + aac
	late  = picture + sound + "-t 3 -c:v libx264 -preset ultrafast -bf 2 -b_strategy 0 -g 25 -sc_threshold 0 -pix_fmt yuv420p " + aac
	mute  = picture + "-t 3 " + h264
	blind = sound + "-t 3 " + aac + "-frag_duration 1000000"
	hevc  = picture + sound + "-t 3 -c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=25:scenecut=0 -pix_fmt yuv420p -c:a libopus -strict -2"
)

// inMemory is one file of an export in memory.
type inMemory struct {
	data   []byte
	pieces []piece
}

// export makes all files of a recording, or of a part of it.
func export(t *testing.T, lib *recordtest.Library, id string, format Format, most int64, span Span) (files []inMemory) {
	t.Helper()
	x, err := lib.Index(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	src := newSource(lib, id)
	if span, err = snap(t.Context(), src, x, span); err != nil {
		t.Fatal(err)
	}
	rest := cutOut(x, span.From, span.To)
	for n := 1; len(rest) > 0; n++ {
		name := fmt.Sprintf("rec/%s/x/e-%d.%s", id, n, format)
		var told int64
		got, err := write(t.Context(), lib.Blobs, src, name, format, rest, most, func(ms int64) error { told += ms; return nil })
		if err != nil {
			t.Fatal(err)
		}
		o, err := lib.Blobs.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(o)
		if err != nil || int64(len(data)) != got.bytes || told != total(got.pieces) {
			t.Fatalf("%d bytes read, %d written, %d of %d ms told, %v", len(data), got.bytes, told, total(got.pieces), err)
		}
		_ = o.Close()
		files = append(files, inMemory{data, got.pieces})
		rest = rest[len(got.pieces):]
	}
	return files
}

// TestFiles: what ffprobe finds in exports of real media: all of it, with times that grow.
func TestFiles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		spans   []kept
		streams []string
		ms      []int64 // of each file
		frames  int     // pictures of the first one
		formats []Format
	}{
		{"plain", []kept{{0, plain}}, []string{"h264", "aac"}, []int64{3000}, 75, nil},
		{"begins late on the clock", []kept{{86_400_000, plain}}, []string{"h264", "aac"}, []int64{3000}, 75, nil},
		{"B-frames", []kept{{500, late}}, []string{"h264", "aac"}, []int64{3000}, 75, nil},
		{"video only", []kept{{0, mute}}, []string{"h264"}, []int64{3000}, 75, nil},
		{"audio only", []kept{{0, blind}}, []string{"aac"}, []int64{3000}, 0, nil},
		{"gap", []kept{{0, plain}, {60_000, plain}}, []string{"h264", "aac"}, []int64{6000}, 150, nil},
		{"overlap", []kept{{0, plain}, {2900, plain}}, []string{"h264", "aac"}, []int64{5900}, 150, nil},
		{"other codecs", []kept{{0, plain}, {5000, mute}, {10_000, plain}}, []string{"h264", "aac"}, []int64{3000, 3000, 3000}, 75, nil},
		{"HEVC and Opus", []kept{{0, hevc}}, []string{"hevc", "opus"}, []int64{3000}, 75, []Format{MP4}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			lib := recordtest.New(t, record.Config{})
			r := keep(t, lib, tc.spans...)
			formats := tc.formats
			if formats == nil {
				formats = []Format{MP4, FLV}
			}
			for _, format := range formats {
				files := export(t, lib, r.ID, format, 0, Span{})
				if len(files) != len(tc.ms) {
					t.Fatalf("%s: %d files, want %d", format, len(files), len(tc.ms))
				}
				for i, f := range files {
					p := probe(t, fmt.Sprintf("%d.%s", i, format), f.data)
					about(t, string(format), p.lasts(t), tc.ms[i])
					if i > 0 {
						continue
					}
					var streams []string
					for _, s := range p.Streams {
						streams = append(streams, s.Codec)
						if s.Kind == "video" && s.Frames != fmt.Sprint(tc.frames) {
							t.Errorf("%s: %s pictures, want %d", format, s.Frames, tc.frames)
						}
					}
					if fmt.Sprint(streams) != fmt.Sprint(tc.streams) {
						t.Errorf("%s has %v", format, streams)
					}
				}
			}
		})
	}
}
