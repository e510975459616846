package hls

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	tscodecs "github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"liveroom/live/stream"
)

var inTransport = Config{Container: MPEGTS}

// TestTransportOverTheWrap plays a session whose 33-bit timestamps begin anew, and reads its segments as one stream.
func TestTransportOverTheWrap(t *testing.T) {
	const wrap = (1 << 33) * time.Second / 90000
	inRoom(t, inTransport, func(r *room) {
		e := r.publish(1, wrap-4*time.Second)
		e.headers()
		e.media(0, 8040, 2000)
		synctest.Wait()
		list := r.get("GET", r.watch("")).Body.String()
		for _, s := range []string{"EXT-X-MAP", "EXT-X-PART", "SERVER-CONTROL", "PRELOAD"} {
			if strings.Contains(list, s) {
				t.Errorf("%s in\n%s", s, list)
			}
		}
		if !strings.Contains(list, "#EXT-X-VERSION:3\n") || strings.Count(list, ".ts\n") != 4 {
			t.Errorf("playlist\n%s", list)
		}
		var all bytes.Buffer
		counters := map[int]byte{}
		for _, uri := range uris.FindAllString(list, -1) {
			w := r.get("GET", uri)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "video/mp2t" {
				t.Fatalf("%s: %d %v", uri, w.Code, w.Header())
			}
			checkPackets(t, w.Body.Bytes(), counters)
			all.Write(w.Body.Bytes())
		}
		readTransport(t, &all)
	})
}

// checkPackets checks that a segment begins with its tables and that continuity counters go on from the one before.
func checkPackets(t *testing.T, b []byte, counters map[int]byte) {
	t.Helper()
	if len(b)%188 != 0 {
		t.Fatalf("%d bytes", len(b))
	}
	for i := 0; i < len(b); i += 188 {
		p := b[i : i+188]
		pid := int(p[1]&31)<<8 | int(p[2])
		if p[0] != 0x47 {
			t.Fatalf("packet %d begins with %x", i/188, p[0])
		}
		if i == 0 && pid != 0 || i == 188 && pid != 0x1000 {
			t.Errorf("packet %d of a segment is of PID %x", i/188, pid)
		}
		if before, ok := counters[pid]; ok && p[3]&15 != (before+1)&15 {
			t.Errorf("packet %d of PID %x has number %d after %d", i/188, pid, p[3]&15, before)
		}
		counters[pid] = p[3] & 15
	}
}

// readTransport reads pictures and sounds back: every one, in step, with what a decoder needs.
func readTransport(t *testing.T, from io.Reader) {
	t.Helper()
	reader := &mpegts.Reader{R: from}
	if err := reader.Initialize(); err != nil {
		t.Fatal(err)
	}
	pictures, sounds, last := 0, 0, int64(-1)
	for _, track := range reader.Tracks() {
		switch c := track.Codec.(type) {
		case *tscodecs.H264:
			reader.OnDataH264(track, func(_, dts int64, au [][]byte) error {
				if step := (dts - last) & transportWrap; last >= 0 && step != 3600 {
					t.Errorf("picture %d comes %d ticks after the one before", pictures, step)
				}
				last = dts
				if pictures%50 == 0 && (len(au) < 3 || !bytes.Equal(au[0], testSPS) || !bytes.Equal(au[1], testPPS) || !h264.IsRandomAccess(au)) {
					t.Errorf("keyframe of %d units", len(au))
				}
				pictures++
				return nil
			})
		case *tscodecs.MPEG4Audio:
			if c.SampleRate != 44100 || c.ChannelConfig != 2 {
				t.Errorf("sound of %+v", c)
			}
			reader.OnDataMPEG4Audio(track, func(_ int64, aus [][]byte) error {
				sounds += len(aus)
				return nil
			})
		default:
			t.Errorf("track %T", c)
		}
	}
	for {
		if err := reader.Read(); err != nil {
			break
		}
	}
	if pictures != 200 || sounds < 340 {
		t.Errorf("%d pictures and %d sounds", pictures, sounds)
	}
}

// TestTransportRefuses: what MPEG-TS has no place for is left out, counted, and named once in the log.
func TestTransportRefuses(t *testing.T) {
	var said bytes.Buffer
	inRoom(t, inTransport, func(r *room) {
		r.s.log = slog.New(slog.NewTextHandler(&said, nil))
		e := r.publish(1, 0)
		av1 := []byte{0x81, 0, 0, 0, 0x0a, 0x0b, 0, 0, 0, 0x24, 0xcf, 0x7f, 0x0d, 0xbf, 0xff, 0x30, 0x08}
		e.write(stream.Video, 0, append([]byte{0x90, 'a', 'v', '0', '1'}, av1...)...)
		e.audioHeader()
		for ms := int64(0); ms < 4100; ms += 20 {
			e.sound(ms)
			if ms%40 == 0 {
				kind := byte(0xa1)
				if ms%2000 == 0 {
					kind = 0x91
				}
				e.write(stream.Video, ms, kind, 'a', 'v', '0', '1', 0x12, 0)
			}
		}
		r.expect("1-40 2000, 1-41 2000")
		if st := r.s.Stats(); st.BadTags < 100 {
			t.Errorf("%d bad tags counted", st.BadTags)
		}
	})
	if n := strings.Count(said.String(), "level=WARN"); n != 1 || !strings.Contains(said.String(), "has no place in MPEG-TS segments") {
		t.Errorf("log:\n%s", said.String())
	}
}
