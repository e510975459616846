package stream

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// sent returns a payload of that many bytes that begins like another.
func sent(like []byte, size int) []byte {
	p := make([]byte, size-HeaderBytes-TrailerBytes)
	copy(p, like)
	return p
}

// run sends seconds of 25 fps with a keyframe each 2 s, and sound, 1000 and 250 bytes a tag, beginning at from ms; speed is
// how fast the publisher's clock goes.
func run(t *testing.T, p *Publisher, from, seconds int, speed float64) {
	t.Helper()
	for i := range seconds * 25 {
		like := interframe
		if i%50 == 0 {
			like = keyframe
		}
		ts := uint32(from) + uint32(float64(i*40)*speed)
		write(t, p, Video, ts, sent(like, 1000))
		write(t, p, Audio, ts+8, sent(audioFrame, 250))
		time.Sleep(40 * time.Millisecond)
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.2f, want %.2f", what, got, want)
	}
}

func TestIngestOfASoundPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHub(Config{})
		p := publish(t, h, "x", PublishOptions{})
		begin(t, p)
		run(t, p, 0, 70, 1)
		in := p.Stats()
		near(t, "bit rate", in.BitsPerSecond, 250_000, 4000)
		near(t, "video", in.VideoBitsPerSecond, 200_000, 3000)
		near(t, "audio", in.AudioBitsPerSecond, 50_000, 1000)
		near(t, "fps", in.FramesPerSecond, 25, 0.5)
		near(t, "bit rate in the minute", in.Minute.BitsPerSecond, 250_000, 1000)
		near(t, "fps in the minute", in.Minute.FramesPerSecond, 25, 0.1)
		near(t, "clock rate", in.Minute.ClockRate, 1, 0.001)
		near(t, "offset", in.Offset.Seconds()*1000, -12, 1) // pictures come first, and each is 40 ms later than the one before
		if in.Jitter != 0 || in.Gaps != 0 || in.Repaired != 0 || in.Malformed != 0 || in.HeaderChanges != 0 || in.BFrames {
			t.Errorf("figures %+v", in)
		}
		if in.VideoFrames != 1750 || in.AudioFrames != 1750 || in.Keyframes != 35 || in.SinceKeyframe != 1968*time.Millisecond {
			t.Errorf("figures %+v", in)
		}
	})
}

func TestIngestOfAPushInTrouble(t *testing.T) {
	sleep := func(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }
	tests := []struct {
		name string
		do   func(t *testing.T, p *Publisher)
		ok   func(in Ingest) bool
	}{
		{"twice too fast", func(t *testing.T, p *Publisher) { run(t, p, 0, 20, 2) }, func(in Ingest) bool {
			return math.Abs(in.Minute.ClockRate-2) < 0.01
		}},
		{"fast for so long that it is held", func(t *testing.T, p *Publisher) { run(t, p, 0, 100, 2) }, func(in Ingest) bool {
			return math.Abs(in.Minute.ClockRate-2) < 0.01 && in.Repairs[Held] > 1000 && in.Minute.Repaired > 1000
		}},
		{"twice too slow", func(t *testing.T, p *Publisher) { run(t, p, 0, 20, 0.5) }, func(in Ingest) bool {
			return math.Abs(in.Minute.ClockRate-0.5) < 0.01 && in.Repaired == 0
		}},
		{"a clock that jumps is not a fast one", func(t *testing.T, p *Publisher) { run(t, p, 0, 10, 1); run(t, p, 1<<30, 10, 1) }, func(in Ingest) bool {
			return math.Abs(in.Minute.ClockRate-1) < 0.01 && in.Repairs[JumpedAhead] == 1 && in.Minute.Repaired == 1
		}},
		{"no timestamps", func(t *testing.T, p *Publisher) { run(t, p, 0, 20, 0) }, func(in Ingest) bool {
			return in.Repairs[Stalled] > 500 && in.LastTime > 18_000 && in.LastTime < 20_000
		}},
		{"arrival in heaps", func(t *testing.T, p *Publisher) {
			for i := range uint32(300) {
				write(t, p, Video, i*40, interframe)
				if i%10 == 9 {
					sleep(400)
				}
			}
		}, func(in Ingest) bool {
			return in.Jitter > 40*time.Millisecond && in.Jitter < 100*time.Millisecond && in.Gaps == 0
		}},
		{"gaps", func(t *testing.T, p *Publisher) {
			run(t, p, 0, 2, 1)
			sleep(3000)
			run(t, p, 5000, 2, 1)
			sleep(2000)
			run(t, p, 9000, 2, 1)
		}, func(in Ingest) bool {
			return in.Gaps == 2 && in.Minute.Gaps == 2 && in.Minute.LongestGap == 3040*time.Millisecond && in.Repaired == 0
		}},
		{"gaps long ago", func(t *testing.T, p *Publisher) {
			run(t, p, 0, 2, 1)
			sleep(3000)
			run(t, p, 5000, 62, 1)
		}, func(in Ingest) bool { return in.Gaps == 1 && in.Minute.Gaps == 0 && in.Minute.LongestGap == 0 }},
		{"sound a second behind", func(t *testing.T, p *Publisher) {
			for i := range uint32(250) {
				write(t, p, Video, 1000+i*40, interframe)
				write(t, p, Audio, i*40, audioFrame)
				sleep(40)
			}
		}, func(in Ingest) bool { return in.Offset > -1050*time.Millisecond && in.Offset < -990*time.Millisecond }},
		{"B-frames", func(t *testing.T, p *Publisher) {
			for i := range uint32(4) {
				frame := append([]byte(nil), interframe...)
				frame[4] = byte(40 * (i % 3))
				write(t, p, Video, i*40, frame)
			}
		}, func(in Ingest) bool { return in.BFrames && in.Repaired == 0 }},
		{"a constant composition time", func(t *testing.T, p *Publisher) {
			for i := range uint32(4) {
				frame := append([]byte(nil), interframe...)
				frame[4] = byte(33 + i%2)
				write(t, p, Video, i*33, frame)
			}
		}, func(in Ingest) bool { return !in.BFrames }},
		{"impossible composition times", func(t *testing.T, p *Publisher) {
			for i := range uint32(3) {
				frame := append([]byte(nil), interframe...)
				frame[2], frame[3], frame[4] = 0x80, 0, byte(i)
				write(t, p, Video, i*33, frame)
			}
		}, func(in Ingest) bool { return in.Repairs[Composition] == 3 && in.Repaired == 3 && !in.BFrames }},
		{"another resolution", func(t *testing.T, p *Publisher) {
			begin(t, p)
			write(t, p, Video, 0, avcHeader) // repeated
			run(t, p, 0, 1, 1)
			write(t, p, Video, 1000, avcHeader2)
			run(t, p, 1000, 1, 1)
		}, func(in Ingest) bool { return in.HeaderChanges == 1 && in.Minute.HeaderChanges == 1 }},
		{"nonsense", func(t *testing.T, p *Publisher) {
			run(t, p, 0, 1, 1)
			write(t, p, Video, 1000, []byte{0x17})
			write(t, p, Audio, 1000, []byte{0xaf})
		}, func(in Ingest) bool { return in.Malformed == 2 && in.Minute.Malformed == 2 && in.Tags == 50 }},
		{"2^32 passes", func(t *testing.T, p *Publisher) { run(t, p, -1000, 2, 1) }, func(in Ingest) bool {
			return in.Wraps == 1 && in.Repaired == 0 && in.LastTime == 1968
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := NewHub(Config{})
				p := publish(t, h, "x", PublishOptions{})
				defer p.Close(StopClosed)
				tt.do(t, p)
				in := p.Stats()
				if !tt.ok(in) {
					t.Errorf("figures %+v", in)
				}
				if got := h.Stats().Repairs; got != in.Repairs {
					t.Errorf("the hub counts %v, the push %v", got, in.Repairs)
				}
			})
		})
	}
}

// An impossible composition time is taken out of the bytes too: every player reads it there.
func TestImpossibleCompositionTimesAreMended(t *testing.T) {
	h := NewHub(Config{})
	s := h.Subscribe("x", FLV, SubscribeOptions{})
	defer s.Close()
	p := publish(t, h, "x", PublishOptions{})
	defer p.Close(StopClosed)
	write(t, p, Video, 0, []byte("\x17\x01\x7f\xff\xff\x00\x00\x00\x01\x65"))
	write(t, p, Video, 40, []byte("\xa1hvc1\x80\x00\x00\x00\x00\x00\x01\x65"))
	write(t, p, Video, 80, []byte("\x27\x01\xff\xd9\x00\x00\x00\x00\x01\x65")) // −9,984 ms: strange, but possible
	tags, _ := must(t, s)
	var got string
	for _, tag := range tags {
		got += fmt.Sprintf("%d %q\n", tag.CompositionTime(), tag.Payload())
	}
	want := "0 \"\\x17\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x01e\"\n" +
		"0 \"\\xa1hvc1\\x00\\x00\\x00\\x00\\x00\\x00\\x01e\"\n" +
		"-9984 \"'\\x01\\xff\\xd9\\x00\\x00\\x00\\x00\\x01e\"\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Whoever shows a push's health needs what its headers say.
func TestInfoShowsHeaders(t *testing.T) {
	h := NewHub(Config{})
	p := publish(t, h, "x", PublishOptions{})
	if in, ok := h.Info("x"); !ok || in.VideoHeader != nil || in.AudioHeader != nil || in.Metadata != nil {
		t.Errorf("before any header: %+v", in)
	}
	begin(t, p)
	in, _ := h.Info("x")
	if string(in.VideoHeader) != string(avcHeader[5:]) || string(in.AudioHeader) != string(aacHeader[2:]) || string(in.Metadata) != string(metadata) {
		t.Errorf("headers %x, %x, %q", in.VideoHeader, in.AudioHeader, in.Metadata)
	}
	p.Close(StopClosed)
}

func TestRepairNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range repairKinds {
		if name := RepairKind(k).String(); name == "" || name == "unknown" || seen[name] {
			t.Errorf("repair %d is called %q", k, name)
		} else {
			seen[name] = true
		}
	}
	if got := RepairKind(200).String(); got != "unknown" {
		t.Errorf("got %q", got)
	}
}
