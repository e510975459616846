package flv

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"liveroom/live/stream"
)

// meta makes an onMetaData that has these bytes inside.
func meta(parts ...string) string {
	s := "\x02\x00\x0aonMetaData\x08\x00\x00\x00\x02"
	for _, p := range parts {
		s += p
	}
	return s + "\x00\x00\x09"
}

const (
	saysVideo = "\x00\x0cvideocodecid\x00\x40\x1c\x00\x00\x00\x00\x00\x00"
	saysAudio = "\x00\x0caudiocodecid\x00\x40\x24\x00\x00\x00\x00\x00\x00"
	width     = "\x00\x05width\x00\x40\x94\x00\x00\x00\x00\x00\x00"
)

// step is one tag of a push.
type step struct {
	kind    stream.Kind
	ts      uint32
	payload string
}

func TestHeaderAnnouncesWhatTheStreamHas(t *testing.T) {
	video, audio := step{stream.Video, 0, string(keyframe)}, step{stream.Audio, 0, string(audioFrame)}
	videoHeader, audioHeader := step{stream.Video, 0, string(avcHeader)}, step{stream.Audio, 0, string(aacHeader)}
	said := func(parts ...string) step { return step{stream.Script, 0, meta(parts...)} }
	tests := []struct {
		name         string
		query        string
		push         []step
		audio, video bool
		tags         int // that come
	}{
		{"both", "", []step{said(saysVideo, saysAudio), videoHeader, audioHeader, video, audio}, true, true, 5},
		{"only sound, as metadata says", "", []step{said(saysAudio), audioHeader, audio}, true, false, 3},
		{"only pictures, as metadata says", "", []step{said(saysVideo, width), videoHeader, video}, false, true, 3},
		{"sound announced and not there yet", "", []step{said(saysVideo, saysAudio), videoHeader, video}, true, true, 3},
		{"sound announced by its flag", "", []step{said(saysVideo, string(hasAudio)), videoHeader, video}, true, true, 3},
		{"sound that metadata does not know", "", []step{said(saysVideo), videoHeader, audioHeader, video}, true, true, 4},
		{"no metadata, both headers", "", []step{videoHeader, audioHeader, video}, true, true, 3},
		{"metadata without a word on tracks", "", []step{said(width), videoHeader, video}, false, true, 3},
		{"no metadata, only pictures", "", []step{videoHeader, video}, false, true, 2},
		{"no metadata, only sound", "", []step{audioHeader, audio}, true, false, 2},
		{"sound a little later", "", []step{videoHeader, video, {stream.Audio, 200, string(audioFrame)}}, true, true, 3},
		{"sound of a stream with both", "?onlyAudio=1", []step{said(saysVideo, saysAudio), videoHeader, audioHeader, video, audio}, true, false, 3},
		{"pictures of a stream with both", "?txTime=5&onlyVideo=true", []step{videoHeader, audioHeader, video, audio}, false, true, 2},
		{"pictures, metadata promising sound", "?onlyVideo=1", []step{said(saysVideo, string(hasAudio)), videoHeader, video}, false, true, 2},
		{"sound, metadata promising pictures", "?onlyAudio=1", []step{said(saysAudio, string(hasVideo)), audioHeader, video, audio}, true, false, 2},
		{"neither is asked for", "?onlyAudio=0&onlyVideo=false", []step{videoHeader, audioHeader, video, audio}, true, true, 4},
	}
	for _, tt := range tests {
		for _, when := range []string{"before", "after"} { // does the viewer come
			t.Run(tt.name+"/"+when, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, Config{}, nil)
				push := func() {
					p := r.publish(t, "x")
					for _, s := range tt.push {
						write(t, p, s.kind, s.ts, []byte(s.payload))
					}
				}
				if when == "after" {
					push()
				}
				resp := r.open(t, "x"+tt.query)
				if when == "before" {
					push()
				}
				fr, err := NewReader(resp.Body, 0)
				if err != nil {
					t.Fatal(err)
				}
				if audio, video := fr.Flags(); audio != tt.audio || video != tt.video {
					t.Errorf("audio %v, video %v, want %v, %v", audio, video, tt.audio, tt.video)
				}
				r.hub.End("x", nil)
				if got := rest(t, fr); got != tt.tags {
					t.Errorf("%d tags, want %d", got, tt.tags)
				}
			})
		}
	}
}

// rest counts the tags up to a clean end.
func rest(t *testing.T, fr *Reader) int {
	t.Helper()
	for n := 0; ; n++ {
		_, _, _, err := fr.Next()
		if fmt.Sprint(err) == "EOF" {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// The header of a stream that nobody pushes announces both; what is pushed later comes, whatever it is.
func TestTracksThatAppearLate(t *testing.T) {
	r := newRig(t, Config{KeepAlive: 20 * time.Millisecond}, nil)
	_, fr := r.play(t, "x")
	if audio, video := fr.Flags(); !audio || !video {
		t.Errorf("before a push: audio %v, video %v", audio, video)
	}
	next := func(want stream.Kind) {
		t.Helper()
		kind := stream.Script // signs of life
		for kind == stream.Script {
			var err error
			if kind, _, _, err = fr.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if kind != want {
			t.Errorf("got %v, want %v", kind, want)
		}
	}
	p := r.publish(t, "x")
	write(t, p, stream.Audio, 0, audioFrame)
	next(stream.Audio)
	write(t, p, stream.Video, 1000, avcHeader)
	write(t, p, stream.Video, 1000, keyframe)
	next(stream.Video)
	next(stream.Video)
}

// A viewer of one track of a stream that has none of it, or has ended, is kept and told like any other.
func TestNothingOfWhatIsAskedFor(t *testing.T) {
	r := newRig(t, Config{KeepAlive: 50 * time.Millisecond}, nil)
	p := r.publish(t, "x")
	write(t, p, stream.Video, 0, keyframe)
	resp := r.open(t, "x?onlyAudio=1")
	done := make(chan struct{})
	defer close(done)
	flowing := make(chan error, 1)
	go func() { // pictures never pause for as long as KeepAlive
		for ts := uint32(1); ; ts++ {
			select {
			case <-done:
				flowing <- nil
				return
			case <-time.After(10 * time.Millisecond):
				buf := stream.NewBuffer(len(keyframe))
				copy(buf[stream.HeaderBytes:], keyframe)
				if err := p.Write(stream.Video, ts*10, buf); err != nil {
					flowing <- err
					return
				}
			}
		}
	}()
	fr, err := NewReader(resp.Body, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if kind, _, buf, err := fr.Next(); err != nil || kind != stream.Script || len(buf) != stream.HeaderBytes+stream.TrailerBytes {
			t.Fatalf("%v of %d bytes, %v; want a sign of life", kind, len(buf), err)
		}
	}
	r.hub.End("x", nil)
	for err == nil {
		_, _, _, err = fr.Next()
	}
	if fmt.Sprint(err) != "EOF" {
		t.Errorf("ended with %v", err)
	}
	if err := <-flowing; !errors.Is(err, stream.ErrEnded) {
		t.Errorf("push ended with %v", err)
	}
}

func TestEnough(t *testing.T) {
	tags := batch(t) // 3 ms
	if enough(nil) || enough(tags[:1]) || enough(tags) {
		t.Error("a moment is enough")
	}
}

func TestABatchIsNotKept(t *testing.T) {
	one := batch(t)[:1]
	if got := emptied(append(make([]*stream.Tag, 0, 100), one...)); got != nil {
		t.Errorf("room for %d is kept after one tag", cap(got))
	}
	few := append(make([]*stream.Tag, 0, 8), one...)
	if got := emptied(few); cap(got) != 8 || got[0] != nil {
		t.Errorf("kept room for %d, first %v", cap(got), got[0])
	}
}
