package stream

import (
	"slices"
	"testing"
)

// A push by enhanced RTMP: HEVC pictures and Opus sound.
var (
	hevcHeader = []byte("\x90hvc1\x01\x02")
	hevcColour = []byte("\x94hvc1\x02\x00\x09colorInfo")
	hevcKey    = []byte("\x91hvc1\x00\x00\x28\x00\x00\x00\x01\x26")
	hevcInter  = []byte("\xa3hvc1\x00\x00\x00\x01\x02")
	hevcEnd    = []byte("\x92hvc1")
	opusHeader = []byte("\x90OpusOpusHead")
	opusFrame  = []byte("\x91Opus\xfc")
)

func TestEnhancedStream(t *testing.T) {
	h := NewHub(Config{})
	first := h.Subscribe("x", FLV, SubscribeOptions{})
	defer first.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Video, 0, hevcHeader)
	write(t, p, Audio, 0, opusHeader)
	write(t, p, Video, 0, hevcInter) // before the keyframe
	write(t, p, Video, 40, hevcKey)
	write(t, p, Audio, 40, opusFrame)
	write(t, p, Video, 80, hevcInter)
	write(t, p, Video, 80, hevcColour)
	tags, _ := must(t, first)
	wantLetters(t, "from the start", tags, "VAKavv")
	late := h.Subscribe("x", FLV, SubscribeOptions{})
	defer late.Close()
	tags, _ = must(t, late)
	wantLetters(t, "late", tags, "VAKavv")
	if tags[0].Codec() != HEVC || tags[1].Codec() != Opus || !tags[2].Enhanced() || tags[2].CompositionTime() != 40 {
		t.Errorf("codecs %v and %v, composition %d", tags[0].Codec(), tags[1].Codec(), tags[2].CompositionTime())
	}
	if got := string(tags[2].Data()); got != "\x00\x00\x00\x01\x26" {
		t.Errorf("data %x", got)
	}
	if in, _ := h.Info("x"); in.Video != HEVC || in.Audio != Opus {
		t.Errorf("info %v and %v", in.Video, in.Audio)
	}
	write(t, p, Video, 120, hevcEnd)
	tags, _ = must(t, first)
	if len(tags) != 1 || tags[0].Data() != nil || tags[0].Keyframe() {
		t.Errorf("end of sequence: %q", letters(tags))
	}
}

// A publisher may change codecs between two pushes, and subscribers follow.
func TestCodecChangesWithTheGeneration(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{Generation: 1})
	begin(t, p)
	gop(t, p, 0, 0)
	p.Close(StopLost)
	p = publish(t, h, "x", PublishOptions{Generation: 2})
	defer p.Close(StopClosed)
	write(t, p, Video, 0, hevcHeader)
	write(t, p, Video, 0, hevcKey)
	tags, breaks := must(t, s)
	wantLetters(t, "subscriber", tags, "MVAKaVK")
	if !slices.Equal(breaks, []int{5}) || tags[5].Codec() != HEVC {
		t.Errorf("breaks at %v, codec %v", breaks, tags[5].Codec())
	}
	late := h.Subscribe("x", FLV, SubscribeOptions{})
	defer late.Close()
	tags, _ = must(t, late)
	wantLetters(t, "late", tags, "VK") // nothing of the first push
}

// Colour info is sent once, mostly before the first picture, and a newcomer's HDR display needs it as much as the codec's header.
func TestColourInfoReachesNewcomers(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Video, 0, hevcHeader)
	write(t, p, Video, 0, hevcColour)
	early := h.Subscribe("x", FLV, SubscribeOptions{})
	defer early.Close()
	write(t, p, Video, 40, hevcKey)
	write(t, p, Video, 80, hevcColour) // repeated with each GOP by some encoders
	write(t, p, Video, 2040, hevcKey)
	late := h.Subscribe("x", FLV, SubscribeOptions{})
	defer late.Close()
	for name, s := range map[string]*Subscriber{"early": early, "late": late} {
		want := [][]byte{hevcHeader, hevcColour, hevcKey, hevcKey}
		if s == late {
			want = want[:3]
		}
		tags, _ := must(t, s)
		var got [][]byte
		for _, tag := range tags {
			got = append(got, tag.Payload())
		}
		if !slices.EqualFunc(got, want, slices.Equal[[]byte]) {
			t.Errorf("%s: %q", name, got)
		}
	}
	changed := append(slices.Clone(hevcColour), 1)
	write(t, p, Video, 2080, changed)
	if tags, _ := must(t, late); len(tags) != 1 || !slices.Equal(tags[0].Payload(), changed) {
		t.Errorf("a change of colours came as %d tags", len(tags))
	}
}
