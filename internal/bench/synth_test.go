package bench

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recording is d of the stream as an FLV file.
func recording(s *synthetic, d time.Duration) (file []byte, media, pictures int) {
	file = append(file, 'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0)
	file = flvTag(file, flvScript, 0, s.metadata())
	file = flvTag(file, flvVideo, 0, s.header)
	file = flvTag(file, flvAudio, 0, aacHeader)
	for v, a := 0, 0; ; {
		if at := s.pictureTime(v); at <= aacTime(a) {
			if at >= d {
				return file, media, v
			}
			body := s.frame(nil, v, time.Unix(1, int64(v)))
			file, media = flvTag(file, flvVideo, at, body), media+len(body)
			v++
		} else {
			file, media = flvTag(file, flvAudio, aacTime(a), s.audio), media+len(s.audio)
			a++
		}
	}
}

func TestTheStreamDecodesAndHasItsRate(t *testing.T) {
	for _, c := range []struct {
		name   string
		format Format
	}{
		{"default", Format{}},
		{"small", Format{Bitrate: 200_000, FPS: 15, GOP: time.Second}},
		{"large, even keyframes", Format{Bitrate: 8_000_000, FPS: 25, GOP: time.Second, KeyframeTimes: 1}},
		{"only keyframes", Format{Bitrate: 6_000_000, FPS: 10, GOP: 100 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.format.Validate(); err != nil {
				t.Fatal(err)
			}
			s := newSynthetic(c.format)
			f := s.format
			const d = 2 * time.Second
			file, media, pictures := recording(s, d)
			if rate := float64(media) * 8 / d.Seconds(); math.Abs(rate/float64(f.Bitrate)-1) > 0.003 {
				t.Errorf("%.0f bit/s, want %d", rate, f.Bitrate)
			}
			if n := f.pictures(); n > 1 {
				times := float64(len(s.pictures[0].body)) / float64(len(s.pictures[1].body))
				if math.Abs(times-float64(f.KeyframeTimes)) > 0.1 {
					t.Errorf("keyframes are %.2f times larger, want %d", times, f.KeyframeTimes)
				}
			}
			path := filepath.Join(t.TempDir(), "stream.flv")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-threads", "1",
				"-i", path, "-f", "framehash", "-hash", "adler32", "-")
			var out, complaints bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &complaints
			if err := cmd.Run(); err != nil || complaints.Len() > 0 {
				t.Fatalf("ffmpeg: %v\n%s", err, complaints.String())
			}
			var video, audio int
			for line := range strings.Lines(out.String()) {
				switch {
				case strings.HasPrefix(line, "0,"):
					video++
				case strings.HasPrefix(line, "1,"):
					audio++
				}
			}
			if video != pictures || audio < int(d.Seconds()*aacRate/aacSamples)-1 {
				t.Errorf("ffmpeg decoded %d pictures and %d sound frames of %d pictures", video, audio, pictures)
			}
		})
	}
}

func TestMarks(t *testing.T) {
	s := newSynthetic(Format{})
	at := time.Now()
	b := append([]byte("before"), s.frame(nil, 70, at)...)
	b = append(b, markID...) // one that is cut off, or a coincidence
	b = append(b, "no numbers here, but text of a length that would do"...)
	b = append(b, s.frame(nil, 71, at.Add(time.Second))...)
	first, rest, ok := findMark(b)
	if !ok || first != (mark{at.UnixNano(), 70}) {
		t.Fatalf("first mark: %+v %v", first, ok)
	}
	second, rest, ok := findMark(rest)
	if !ok || second != (mark{at.Add(time.Second).UnixNano(), 71}) {
		t.Fatalf("second mark: %+v %v", second, ok)
	}
	if m, _, ok := findMark(rest); ok {
		t.Errorf("a third mark: %+v", m)
	}
}

func TestFormatsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		format Format
		says   string
	}{
		{Format{FPS: 500}, "fps"},
		{Format{GOP: time.Hour}, "gop"},
		{Format{Bitrate: 10}, "bitrate"},
		{Format{Bitrate: 100_000, FPS: 60}, "too little"},
		{Format{Bitrate: 1e9, GOP: 10 * time.Second}, "MiB"},
		{Format{Bitrate: 100e6, FPS: 30, KeyframeTimes: 100}, "uncompressed"},
		{Format{KeyframeTimes: -1}, "times"},
	} {
		if err := c.format.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want something about %q", c.format, err, c.says)
		}
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]Rate{
		"2Mbit": 2_000_000, "800k": 800_000, "1500000": 1_500_000, "2.5 Mbit/s": 2_500_000, "10Gbit": 10e9, "64kbps": 0, "": 0, "fast": 0, "-1M": 0, "NaN": 0,
	} {
		var r Rate
		err := r.UnmarshalText([]byte(text))
		if (err != nil) != (want == 0) || r != want {
			t.Errorf("%q is %d (%v), want %d", text, r, err, want)
		}
	}
	for r, want := range map[Rate]string{2_000_000: "2 Mbit/s", 1_500: "1.5 kbit/s", 12: "12 bit/s"} {
		if r.String() != want {
			t.Errorf("%d is %q, want %q", r, r, want)
		}
	}
}
