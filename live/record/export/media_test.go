package export

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// probed is what ffprobe says of a file.
type probed struct {
	Streams []struct {
		Codec  string `json:"codec_name"`
		Kind   string `json:"codec_type"`
		Width  int    `json:"width"`
		Frames string `json:"nb_read_frames"`
		B      int    `json:"has_b_frames"`
	} `json:"streams"`
	Format struct {
		Duration string `json:"duration"`
	} `json:"format"`
	Packets []struct {
		Kind  string `json:"codec_type"`
		DTS   string `json:"dts_time"`
		PTS   string `json:"pts_time"`
		Flags string `json:"flags"`
	} `json:"packets"`
}

// probe has ffprobe decode a file, and checks that nothing is wrong with it and that its times grow.
func probe(t *testing.T, name string, data []byte) probed {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ffprobe", "-v", "warning", "-count_frames", "-show_streams", "-show_format", "-show_packets", "-of", "json", file)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.String() != "" {
		t.Errorf("ffprobe of %s: %v: %s", name, err, complaints.String())
	}
	var p probed
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	last := map[string]float64{}
	for _, x := range p.Packets {
		at, err := strconv.ParseFloat(x.DTS, 64)
		if err != nil {
			t.Fatalf("%s: packet without a time: %+v", name, x)
		}
		if before, ok := last[x.Kind]; ok && at <= before {
			t.Errorf("%s: %s at %v after %v", name, x.Kind, at, before)
		}
		last[x.Kind] = at
	}
	return p
}

// lasts is the file's duration in ms.
func (p probed) lasts(t *testing.T) int64 {
	t.Helper()
	s, err := strconv.ParseFloat(p.Format.Duration, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(s * 1000)
}

// about fails where two durations in ms are more apart than what is shown later than it is decoded, and a sound, take.
func about(t *testing.T, what string, got, want int64) {
	t.Helper()
	if got < want-110 || got > want+110 {
		t.Errorf("%s: %d ms, want %d", what, got, want)
	}
}

// ffmpegFMP4 has ffmpeg encode something as fragments of a GOP each.
func ffmpegFMP4(args string) ([]byte, error) {
	return exec.Command("ffmpeg", append(append([]string{"-v", "error", "-nostdin"}, strings.Fields(args)...),
		"-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4", "-")...).Output()
}

var encodings sync.Map // of tests, by ffmpeg's arguments: they are made once

// encoded is an init segment and the fragments behind it.
func encoded(t *testing.T, args string) (init []byte, fragments [][]byte) {
	t.Helper()
	make, _ := encodings.LoadOrStore(args, sync.OnceValues(func() ([]byte, error) { return ffmpegFMP4(args) }))
	raw, err := make.(func() ([]byte, error))()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v", args, err)
	}
	err = eachBox(raw, func(kind string, whole, _ []byte) error {
		switch kind {
		case "ftyp", "moov":
			init = append(init, whole...)
		case "moof":
			fragments = append(fragments, whole[:len(whole):len(whole)])
		case "mdat":
			last := len(fragments) - 1
			fragments[last] = append(fragments[last], whole...)
		}
		return nil
	})
	if err != nil || len(fragments) == 0 {
		t.Fatalf("ffmpeg %s: %d fragments, %v", args, len(fragments), err)
	}
	return init, fragments
}

// kept is a span of time that begins at ms and has what ffmpeg makes of args.
type kept struct {
	at   int64
	args string
}

// keep makes a recording: a segment a fragment, one span after another.
func keep(t *testing.T, lib *recordtest.Library, spans ...kept) record.Recording {
	t.Helper()
	now := time.Now().UTC()
	r := record.Recording{ID: status.NewULID(now), Room: "r1", Group: "r1", Stream: "r1.s", Session: status.NewULID(now), Zero: now.Add(-time.Hour)}
	put := func(name string, data []byte) {
		if err := lib.Blobs.Put(t.Context(), record.Prefix(r.ID)+name, data); err != nil {
			t.Fatal(err)
		}
	}
	for g, s := range spans {
		init, fragments := encoded(t, s.args)
		put(record.InitName(init), init)
		tracks, err := readInit(init)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range fragments {
			begin, end := bounds(t, tracks, f)
			put(record.SegmentName(record.Segment{
				Generation: uint64(g + 1), Start: s.at + begin, Duration: end - begin, Init: record.InitName(init), Breaks: g > 0 && i == 0,
			}), moved(f, tracks, s.at))
		}
	}
	r, err := lib.Place(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bounds are when a fragment begins and ends, in ms: its pictures, or its sounds where there are none.
func bounds(t *testing.T, tracks []track, fragment []byte) (begin, end int64) {
	t.Helper()
	all, err := readSegment(fragment, tracks)
	if err != nil {
		t.Fatal(err)
	}
	for _, video := range []bool{false, true} { // pictures win
		for _, run := range all {
			if x := tracks[run.track]; x.video == video {
				last := run.samples[len(run.samples)-1]
				begin, end = x.ms(run.samples[0].dts), x.ms(last.dts+int64(last.duration))
			}
		}
	}
	return begin, end
}

// moved is a fragment with its decoding times so many ms later.
func moved(fragment []byte, tracks []track, ms int64) []byte {
	out := bytesOf(fragment)
	var scale int64
	for at := 0; at+16 < len(out); at++ {
		switch string(out[at : at+4]) {
		case "tfhd":
			id := binary.BigEndian.Uint32(out[at+8:])
			for _, x := range tracks {
				if x.id == id {
					scale = int64(x.scale)
				}
			}
		case "tfdt":
			was := binary.BigEndian.Uint64(out[at+8:])
			binary.BigEndian.PutUint64(out[at+8:], was+uint64(ms*scale/1000)) //nolint:gosec // not negative
		case "mdat":
			return out
		}
	}
	return out
}

func bytesOf(b []byte) []byte { return append([]byte(nil), b...) }
