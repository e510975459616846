package rtmp

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"liveroom/live/stream"
)

// tool runs a real program to its end and returns both outputs.
func tool(t *testing.T, name string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// pushArgs make ffmpeg push a test picture and a tone to url for some seconds, at real speed.
func pushArgs(url string, seconds int, output ...string) []string {
	args := strings.Fields("-hide_banner -loglevel info -re -f lavfi -i testsrc2=size=320x180:rate=25 " +
		"-f lavfi -i sine=frequency=440:sample_rate=44100 -c:v libx264 -preset ultrafast -tune zerolatency -g 25 " +
		"-c:a aac -b:a 64k -t " + strconv.Itoa(seconds))
	return append(append(args, output...), "-f", "flv", url)
}

// background starts a program that ends with the test at the latest.
func background(t *testing.T, name string, args ...string) (exited <-chan string) {
	t.Helper()
	exited, _ = interruptible(t, name, args...)
	return exited
}

// interruptible is background; interrupt asks the program to leave.
func interruptible(t *testing.T, name string, args ...string) (exited <-chan string, interrupt func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, name, args...)
	var errs syncBuffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan string, 1)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = cmd.Wait()
		done <- errs.String()
	}()
	t.Cleanup(func() {
		cancel()
		<-gone
	})
	return done, func() { _ = cmd.Process.Signal(os.Interrupt) } // fails if it has left
}

// probed is what ffprobe says about a stream.
type probed struct {
	Streams []struct {
		CodecName string `json:"codec_name"`
		Width     int    `json:"width"`
		Height    int    `json:"height"`
	} `json:"streams"`
	Packets []struct {
		CodecType string `json:"codec_type"`
		DTS       string `json:"dts_time"`
		Flags     string `json:"flags"`
	} `json:"packets"`
}

// probe plays some seconds of url with ffprobe.
func probe(t *testing.T, url string, interval string) probed {
	t.Helper()
	out, errs, err := tool(t, "ffprobe", "-hide_banner", "-loglevel", "error", "-read_intervals", interval,
		"-show_streams", "-show_packets", "-of", "json", url)
	if err != nil {
		t.Fatalf("ffprobe: %v\n%s", err, errs)
	}
	if errs != "" {
		t.Errorf("ffprobe complains: %s", errs)
	}
	var p probed
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// checkPlay wants both streams, a keyframe first and times that only grow.
func checkPlay(t *testing.T, p probed) (first float64) {
	t.Helper()
	codecs := map[string]bool{}
	for _, s := range p.Streams {
		codecs[s.CodecName] = true
		if s.CodecName == "h264" && (s.Width != 320 || s.Height != 180) {
			t.Errorf("picture is %dx%d, want 320x180", s.Width, s.Height)
		}
	}
	if !codecs["h264"] || !codecs["aac"] {
		t.Fatalf("streams = %v, want h264 and aac", codecs)
	}
	last, video := map[string]float64{}, 0
	for _, pk := range p.Packets {
		dts, err := strconv.ParseFloat(pk.DTS, 64)
		if err != nil {
			t.Fatalf("packet without dts: %+v", pk)
		}
		if before, ok := last[pk.CodecType]; ok && dts < before {
			t.Errorf("%s goes back from %v to %v", pk.CodecType, before, dts)
		}
		last[pk.CodecType] = dts
		if pk.CodecType == "video" {
			if video++; video == 1 {
				first = dts
				if !strings.HasPrefix(pk.Flags, "K") {
					t.Error("the first picture is no keyframe")
				}
			}
		}
	}
	if video < 20 {
		t.Errorf("%d pictures, want 20 at least", video)
	}
	return first
}

func TestFFmpegPushesAndPlays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		offset time.Duration // of the session's clock
		output []string      // for ffmpeg
		least  float64       // first time a player may see, in seconds
	}{
		{"from zero", 0, nil, 0},
		{"publisher with extended timestamps", 0, []string{"-output_ts_offset", "20000"}, 0},
		{"session with extended timestamps", 20000 * time.Second, nil, 20000},
		{"both", 20000 * time.Second, []string{"-output_ts_offset", "20000"}, 20000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom()
			r.offset = tt.offset
			d := open(t, Config{}, r)
			exited, leave := interruptible(t, "ffmpeg", pushArgs("rtmp://"+d.addr+"/live/room?txSecret=s3cret&txTime=5F00", 60, tt.output...)...)
			within(t, "the push", r.started)
			if first := checkPlay(t, probe(t, "rtmp://"+d.addr+"/live/room", "%+2")); first < tt.least || first > tt.least+8 {
				t.Errorf("first picture at %v s, want %v or little more", first, tt.least)
			}
			leave()
			if why := within(t, "the end of the push", r.stops); why != stream.StopClosed {
				t.Errorf("push ended %q, want %q", why, stream.StopClosed)
			}
			if errs := within(t, "ffmpeg", exited); strings.Contains(strings.ToLower(errs), "error") {
				t.Errorf("ffmpeg complains: %s", errs)
			}
			if strings.Contains(d.log.String(), "s3cret") {
				t.Error("the signature is in the log")
			}
			if st := d.Stats(); st.ProtocolErrors+st.Panics+st.HandshakeFailures+st.DroppedScripts != 0 {
				t.Errorf("faults were counted: %+v", st)
			}
		})
	}
}

func TestFFmpegIsToldWhyItIsRefused(t *testing.T) {
	t.Parallel()
	refusal := &stream.Refusal{Code: "bad_signature", Detail: "the signature does not match the stream name"}
	d := open(t, Config{RefusalDelay: time.Millisecond}, doorman{
		publish: func(context.Context, stream.Request) (Push, error) { return nil, refusal },
		play:    func(context.Context, stream.Request) (*stream.Subscriber, error) { return nil, refusal },
	})
	url := "rtmp://" + d.addr + "/live/room?txSecret=s3cret&txTime=5F00"
	for name, args := range map[string][]string{
		"push": pushArgs(url, 5), "play": {"-hide_banner", "-i", url, "-f", "null", "-"},
	} {
		_, errs, err := tool(t, "ffmpeg", args...)
		if err == nil || !strings.Contains(errs, "Server error: "+refusal.Error()) {
			t.Errorf("%s: %v, ffmpeg says:\n%s", name, err, errs)
		}
	}
}

func TestFFmpegIsReplacedByASecondPush(t *testing.T) {
	t.Parallel()
	r := newRoom()
	d := open(t, Config{}, r)
	url := "rtmp://" + d.addr + "/live/room"
	first := background(t, "ffmpeg", pushArgs(url, 60)...)
	within(t, "the first push", r.started)
	played := background(t, "ffmpeg", "-hide_banner", "-loglevel", "error", "-i", url, "-f", "null", "-")
	waitFor(t, "the player to read", func() bool { return d.Stats().Plays == 1 && d.Stats().BytesOut > 50_000 })
	second, leave := interruptible(t, "ffmpeg", pushArgs(url, 60)...)
	within(t, "the second push", r.started)
	if errs := within(t, "the first ffmpeg to give up", first); !strings.Contains(errs, "Server error: The push was ended.") {
		t.Errorf("the first ffmpeg says:\n%s", errs)
	}
	if why := within(t, "the first stop", r.stops); why != stream.StopLost {
		t.Errorf("the first push stopped %q", why)
	}
	before := d.Stats().BytesOut
	waitFor(t, "the player to go on", func() bool { return d.Stats().BytesOut > before+50_000 })
	leave()
	if errs := within(t, "the second ffmpeg", second); strings.Contains(strings.ToLower(errs), "error") {
		t.Errorf("the second ffmpeg says:\n%s", errs)
	}
	if why := within(t, "the second stop", r.stops); why != stream.StopClosed {
		t.Errorf("the second push stopped %q", why)
	}
	r.hub.End("room", nil)
	if errs := within(t, "the player", played); errs != "" {
		t.Errorf("the player complains across the takeover: %s", errs)
	}
}

func TestFFmpegPlayerIsToldTheEnd(t *testing.T) {
	t.Parallel()
	r := newRoom()
	d := open(t, Config{}, r)
	url := "rtmp://" + d.addr + "/live/room"
	push := background(t, "ffmpeg", pushArgs(url, 60)...)
	within(t, "the push", r.started)
	played := background(t, "ffmpeg", "-hide_banner", "-loglevel", "error", "-i", url, "-f", "null", "-")
	waitFor(t, "the player to read", func() bool { return d.Stats().Plays == 1 && d.Stats().BytesOut > 50_000 })
	r.hub.End("room", &stream.Refusal{Code: "room_ended", Detail: "the room has ended"})
	if errs := within(t, "the player", played); errs != "" {
		t.Errorf("the player complains: %s", errs)
	}
	if errs := within(t, "the publisher", push); !strings.Contains(errs, "Server error: room_ended: the room has ended") {
		t.Errorf("the publisher says:\n%s", errs)
	}
}

// A killed publisher is noticed at once, a stopped one by its silence.
func TestFFmpegPublisherDies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		signal os.Signal
		silent time.Duration
		want   stream.StopReason
	}{{"killed", syscall.SIGKILL, time.Hour, stream.StopLost}, {"stopped", syscall.SIGSTOP, 2 * time.Second, stream.StopSilent}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom()
			d := open(t, Config{Silent: tt.silent}, r)
			cmd := exec.CommandContext(t.Context(), "ffmpeg", pushArgs("rtmp://"+d.addr+"/live/room", 60)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}()
			within(t, "the push", r.started)
			waitFor(t, "media", func() bool { return d.Stats().BytesIn > 20_000 })
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			if why := within(t, "the stop", r.stops); why != tt.want {
				t.Errorf("stopped %q, want %q", why, tt.want)
			}
		})
	}
}
