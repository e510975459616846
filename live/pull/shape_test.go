package pull

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// packet is one of MPEG-TS with a payload of nothing; flags: 0x40 begins a unit, 0x10 has a payload.
func packet(pid uint16, flags byte) []byte {
	b := make([]byte, packetBytes)
	b[0], b[1], b[2], b[3] = 0x47, flags&0x40|byte(pid>>8), byte(pid), flags&0x10
	return b
}

// answer is what gohlslib is handed of a file.
func answer(f *hlsFeed, file []byte) ([]byte, error) {
	resp := &http.Response{Body: io.NopCloser(bytes.NewReader(file))}
	if err := f.shape(resp); err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body)
}

const plainList = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n"

// TestTransport: what a server can have kept of MPEG-TS is bounded, over any number of files.
func TestTransport(t *testing.T) {
	join := func(all ...[]byte) []byte { return bytes.Join(all, nil) }
	begin, more := packet(256, 0x50), packet(256, 0x10)
	many := func(n int) (all []byte) {
		for pid := range n {
			all = append(all, packet(uint16(pid), 0x50)...)
		}
		return all
	}
	for _, tt := range []struct {
		name       string
		file, want []byte // no want: it is refused
	}{
		{"two pictures, tables between", join(begin, more, packet(0, 0x50), packet(256, 0x40), begin, more), join(begin, more, packet(0, 0x50), packet(256, 0x40), begin, more)},
		{"filled up", join(packet(noPID, 0x10), begin, packet(noPID, 0x50), more), join(begin, more)},
		{"cut off", join(begin, more[:100]), begin},
		{"what another file began", join(more, more, begin), begin},
		{"the largest picture", join(begin, bytes.Repeat(more, maxUnit/packetBytes-1)), join(begin, bytes.Repeat(more, maxUnit/packetBytes-1))},
		{"a larger one", join(begin, bytes.Repeat(more, maxUnit/packetBytes)), nil},
		{"many streams", many(maxPIDs), many(maxPIDs)},
		{"more", many(maxPIDs + 1), nil},
		{"another format", append([]byte("\x00\x00\x00\x08free"), begin...), nil},
	} {
		f := &hlsFeed{}
		if _, err := answer(f, []byte(plainList)); err != nil {
			t.Fatal(err)
		}
		got, err := answer(f, tt.file)
		if tt.want == nil && err == nil || tt.want != nil && (err != nil || !bytes.Equal(got, tt.want)) {
			t.Errorf("%s: %d bytes, %v, want %d", tt.name, len(got), err, len(tt.want))
		}
	}
	f := &hlsFeed{}
	_, _ = answer(f, []byte(plainList))
	for i := range maxPIDs + 1 {
		if _, err := answer(f, packet(uint16(i), 0x50)); (err != nil) != (i == maxPIDs) {
			t.Errorf("file %d: %v", i, err)
		}
	}
}

// TestPlaylist: of a playlist the hints of low latency are left out, and all sound but one track a group; AV1 is read although
// gohlslib has no name for it; lists that make many connections are refused.
func TestPlaylist(t *testing.T) {
	const end = "#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nx.ts"
	for _, tt := range []struct{ list, want string }{
		{"#EXTM3U\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x\"\n" + end, "#EXTM3U\n" + end + "\n"},
		{"#EXTM3U\r\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"x\"\r\n" + end, "#EXTM3U\r\n" + end + "\n"},
		{
			"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"1\",URI=\"1\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"2\",DEFAULT=YES,URI=\"2\"\n" +
				"#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"a\",NAME=\"3\",URI=\"3\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"av01.0.00M.08, Opus\"\nx.m3u8\n",
			"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"2\",DEFAULT=YES,URI=\"2\"\n" +
				"#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.0.00M.08,opus\"\nx.m3u8\n\n",
		},
		{"#EXTM3U\nnothing\n", ""},
		{"#EXTM3U\n" + strings.Repeat("#EXT-X-KEY:METHOD=NONE\n", maxPlaylist/23+1) + end, ""},
		{"#EXTM3U\n" + sound(maxRenditions+1) + "#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n", ""},
	} {
		got, err := answer(&hlsFeed{}, []byte(tt.list))
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%.200q: %v\n%s", tt.list, err, got)
		}
	}
}

// sound is so many renditions of one group that look as if each had its own.
func sound(n int) (text string) {
	for i := range n {
		text += "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"GROUP-ID=\",X" + string(rune('A'+i)) + "=\"\",GROUP-ID=\"a\",URI=\"x\"\n"
	}
	return text
}

// box is a box of MP4.
func box(kind string, inside ...[]byte) []byte {
	b := append(make([]byte, 4), kind...)
	for _, part := range inside {
		b = append(b, part...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// TestBoxes: a file of fMP4 that claims more samples than it may have, or boxes in boxes in boxes, is not handed on.
func TestBoxes(t *testing.T) {
	const list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"i\"\n#EXTINF:1,\na.m4s\n"
	trun := func(n uint32) []byte { return box("trun", binary.BigEndian.AppendUint32(make([]byte, 4), n)) }
	large := append([]byte("\x00\x00\x00\x01trun\x00\x00\x00\x00\x00\x00\x00\x18"), binary.BigEndian.AppendUint32(make([]byte, 4), maxSamples+1)...)
	deep := box("mdhd")
	for range 8 {
		deep = box("mdia", deep)
	}
	for _, tt := range []struct {
		name string
		file []byte
		ok   bool
	}{
		{"ordinary", slices.Concat(box("styp"), box("moof", box("mfhd"), box("traf", trun(100)), box("traf", trun(maxSamples-100))), box("mdat", []byte("moof"))), true},
		{"many runs", box("moof", box("traf", bytes.Repeat(trun(1), maxSamples/runSamples))), true},
		{"more", box("moof", box("traf", bytes.Repeat(trun(1), maxSamples/runSamples+1))), false},
		{"too many", box("moof", box("traf", trun(100)), box("traf", trun(maxSamples-99))), false},
		{"in a box with a long size", box("moof", box("traf", large)), false},
		{"an init segment", box("moov", box("mvhd", make([]byte, 100)), box("trak", box("mdia", box("minf", box("stbl", box("stsd")))))), true},
		{"nested", box("moov", box("trak", deep)), false},
		{"nested in a header", box("moov", box("mvhd", make([]byte, 100), deep)), false},
		{"cut off", box("mdat", make([]byte, 10))[:12], false},
		{"too long inside", box("moof", box("traf", []byte("\x00\x00\x01\x00trun"))), false},
		{"MPEG-TS", packet(0, 0x50), false},
	} {
		f := &hlsFeed{}
		if _, err := answer(f, []byte(list)); err != nil {
			t.Fatal(err)
		}
		if got, err := answer(f, slices.Clone(tt.file)); (err == nil) != tt.ok || tt.ok && !bytes.Equal(got, tt.file) {
			t.Errorf("%s: %v, %d bytes", tt.name, err, len(got))
		}
	}
	f := &hlsFeed{}
	_, _ = answer(f, []byte(list))
	if got, err := answer(f, box("moov", box("udta", trun(1)))); err != nil || !bytes.Equal(got, box("moov", box("free", trun(1)))) {
		t.Errorf("what people wrote: %v, %q", err, got)
	}
}
