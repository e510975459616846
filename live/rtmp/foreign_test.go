package rtmp

import (
	"bytes"
	"strings"
	"testing"
	"time"

	foreign "github.com/yutopp/go-rtmp"
	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// goRTMP connects go-rtmp's client up to a message stream. It stays at 128 bytes a chunk, because it changes its chunk
// size with a data race.
func goRTMP(t *testing.T, addr string) (*foreign.ClientConn, *foreign.Stream) {
	t.Helper()
	c, err := foreign.Dial("rtmp", addr, &foreign.ConnConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Connect(&message.NetConnectionConnect{Command: message.NetConnectionConnectCommand{
		App: "live", Type: "nonprivate", FlashVer: "FMLE/3.0", TCURL: "rtmp://" + addr + "/live",
	}}); err != nil {
		t.Fatal(err)
	}
	s, err := c.CreateStream(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if s.StreamID() != messageStream {
		t.Errorf("stream id %d, want %d", s.StreamID(), messageStream)
	}
	return c, s
}

func TestForeignPublisher(t *testing.T) {
	r := newRoom()
	d := open(t, Config{}, r)
	_, s := goRTMP(t, d.addr)
	if err := s.Publish(&message.NetStreamPublish{PublishingName: "room?txSecret=x", PublishingType: "live"}); err != nil {
		t.Fatal(err)
	}
	within(t, "the push", r.started)
	player := dial(t, d.addr).play("room")
	send := func(id int, time uint32, m message.Message) {
		if err := s.Write(id, time, m); err != nil {
			t.Fatal(err)
		}
	}
	big := frame(true, 150_000)
	send(5, 0, &message.DataMessage{
		Name: "@setDataFrame", Encoding: message.EncodingTypeAMF0,
		Body: bytes.NewReader(encodeAMF("onMetaData", amfMap{{"width", 320}})),
	})
	send(6, 0, &message.VideoMessage{Payload: bytes.NewReader(avcHeader)})
	send(4, 0, &message.AudioMessage{Payload: bytes.NewReader(aacHeader)})
	send(6, 0, &message.VideoMessage{Payload: bytes.NewReader(big)})
	// It sends chunk streams beside each other, so a small message overtakes a large one that is under way.
	meta := false
	want := func(wants ...[]byte) {
		for _, want := range wants {
			p := player.until("media", func(p packet) bool {
				if p.kind == message.TypeIDDataMessageAMF0 {
					v := player.decode(p.body)
					meta = meta || v[0] == "onMetaData" && amfProps(v[1].(amfMap)).get("width") == 320.0
				}
				return p.kind == message.TypeIDAudioMessage || p.kind == message.TypeIDVideoMessage
			})
			if !bytes.Equal(p.body, want) {
				t.Errorf("%d bytes came, want %d", len(p.body), len(want))
			}
		}
	}
	want(avcHeader, aacHeader, big)
	send(4, 10, &message.AudioMessage{Payload: bytes.NewReader(sound(200))})
	want(sound(200))
	send(6, 40, &message.VideoMessage{Payload: bytes.NewReader(frame(false, 3000))})
	want(frame(false, 3000))
	if !meta {
		t.Error("no metadata came")
	}
	// Its own DeleteStream races with its reading.
	send(3, 0, &message.CommandMessage{
		CommandName: "deleteStream", Encoding: message.EncodingTypeAMF0, Body: bytes.NewReader(encodeAMF(nil, messageStream)),
	})
	if why := within(t, "the stop", r.stops); why != stream.StopClosed {
		t.Errorf("stopped %q", why)
	}
}

func TestForeignPublisherGoesAway(t *testing.T) {
	r := newRoom()
	d := open(t, Config{Silent: time.Hour}, r)
	c, s := goRTMP(t, d.addr)
	if err := s.Publish(&message.NetStreamPublish{PublishingName: "room", PublishingType: "live"}); err != nil {
		t.Fatal(err)
	}
	within(t, "the push", r.started)
	_ = c.Close()
	if why := within(t, "the stop", r.stops); why != stream.StopLost {
		t.Errorf("stopped %q", why)
	}
	if strings.Contains(d.log.String(), "panic") {
		t.Error(d.log)
	}
}
