package hls

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// partTag is one EXT-X-PART.
type partTag struct {
	uri         string
	ms          int64
	independent bool
}

// segmentTags is a segment of a playlist; uri is empty for the unfinished one.
type segmentTags struct {
	uri    string
	ms     int64
	parts  []partTag
	breaks bool
}

// lowLatencyList is what a player reads out of a playlist.
type lowLatencyList struct {
	target, partTarget, holdBack, partHoldBack, skipUntil int64 // ms
	blocks, ended                                         bool
	first, skipped                                        int
	segments                                              []segmentTags
	hint                                                  string
}

var attributeOf = regexp.MustCompile(`([A-Z-]+)=("[^"]*"|[^,]*)`)

// attributes are those of a tag.
func attributes(tag string) map[string]string {
	out := map[string]string{}
	for _, m := range attributeOf.FindAllStringSubmatch(tag, -1) {
		out[m[1]] = strings.Trim(m[2], `"`)
	}
	return out
}

func msOf(t testing.TB, s string) int64 {
	t.Helper()
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatalf("%q is no number of seconds", s)
	}
	return int64(f*1000 + 0.5)
}

// readLowLatency reads a media playlist; every line must be known.
func readLowLatency(t testing.TB, body []byte) (l lowLatencyList) {
	t.Helper()
	var cur segmentTags
	for _, line := range strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") {
		tag, value, _ := strings.Cut(line, ":")
		a := attributes(value)
		switch tag {
		case "#EXTM3U", "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-MAP":
		case "#EXT-X-VERSION":
			if value != "9" {
				t.Errorf("version %s", value)
			}
		case "#EXT-X-TARGETDURATION":
			l.target = msOf(t, value)
		case "#EXT-X-SERVER-CONTROL":
			l.blocks = a["CAN-BLOCK-RELOAD"] == "YES"
			l.holdBack, l.partHoldBack, l.skipUntil = msOf(t, a["HOLD-BACK"]), msOf(t, a["PART-HOLD-BACK"]), msOf(t, a["CAN-SKIP-UNTIL"])
		case "#EXT-X-PART-INF":
			l.partTarget = msOf(t, a["PART-TARGET"])
		case "#EXT-X-MEDIA-SEQUENCE":
			l.first, _ = strconv.Atoi(value)
		case "#EXT-X-SKIP":
			l.skipped, _ = strconv.Atoi(a["SKIPPED-SEGMENTS"])
		case "#EXT-X-DISCONTINUITY":
			cur.breaks = true
		case "#EXT-X-PART":
			cur.parts = append(cur.parts, partTag{a["URI"], msOf(t, a["DURATION"]), a["INDEPENDENT"] == "YES"})
		case "#EXTINF":
			cur.ms = msOf(t, strings.TrimSuffix(value, ","))
		case "#EXT-X-PRELOAD-HINT":
			l.hint = a["URI"]
		case "#EXT-X-ENDLIST":
			l.ended = true
		default:
			if strings.HasPrefix(line, "# ") { // a comment
				continue
			}
			if strings.HasPrefix(line, "#") {
				t.Fatalf("unknown tag in line %q of\n%s", line, body)
			}
			cur.uri = line
			l.segments = append(l.segments, cur)
			cur = segmentTags{}
		}
	}
	if len(cur.parts) > 0 || cur.breaks {
		l.segments = append(l.segments, cur)
	}
	return l
}

// keepsRules checks what RFC 8216bis asks of a Low-Latency playlist. Lengths may be off by slack ms: what a picture that
// stays too long drives out.
func (l *lowLatencyList) keepsRules(t testing.TB, slack int64) {
	t.Helper()
	if l.holdBack < 3*l.target || l.partHoldBack < 3*l.partTarget || l.skipUntil < 6*l.target || l.partTarget <= 0 || l.partTarget > l.target {
		t.Fatalf("%+v", l)
	}
	away := int64(0) // from the end of the list to the end of the segment
	for i := len(l.segments) - 1; i >= 0; i-- {
		s := &l.segments[i]
		sum := int64(0)
		for j, p := range s.parts {
			if p.ms > l.partTarget || s.uri != "" && j == len(s.parts)-1 && p.ms <= 0 ||
				(s.uri == "" || j < len(s.parts)-1) && p.ms*100 < l.partTarget*leastPartPercent {
				t.Fatalf("part %d of %d in segment %q lasts %d ms, PART-TARGET is %d ms", j, len(s.parts), s.uri, p.ms, l.partTarget)
			}
			sum += p.ms
		}
		if listed := away < 3*l.target; listed != (len(s.parts) > 0) {
			t.Fatalf("segment %q ends %d ms before the end and has %d parts", s.uri, away, len(s.parts))
		}
		if s.uri == "" {
			away += sum
			continue
		}
		if len(s.parts) > 0 && max(sum-s.ms, s.ms-sum) > slack {
			t.Fatalf("segment %q lasts %d ms, its parts %d ms", s.uri, s.ms, sum)
		}
		away += s.ms
	}
}

// list reads the playlist of a room.
func (r *room) lowLatency() lowLatencyList {
	r.t.Helper()
	synctest.Wait()
	return readLowLatency(r.t, r.s.find("demo").media("live", time.Now()))
}

func TestPartsKeepTheRules(t *testing.T) {
	pictures := func(fps float64, jitter ...int64) func(e encoder, from, to int64) {
		return func(e encoder, from, to int64) {
			sound := from
			for i := 0; ; i++ {
				ms := from + int64(float64(i)*1000/fps)
				if ms >= to {
					return
				}
				if len(jitter) > 0 {
					ms += jitter[i%len(jitter)]
				}
				e.picture(ms, i%max(int(fps*2), 1) == 0)
				for ; sound < ms+int64(1000/fps) && sound < to; sound += 21 {
					e.sound(sound)
				}
			}
		}
	}
	sounds := func(step int64) func(e encoder, from, to int64) {
		return func(e encoder, from, to int64) {
			for ms := from; ms < to; ms += step {
				e.sound(ms)
			}
		}
	}
	stutter := func(e encoder, from, to int64) {
		for ms := from; ms < to; ms += 33 {
			e.picture(ms, ms == from)
			if ms-from == 33*30 {
				ms += 500
			}
		}
	}
	for _, tt := range []struct {
		name   string
		push   func(e encoder, from, to int64)
		alone  bool
		target int64 // PART-TARGET
		slack  int64
	}{
		{"60", pictures(60), false, 370, 1},
		{"59.94", pictures(60000. / 1001), false, 370, 1},
		{"50", pictures(50), false, 370, 1},
		{"30", pictures(30), false, 370, 1},
		{"29.97", pictures(30000. / 1001), false, 370, 1},
		{"25", pictures(25), false, 370, 1},
		{"24", pictures(24), false, 370, 1},
		{"20", pictures(20), false, 370, 1},
		{"15", pictures(15), false, 370, 1},
		{"12", pictures(12), false, 370, 1},
		{"10", pictures(10), false, 402, 1},
		{"8", pictures(8), false, 377, 1},
		{"7", pictures(7), false, 431, 1},
		{"5", pictures(5), false, 402, 1},
		{"one a second", pictures(1), false, 1002, 1},
		{"30 with a phone's jitter", pictures(30, 0, 12, -9, 4, -13, 15, 0, 3), false, 370, 30},
		{"pictures that stay away for half a second", stutter, false, 370, 400},
		{"sound alone", sounds(21), true, 370, 1},
		{"sound alone, long frames", sounds(128), true, 386, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inRoom(t, Config{}, func(r *room) {
				e := r.publish(1, 0)
				if !tt.alone {
					e.videoHeader()
				}
				e.audioHeader()
				for from := int64(0); from < 24_000; from += 2000 {
					tt.push(e, from, from+2000)
					synctest.Wait()
					if r.s.find("demo").ready() {
						l := r.lowLatency()
						l.keepsRules(t, tt.slack)
						if l.partTarget != tt.target {
							t.Fatalf("PART-TARGET %d ms, want %d", l.partTarget, tt.target)
						}
						if !l.blocks || l.hint == "" {
							t.Fatalf("%+v", l)
						}
					}
				}
				r.checkFiles()
				if l := r.lowLatency(); len(l.segments) < 7 {
					t.Errorf("%d segments", len(l.segments))
				}
			})
		})
	}
}

// lowLatencyConfig has a list that is long enough for delta updates to leave something out.
var lowLatencyConfig = Config{ListSize: 12}

func TestPartsAreTheSegment(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 7000, 1000) // two keyframes a segment
		l := r.lowLatency()
		keyed := 0
		for _, s := range l.segments {
			var joined []byte
			for i, p := range s.parts {
				w := r.get("GET", p.uri)
				if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "public, max-age=3600, immutable" || w.Header().Get("Content-Type") != "video/mp4" {
					t.Fatalf("%s: %d %v", p.uri, w.Code, w.Header())
				}
				joined = append(joined, w.Body.Bytes()...)
				if p.independent {
					keyed++
				}
				if i == 0 && !p.independent {
					t.Errorf("%s begins with a keyframe and doesn't say so", p.uri)
				}
			}
			if s.uri == "" {
				continue
			}
			w := r.get("GET", s.uri)
			if !bytes.Equal(w.Body.Bytes(), joined) || w.Header().Get("Content-Length") != strconv.Itoa(len(joined)) {
				t.Errorf("%s is not what its parts are: %d and %d bytes", s.uri, w.Body.Len(), len(joined))
			}
			if head := r.get("HEAD", s.uri); head.Body.Len() != 0 || head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
				t.Errorf("HEAD %s: %v", s.uri, head.Header())
			}
			cut := len(joined) / 2 // somewhere in a part, to somewhere in the next
			w = r.get("GET", s.uri, "Range", fmt.Sprintf("bytes=%d-%d", cut, len(joined)-10))
			if w.Code != http.StatusPartialContent || !bytes.Equal(w.Body.Bytes(), joined[cut:len(joined)-9]) {
				t.Errorf("range of %s: %d, %d bytes", s.uri, w.Code, w.Body.Len())
			}
			if w = r.get("GET", s.uri, "Range", "bytes=-5"); !bytes.Equal(w.Body.Bytes(), joined[len(joined)-5:]) {
				t.Errorf("last bytes of %s: %d %q", s.uri, w.Code, w.Body)
			}
			if w = r.get("GET", s.uri, "Range", fmt.Sprintf("bytes=%d-", len(joined))); w.Code != http.StatusRequestedRangeNotSatisfiable {
				t.Errorf("range beyond %s: %d", s.uri, w.Code)
			}
			tag := r.get("GET", s.uri).Header().Get("ETag")
			if w = r.get("GET", s.uri, "If-None-Match", tag); tag == "" || w.Code != http.StatusNotModified || w.Body.Len() != 0 {
				t.Errorf("If-None-Match: %s of %s: %d", tag, s.uri, w.Code)
			}
		}
		if keyed != 7 {
			t.Errorf("%d parts are independent, want one a second", keyed)
		}
		if st := r.s.Stats(); st.Parts < 21 || st.HeldBytes == 0 {
			t.Errorf("%+v", st)
		}
	})
}

// held asks in the background.
func (r *room) held(target string) chan *httptest.ResponseRecorder {
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() { answer <- r.get("GET", target) }()
	synctest.Wait()
	return answer
}

// answered returns an answer that must be there already.
func answered(t testing.TB, c chan *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	t.Helper()
	synctest.Wait()
	select {
	case w := <-c:
		return w
	default:
		t.Fatal("still held")
		return nil
	}
}

func TestBlockingReload(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 5080, 2000) // segments 40 and 41, and parts 0, 1 and 2 of 42
		synctest.Wait()
		media := r.watch("")
		if l := readLowLatency(t, r.get("GET", media).Body.Bytes()); l.first != 40 || len(l.segments) != 3 || len(l.segments[2].parts) != 3 {
			t.Fatalf("%+v", l)
		}
		for _, tt := range []struct {
			name, query string
		}{
			{"nothing", ""},
			{"a segment that is there", "?_HLS_msn=41"},
			{"one of long ago", "?_HLS_msn=2"},
			{"a part of a finished segment", "?_HLS_msn=41&_HLS_part=6"},
			{"a part of the unfinished one", "?_HLS_msn=42&_HLS_part=2"},
			{"one beyond its segment is the first of the next", "?_HLS_msn=41&_HLS_part=70"},
			{"other words", "?vid=chat-1&_HLS_report=/x"},
		} {
			t.Log(tt.name)
			if w := answered(t, r.held(media+tt.query)); w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		}
		for _, tt := range []struct {
			name, query string
		}{
			{"too far", "?_HLS_msn=44"},
			{"far too far", "?_HLS_msn=9223372036854775807"},
			{"too far a part", "?_HLS_msn=42&_HLS_part=12"},
			{"too far a part of the one after", "?_HLS_msn=43&_HLS_part=10"},
			{"no number", "?_HLS_msn=x"},
			{"nothing", "?_HLS_msn="},
			{"negative", "?_HLS_msn=-1"},
			{"more than 64 bits", "?_HLS_msn=99999999999999999999"},
			{"a sign", "?_HLS_msn=%2B12"},
			{"no number of a part", "?_HLS_msn=42&_HLS_part=1.5"},
			{"a part of nothing", "?_HLS_part=1"},
			{"twice", "?_HLS_msn=42&_HLS_msn=43"},
			{"broken", "?_HLS_msn=%zz"},
			{"long", "?_HLS_msn=42&x=" + strings.Repeat("x", 5000)},
		} {
			t.Log(tt.name)
			refused(t, answered(t, r.held(media+tt.query)), http.StatusBadRequest, "bad_request")
		}

		part, next := r.held(media+"?_HLS_msn=42&_HLS_part=3"), r.held(media+"?_HLS_msn=42&_HLS_part=4")
		again, whole := r.held(media+"?_HLS_part=3&_HLS_msn=42"), r.held(media+"?_HLS_msn=42")
		if n := r.s.Stats().Waiting; n != 4 {
			t.Errorf("%d wait", n)
		}
		e.media(5080, 5400, 1<<40)
		a, b := answered(t, part), answered(t, again)
		if a.Code != http.StatusOK || !bytes.Equal(a.Body.Bytes(), b.Body.Bytes()) || !strings.Contains(a.Body.String(), "1-42.3.m4s") {
			t.Errorf("%d\n%s\n%s", a.Code, a.Body, b.Body)
		}
		if len(next) != 0 || len(whole) != 0 {
			t.Fatal("answered without what was asked for")
		}
		e.media(5400, 5720, 1<<40)
		if w := answered(t, next); !strings.Contains(w.Body.String(), "1-42.4.m4s") {
			t.Errorf("%d\n%s", w.Code, w.Body)
		}
		e.media(5720, 6040, 280)
		if w := answered(t, whole); !strings.Contains(w.Body.String(), "1-42.m4s") {
			t.Errorf("%d\n%s", w.Code, w.Body)
		}
		if n := r.s.Stats().Waiting; n != 0 {
			t.Errorf("%d wait", n)
		}
	})
}

// TestStalled: the encoder says nothing for a while. It may go on at any moment, so players are held, but not for ever.
func TestStalled(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		media := r.watch("")
		l := r.lowLatency()
		begin := time.Now()
		list, part := r.held(media+"?_HLS_msn=43"), r.held(l.hint)
		refused(t, <-list, http.StatusServiceUnavailable, "stalled")
		refused(t, <-part, http.StatusServiceUnavailable, "stalled")
		if took := time.Since(begin); took != 6*time.Second {
			t.Errorf("after %v, want three target durations", took)
		}
	})
}

func TestHintedPart(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.live() // 40, 41 and 42 are complete; nothing of 43 yet
		l := r.lowLatency()
		if !strings.HasSuffix(l.hint, "/1-43.0.m4s") {
			t.Fatalf("hint %s", l.hint)
		}
		root := l.hint[:strings.LastIndex(l.hint, "/")+1]
		hinted := r.held(l.hint)
		for _, name := range []string{"1-43.1.m4s", "1-44.0.m4s", "2-43.0.m4s", "1-43.m4s", "1-43.00.m4s", "1-043.0.m4s", "1-43.0.m4s.m4s", "1-43..m4s", "1-43.-1.m4s"} {
			refused(t, answered(t, r.held(root+name)), http.StatusNotFound, "not_found")
		}
		if len(hinted) != 0 {
			t.Fatal("answered without the part")
		}
		e.media(6040, 6400, 1<<40)
		w := answered(t, hinted)
		if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Cache-Control") != "public, max-age=3600, immutable" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		l = r.lowLatency()
		if s := l.segments[len(l.segments)-1]; s.parts[0].uri != root+"1-43.0.m4s" || l.hint != root+"1-43.1.m4s" {
			t.Errorf("%+v", l)
		}
	})
	t.Run("of a push that is gone", func(t *testing.T) {
		inRoom(t, Config{}, func(r *room) {
			r.live()
			hinted, list := r.held(r.lowLatency().hint), r.held(r.watch("")+"?_HLS_msn=43&_HLS_part=0")
			e := r.publish(2, 10*time.Second)
			e.headers()
			e.media(0, 400, 1<<40)
			refused(t, answered(t, hinted), http.StatusNotFound, "not_found")
			if w := answered(t, list); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "/2-43.0.m4s") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	})
}

// TestHintAcrossTheHour: what a hint names is what the list names then.
func TestHintAcrossTheHour(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(time.Hour)) - 10*time.Millisecond)
		e := r.live()
		hint := r.lowLatency().hint
		time.Sleep(time.Minute)
		e.media(6040, 6400, 1<<40)
		l := r.lowLatency()
		if got := l.segments[len(l.segments)-1].parts[0].uri; got != hint {
			t.Errorf("part %s was announced as %s", got, hint)
		}
	})
}

func TestDelta(t *testing.T) {
	inRoom(t, lowLatencyConfig, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 30_600, 2000)
		synctest.Wait()
		media := r.watch("")
		full := readLowLatency(t, r.get("GET", media).Body.Bytes())
		for _, word := range []string{"YES", "v2"} {
			w := r.get("GET", media+"?_HLS_skip="+word)
			delta := readLowLatency(t, w.Body.Bytes())
			if delta.skipped == 0 || delta.skipped+len(delta.segments) != len(full.segments) || delta.first != full.first {
				t.Fatalf("skips %d and has %d of %d\n%s", delta.skipped, len(delta.segments), len(full.segments), w.Body)
			}
			end := int64(0)
			for _, s := range delta.segments {
				end += s.ms
				if s.uri == "" {
					for _, p := range s.parts {
						end += p.ms
					}
				}
			}
			if end < full.skipUntil || end >= full.skipUntil+full.target {
				t.Errorf("%d ms are left, CAN-SKIP-UNTIL is %d ms", end, full.skipUntil)
			}
			for i, s := range delta.segments {
				if want := full.segments[i+delta.skipped]; s.uri != want.uri || s.ms != want.ms || len(s.parts) != len(want.parts) {
					t.Errorf("%+v instead of %+v", s, want)
				}
			}
			if strings.Contains(w.Body.String(), "EXT-X-MAP") {
				t.Error("who asks for a delta has the init segment")
			}
		}
		if l := readLowLatency(t, r.get("GET", media+"?_HLS_skip=no").Body.Bytes()); l.skipped != 0 {
			t.Errorf("skips %d", l.skipped)
		}
	})
	t.Run("not across a discontinuity", func(t *testing.T) {
		inRoom(t, lowLatencyConfig, func(r *room) {
			e := r.publish(1, 0)
			e.headers()
			e.media(0, 22_040, 2000)
			e.p.Close(stream.StopLost)
			e = r.publish(2, 40*time.Second)
			e.headers()
			media := r.watch("")
			for ms := int64(0); ms < 30_000; ms += 2000 {
				e.media(ms, ms+2000, 2000)
				synctest.Wait()
				w := r.get("GET", media+"?_HLS_skip=YES")
				l := readLowLatency(t, w.Body.Bytes())
				if breaks := strings.Contains(w.Body.String(), "EXT-X-DISCONTINUITY\n"); breaks == (l.skipped > 0) {
					t.Fatalf("after %d ms %d are skipped\n%s", ms, l.skipped, w.Body)
				}
			}
		})
	})
	t.Run("too short a list", func(t *testing.T) {
		inRoom(t, Config{}, func(r *room) {
			r.live()
			if l := readLowLatency(t, r.get("GET", r.watch("")+"?_HLS_skip=YES").Body.Bytes()); l.skipped != 0 || len(l.segments) != 3 {
				t.Errorf("%+v", l)
			}
		})
	})
}

// TestGateInTheMiddleOfAPart: what is published stays, the segment ends with it, and nobody waits for what is not coming.
func TestGateInTheMiddleOfAPart(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 5080, 2000)
		media := r.watch("")
		l := r.lowLatency()
		published := l.segments[len(l.segments)-1].parts
		if len(published) != 3 {
			t.Fatalf("%+v", l)
		}
		list, part := r.held(media+"?_HLS_msn=42&_HLS_part=3"), r.held(l.hint)
		r.hub.Gate("demo", true)
		e.media(5080, 8000, 2000)
		time.Sleep(2 * time.Second)
		r.expect("1-40 2000, 1-41 2000, 1-42 1040")
		if w := answered(t, list); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		refused(t, answered(t, part), http.StatusNotFound, "not_found")
		l = r.lowLatency()
		if l.blocks || l.hint != "" || l.ended {
			t.Errorf("while paused: %+v", l)
		}
		if w := answered(t, r.held(media+"?_HLS_msn=43")); w.Code != http.StatusOK { // no server that blocks: answered at once
			t.Errorf("%d %s", w.Code, w.Body)
		}
		for _, p := range published {
			if w := r.get("GET", p.uri); w.Code != http.StatusOK {
				t.Errorf("%s: %d", p.uri, w.Code)
			}
		}
		time.Sleep(3 * time.Hour)
		r.hub.Gate("demo", false)
		e.media(25_000, 29_040, 2000)
		r.expect("1-40 2000, 1-41 2000, 1-42 1040, D 1-43 2000, 1-44 2000")
		l = r.lowLatency()
		if !l.blocks || l.hint == "" || !l.segments[3].breaks {
			t.Errorf("after the pause: %+v", l)
		}
		l.keepsRules(t, 1)
		r.checkFiles()
		for _, s := range r.s.find("demo").segments {
			if s.start+s.duration > 5080 && s.start < 25_000 {
				t.Errorf("%s shows %d to %d ms, paused from 5080 to 25000", s.file(FMP4), s.start, s.start+s.duration)
			}
		}
	})
}

// TestGateBeforeAnythingIsPublished: what is not published is thrown away.
func TestGateBeforeAnythingIsPublished(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 1500, 2000)
		synctest.Wait()
		r.hub.Gate("demo", true)
		time.Sleep(2 * time.Second)
		r.expect("")
		r.hub.Gate("demo", false)
		e.media(4000, 6040, 2000)
		r.expect("D 1-44 2000")
	})
}

func TestReconnectInTheMiddleOfAPart(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 4500, 2000)
		media := r.watch("")
		l := r.lowLatency()
		list, part := r.held(media+"?_HLS_msn=43&_HLS_part=0"), r.held(l.hint)
		e.p.Close(stream.StopLost)
		time.Sleep(2 * time.Second) // the rest is a part: the one that was hinted
		if w := answered(t, part); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%d", w.Code)
		}
		if w := answered(t, list); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if l = r.lowLatency(); l.blocks || l.hint != "" {
			t.Errorf("while the push is lost: %+v", l)
		}
		time.Sleep(20 * time.Second)
		e = r.publish(2, 26*time.Second)
		e.headers()
		e.media(0, 500, 2000)
		l = r.lowLatency()
		if s := l.segments[len(l.segments)-1]; s.uri != "" || !s.breaks || len(s.parts) != 1 || !strings.HasSuffix(s.parts[0].uri, "/2-43.0.m4s") || !strings.HasSuffix(l.hint, "/2-43.1.m4s") {
			t.Errorf("after the reconnect: %+v", l)
		}
		body := string(r.s.find("demo").media("live", time.Now()))
		if i := strings.Index(body, "2-0-init.mp4"); i < 0 || i > strings.Index(body, "2-43.0.m4s") {
			t.Errorf("the init segment does not stand before the part:\n%s", body)
		}
		if w := r.get("GET", l.hint[:strings.LastIndex(l.hint, "/")]+"/2-0-init.mp4"); w.Code != http.StatusOK {
			t.Errorf("init segment of the unfinished segment: %d", w.Code)
		}
		e.media(500, 4040, 1500)
		r.expect("1-40 2000, 1-41 2000, 1-42 520, D 2-43 2380")
		r.checkFiles()
		l = r.lowLatency()
		l.keepsRules(t, 1)
	})
}

func TestEndInTheMiddleOfAPart(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 4500, 2000)
		media := r.watch("")
		list, whole := r.held(media+"?_HLS_msn=42&_HLS_part=5"), r.held(media+"?_HLS_msn=43")
		r.hub.End("demo", nil)
		synctest.Wait()
		for _, c := range []chan *httptest.ResponseRecorder{list, whole, r.held(media + "?_HLS_msn=99")} {
			w := answered(t, c)
			if l := readLowLatency(t, w.Body.Bytes()); w.Code != http.StatusOK || !l.ended || l.hint != "" {
				t.Errorf("%d\n%s", w.Code, w.Body)
			}
		}
		r.expect("1-40 2000, 1-41 2000, 1-42 520, end")
	})
}

// TestStopLetsGo: a server that stops keeps nobody waiting.
func TestStopLetsGo(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		list := r.held(r.watch("") + "?_HLS_msn=43")
		r.stop()
		if w := answered(t, list); w.Code != http.StatusOK {
			t.Errorf("%d", w.Code)
		}
		r.restart()
	})
}

// TestRevokedWhileWaiting: a viewer that is banned hears of it, not of what comes.
func TestRevokedWhileWaiting(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.live()
		media := r.watch("?vid=bad")
		list := r.held(media + "&_HLS_msn=43&_HLS_part=0")
		r.s.Revoke("demo", "bad")
		e.media(6040, 6400, 1<<40)
		refused(t, answered(t, list), http.StatusForbidden, "forbidden")
	})
}

// TestLateSoundHeader: where a push says late that it has sound, there is still one init segment.
func TestLateSoundHeader(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.live()
		e.p.Close(stream.StopLost)
		e = r.publish(2, 10*time.Second)
		e.videoHeader()
		for ms := int64(0); ms < 600; ms += 40 {
			e.picture(ms, ms == 0)
		}
		if l := r.lowLatency(); l.segments[len(l.segments)-1].uri == "" {
			t.Errorf("a part is out before it is known whether there is sound: %+v", l)
		}
		e.audioHeader()
		e.media(600, 2640, 1400)
		r.expect("1-40 2000, 1-41 2000, 1-42 2000, D 2-43 2000")
		r.checkFiles()
	})
	t.Run("no sound at all", func(t *testing.T) {
		inRoom(t, Config{}, func(r *room) {
			e := r.live()
			e.p.Close(stream.StopLost)
			e = r.publish(2, 10*time.Second)
			e.videoHeader()
			for ms := int64(0); ms < 1400; ms += 40 {
				e.picture(ms, ms == 0)
			}
			if l := r.lowLatency(); len(l.segments[len(l.segments)-1].parts) != 4 {
				t.Errorf("%+v", l)
			}
		})
	})
}

// TestNewPictureSizeInTheMiddleOfAPart ends the segment and begins one with its own init segment.
func TestNewPictureSizeInTheMiddleOfAPart(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		e.media(0, 4500, 2000)
		e.videoHeaderAgain(avcC(4, testSPS, []byte{0x68, 0xce, 0x38, 0x80}))
		e.media(4500, 5000, 2000)
		l := r.lowLatency()
		if s := l.segments[len(l.segments)-1]; !s.breaks || len(s.parts) != 1 || !strings.HasSuffix(s.parts[0].uri, "/1-43.0.m4s") {
			t.Errorf("%+v", l)
		}
		r.expect("1-40 2000, 1-41 2000, 1-42 520")
		r.checkFiles()
	})
}

// TestNewcomerMeetsTheNextSession: between the begin of a session and that of its push, the list of the one before is there.
func TestNewcomerMeetsTheNextSession(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		r.hub.End("demo", nil)
		synctest.Wait()
		newcomer := r.held("/live/demo.m3u8")
		time.Sleep(20 * time.Millisecond)
		e := r.publish(2, 0)
		e.headers()
		e.media(0, 2040, 2000)
		w := answered(t, newcomer)
		media := entryLine.FindString(w.Body.String())
		if l := readLowLatency(t, r.get("GET", media).Body.Bytes()); l.ended || l.first != 80 {
			t.Errorf("%+v", l)
		}
	})
}

// TestSoundAloneFromTheBegin: the first second waits for a video header, and is not lost.
func TestSoundAloneFromTheBegin(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.audioHeader()
		for ms := int64(0); ms < 2100; ms += 20 {
			e.sound(ms)
		}
		r.expect("1-40 2000")
		samples := 0
		for _, p := range readParts(t, r.s.find("demo").segments[0]) {
			samples += len(p.Tracks[0].Samples)
		}
		if samples != 100 {
			t.Errorf("%d sounds in the first segment, want 100", samples)
		}
	})
}
