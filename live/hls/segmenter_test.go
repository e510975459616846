package hls

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"liveroom/live/stream"
)

var testNode = []byte("0123456789abcdef")

// What a 1920×1080 H.264 and a 44.1 kHz stereo AAC encoder say of themselves.
var (
	testSPS = []byte{
		0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00,
		0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
	}
	testPPS = []byte{0x68, 0xcb, 0x8c, 0xb2}
	testASC = []byte{0x12, 0x10}
)

// avcC is a configuration record of those parameter sets.
func avcC(lengthBytes int, sps []byte, pps ...[]byte) []byte {
	b := []byte{1, sps[1], sps[2], sps[3], 0xfc | byte(lengthBytes-1), 0xe1}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(sps))), sps...)
	b = append(b, byte(len(pps)))
	for _, p := range pps {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
	}
	return b
}

// encoder pushes made-up pictures and sounds.
type encoder struct {
	t testing.TB
	p *stream.Publisher
}

func (e encoder) write(kind stream.Kind, ms int64, body ...byte) {
	e.t.Helper()
	push(e.t, e.p, []message{{kind, uint32(ms), body}}, 0)
}

func (e encoder) headers() { e.videoHeader(); e.audioHeader() }

func (e encoder) videoHeader() {
	e.write(stream.Video, 0, append([]byte{0x17, 0, 0, 0, 0}, avcC(4, testSPS, testPPS)...)...)
}

func (e encoder) audioHeader() { e.write(stream.Audio, 0, append([]byte{0xaf, 0}, testASC...)...) }

func (e encoder) picture(ms int64, key bool) {
	kind, nal := byte(0x27), byte(0x41)
	if key {
		kind, nal = 0x17, 0x65
	}
	e.write(stream.Video, ms, append([]byte{kind, 1, 0, 0, 0, 0, 0, 0, 20, nal}, bytes.Repeat([]byte{byte(ms)}, 19)...)...)
}

func (e encoder) sound(ms int64) { e.write(stream.Audio, ms, 0xaf, 1, 0x21, byte(ms), byte(ms>>8)) }

// media pushes pictures at 25 a second, a keyframe each gop ms, and sound in step, from one time to another.
func (e encoder) media(from, to, gop int64) {
	sound := from
	for ms := from; ms < to; ms += 40 {
		e.picture(ms, (ms-from)%gop == 0)
		for ; sound < ms+40 && sound < to; sound += 23 {
			e.sound(sound)
		}
	}
}

// room is a hub and a server that runs inside a synctest bubble.
type room struct {
	t    *testing.T
	hub  *stream.Hub
	s    *Server
	stop func()
}

// inRoom runs f in a bubble with a running server. Time stands still unless f sleeps.
func inRoom(t *testing.T, cfg Config, f func(r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg.NodeKey, cfg.PlayKey = testNode, []byte("a play key")
		r := &room{t: t, hub: stream.NewHub(patient)}
		var err error
		if r.s, err = New(cfg, r.hub, open, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		r.restart()
		f(r)
		r.stop()
	})
}

// restart runs the server, and says how to stop it.
func (r *room) restart() {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.s.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			r.t.Errorf("Run: %v", err)
		}
	}
	synctest.Wait()
}

// publish begins a push whose session began that long ago.
func (r *room) publish(gen uint64, offset time.Duration) encoder {
	r.t.Helper()
	p, err := r.hub.Publish("demo", stream.PublishOptions{Generation: gen, Offset: offset})
	if err != nil {
		r.t.Fatal(err)
	}
	return encoder{r.t, p}
}

// list describes the segments of the stream: name, length in ms, D for a discontinuity before it.
func (r *room) list() string {
	r.t.Helper()
	synctest.Wait()
	t := r.s.find("demo")
	if t == nil {
		return "no stream"
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []string
	for _, s := range t.segments {
		d := ""
		if s.breaks {
			d = "D "
		}
		out = append(out, fmt.Sprintf("%s%s %d", d, stem(s.generation, s.number), s.duration))
	}
	if !t.endedAt.IsZero() {
		out = append(out, "end")
	}
	return strings.Join(out, ", ")
}

func (r *room) expect(want string) {
	r.t.Helper()
	if got := r.list(); got != want {
		r.t.Fatalf("segments\n got %s\nwant %s", got, want)
	}
}

// TestShortGOPs: GOPs of about a second are segments of a second. Where there are more of them than seconds, numbers have no
// place for all (timeline.go); some segments have two then, none is lost, and in each a player can begin.
func TestShortGOPs(t *testing.T) {
	for name, gops := range map[string][]int64{
		"shorter": {960}, "a second": {1000}, "a second, more or less": {1000, 1020, 980, 1040, 960},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, Config{SegmentDuration: time.Second}, func(r *room) {
				e := r.publish(1, 0)
				e.headers()
				for i, from := 0, int64(0); i < 500; i++ {
					gop := gops[i%len(gops)]
					e.media(from, from+gop, 1<<40)
					time.Sleep(time.Duration(gop) * time.Millisecond)
					from += gop
					if tl := r.s.find("demo"); strings.Contains(string(tl.media("live", time.Now())), "DISCONTINUITY\n") {
						t.Fatalf("after GOP %d: %s", i, r.list())
					}
				}
				synctest.Wait()
				tl := r.s.find("demo")
				if st := r.s.Stats(); st.Discarded != 0 || st.Segments < 475 {
					t.Errorf("%+v", st)
				}
				for _, s := range tl.segments {
					if !s.parts[0].independent || s.duration > tl.target*1000+499 {
						t.Errorf("%d: %d ms, keyframe in its first part: %t", s.number, s.duration, s.parts[0].independent)
					}
				}
			})
		})
	}
}

// GOPs that are a little longer than TARGETDURATION are not cut in the middle, whatever the first one was like.
func TestGOPsLongerThanTheTarget(t *testing.T) {
	for name, gops := range map[string][]int64{
		"always": {2040}, "sometimes": {2000, 2040, 2120, 1960}, "by far": {2000, 2320}, "nearly half a second": {2440}, "three seconds": {3120, 3000},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, Config{ListSize: 50, KeepSize: 50}, func(r *room) {
				e := r.publish(1, 0)
				e.headers()
				for i, from := 0, int64(0); i < 30; i++ {
					gop := gops[i%len(gops)]
					e.media(from, from+gop, 1<<40)
					time.Sleep(time.Duration(gop) * time.Millisecond)
					from += gop
				}
				synctest.Wait()
				tl := r.s.find("demo")
				if len(tl.segments) < 29 {
					t.Errorf("%d segments of 30 GOPs", len(tl.segments))
				}
				for _, s := range tl.segments {
					if !s.parts[0].independent || s.duration > tl.target*1000+499 || s.breaks {
						t.Errorf("%d: %d ms of %d s, keyframe in its first part: %t", s.number, s.duration, tl.target, s.parts[0].independent)
					}
				}
			})
		})
	}
}

func TestCutting(t *testing.T) {
	for _, tt := range []struct {
		name string
		push func(e encoder)
		want string
	}{
		{"at the first keyframe after two seconds", func(e encoder) {
			e.headers()
			e.media(0, 6040, 1000)
		}, "1-40 2000, 1-41 2000, 1-42 2000"},
		{"a GOP of three seconds", func(e encoder) {
			e.headers()
			e.media(0, 9040, 3000)
		}, "1-40 3000, 1-41 3000, 1-42 3000"},
		{"a keyframe a little early", func(e encoder) {
			e.headers()
			e.media(0, 1960, 2000)
			e.media(1960, 4000, 1960)
		}, "1-40 1960, 1-41 1960"},
		{"no keyframe after the first: at ten seconds, then at TARGETDURATION", func(e encoder) {
			e.headers()
			e.media(0, 20_480, 1<<40)
		}, "1-40 10000, 1-41 10360"},
		{"a GOP grows: never longer than what rounds down to TARGETDURATION", func(e encoder) {
			e.headers()
			e.media(0, 2000, 2000)
			e.media(2000, 10_040, 8000)
		}, "1-40 2000, 1-41 2360, 1-42 2360, 1-43 2360"},
		{"audio alone: from the begin, by time", func(e encoder) {
			e.audioHeader()
			for ms := int64(0); ms < 7100; ms += 20 {
				e.sound(ms)
			}
		}, "1-40 2000, 1-41 2000, 1-42 2000"},
		{"video alone", func(e encoder) {
			e.videoHeader()
			for ms := int64(0); ms < 4080; ms += 40 {
				e.picture(ms, ms%2000 == 0)
			}
		}, "1-40 2000, 1-41 2000"},
		{"pictures stop, sound goes on", func(e encoder) {
			e.headers()
			e.media(0, 2080, 2000)
			for ms := int64(2080); ms < 7000; ms += 20 {
				e.sound(ms)
			}
		}, "1-40 2000, 1-41 2400, 1-42 2400"},
		{"sound is sent 700 ms ahead of its pictures", func(e encoder) {
			e.headers()
			for ms := int64(0); ms < 7100; ms += 20 {
				e.sound(ms + 700)
				if ms%40 == 0 {
					e.picture(ms, ms%3000 == 0)
				}
			}
		}, "1-40 3000, 1-41 3000"},
		{"the encoder stalls: what was before it ends there", func(e encoder) {
			e.headers()
			e.media(0, 3040, 2000)
			e.media(6000, 8040, 2000)
		}, "1-40 2000, 1-41 1040, D 1-42 2000"},
		{"sound header after the first picture joins the first segment", func(e encoder) {
			e.videoHeader()
			e.picture(0, true)
			e.audioHeader()
			e.media(40, 4120, 2000)
		}, "1-40 2040, 1-41 2000"},
		{"sound header in the second segment: a new init segment, so a discontinuity", func(e encoder) {
			e.videoHeader()
			for ms := int64(0); ms < 3000; ms += 40 {
				e.picture(ms, ms%2000 == 0)
			}
			e.audioHeader()
			e.media(3000, 5040, 2000)
		}, "1-40 2000, 1-41 1000, D 1-42 2000"},
		{"nothing without a header", func(e encoder) { e.media(0, 10_000, 2000) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, Config{}, func(r *room) {
				tt.push(r.publish(1, 0))
				r.expect(tt.want)
				r.checkFiles()
			})
		})
	}
}

// checkFiles reads all segments back: decode times never overlap within a track, and every list keeps the rules.
func (r *room) checkFiles() {
	r.t.Helper()
	tl := r.s.find("demo")
	ends := map[int]uint64{}
	for _, s := range tl.segments {
		name := s.file(FMP4)
		if s.listed > tl.target*1000+499 {
			r.t.Errorf("%s says %d ms, TARGETDURATION is %d s", name, s.listed, tl.target)
		}
		for i, p := range readParts(r.t, s) {
			for _, track := range p.Tracks {
				if track.BaseTime < ends[track.ID] && (!s.breaks || i > 0) { // a push ends with its last frame, which may outlast its clock
					r.t.Errorf("%s: track %d begins at %d, before %d", name, track.ID, track.BaseTime, ends[track.ID])
				}
				at := track.BaseTime
				for _, sample := range track.Samples {
					at += uint64(sample.Duration)
				}
				ends[track.ID] = at
			}
		}
		var init fmp4.Init
		if err := init.Unmarshal(bytes.NewReader(s.init.data)); err != nil {
			r.t.Errorf("%s: %v", s.init.name, err)
		}
	}
}

// bytesOf is a segment as it is served.
func bytesOf(s *segment) []byte {
	var b []byte
	for _, p := range s.parts {
		b = append(b, p.data...)
	}
	return b
}

// readParts takes a segment apart.
func readParts(t testing.TB, s *segment) fmp4.Parts {
	t.Helper()
	var parts fmp4.Parts
	if err := parts.Unmarshal(bytesOf(s)); err != nil {
		t.Fatalf("%s: %v", s.file(FMP4), err)
	}
	if len(parts) != len(s.parts) {
		t.Fatalf("%s: %d parts read, %d written", s.file(FMP4), len(parts), len(s.parts))
	}
	return parts
}

// TestDecodeTimesAreTheSessions looks at tfdt: the session's clock, and audio without the gaps of FLV's milliseconds.
func TestDecodeTimesAreTheSessions(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(3, 100*time.Second)
		e.headers()
		for i := range int64(400) {
			if i%40 == 0 {
				e.picture(7000+i*1024*1000/44100, true)
			}
			e.sound(7000 + i*1024*1000/44100)
		}
		synctest.Wait()
		tl := r.s.find("demo")
		var next uint64
		for i, s := range tl.segments {
			parts := readParts(t, s)
			if v := parts[0].Tracks[0]; int64(v.BaseTime) != s.start*90 {
				t.Errorf("picture at %d, want %d", v.BaseTime, s.start*90)
			}
			for j, p := range parts {
				a := p.Tracks[len(p.Tracks)-1]
				if i == 0 && j == 0 && (a.BaseTime < 100*44100 || a.BaseTime > 100*44100+100) {
					t.Errorf("sound begins at %d", a.BaseTime)
				}
				if i+j > 0 && a.BaseTime != next {
					t.Errorf("sound of part %d of segment %d begins at %d, the one before ended at %d", j, i, a.BaseTime, next)
				}
				next = a.BaseTime
				for _, f := range a.Samples {
					if f.Duration != 1024 {
						t.Fatalf("a frame of %d samples", f.Duration)
					}
					next += 1024
				}
			}
		}
		if len(tl.segments) < 3 {
			t.Fatalf("%d segments", len(tl.segments))
		}
	})
}

// TestOddTags feeds what no encoder should send between good media: the good media survives.
func TestOddTags(t *testing.T) {
	for _, tt := range []struct {
		name string
		body []byte
		kind stream.Kind
	}{
		{"cut off avcC", []byte{0x17, 0, 0, 0, 0, 1, 0x42}, stream.Video},
		{"avcC of nothing", []byte{0x17, 0, 0, 0, 0}, stream.Video},
		{"SPS of nonsense", append([]byte{0x17, 0, 0, 0, 0}, avcC(4, []byte{0x67, 1, 2, 3, 255, 255}, testPPS)...), stream.Video},
		{"NAL unit longer than its tag", []byte{0x27, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1}, stream.Video},
		{"NAL length cut off", []byte{0x27, 1, 0, 0, 0, 0, 0}, stream.Video},
		{"picture of nothing", []byte{0x27, 1, 0, 0, 0}, stream.Video},
		{"a codec HLS has no place for", []byte{0x22, 1, 2, 3, 4, 5}, stream.Video},
		{"VP9 header", []byte{0x90, 'v', 'p', '0', '9', 1, 2, 3}, stream.Video},
		{"HEVC header of nonsense", append([]byte{0x90, 'h', 'v', 'c', '1'}, bytes.Repeat([]byte{255}, 60)...), stream.Video},
		{"AV1 header of nonsense", []byte{0x90, 'a', 'v', '0', '1', 0x81, 0, 0, 0, 0x0a, 0x7f, 0}, stream.Video},
		{"AAC config of nonsense", []byte{0xaf, 0, 0xff}, stream.Audio},
		{"AAC config of nothing", []byte{0xaf, 0}, stream.Audio},
		{"sound of nothing", []byte{0xaf, 1}, stream.Audio},
		{"MP3", []byte{0x2f, 1, 2, 3}, stream.Audio},
		{"OpusHead of nonsense", []byte{0x90, 'O', 'p', 'u', 's', 1, 2, 3}, stream.Audio},
		{"script", []byte{2, 0, 3, 'a', 'b', 'c'}, stream.Script},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, Config{}, func(r *room) {
				e := r.publish(1, 0)
				e.headers()
				e.media(0, 1000, 1000)
				e.write(tt.kind, 990, tt.body...)
				e.media(1000, 4040, 1000)
				r.expect("1-40 2000, 1-41 2000")
				r.checkFiles()
				st := r.s.Stats()
				if bad := tt.kind != stream.Script; (st.BadTags > 0) != bad {
					t.Errorf("%d bad tags counted", st.BadTags)
				}
				if st.Panics != 0 {
					t.Errorf("%d panics", st.Panics)
				}
			})
		})
	}
}

// TestNewHeaderNewInit changes the picture size inside a generation.
func TestNewHeaderNewInit(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 5000, 1000)
		other := append([]byte(nil), avcC(4, testSPS, []byte{0x68, 0xce, 0x38, 0x80})...)
		e.write(stream.Video, 5000, append([]byte{0x17, 0, 0, 0, 0}, other...)...)
		e.videoHeaderAgain(other)
		e.media(5000, 7040, 1000)
		r.expect("1-40 2000, 1-41 2000, 1-42 1000, D 1-43 2000")
		tl := r.s.find("demo")
		if a, b := tl.segments[2].init.name, tl.segments[3].init.name; a != "1-0-init.mp4" || b != "1-1-init.mp4" {
			t.Errorf("init segments %s and %s", a, b)
		}
	})
}

// videoHeaderAgain repeats a header, as some encoders do with each keyframe.
func (e encoder) videoHeaderAgain(record []byte) {
	e.write(stream.Video, 0, append([]byte{0x17, 0, 0, 0, 0}, record...)...)
}

// TestFloodIsBounded pushes a stream whose pictures never make a keyframe, and one of huge pictures.
func TestFloodIsBounded(t *testing.T) {
	inRoom(t, Config{SegmentBytes: 64 << 10, StreamBytes: 256 << 10}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		body := append([]byte{0x17, 1, 0, 0, 0, 0, 0, 0x40, 0}, make([]byte, 0x4000)...)
		for ms := range int64(3000) {
			e.write(stream.Video, ms, body...)
			if ms%10 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		if st := r.s.Stats(); st.HeldBytes > 256<<10 || st.Discarded == 0 {
			t.Errorf("%d bytes held, %d discarded", st.HeldBytes, st.Discarded)
		}
		r.checkFiles()
	})
}
