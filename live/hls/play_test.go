package hls

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/live/stream"
)

// gate is a Gatekeeper that answers as told.
type gate func(stream.Request) error

func (g gate) Authorize(_ context.Context, r stream.Request) error { return g(r) }

var open = gate(func(stream.Request) error { return nil })

var testKeys = Config{NodeKey: []byte("0123456789abcdef"), PlayKey: []byte("a play key")}

// patient keeps whatever is pushed at once until it is read.
var patient = stream.Config{BacklogBytes: 1 << 30, BacklogTime: time.Hour, GOPDuration: time.Hour}

// start runs a server over a hub until the test ends.
func start(t testing.TB, cfg Config, hub *stream.Hub, admit Gatekeeper) *Server {
	t.Helper()
	s, err := New(cfg, hub, admit, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	running := make(chan struct{})
	go func() {
		close(running)
		done <- s.Run(ctx)
	}()
	<-running
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// probe has ffprobe decode a whole HLS stream and returns how many frames each kind has.
func probe(t *testing.T, url string) map[string]int {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-live_start_index", "0", "-count_frames", "-of", "json",
		"-show_entries", "stream=codec_type,codec_name,nb_read_frames,width,height", url).CombinedOutput()
	var got struct {
		Streams []struct {
			Type   string `json:"codec_type"`
			Frames string `json:"nb_read_frames"`
		}
	}
	if err != nil || json.Unmarshal(out, &got) != nil {
		t.Fatalf("ffprobe: %v: %s", err, out)
	}
	n := map[string]int{}
	for _, s := range got.Streams {
		n[s.Type], _ = strconv.Atoi(s.Frames)
	}
	if i := strings.IndexByte(string(out), '{'); i > 0 {
		t.Errorf("ffprobe complains: %s", out[:i])
	}
	return n
}

func TestForeignPlayerCountsEveryFrame(t *testing.T) {
	all := encode(t, "-f lavfi -i testsrc2=size=320x180:rate=30:duration=9 -f lavfi -i sine=frequency=440:duration=9 "+
		"-c:v libx264 -preset ultrafast -g 60 -bf 2 -c:a aac")
	hub := stream.NewHub(patient)
	s := start(t, testKeys, hub, open)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)

	waitRunning(t, s)
	p, err := hub.Publish("demo", stream.PublishOptions{Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	push(t, p, all, 0)
	p.Close(stream.StopClosed)
	hub.End("demo", nil)
	waitEnded(t, s, "demo")

	n := probe(t, web.URL+"/live/demo.m3u8")
	if want := frames(all); n["video"] != want {
		t.Errorf("%d pictures decoded, %d pushed", n["video"], want)
	}
	if n["audio"] < 9*44100/1024-2 {
		t.Errorf("%d audio frames decoded", n["audio"])
	}
	t.Log(string(s.find("demo").media("live", time.Now())))
	t.Log(string(s.find("demo").multivariant("x")))
}

// waitRunning waits until Run listens to the hub.
func waitRunning(t testing.TB, s *Server) {
	t.Helper()
	poll(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.running
	})
}

func waitEnded(t testing.TB, s *Server, name string) {
	t.Helper()
	poll(t, func() bool {
		e := s.find(name)
		if e == nil {
			return false
		}
		e.mu.RLock()
		defer e.mu.RUnlock()
		return !e.endedAt.IsZero()
	})
}

func poll(t testing.TB, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("it did not happen within 10 s")
		}
	}
}
