package stream

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	fourCC := func(s string) string { return hex.EncodeToString([]byte(s)) }
	tests := []struct {
		name    string
		kind    Kind
		payload string // hex
		want    format
		data    string // hex of what Data returns
	}{
		{"avc sequence header", Video, "1700000000" + "0164", format{codec: H264, sequence: true, control: true, dataAt: 5}, "0164"},
		{"avc keyframe", Video, "1701000050" + "aabb", format{codec: H264, keyframe: true, composition: 80, dataAt: 5}, "aabb"},
		{"avc negative composition", Video, "2701ffffd8" + "aa", format{codec: H264, composition: -40, dataAt: 5}, "aa"},
		{"avc end of sequence", Video, "1702000000", format{codec: H264, control: true}, ""},
		{"generated keyframe", Video, "4701000000" + "aa", format{codec: H264, keyframe: true, dataAt: 5}, "aa"},
		{"legacy hevc", Video, "1c01000000" + "aa", format{codec: HEVC, keyframe: true, dataAt: 5}, "aa"},
		{"legacy av1 header", Video, "1d00000000" + "81", format{codec: AV1, sequence: true, control: true, dataAt: 5}, "81"},
		{"h263", Video, "12ff", format{codec: H263, keyframe: true, dataAt: 1}, "ff"},
		{"vp6", Video, "24ff", format{codec: VP6, dataAt: 1}, "ff"},
		{"video command", Video, "5700", format{control: true}, ""},
		{"enhanced hevc header", Video, "90" + fourCC("hvc1") + "01", format{codec: HEVC, enhanced: true, sequence: true, control: true, dataAt: 5}, "01"},
		{"enhanced hevc keyframe", Video, "91" + fourCC("hvc1") + "000028" + "aa", format{codec: HEVC, enhanced: true, keyframe: true, composition: 40, dataAt: 8}, "aa"},
		{"enhanced hevc without composition", Video, "a3" + fourCC("hvc1") + "aa", format{codec: HEVC, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced avc", Video, "91" + fourCC("avc1") + "ffffff" + "aa", format{codec: H264, enhanced: true, keyframe: true, composition: -1, dataAt: 8}, "aa"},
		{"enhanced av1", Video, "91" + fourCC("av01") + "aa", format{codec: AV1, enhanced: true, keyframe: true, dataAt: 5}, "aa"},
		{"enhanced vp9", Video, "a1" + fourCC("vp09") + "aa", format{codec: VP9, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced vp8", Video, "a1" + fourCC("vp08") + "aa", format{codec: VP8, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced end of sequence", Video, "92" + fourCC("hvc1"), format{codec: HEVC, enhanced: true, control: true}, ""},
		{"enhanced colour info", Video, "94" + fourCC("hvc1") + "02", format{codec: HEVC, enhanced: true, control: true, colour: true}, ""},
		{"enhanced command", Video, "d100", format{enhanced: true, control: true}, ""},
		{"enhanced unknown codec", Video, "91" + fourCC("xxxx") + "aa", format{enhanced: true, keyframe: true, dataAt: 5}, "aa"},
		{"modifier before the packet", Video, "97" + "02" + "112233" + "01" + fourCC("av01") + "aa", format{codec: AV1, enhanced: true, keyframe: true, dataAt: 10}, "aa"},
		{"long modifier", Video, "97" + "ff" + "00ff" + strings.Repeat("00", 256) + "01" + fourCC("av01") + "aa", format{codec: AV1, enhanced: true, keyframe: true, dataAt: 265}, "aa"},
		{"one track", Video, "96" + "01" + fourCC("av01") + "00" + "aa", format{codec: AV1, enhanced: true, keyframe: true, dataAt: 7}, "aa"},
		{"another track", Video, "96" + "01" + fourCC("av01") + "01" + "aa", format{codec: AV1, enhanced: true, several: true, keyframe: true}, ""},
		{"many tracks", Video, "96" + "11" + fourCC("av01") + "00" + "000001" + "aa", format{codec: AV1, enhanced: true, several: true, keyframe: true}, ""},

		{"aac header", Audio, "af001210", format{codec: AAC, sequence: true, control: true, dataAt: 2}, "1210"},
		{"aac frame", Audio, "af0121", format{codec: AAC, dataAt: 2}, "21"},
		{"mp3", Audio, "2fff", format{codec: MP3, dataAt: 1}, "ff"},
		{"g711a", Audio, "7eff", format{codec: G711A, dataAt: 1}, "ff"},
		{"g711u", Audio, "8eff", format{codec: G711U, dataAt: 1}, "ff"},
		{"speex", Audio, "b6ff", format{codec: Speex, dataAt: 1}, "ff"},
		{"pcm", Audio, "3eff", format{codec: PCM, dataAt: 1}, "ff"},
		{"legacy opus", Audio, "dfff", format{codec: Opus, dataAt: 1}, "ff"},
		{"enhanced opus header", Audio, "90" + fourCC("Opus") + "01", format{codec: Opus, enhanced: true, sequence: true, control: true, dataAt: 5}, "01"},
		{"enhanced opus", Audio, "91" + fourCC("Opus") + "aa", format{codec: Opus, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced flac", Audio, "91" + fourCC("fLaC") + "aa", format{codec: FLAC, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced ac3", Audio, "91" + fourCC("ac-3") + "aa", format{codec: AC3, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced eac3", Audio, "91" + fourCC("ec-3") + "aa", format{codec: EAC3, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced aac", Audio, "91" + fourCC("mp4a") + "aa", format{codec: AAC, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced mp3", Audio, "91" + fourCC(".mp3") + "aa", format{codec: MP3, enhanced: true, dataAt: 5}, "aa"},
		{"enhanced channel layout", Audio, "94" + fourCC("Opus") + "00", format{codec: Opus, enhanced: true, control: true}, ""},
		{"enhanced audio, one track", Audio, "95" + "01" + fourCC("Opus") + "00" + "aa", format{codec: Opus, enhanced: true, dataAt: 7}, "aa"},

		{"metadata", Script, hex.EncodeToString(metadata), format{metadata: true, control: true}, ""},
		{"other script data", Script, "02000a6f6e546578744461746108", format{control: true}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := hex.DecodeString(tt.payload)
			if err != nil {
				t.Fatal(err)
			}
			got, err := parse(tt.kind, p)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
			buf := NewBuffer(len(p))
			copy(buf[HeaderBytes:], p)
			tag := newTag(tt.kind, 0, 0, buf, got)
			if data := hex.EncodeToString(tag.Data()); data != tt.data {
				t.Errorf("data %s, want %s", data, tt.data)
			}
			if tag.Codec() != tt.want.codec || tag.Enhanced() != tt.want.enhanced || tag.CompositionTime() != tt.want.composition {
				t.Errorf("codec %v, enhanced %v, composition %d", tag.Codec(), tag.Enhanced(), tag.CompositionTime())
			}
		})
	}
}

func TestParseRefusesTruncated(t *testing.T) {
	tests := []struct {
		name    string
		kind    Kind
		payload string
	}{
		{"empty", Video, ""},
		{"avc", Video, "17010000"},
		{"aac", Audio, "af"},
		{"fourcc", Video, "91687663"},
		{"composition", Video, "91687663310000"},
		{"modifier size", Video, "97"},
		{"modifier", Video, "970511"},
		{"long modifier", Video, "97ff00"},
		{"multitrack", Video, "96"},
		{"track id", Video, "960161763031"},
		{"audio fourcc", Audio, "914f70"},
		{"audio modifier", Audio, "97"},
		{"unknown kind", 3, "00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := hex.DecodeString(tt.payload)
			if err != nil {
				t.Fatal(err)
			}
			if f, err := parse(tt.kind, p); err == nil {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestCodecNames(t *testing.T) {
	seen := map[string]bool{}
	for c := CodecUnknown; c <= G711U; c++ {
		if name := c.String(); name == "" || seen[name] {
			t.Errorf("codec %d is called %q", c, name)
		} else {
			seen[name] = true
		}
	}
	if got := Codec(200).String(); got != "unknown" {
		t.Errorf("got %q", got)
	}
}

// FuzzWrite gives any payload to a publisher: nothing may panic, and what comes out is a whole tag.
func FuzzWrite(f *testing.F) {
	for _, p := range [][]byte{avcHeader, aacHeader, metadata, keyframe, interframe, audioFrame} {
		f.Add(byte(Video), uint32(0), p)
		f.Add(byte(Audio), uint32(1<<31), p)
	}
	f.Add(byte(Script), uint32(5), append([]byte("\x02\x00\x0d@setDataFrame"), metadata...))
	f.Add(byte(Video), uint32(1), []byte("\x97\xff\x00\xff"))
	f.Fuzz(func(t *testing.T, kind byte, ts uint32, payload []byte) {
		h := NewHub(Config{})
		s := h.Subscribe("x", FLV, SubscribeOptions{})
		defer s.Close()
		p, err := h.Publish("x", PublishOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close(StopClosed)
		write(t, p, Video, 0, keyframe)
		write(t, p, Kind(kind), ts, payload)
		tags, _ := must(t, s)
		for _, tag := range tags {
			if n := len(tag.Payload()); len(tag.FLV()) != n+HeaderBytes+TrailerBytes || len(tag.Data()) > n {
				t.Errorf("tag of %d bytes with %d payload and %d data", len(tag.FLV()), n, len(tag.Data()))
			}
			if tag.Time() < 0 {
				t.Errorf("time %d", tag.Time())
			}
		}
	})
}
