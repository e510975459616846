package live_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// send writes one message of a push.
func send(t *testing.T, p *live.Push, kind stream.Kind, ms uint32, payload string) {
	t.Helper()
	buf := stream.NewBuffer(len(payload))
	copy(buf[stream.HeaderBytes:], payload)
	if err := p.Write(kind, ms, buf); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) ingest(room string) live.Ingest {
	f.t.Helper()
	in, err := f.Ingest(f.t.Context(), room, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	return in
}

func TestIngestOfARoom(t *testing.T) {
	f := newFixture(t, func(c *live.Config) {
		c.Describe = func(in stream.Info) live.Format { return live.Format{Encoder: string(in.VideoHeader)} }
	})
	f.create(live.Draft{ID: "r1"})
	if _, err := f.Ingest(t.Context(), "nobody", 0); err == nil || !strings.Contains(err.Error(), "not_found") {
		t.Errorf("of a room that is not there: %v", err)
	}
	if in := f.ingest("r1"); in.Publishing || len(in.Advice) != 1 || in.Advice[0].Code != "not_publishing" {
		t.Errorf("before a push: %+v", in)
	}

	p := f.push("r1")
	send(t, p, stream.Video, 0, "\x17\x00\x00\x00\x00header")
	send(t, p, stream.Video, 0, "\x17\x01\x00\x00\x00picture")
	send(t, p, stream.Audio, 0, "\xaf\x01sound")
	in := f.ingest("r1")
	if !in.Publishing || in.Remote != "192.0.2.1:5" || in.Pushes != 1 || in.Generation != 1 || in.Video != stream.H264 || in.Audio != stream.AAC ||
		in.Keyframes != 1 || in.Format.Encoder != "header" || time.Since(in.StartedAt) > time.Minute || len(in.Advice) != 0 {
		t.Errorf("while it runs: %+v", in)
	}

	p.Close(stream.StopLost)
	if in := f.ingest("r1"); in.Publishing || in.Keyframes != 0 {
		t.Errorf("after it: %+v", in)
	}
	again := f.push("r1")
	f.push("r1") // takes over
	if in := f.ingest("r1"); in.Pushes != 3 || in.Generation != 3 {
		t.Errorf("the third push of the session: %+v", in)
	}
	again.Close(stream.StopLost)
	if _, err := f.End(t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Reopen(t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
		t.Fatal(err)
	}
	f.push("r1")
	if in := f.ingest("r1"); in.Pushes != 1 || in.Generation != 4 {
		t.Errorf("the first push of another session: %+v", in)
	}
}

// An anchor whose pushes are refused is told so where it looks for its push.
func TestIngestTellsOfARefusedPush(t *testing.T) {
	f := newFixture(t)
	f.create(live.Draft{ID: "r1"})
	var why *stream.Refusal
	if _, err := f.Publish(t.Context(), signed(playKey, "r1")); !errors.As(err, &why) {
		t.Fatal(err)
	}
	in := f.ingest("r1")
	if len(in.Advice) != 2 || in.Advice[0].Code != "push_refused" || !strings.Contains(in.Advice[0].Text, "bad_signature") || in.Advice[1].Code != "not_publishing" {
		t.Errorf("advice %+v", in.Advice)
	}
}
