package stream

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestWriteRefusesForeignBuffers(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	for _, size := range []int{0, HeaderBytes + TrailerBytes - 1, HeaderBytes + TrailerBytes + MaxPayloadBytes + 1} {
		if err := p.Write(Video, 0, make([]byte, size)); !errors.Is(err, ErrBuffer) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestMalformedMessagesAreDroppedAndCounted(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	gop(t, p, 0, 0)
	write(t, p, Video, 10, nil)
	write(t, p, Audio, 10, []byte{0xaf})
	write(t, p, 3, 10, []byte{1, 2, 3})
	tags, _ := must(t, s)
	wantLetters(t, "subscriber", tags, "Ka")
	if got := h.Stats().DroppedMalformed; got != 3 {
		t.Errorf("%d malformed", got)
	}
	p.Close(StopClosed)
	if err := p.Write(Video, 20, NewBuffer(0)); !errors.Is(err, ErrClosed) {
		t.Errorf("malformed after the end: %v", err)
	}
}

func TestSetDataFrameIsNotPassedOn(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Script, 0, append([]byte("\x02\x00\x0d@setDataFrame"), metadata...))
	write(t, p, Script, 0, []byte("\x02\x00\x0aonTextData"))
	gop(t, p, 0, 0)
	write(t, p, Script, 0, []byte("\x02\x00\x0aonTextData"))
	tags, _ := must(t, s)
	wantLetters(t, "subscriber", tags, "MKas")
	if string(tags[0].Payload()) != string(metadata) || len(tags[0].FLV()) != len(metadata)+HeaderBytes+TrailerBytes {
		t.Errorf("metadata is %q", tags[0].Payload())
	}
}

func TestIngestFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{})
		p := publish(t, h, "x", PublishOptions{})
		begin(t, p)
		if in := p.Stats(); in.Tags != 3 || !in.LastMediaAt.IsZero() || in.VideoFrames != 0 {
			t.Errorf("with headers only: %+v", in)
		}
		for i := range uint32(250) { // 10 s of 25 fps, a keyframe each 2 s
			payload := make([]byte, 985)
			copy(payload, interframe)
			if i%50 == 0 {
				copy(payload, keyframe)
			}
			write(t, p, Video, i*40, payload)
			time.Sleep(40 * time.Millisecond)
		}
		in := p.Stats()
		if math.Abs(in.FramesPerSecond-25) > 0.6 || math.Abs(in.BitsPerSecond-200_000) > 5000 {
			t.Errorf("%.2f fps, %.0f bit/s", in.FramesPerSecond, in.BitsPerSecond)
		}
		if in.KeyframeInterval != 2*time.Second || in.LongestInterval != 2*time.Second || in.VideoFrames != 250 || in.LastTime != 9960 {
			t.Errorf("figures %+v", in)
		}
		write(t, p, Video, 9000, keyframe)
		if got := p.Stats().Repaired; got != 1 {
			t.Errorf("%d repaired", got)
		}
		time.Sleep(10 * time.Second)
		if in := p.Stats(); in.BitsPerSecond != 0 || time.Since(in.LastMediaAt) != 10*time.Second {
			t.Errorf("after silence: %+v", in)
		}
		p.Close(StopSilent)
		at := p.Stats()
		time.Sleep(time.Hour)
		if p.Stats() != at {
			t.Error("figures move after the end")
		}
	})
}

func TestValidate(t *testing.T) {
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for name, cfg := range map[string]Config{
		"negative bytes": {GOPBytes: -1}, "negative time": {BacklogTime: -1}, "merge order": {MergeFrom: 20, MergeFull: 10},
	} {
		if err := cfg.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
