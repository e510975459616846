package bench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestParsePlaylist(t *testing.T) {
	base, err := url.Parse("http://h/live/s/v0.m3u8?k=1")
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePlaylist(strings.Join([]string{
		"#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-VERSION:9", "#EXT-X-MEDIA-SEQUENCE:100", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3",
		`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0,CAN-SKIP-UNTIL=12.0`,
		"#EXTINF:2.0,", "a.m4s", `#EXT-X-MAP:URI="/init, 2.mp4"`, "#EXT-X-DISCONTINUITY",
		`#EXT-X-PART:DURATION=0.5,URI="p1.m4s",INDEPENDENT=YES`, `#EXT-X-PART:DURATION=0.5,INDEPENDENT=NO,URI="p2.m4s"`, "#EXTINF:2.0,", "b.m4s",
		`#EXT-X-PART:DURATION=0.5,URI="p3.m4s"`, `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p4.m4s"`, "",
	}, "\r\n"), base)
	if err != nil {
		t.Fatal(err)
	}
	if p.target != 2*time.Second || p.first() != 103 || p.end() != 105 || !p.blocks || !p.skips || p.ended {
		t.Errorf("%+v", p)
	}
	if got := fmt.Sprint(p.partsOf(103), p.partsOf(104), p.partsOf(105), p.partsOf(106), p.partsOf(102)); got !=
		"[] [{{http://h/live/s/p1.m4s http://h/init,%202.mp4 500000000} true} {{http://h/live/s/p2.m4s http://h/init,%202.mp4 500000000} false}] "+
			"[{{http://h/live/s/p3.m4s http://h/init,%202.mp4 500000000} false}] [] []" {
		t.Errorf("parts %s", got)
	}
	if p.segments[0].uri != "http://h/live/s/a.m4s" || p.segments[0].init != "" || p.segments[1].init == "" || p.segments[1].duration != 2*time.Second {
		t.Errorf("segments %+v", p.segments)
	}
	if p, err = parsePlaylist("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv1/x.m3u8\n", base); err != nil || p.variant != "http://h/live/s/v1/x.m3u8" {
		t.Errorf("multivariant: %+v, %v", p, err)
	}
	if _, err = parsePlaylist("<html>", base); err == nil {
		t.Error("a page is a playlist")
	}
}

// A server that lies must not make its viewers count for ever, or ask without a rest.
func TestPlaylistsThatLie(t *testing.T) {
	base := &url.URL{Scheme: "http", Host: "h"}
	for _, numbers := range [][2]string{
		{"-9223372036854775808", "0"}, {"9223372036854775807", "9223372036854775807"}, {"-5", "-9223372036854775808"}, {"99999999999999999999", "1"},
	} {
		p, err := parsePlaylist("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:"+numbers[0]+"\n#EXT-X-SKIP:SKIPPED-SEGMENTS="+numbers[1]+"\n#EXTINF:1,\na\n", base)
		if err != nil {
			t.Fatal(err)
		}
		if p.first() < 0 || p.end() != p.first()+1 || p.end() < p.first() {
			t.Errorf("%s and %s skipped: from %d to %d", numbers[0], numbers[1], p.first(), p.end())
		}
		if p.target < time.Second {
			t.Errorf("reloaded every %v", p.target)
		}
	}
}

func TestReloadsThatAreNotHeld(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if asked.Add(1); strings.HasSuffix(req.URL.Path, ".m3u8") {
			fmt.Fprint(w, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-PART:DURATION=0.2,URI=\"/p\",INDEPENDENT=YES\n")
		}
	}))
	defer srv.Close()
	measure(t, t.Context(), Plan{Audiences: []Audience{{LLHLS, 1, []string{srv.URL + "/live.m3u8"}}}, Duration: time.Second})
	if n := asked.Load(); n > 30 {
		t.Errorf("one viewer asked %d times in a second or two", n)
	}
}

func TestTheRateOfPieces(t *testing.T) {
	const second = int64(time.Second)
	var p pieces
	if _, ok := p.rate(100*second, 4*second); ok {
		t.Error("a rate of nothing")
	}
	p.missed(time.Hour) // before the window
	for i := range int64(3) {
		p.add((12+2*i)*second, 1000, 2*time.Second)
	}
	for _, c := range []struct {
		name string
		end  int64
		want float64
	}{
		{"just now", 16 * second, 4000},
		{"the next is due", 19 * second, 4000},
		{"it does not come", 26 * second, 2000},
	} {
		if got, ok := p.rate(c.end, 4*second); !ok || got != c.want {
			t.Errorf("%s: %.0f bit/s, want %.0f", c.name, got, c.want)
		}
	}
	p.missed(6 * time.Second)
	if got, _ := p.rate(16*second, 4*second); got != 2000 {
		t.Errorf("half of it missed: %.0f bit/s", got)
	}
}

func TestMarksInATransportStream(t *testing.T) {
	s := newSynthetic(Format{})
	payload := s.frame(nil, 1, time.Unix(5, 0))
	var ts []byte
	for n := 0; len(payload) > 0; n++ { // packets of two streams, some with an adaptation field, a few bytes of media in each
		take := min(len(payload), 20)
		packet := []byte{0x47, 0x01, 0, 0x30, packetBytes - 5 - byte(take)}
		for len(packet) < packetBytes-take {
			packet = append(packet, 0xff)
		}
		ts = append(append(ts, packet...), payload[:take]...)
		payload = payload[take:]
		other := make([]byte, packetBytes)
		copy(other, []byte{0x47, 0x02, 0, 0x10})
		ts = append(ts, other...)
	}
	if _, _, ok := findMark(ts); ok {
		t.Fatal("the mark isn't cut by packets: the test shows nothing")
	}
	if m, _, ok := findMark(withoutPackets(ts)); !ok || m.number != 1 || m.sentAt != 5e9 {
		t.Errorf("%+v %v", m, ok)
	}
	if got := withoutPackets([]byte("\x00\x00\x00\x18ftyp")); string(got) != "\x00\x00\x00\x18ftyp" {
		t.Errorf("fMP4 became % x", got)
	}
}

// lowLatencyOrigin is a small Low-Latency HLS server: parts of 200 ms, four to a segment; three segments are listed, and
// the last two with their parts. Reloads are held.
type lowLatencyOrigin struct {
	t      *testing.T
	stream *synthetic
	begun  time.Time

	mu   sync.Mutex
	got  map[string]int // media by name
	held int
}

const partTime = 200 * time.Millisecond

func (o *lowLatencyOrigin) parts() int { return int(time.Since(o.begun) / partTime) }

func (o *lowLatencyOrigin) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if name, ok := strings.CutPrefix(req.URL.Path, "/m/"); ok {
		o.mu.Lock()
		o.got[name]++
		o.mu.Unlock()
		var n int
		if _, err := fmt.Sscanf(name, "p%d", &n); err == nil && n < o.parts() {
			for i := range 6 { // 30 pictures a second
				_, _ = w.Write(o.stream.frame(nil, n*6+i, o.begun.Add(time.Duration(n)*partTime+time.Duration(i)*partTime/6)))
			}
		}
		return
	}
	q := req.URL.Query()
	if q.Get("_HLS_msn") != "" {
		var segment, part int
		_, _ = fmt.Sscan(q.Get("_HLS_msn"), &segment)
		_, _ = fmt.Sscan(q.Get("_HLS_part"), &part)
		o.mu.Lock()
		o.held++
		o.mu.Unlock()
		if n := segment*4 + part; n > o.parts()+4 {
			o.t.Errorf("asks for part %d, and there are %d", n, o.parts())
		} else if wait := time.Until(o.begun.Add(time.Duration(n+1) * partTime)); wait > 0 {
			time.Sleep(wait)
		}
	}
	now := o.parts()
	first := max(0, now/4-3)
	fmt.Fprintf(w, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"/m/init\"\n", first)
	for n := first * 4; n < now; n++ {
		if n/4 >= now/4-2 {
			fmt.Fprintf(w, "#EXT-X-PART:DURATION=0.2,URI=\"/m/p%d\"%s\n", n, map[bool]string{true: ",INDEPENDENT=YES"}[n%4 == 0])
		}
		if n%4 == 3 {
			fmt.Fprintf(w, "#EXTINF:0.8,\n/m/s%d\n", n/4)
		}
	}
}

func TestLowLatencyHLS(t *testing.T) {
	t.Parallel()
	o := &lowLatencyOrigin{t: t, stream: newSynthetic(Format{Bitrate: 500_000}), begun: time.Now().Add(-20 * partTime), got: map[string]int{}}
	srv := httptest.NewServer(o)
	defer srv.Close()
	r := measure(t, t.Context(), Plan{Audiences: []Audience{{LLHLS, 3, []string{srv.URL + "/live.m3u8"}}}, Duration: 2 * time.Second})
	f := r.Total
	if r.Failed() || f.Lost != 0 || f.Checked < 3*45 {
		t.Errorf("failed %v, lost %d of %d", r.Failed(), f.Lost, f.Checked)
	}
	if f.Latency.Count == 0 || f.Latency.P50 < 20 || f.Latency.P50 > 700 {
		t.Errorf("latency %+v, want about that of a part", f.Latency)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.got["init"] != 3 || o.held < 3*6 {
		t.Errorf("the initialisation was loaded %d times, want 3; %d reloads were held", o.got["init"], o.held)
	}
	for name, n := range o.got {
		if n > 3 {
			t.Errorf("%s was loaded %d times by 3 viewers", name, n)
		}
	}
}

func TestPlainHLSIsNotLowLatency(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, ".m3u8") {
			fmt.Fprint(w, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/s1\n")
		}
	}))
	defer srv.Close()
	address := []string{srv.URL + "/live.m3u8"}
	r := measure(t, t.Context(), Plan{Audiences: []Audience{{HLS, 1, address}, {LLHLS, 1, address}}, Duration: time.Second})
	if r.Protocols[1].Refused != 1 || r.Protocols[1].Reasons[0].Code != errNoBlocking.Code || r.Protocols[0].First.Count != 1 {
		t.Errorf("%+v", r.Protocols)
	}
}
