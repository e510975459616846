package hls

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	gocodecs "github.com/bluenviron/gohlslib/v2/pkg/codecs"

	"liveroom/live/stream"
)

// serveStream pushes messages as generation 1, ends the stream when told to, and returns the play address.
func serveStream(t *testing.T, all []message, end bool) (string, *Server, *stream.Hub) {
	t.Helper()
	return serveStreamWith(t, testKeys, all, end)
}

func serveStreamWith(t *testing.T, cfg Config, all []message, end bool) (string, *Server, *stream.Hub) {
	t.Helper()
	hub := stream.NewHub(patient)
	s := start(t, cfg, hub, open)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	p, err := hub.Publish("demo", stream.PublishOptions{Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	some := len(all) / 20
	push(t, p, all[:some], 0)
	await(t, s.find("demo"), func(tl *timeline) bool { return !tl.began.IsZero() }) // newcomers start at the newest keyframe
	push(t, p, all[some:], 0)
	if end {
		p.Close(stream.StopClosed)
		hub.End("demo", nil)
		await(t, s.find("demo"), func(tl *timeline) bool { return !tl.endedAt.IsZero() })
	}
	return web.URL + "/live/demo.m3u8", s, hub
}

// await waits for a change of a timeline.
func await(t testing.TB, tl *timeline, ok func(*timeline) bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		tl.mu.RLock()
		done, changed := ok(tl), tl.changed
		tl.mu.RUnlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatal("it did not happen within a minute")
		}
	}
}

// probed is what ffprobe says of a stream after decoding all of it.
type probed struct {
	Type   string `json:"codec_type"`
	Name   string `json:"codec_name"`
	Frames string `json:"nb_read_frames"`
	Width  int
	Height int
}

// probe has ffprobe decode a whole HLS stream, and fails on any complaint.
func probe(t *testing.T, url string) (streams map[string]probed, frames map[string]int) {
	t.Helper()
	cmd := exec.Command("ffprobe", "-v", "error", "-live_start_index", "0", "-count_frames", "-of", "json",
		"-show_entries", "stream=codec_type,codec_name,nb_read_frames,width,height", url)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	var got struct{ Streams []probed }
	if err != nil || problems.Len() > 0 || json.Unmarshal(out, &got) != nil {
		t.Fatalf("ffprobe: %v: %s %s", err, problems.String(), out)
	}
	streams, frames = map[string]probed{}, map[string]int{}
	for _, s := range got.Streams {
		streams[s.Type] = s
		frames[s.Type], _ = strconv.Atoi(s.Frames)
	}
	return streams, frames
}

// TestForeignDecoderCountsEveryFrame has ffprobe play each codec over HTTP and count what it decodes.
func TestForeignDecoderCountsEveryFrame(t *testing.T) {
	const source = "-f lavfi -i testsrc2=size=320x180:rate=30:duration=5 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=5 "
	transport := testKeys
	transport.Container = MPEGTS
	hevcAndOpus := func(t testing.TB) []message {
		return encodeEnhanced(t, source+"-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=60:min-keyint=60 -tag:v hvc1 -c:a libopus")
	}
	withB := func(t testing.TB) []message {
		return encode(t, source+"-c:v libx264 -preset ultrafast -g 60 -bf 2 -c:a aac")
	}
	alone := func(t testing.TB) []message {
		return encode(t, "-f lavfi -i sine=frequency=440:sample_rate=48000:duration=5 -c:a aac")
	}
	for _, tt := range []struct {
		name         string
		push         func(t testing.TB) []message
		video, audio string
		least        int // audio frames
		cfg          Config
	}{
		{"H.264 with B-frames and AAC", withB, "h264", "aac", 5*48000/1024 - 1, testKeys},
		{"H.264 with B-frames and AAC in MPEG-TS", withB, "h264", "aac", 5*48000/1024 - 1, transport},
		{"HEVC and Opus in MPEG-TS", hevcAndOpus, "hevc", "opus", 5*50 - 1, transport},
		{"AAC alone in MPEG-TS", alone, "", "aac", 5*48000/1024 - 2, transport},
		{"H.264 and AAC at 44.1 kHz, keyframes where the encoder likes them", func(t testing.TB) []message {
			return encode(t, source+"-c:v libx264 -preset ultrafast -c:a aac -ar 44100")
		}, "h264", "aac", 5*44100/1024 - 1, testKeys},
		{"HEVC and Opus", hevcAndOpus, "hevc", "opus", 5*50 - 1, testKeys},
		{"AV1 and Opus", func(t testing.TB) []message {
			return encodeEnhanced(t, source+"-c:v libsvtav1 -preset 12 -g 60 -c:a libopus")
		}, "av1", "opus", 5*50 - 1, testKeys},
		{"AAC alone", alone, "", "aac", 5*48000/1024 - 2, testKeys},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := tt.push(t)
			url, _, _ := serveStreamWith(t, tt.cfg, all, true)
			streams, n := probe(t, url)
			if streams["video"].Name != tt.video || streams["audio"].Name != tt.audio {
				t.Fatalf("streams %+v", streams)
			}
			if tt.video != "" && (streams["video"].Width != 320 || streams["video"].Height != 180) {
				t.Errorf("%d×%d", streams["video"].Width, streams["video"].Height)
			}
			if want := pictures(all); n["video"] != want {
				t.Errorf("%d pictures decoded, %d pushed", n["video"], want)
			}
			if n["audio"] < tt.least {
				t.Errorf("%d audio frames decoded, want at least %d", n["audio"], tt.least)
			}
		})
	}
}

// pictures counts the coded pictures among messages.
func pictures(all []message) (n int) {
	for _, m := range all {
		switch {
		case m.kind != stream.Video:
		case m.body[0]&0x80 != 0 && m.body[0]&15 == 1, m.body[0]&0x80 == 0 && m.body[1] == 1:
			n++
		}
	}
	return n
}

// TestForeignDecoderOverReconnect plays two pushes with different pictures and sound as one stream.
func TestForeignDecoderOverReconnect(t *testing.T) {
	first := encode(t, "-f lavfi -i testsrc2=size=320x180:rate=30:duration=5 -f lavfi -i sine=duration=5 -c:v libx264 -preset ultrafast -g 60 -c:a aac")
	second := encode(t, "-f lavfi -i testsrc2=size=320x180:rate=30:duration=4 -f lavfi -i sine=duration=4 -c:v libx264 -preset ultrafast -g 60 -bf 1 -c:a aac")
	url, s, hub := serveStream(t, first, false)
	p, err := hub.Publish("demo", stream.PublishOptions{Generation: 2, Offset: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	push(t, p, second, 0)
	p.Close(stream.StopClosed)
	hub.End("demo", nil)
	tl := s.find("demo")
	await(t, tl, func(tl *timeline) bool { return !tl.endedAt.IsZero() })
	if n := strings.Count(string(tl.media("live", time.Now())), "#EXT-X-DISCONTINUITY\n"); n != 1 {
		t.Errorf("%d discontinuities", n)
	}
	_, n := probe(t, url)
	if want := pictures(first) + pictures(second); n["video"] != want {
		t.Errorf("%d pictures decoded, %d pushed", n["video"], want)
	}
}

// TestSecondReaderOfParts plays Low-Latency HLS with gohlslib, in the pace of the push: hinted parts and delta updates.
func TestSecondReaderOfParts(t *testing.T) {
	all := encode(t, "-f lavfi -i testsrc2=size=320x180:rate=30:duration=6 -f lavfi -i sine=frequency=440:duration=6 "+
		"-c:v libx264 -preset ultrafast -g 30 -bf 2 -c:a aac")
	head := 0
	for all[head].ms < 2500 {
		head++
	}
	hub := stream.NewHub(patient)
	s := start(t, testKeys, hub, open)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	p, err := hub.Publish("demo", stream.PublishOptions{Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	push(t, p, all[:head/5], 0)
	await(t, s.find("demo"), func(tl *timeline) bool { return !tl.began.IsZero() })
	push(t, p, all[head/5:head], 0)
	await(t, s.find("demo"), func(tl *timeline) bool { return len(tl.segments) > 0 })
	var mu sync.Mutex
	var seen []int64 // DTS of pictures
	parts := 0
	began := time.Now().Add(-time.Duration(all[head].ms) * time.Millisecond) // when the session would have begun
	c := &gohlslib.Client{URI: web.URL + "/live/demo.m3u8", OnDownloadPart: func(string) { mu.Lock(); parts++; mu.Unlock() }}
	c.OnDecodeError = func(err error) { t.Errorf("decode: %v", err) }
	c.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			if _, ok := track.Codec.(*gocodecs.H264); !ok {
				continue
			}
			c.OnDataH26x(track, func(_, dts int64, _ [][]byte) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, dts)
			})
		}
		return nil
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for _, m := range all[head:] {
		time.Sleep(time.Until(began.Add(time.Duration(m.ms) * time.Millisecond)))
		push(t, p, []message{m}, 0)
	}
	c.Close()
	mu.Lock()
	defer mu.Unlock()
	if parts < 6 || len(seen) < 60 {
		t.Errorf("%d parts and %d pictures", parts, len(seen))
	}
	for i := 1; i < len(seen); i++ {
		if d := seen[i] - seen[i-1]; d < 33*90-90 || d > 34*90+90 {
			t.Fatalf("picture %d comes %d ticks after the one before", i, d)
		}
	}
}

// TestSecondReader plays live with gohlslib: a reader with other opinions than ffmpeg's.
func TestSecondReader(t *testing.T) {
	all := encode(t, "-f lavfi -i testsrc2=size=320x180:rate=30:duration=5 -f lavfi -i sine=frequency=440:duration=5 "+
		"-c:v libx264 -preset ultrafast -g 30 -bf 2 -c:a aac")
	cfg := testKeys
	cfg.Latency = NormalLatency // at the pace of this push, parts would be gone before they are asked for
	url, s, hub := serveStreamWith(t, cfg, all, false)
	await(t, s.find("demo"), func(tl *timeline) bool { return len(tl.segments) >= 2 })

	var mu sync.Mutex
	var seen []int64 // DTS of pictures
	var sounds, units int
	c := &gohlslib.Client{URI: url, StartDistance: 2}
	c.OnDecodeError = func(err error) { t.Errorf("decode: %v", err) }
	c.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			switch track.Codec.(type) {
			case *gocodecs.H264:
				c.OnDataH26x(track, func(_, dts int64, au [][]byte) {
					mu.Lock()
					defer mu.Unlock()
					seen, units = append(seen, dts), units+len(au)
				})
			case *gocodecs.MPEG4Audio:
				c.OnDataMPEG4Audio(track, func(_ int64, aus [][]byte) {
					mu.Lock()
					defer mu.Unlock()
					sounds += len(aus)
				})
			}
		}
		return nil
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	hub.End("demo", nil)
	if err := c.Wait2(); !errors.Is(err, gohlslib.ErrClientEOS) {
		t.Errorf("client: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := pictures(all); len(seen) != want || units < want {
		t.Errorf("%d pictures in %d units read, %d pushed", len(seen), units, want)
	}
	for i := 1; i < len(seen); i++ {
		if d := seen[i] - seen[i-1]; d < 33*90-90 || d > 34*90+90 {
			t.Fatalf("picture %d comes %d ticks after the one before", i, d)
		}
	}
	if sounds < 5*44100/1024-2 {
		t.Errorf("%d sounds read", sounds)
	}
}

// TestViewersOverHTTP has three players watch a running stream.
func TestViewersOverHTTP(t *testing.T) {
	all := encode(t, "-f lavfi -i testsrc2=size=320x180:rate=30:duration=5 -c:v libx264 -preset ultrafast -g 60")
	url, s, _ := serveStream(t, all, false)
	await(t, s.find("demo"), func(tl *timeline) bool { return len(tl.segments) >= 2 })
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-live_start_index", "0", "-i", url, "-frames:v", "60", "-f", "null", "-").CombinedOutput()
			if err != nil || len(out) > 0 {
				t.Errorf("ffmpeg: %v: %s", err, out)
			}
		})
	}
	wg.Wait()
	if n := s.Viewers("demo"); n != 3 {
		t.Errorf("%d viewers counted, want 3", n)
	}
}

// TestStuckViewerIsCut: a client that asks for a segment and never reads it does not hold its connection for ever. The
// deadline is looked at where it is set: waiting for it would take half a minute.
func TestStuckViewerIsCut(t *testing.T) {
	for _, tt := range []struct {
		size int
		want time.Duration
	}{{0, 30 * time.Second}, {64 << 10, 31 * time.Second}, {16 << 20, 286 * time.Second}} {
		w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
		setDeadline(w, tt.size)
		if got := time.Until(w.at); got > tt.want || got < tt.want-time.Second {
			t.Errorf("%d bytes: %v, want %v", tt.size, got, tt.want)
		}
	}
}

// deadlined notes the deadline it is given.
type deadlined struct {
	*httptest.ResponseRecorder
	at time.Time
}

func (d *deadlined) SetWriteDeadline(at time.Time) error {
	d.at = at
	return nil
}
