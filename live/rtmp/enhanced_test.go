package rtmp

import (
	"bytes"
	"testing"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// Every codec of enhanced RTMP passes byte for byte, to who was there from the beginning and to who comes late, with packet
// types that are not known here.
func TestEnhancedCodecsPass(t *testing.T) {
	type m struct {
		kind message.TypeID
		body string
	}
	for _, tt := range []struct {
		name    string
		headers []m
		media   []m
	}{
		{
			"HEVC with colour info and Opus",
			[]m{{9, "\x90hvc1config"}, {9, "\x94hvc1\x02\x00\x09colorInfo\x05"}, {8, "\x90OpusOpusHead"}},
			[]m{{9, "\x91hvc1\x00\x00\x28key"}, {8, "\x91Opussound"}, {9, "\xa3hvc1inter"}},
		},
		{"AV1 and FLAC", []m{{9, "\x90av01config"}, {8, "\x90fLaCconfig"}}, []m{{9, "\x91av01key"}, {8, "\x91fLaCsound"}, {9, "\xa1av01inter"}}},
		{"VP9 and AC-3", []m{{9, "\x90vp09config"}, {8, "\x90ac-3config"}}, []m{{9, "\x91vp09key"}, {8, "\x91ac-3sound"}, {9, "\xa1vp09inter"}}},
		{"H.264 and AAC in the new words", []m{{9, "\x90avc1config"}, {8, "\x90mp4aconfig"}}, []m{{9, "\x91avc1\x00\x00\x00key"}, {8, "\x91mp4asound"}}},
		{
			"nanoseconds, a channel layout, a packet type of the future and an end of sequence",
			[]m{{9, "\x90hvc1config"}, {8, "\x90Opusconfig"}},
			[]m{{9, "\x97\x02\x00\x00\x01\x03hvc1key"}, {8, "\x94Opus\x01\x02\x00\x00\x00\x03"}, {9, "\xaehvc1future"}, {9, "\x92hvc1"}, {8, "\x92Opus"}},
		},
		{"the main track in the words of multitrack", []m{{9, "\x96\x00hvc1\x00config"}}, []m{{9, "\x96\x01hvc1\x00\x00\x00\x00key"}}},
		{"a codec nobody knows", []m{{9, "\x90vvc1config"}}, []m{{9, "\x91vvc1\x00\x00\x00key"}, {9, "\xa3vvc1inter"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom()
			d := open(t, Config{}, r)
			pub, early := dial(t, d.addr).publish("room"), dial(t, d.addr).play("room")
			want := append(append([]m{}, tt.headers...), tt.media...)
			for _, m := range want {
				pub.say(m.kind, 0, []byte(m.body))
			}
			check := func(who string, c *client) {
				for i, w := range want {
					if p := c.media(); p.kind != w.kind || !bytes.Equal(p.body, []byte(w.body)) {
						t.Fatalf("%s, message %d: type %d %q, want %d %q", who, i, p.kind, p.body, w.kind, w.body)
					}
				}
			}
			check("early", early)
			check("late", dial(t, d.addr).play("room"))
			pub.call("closeStream", nil)
			if why := within(t, "the stop", r.stops); why != stream.StopClosed {
				t.Errorf("stopped %q", why)
			}
		})
	}
}
