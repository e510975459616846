package hls

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	gocodecs "github.com/bluenviron/gohlslib/v2/pkg/codecs"

	"liveroom/live/programme"
	recordings "liveroom/live/record"
	"liveroom/live/vod"
	"liveroom/live/vod/vodtest"
)

// The playlists of recordings (live/vod) are held to the same rules as live ones, and read by the same foreign readers.

const (
	recordedA = "01HF8000000000000000000AAA"
	recordedB = "01HF8000000000000000000BBB"
)

// showing is a room demo that plays back two recordings.
type showing struct {
	startAt time.Duration
	only    bool // the first of them
}

func (showing) Shown(context.Context, string) (room, programme string, err error) {
	return "demo", "P", nil
}

func (s showing) Programme(context.Context, string, string) (programme.Programme, error) {
	p := programme.Programme{ID: "P", Room: "demo", Content: programme.Content{Recordings: []string{recordedA, recordedB}, StartAt: s.startAt}}
	if s.only {
		p.Recordings = p.Recordings[:1]
	}
	return p, nil
}

func shown(t *testing.T, lib *vodtest.Library, on showing) *vod.Server {
	t.Helper()
	s, err := vod.New(vod.Config{NodeKey: testNode, PlayKey: []byte("a play key"), LeastAge: time.Second, Segment: 9 * time.Second}, vod.Deps{
		Library: lib, Rooms: on, Programmes: on, Admit: open, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// realShow serves real media: two recordings of six seconds, the first with a gap after two.
func realShow(t *testing.T, on showing) string {
	t.Helper()
	lib := vodtest.New()
	lib.Real(t, recordings.Recording{ID: recordedA, Room: "demo", Stream: "demo", Zero: time.Now().Add(-time.Hour)}, 2)
	lib.Real(t, recordings.Recording{ID: recordedB, Room: "demo", Stream: "demo", Zero: time.Now().Add(-time.Minute)}, 0)
	web := httptest.NewServer(shown(t, lib, on))
	t.Cleanup(web.Close)
	return web.URL + "/live/demo.m3u8"
}

func mustGet(t *testing.T, h http.Handler, target string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return w.Body.String()
}

// mediaOf is the media playlist's address that a play address leads to.
func mediaOf(t *testing.T, h http.Handler, target string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(mustGet(t, h, target)), "\n")
	return "/live/" + lines[len(lines)-1]
}

// TestRecordedPlaylistIsValid: of a programme, whole.
func TestRecordedPlaylistIsValid(t *testing.T) {
	lib := vodtest.New()
	lib.Real(t, recordings.Recording{ID: recordedA, Room: "demo", Stream: "demo", Zero: time.Now().Add(-time.Hour)}, 2)
	lib.Real(t, recordings.Recording{ID: recordedB, Room: "demo", Stream: "demo", Zero: time.Now().Add(-time.Minute)}, 0)
	s := shown(t, lib, showing{startAt: 1500 * time.Millisecond})
	media := mediaOf(t, s, "/live/demo.m3u8")
	v := &validator{}
	list := v.playlist(time.Now(), mustGet(t, s, media))
	v.playlist(time.Now().Add(time.Hour), mustGet(t, s, media))
	for _, p := range v.problems {
		t.Error(p)
	}
	if len(list.segments) != 12 || list.length() != 12*time.Second || !list.ended || list.kind != "VOD" || list.startAt != 1500*time.Millisecond || list.segments[11].discontinuity != 2 {
		t.Errorf("%+v", list)
	}
}

// TestShiftedPlaylistIsValid: one that slides, while segments are added and the oldest removed, with gaps, for who asks at odd times;
// over the full hour, and ten minutes of what is recorded.
func TestShiftedPlaylistIsValid(t *testing.T) { synctest.Test(t, shiftedPlaylistIsValid) }

func shiftedPlaylistIsValid(t *testing.T) {
	lib := vodtest.New()
	time.Sleep(58 * time.Minute) // the hour is full soon
	r := recordings.Recording{ID: recordedA, Kind: recordings.Shift, Room: "demo", Stream: "demo", Zero: time.Now().Add(-10 * time.Minute), State: recordings.Running}
	lib.Put(r)
	lib.PutFile(recordedA, vodtest.Init, nil)
	add := func(gap, ms int64) { lib.Append(recordedA, gap, ms, nil) }
	for range 80 {
		add(0, 6000)
	}
	s := shown(t, lib, showing{})
	media := mediaOf(t, s, "/live/demo.m3u8?txTimeshift=on&tsDelay=120")
	v := &validator{}
	for step := range 60 {
		time.Sleep(7 * time.Second)
		gap := int64(0)
		if step%11 == 5 {
			gap = 9_000
		}
		add(gap, 5000+int64(step%5)*900)
		lib.Trim(recordedA, int64(step)*7_000)
		body := mustGet(t, s, media)
		list := v.playlist(time.Now(), body)
		if len(list.segments) == 0 || list.ended {
			t.Fatalf("step %d: %s", step, body)
		}
	}
	for _, p := range v.problems {
		t.Error(p)
	}
}

// TestForeignDecoderPlaysRecordings: ffprobe knows how long it is, decodes every frame over a gap, and any segment by itself, which
// is what players seek by; ffmpeg 5 can't seek in HLS of fragmented MP4, its own included. From one recording to the next, whose
// timestamps begin anew, it leaves frames out, and reads on.
func TestForeignDecoderPlaysRecordings(t *testing.T) {
	lib := vodtest.New()
	lib.Real(t, recordings.Recording{ID: recordedA, Room: "demo", Stream: "demo", Zero: time.Now().Add(-time.Hour)}, 2)
	s := shown(t, lib, showing{only: true})
	web := httptest.NewServer(s)
	defer web.Close()
	if _, frames := probe(t, web.URL+"/live/demo.m3u8"); frames["video"] != 150 || frames["audio"] < 280 {
		t.Errorf("%v of 150 pictures", frames)
	}
	out, err := exec.Command("ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "format=duration", realShow(t, showing{})).Output()
	if got := strings.TrimSpace(string(out)); err != nil || got != "12.000000" {
		t.Errorf("both last %s seconds, %v", got, err)
	}
	media := mediaOf(t, s, "/live/demo.m3u8")
	list, _ := readList(mustGet(t, s, media))
	at := func(uri string) string { return "/live/demo/" + strings.TrimPrefix(uri, "../../") }
	cmd := exec.Command("ffprobe", "-v", "error", "-of", "csv=p=0", "-select_streams", "v", "-show_entries", "frame=pts_time", "-")
	cmd.Stdin = strings.NewReader(mustGet(t, s, at(list.segments[4].mapURI)) + mustGet(t, s, at(list.segments[4].uri)))
	raw, err := cmd.Output()
	lines := strings.Fields(string(raw))
	if err != nil || len(lines) != 25 {
		t.Fatalf("%v, %d pictures of the fifth segment", err, len(lines))
	}
	if first, err := strconv.ParseFloat(strings.Trim(lines[0], ","), 64); err != nil || math.Abs(first-4) > 0.1 {
		t.Errorf("the fifth segment begins at %s, %v", lines[0], err)
	}
}

// TestSecondReaderPlaysRecordings: a reader with other opinions than ffmpeg's.
func TestSecondReaderPlaysRecordings(t *testing.T) {
	t.Parallel() // it reads at the pace of the media
	var mu sync.Mutex
	var pictures []int64
	sounds := 0
	c := &gohlslib.Client{URI: realShow(t, showing{only: true})}
	c.OnDecodeError = func(err error) { t.Errorf("decode: %v", err) }
	c.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			switch track.Codec.(type) {
			case *gocodecs.H264:
				c.OnDataH26x(track, func(_, dts int64, _ [][]byte) {
					mu.Lock()
					defer mu.Unlock()
					pictures = append(pictures, dts)
				})
			case *gocodecs.MPEG4Audio:
				c.OnDataMPEG4Audio(track, func(_ int64, aus [][]byte) {
					mu.Lock()
					defer mu.Unlock()
					sounds += len(aus)
				})
			default:
				return fmt.Errorf("track %T", track.Codec)
			}
		}
		return nil
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait2(); !errors.Is(err, gohlslib.ErrClientEOS) {
		t.Errorf("client: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(pictures) != 150 || sounds < 270 {
		t.Errorf("%d pictures, %d sounds", len(pictures), sounds)
	}
}
