package hls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluenviron/gohlslib/v2/pkg/codecparams"
	gocodecs "github.com/bluenviron/gohlslib/v2/pkg/codecs"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"
	"github.com/google/go-cmp/cmp"

	"liveroom/live/stream"
)

// encodeEnhanced has ffmpeg make fragmented MP4, which knows more codecs than its FLV, and returns it as the messages of
// an enhanced RTMP push.
func encodeEnhanced(t testing.TB, args string) []message {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.mp4")
	cmd := exec.Command("ffmpeg", append([]string{"-hide_banner", "-loglevel", "error", "-nostdin"},
		append(strings.Fields(args), "-movflags", "frag_keyframe+empty_moov+default_base_moof", file)...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var init fmp4.Init
	if err := init.Unmarshal(bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	var parts fmp4.Parts
	if err := parts.Unmarshal(b[bytes.Index(b, []byte("moof"))-4 : bytes.LastIndex(b, []byte("mfra"))-4]); err != nil {
		t.Fatal(err)
	}
	out, scale, fourCC := headersOf(t, init, b)
	for _, p := range parts {
		for _, track := range p.Tracks {
			at := track.BaseTime
			for i, s := range track.Samples {
				s.IsNonSyncSample = i > 0 // fragments begin at keyframes; the library does not read first_sample_flags
				out = append(out, enhanced(fourCC[track.ID], at*1000/uint64(scale[track.ID]), int64(s.PTSOffset)*1000/int64(scale[track.ID]), s))
				at += uint64(s.Duration)
			}
		}
	}
	return interleave(out)
}

// headersOf are the sequence headers of an init segment, with each track's timescale and FourCC.
func headersOf(t testing.TB, init fmp4.Init, file []byte) (out []message, scale map[int]uint32, fourCC map[int]string) {
	t.Helper()
	scale, fourCC = map[int]uint32{}, map[int]string{}
	for _, track := range init.Tracks {
		scale[track.ID] = track.TimeScale
		switch track.Codec.(type) {
		case *codecs.H265:
			fourCC[track.ID] = "hvc1"
			out = append(out, message{stream.Video, 0, append([]byte("\x90hvc1"), box(t, file, "hvcC")...)})
		case *codecs.AV1:
			fourCC[track.ID] = "av01"
			out = append(out, message{stream.Video, 0, append([]byte("\x90av01"), box(t, file, "av1C")...)})
		case *codecs.Opus:
			fourCC[track.ID] = "Opus"
			head := append([]byte("OpusHead\x01\x02"), 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0)
			out = append(out, message{stream.Audio, 0, append([]byte("\x90Opus"), head...)})
		default:
			t.Fatalf("track %T", track.Codec)
		}
	}
	return out, scale, fourCC
}

// box returns the payload of the first box of a type.
func box(t testing.TB, file []byte, kind string) []byte {
	t.Helper()
	i := bytes.Index(file, []byte(kind))
	if i < 4 {
		t.Fatalf("no box %s", kind)
	}
	return file[i+4 : i-4+int(binary.BigEndian.Uint32(file[i-4:]))]
}

// enhanced is a coded frame as enhanced RTMP has it.
func enhanced(fourCC string, ms uint64, composition int64, s *fmp4.Sample) message {
	if fourCC == "Opus" {
		return message{stream.Audio, uint32(ms), append([]byte("\x91Opus"), s.Payload...)}
	}
	first := byte(0x91)
	if s.IsNonSyncSample {
		first = 0xa1
	}
	body := append([]byte{first}, fourCC...)
	if fourCC == "hvc1" {
		body = append(body, byte(composition>>16), byte(composition>>8), byte(composition))
	}
	return message{stream.Video, uint32(ms), append(body, s.Payload...)}
}

// interleave sorts messages by time, as a push has them; the order in a track stays.
func interleave(all []message) []message {
	var video, audio, out []message
	for _, m := range all {
		if m.kind == stream.Video {
			video = append(video, m)
		} else {
			audio = append(audio, m)
		}
	}
	for len(video)+len(audio) > 0 {
		if len(audio) == 0 || len(video) > 0 && video[0].ms <= audio[0].ms {
			out, video = append(out, video[0]), video[1:]
		} else {
			out, audio = append(out, audio[0]), audio[1:]
		}
	}
	return out
}

// TestNamesAgreeWithTheOracle compares CODECS with what gohlslib writes, from real encoders' configurations.
func TestNamesAgreeWithTheOracle(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		args, box string
		codec     stream.Codec
	}{
		{"-c:v libx264 -profile:v high -level 4.1", "avcC", stream.H264},
		{"-c:v libx264 -profile:v baseline -pix_fmt yuv420p", "avcC", stream.H264},
		{"-c:v libx265 -x265-params log-level=none", "hvcC", stream.HEVC},
		{"-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le", "hvcC", stream.HEVC},
		{"-c:v libaom-av1 -cpu-used 8", "av1C", stream.AV1},
		{"-c:v libaom-av1 -cpu-used 8 -pix_fmt yuv420p10le", "av1C", stream.AV1},
	} {
		t.Run(tt.args, func(t *testing.T) {
			file := filepath.Join(dir, "a.mp4")
			args := append(strings.Fields("-y -hide_banner -loglevel error -nostdin -f lavfi -i testsrc2=size=320x180:rate=5 -frames:v 2"), strings.Fields(tt.args)...)
			if out, err := exec.Command("ffmpeg", append(args, file)...).CombinedOutput(); err != nil {
				t.Fatalf("ffmpeg: %v: %s", err, out)
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			v, err := parseVideo(tt.codec, box(t, b, tt.box))
			if err != nil {
				t.Fatal(err)
			}
			var want string
			switch c := v.codec.(type) {
			case *codecs.H264:
				want = codecparams.Marshal(&gocodecs.H264{SPS: c.SPS, PPS: c.PPS})
			case *codecs.H265:
				want = codecparams.Marshal(&gocodecs.H265{VPS: c.VPS, SPS: c.SPS, PPS: c.PPS})
			case *codecs.AV1: // the oracle writes the long form; ours is its begin
				want = strings.Join(strings.Split(codecparams.Marshal(&gocodecs.AV1{SequenceHeader: c.SequenceHeader}), ".")[:4], ".")
			}
			if v.name != want {
				t.Errorf("%s, the oracle says %s", v.name, want)
			}
			if v.width != 320 || v.height != 180 {
				t.Errorf("%d×%d", v.width, v.height)
			}
		})
	}
}

func TestAudioConfigs(t *testing.T) {
	opusHead := append([]byte("OpusHead\x01\x01"), 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0)
	for _, tt := range []struct {
		name   string
		codec  stream.Codec
		config []byte
		want   string // name, scale, frame length; empty: refused
	}{
		{"AAC-LC 44.1 kHz stereo", stream.AAC, []byte{0x12, 0x10}, "mp4a.40.2 44100 1024"},
		{"AAC-LC 48 kHz mono", stream.AAC, []byte{0x11, 0x88}, "mp4a.40.2 48000 1024"},
		{"HE-AAC, said openly", stream.AAC, []byte{0x2b, 0x11, 0x88, 0x00}, "mp4a.40.5 24000 1024"},
		{"AAC-LC with 960 samples", stream.AAC, []byte{0x11, 0x94}, "mp4a.40.2 48000 960"},
		{"cut off", stream.AAC, []byte{0x12}, ""},
		{"Opus mono", stream.Opus, opusHead, "opus 48000 0"},
		{"Opus without a header", stream.Opus, nil, "opus 48000 0"},
		{"Opus with six channels", stream.Opus, append([]byte("OpusHead\x01\x06"), make([]byte, 12)...), ""},
		{"MP3", stream.MP3, []byte{1}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := parseAudio(tt.codec, tt.config)
			got := ""
			if err == nil {
				got = fmt.Sprint(a.name, " ", a.scale, " ", a.frame)
			}
			if got != tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
		})
	}
}

// TestSamples rewrites what fMP4 can't hold as it came.
func TestSamples(t *testing.T) {
	prefixed := func(units ...[]byte) (out []byte) {
		for _, u := range units {
			out = append(binary.BigEndian.AppendUint32(out, uint32(len(u))), u...)
		}
		return out
	}
	second := []byte{0x68, 0xce, 0x38, 0x80}
	idr, other := []byte{0x65, 1}, []byte{0x41, 9, 9}
	for _, tt := range []struct {
		name   string
		record []byte
		data   []byte
		key    bool
		want   []byte // nil: refused
		shared bool
	}{
		{"as it is", avcC(4, testSPS, testPPS), prefixed(other, other), false, prefixed(other, other), true},
		{"keyframe with its parameter sets", avcC(4, testSPS, testPPS), prefixed(idr), true, prefixed(testSPS, testPPS, idr), false},
		{"keyframe that brings its own", avcC(4, testSPS, testPPS), prefixed(testSPS, second, idr), true, prefixed(testSPS, second, idr), true},
		{"two-byte lengths", avcC(2, testSPS, testPPS), []byte{0, 2, 0x65, 1, 0, 3, 0x41, 9, 9}, true, prefixed(testSPS, testPPS, idr, other), false},
		{"one-byte lengths", avcC(1, testSPS, testPPS), []byte{3, 0x41, 9, 9, 2, 0x65, 1}, false, prefixed(other, idr), false},
		{"a second PPS has no place but here", avcC(4, testSPS, testPPS, second), prefixed(idr), true, prefixed(testSPS, testPPS, second, idr), false},
		{"a unit of nothing", avcC(4, testSPS, testPPS), prefixed(nil, other), false, prefixed(nil, other), true},
		{"length beyond the end", avcC(4, testSPS, testPPS), []byte{0, 0, 0, 3, 0x65, 1}, true, nil, false},
		{"length cut off", avcC(4, testSPS, testPPS), []byte{0, 0, 0, 1, 0x65, 0, 0}, true, nil, false},
		{"nothing", avcC(4, testSPS, testPPS), nil, true, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := parseVideo(stream.H264, tt.record)
			if err != nil {
				t.Fatal(err)
			}
			got, err := v.sample(tt.data, tt.key)
			if (err == nil) != (tt.want != nil) {
				t.Fatalf("error %v", err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if shared := len(got) > 0 && &got[0] == &tt.data[0]; shared != tt.shared {
				t.Errorf("shares the tag's bytes: %t, want %t", shared, tt.shared)
			}
		})
	}
}

// FuzzHeaders feeds configuration records and frames of strangers: no panic, and what is accepted can be written.
func FuzzHeaders(f *testing.F) {
	f.Add(byte(stream.H264), avcC(4, testSPS, testPPS), []byte{0, 0, 0, 1, 0x65})
	f.Add(byte(stream.H264), avcC(1, testSPS, testPPS, testPPS), []byte{1, 0x65})
	f.Add(byte(stream.HEVC), bytes.Repeat([]byte{1}, 40), []byte{})
	f.Add(byte(stream.AV1), []byte{0x81, 0, 0, 0, 0x0a, 0x0b, 0, 0, 0, 0x24, 0xcf, 0x7f, 0x0d, 0xbf, 0xff, 0x30, 0x08}, []byte{0x12, 0})
	f.Add(byte(stream.AAC), testASC, []byte{0x21})
	f.Add(byte(stream.Opus), []byte("OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"), []byte{0xfc})
	f.Fuzz(func(t *testing.T, codec byte, record, data []byte) {
		if v, err := parseVideo(stream.Codec(codec), record); err == nil {
			if _, err := marshalInit(v, nil); err != nil {
				return // refused by videoHeader as well
			}
			if out, err := v.sample(data, true); err == nil && len(out) == 0 {
				t.Error("a sample of nothing")
			}
			if strings.ContainsAny(v.name, "\"\n,") {
				t.Errorf("name %q breaks the playlist", v.name)
			}
		}
		if a, err := parseAudio(stream.Codec(codec), record); err == nil {
			if a.scale == 0 || a.length(data) <= 0 {
				t.Errorf("scale %d, frame of %d", a.scale, a.length(data))
			}
			_, _ = marshalInit(nil, a)
		}
	})
}
