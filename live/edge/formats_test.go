package edge_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"liveroom/live/flv"
	"liveroom/live/stream"
)

// TestAllKindsOfTagsPass has what is pushed in enhanced RTMP, and data messages, reach viewers of an edge as they are.
func TestAllKindsOfTagsPass(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	e := &encoder{t: t, p: n[0].push("x")}
	e.write(stream.Script, metadata)
	e.write(stream.Video, []byte("\x90hvc1\x01header of hevc"))
	e.write(stream.Video, []byte("\x94hvc1\x02\x00\x09colorInfo\x08\x00\x00\x00\x00\x00\x00\x09"))
	e.write(stream.Audio, []byte("\x90OpusOpusHead\x01\x02\x00\x00\x80\xbb\x00\x00\x00\x00\x00"))
	there, here := n[0].watch("x"), n[1].watch("x")
	eventually(t, "b pulls", func() bool { return n[0].pulled.Stats().Playing == 1 })
	e.write(stream.Video, []byte("\x91hvc1\x00\x00\x21\x00\x00\x00\x02\x26\x01"))
	e.write(stream.Audio, []byte("\x91Opus\xfc"))
	e.write(stream.Script, []byte("\x02\x00\x0aonTextData\x02\x00\x05hello"))
	e.ms = 40
	e.write(stream.Video, []byte("\xa3hvc1\x00\x00\x00\x02\x02\x01"))
	e.write(stream.Video, []byte("\x90av01\x81\x04\x0c\x00")) // another codec in mid-stream
	e.write(stream.Audio, []byte("\x94Opus\x01\x02"))         // channel layout
	last := []byte("\x91av01\x12\x00")
	e.write(stream.Video, last)
	kinds := map[stream.Kind]int{}
	for i := 0; ; i++ {
		a, err := there.raw()
		if err != nil {
			t.Fatal(err)
		}
		b, err := here.raw()
		if err != nil {
			t.Fatal(err)
		}
		if a.kind != b.kind || a.ms != b.ms || !bytes.Equal(a.data, b.data) {
			t.Fatalf("tag %d is %v at the origin, %v at the edge", i, a, b)
		}
		kinds[a.kind]++
		if bytes.Equal(a.data, last) {
			break
		}
	}
	if kinds[stream.Video] < 6 || kinds[stream.Audio] < 3 || kinds[stream.Script] != 2 {
		t.Errorf("compared %v", kinds)
	}
}

// TestWebSocketFromAnEdge plays over WebSocket-FLV what another node has.
func TestWebSocketFromAnEdge(t *testing.T) {
	c, n := newCluster(t, "a", "b")
	c.room("x")
	e := encode(t, n[0].push("x"), 0)
	e.gop()
	ws, resp, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+host(n[1].server.URL)+"/live/x.flv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	_ = resp.Body.Close()
	v := &viewer{t: t}
	if v.in, err = flv.NewReader(&messages{ws: ws}, 0); err != nil {
		t.Fatal(err)
	}
	wantRow(t, v.until(10), 1, 10)
	e.gop()
	wantRow(t, v.until(20), 11, 20)
}

// messages reads the bytes of a WebSocket's messages.
type messages struct {
	ws   *websocket.Conn
	rest io.Reader
}

func (m *messages) Read(p []byte) (int, error) {
	for {
		if m.rest == nil {
			m.rest = strings.NewReader("")
		}
		if n, err := m.rest.Read(p); n > 0 || err != io.EOF {
			return n, err
		}
		var err error
		if _, m.rest, err = m.ws.NextReader(); err != nil {
			return 0, err
		}
	}
}
