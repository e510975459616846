package live_test

import (
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
)

// A relay sends what it kept since the last keyframe at once, and goes on in real time.
func TestABurstAtTheStartIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := stream.NewHub(stream.Config{}).Publish("r", stream.PublishOptions{})
		if err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		send := func(kind stream.Kind, ms int, payload string) {
			buf := stream.NewBuffer(10_000)
			copy(buf[stream.HeaderBytes:], payload)
			if err := p.Write(kind, uint32(ms), buf); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 80 * 25 {
			if i > 8*25 {
				time.Sleep(40 * time.Millisecond)
			}
			picture := "\x27\x01\x00\x00\x00"
			if i%50 == 0 {
				picture = "\x17\x01\x00\x00\x00"
			}
			send(stream.Video, i*40, picture)
			send(stream.Audio, i*40, "\xaf\x01")
			if i%25 != 0 || i <= 8*25 {
				continue
			}
			in := live.Ingest{Publishing: true, StartedAt: started, Pushes: 1, Video: stream.H264, Audio: stream.AAC, Ingest: p.Stats()}
			for _, a := range live.Advise(in, time.Now()) {
				t.Errorf("after %v: %s: %s", time.Since(started), a.Code, a.Text)
			}
		}
	})
}
