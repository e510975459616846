package flv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"liveroom/live/stream"
)

// sample has ffmpeg make an FLV file: 3 s of test picture at 30 fps, a keyframe each second, and a tone.
func sample(t *testing.T) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-loglevel", "error",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", "3", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-c:a", "aac", "-f", "flv", "pipe:1")
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, &problem)
	}
	return out.Bytes()
}

// replay publishes a file, rate times as fast as it was made (0: at once), until it ends.
func replay(ctx context.Context, p *stream.Publisher, file []byte, rate float64) error {
	fr, err := NewReader(bytes.NewReader(file), 0)
	if err != nil {
		return err
	}
	began := time.Now()
	for {
		kind, ts, buf, err := fr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if rate > 0 {
			due := began.Add(time.Duration(float64(ts) / rate * float64(time.Millisecond)))
			select {
			case <-time.After(time.Until(due)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := p.Write(kind, ts, buf); err != nil {
			return err
		}
	}
}

// probe is what ffprobe says of a stream it reads to its end.
type probe struct {
	Streams []struct {
		CodecName string `json:"codec_name"`
		Width     int    `json:"width"`
		Packets   string `json:"nb_read_packets"`
		Frames    string `json:"nb_read_frames"`
	} `json:"streams"`
	Format struct {
		Start string `json:"start_time"`
	} `json:"format"`
}

// ffprobe reads a URL to its end, decoding everything.
func ffprobe(ctx context.Context, url string) (probe, string, error) {
	cmd := exec.CommandContext(ctx, "ffprobe", "-hide_banner", "-loglevel", "warning", "-count_frames", "-show_streams", "-show_format",
		"-of", "json", url)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return probe{}, problem.String(), err
	}
	var p probe
	err := json.Unmarshal(out.Bytes(), &p)
	return p, problem.String(), err
}

// TestFFProbeReadsAStream plays a push, with a second push taking over, to ffprobe as a viewer from the start and as one
// that joins late.
func TestFFProbeReadsAStream(t *testing.T) {
	file := sample(t)
	r := newRig(t, Config{}, nil)
	type result struct {
		probe
		log string
		err error
	}
	var fromStart, late result
	var wg sync.WaitGroup
	view := func(into *result) {
		wg.Go(func() { into.probe, into.log, into.err = ffprobe(t.Context(), r.http.URL+"/live/x.flv") })
	}
	waitViewers := func(n int) {
		for r.flv.Stats().Playing < n {
			select {
			case <-t.Context().Done():
				t.Fatal("no viewer came")
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	view(&fromStart)
	waitViewers(1)
	for gen := range uint64(2) {
		p, err := r.hub.Publish("x", stream.PublishOptions{Generation: gen, Offset: time.Duration(gen) * 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if err := replay(t.Context(), p, file, 20); err != nil {
			t.Fatal(err)
		}
		if gen == 1 {
			view(&late)
			waitViewers(2)
		}
	}
	r.hub.End("x", nil)
	wg.Wait()
	for _, tt := range []struct {
		name   string
		got    result
		frames int
		start  float64
	}{{"from the start", fromStart, 180, 0}, {"late", late, 30, 12}} {
		if tt.got.err != nil || len(tt.got.Streams) != 2 {
			t.Errorf("%s: %v: %s", tt.name, tt.got.err, tt.got.log)
			continue
		}
		if tt.got.log != "" {
			t.Errorf("%s: ffprobe warns: %s", tt.name, tt.got.log)
		}
		for _, s := range tt.got.Streams {
			switch s.CodecName {
			case "h264":
				if frames, _ := strconv.Atoi(s.Frames); frames != tt.frames || s.Width != 320 {
					t.Errorf("%s: %d frames of width %d, want %d", tt.name, frames, s.Width, tt.frames)
				}
			case "aac":
				if frames, _ := strconv.Atoi(s.Frames); frames < tt.frames {
					t.Errorf("%s: %d frames of sound", tt.name, frames)
				}
			default:
				t.Errorf("%s: codec %q", tt.name, s.CodecName)
			}
		}
		if start, _ := strconv.ParseFloat(tt.got.Format.Start, 64); start < tt.start || start > tt.start+0.5 {
			t.Errorf("%s: starts at %v, want %v", tt.name, start, tt.start)
		}
	}
}

// pushWithLateTrack publishes a file five times as fast as it was made, without metadata, and of one kind only what comes
// after two seconds.
func pushWithLateTrack(p *stream.Publisher, file []byte, late stream.Kind) error {
	fr, err := NewReader(bytes.NewReader(file), 0)
	if err != nil {
		return err
	}
	var header []byte // of the late track, until it begins
	for began, joined := time.Now(), false; ; {
		kind, ts, buf, err := fr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		payload := buf[stream.HeaderBytes:]
		switch {
		case kind == stream.Script:
			continue
		case kind == late && !joined && header == nil:
			header = buf
			continue
		case kind == late && !joined:
			if ts < 1900 || late == stream.Video && payload[0] != 0x17 {
				continue
			}
			joined = true
			if err := p.Write(kind, ts, header); err != nil {
				return err
			}
		}
		time.Sleep(time.Until(began.Add(time.Duration(ts) * time.Millisecond / 5)))
		if err := p.Write(kind, ts, buf); err != nil {
			return err
		}
	}
}

// A track that appears long after the header was written, and that nothing announced, is played all the same.
func TestFFProbeFindsATrackThatAppearsLate(t *testing.T) {
	file := sample(t)
	for _, late := range []stream.Kind{stream.Video, stream.Audio} {
		t.Run(late.String(), func(t *testing.T) {
			r := newRig(t, Config{}, nil)
			var (
				got     probe
				problem string
				err     error
				wg      sync.WaitGroup
			)
			wg.Go(func() { got, problem, err = ffprobe(t.Context(), r.http.URL+"/live/x.flv") })
			<-r.came
			if err := pushWithLateTrack(r.publish(t, "x"), file, late); err != nil {
				t.Error(err)
			}
			r.hub.End("x", nil)
			wg.Wait()
			if err != nil {
				t.Fatalf("%v: %s", err, problem)
			}
			frames := map[string]int{}
			for _, s := range got.Streams {
				frames[s.CodecName], _ = strconv.Atoi(s.Frames)
			}
			if frames["h264"] < 29 || frames["aac"] < 40 {
				t.Errorf("frames %v of 3 s of the one and 1 s of the other; %s", frames, problem)
			}
		})
	}
}

// TestReaderAgreesWithFFmpeg reads ffmpeg's file and holds that the hub passes its bytes on unchanged.
func TestReaderAgreesWithFFmpeg(t *testing.T) {
	file := sample(t)
	h := stream.NewHub(stream.Config{})
	s := h.Subscribe("x", stream.FLV, stream.SubscribeOptions{})
	defer s.Close()
	p, err := h.Publish("x", stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := replay(t.Context(), p, file, 0); err != nil {
		t.Fatal(err)
	}
	h.End("x", nil)
	got := bytes.NewBuffer(Header(true, true))
	counts := map[string]int{}
	for {
		tags, err := s.Next(t.Context(), nil)
		if errors.Is(err, stream.ErrEnded) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range tags {
			got.Write(tag.FLV())
			if tag.Keyframe() {
				counts["keyframes"]++
			}
			if tag.SequenceHeader() || tag.Metadata() {
				counts["headers"]++
			}
			if tag.CompositionTime() != 0 {
				counts["reordered"]++
			}
		}
	}
	if counts["keyframes"] != 3 || counts["headers"] != 3 || counts["reordered"] == 0 {
		t.Errorf("counts %v", counts)
	}
	// The last tag of ffmpeg's file is an "end of sequence", which is passed on too.
	if !bytes.Equal(got.Bytes(), file) {
		t.Errorf("%d bytes became %d; first difference at %d", len(file), got.Len(), difference(file, got.Bytes()))
	}
}

func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
