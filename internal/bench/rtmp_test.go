package bench

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"net/url"
	"strings"
	"testing"
)

// silent is a connection on which nothing is answered.
type silent struct {
	net.Conn
	wrote bytes.Buffer
}

func (s *silent) Write(b []byte) (int, error) { return s.wrote.Write(b) }

func reader(wire []byte) (*rtmpConn, *silent) {
	conn := &silent{}
	return &rtmpConn{conn: conn, in: bufio.NewReader(bytes.NewReader(wire)), streams: map[uint32]*chunks{}, inSize: 128, outSize: 128}, conn
}

// Many viewers of a server that announces large messages must not take memory for what doesn't come.
func TestAnnouncedLengthsTakeNoMemory(t *testing.T) {
	c, _ := reader([]byte{chunkPicture, 0, 0, 0, 0xff, 0xff, 0xfe, flvVideo, 1, 0, 0, 0, 0x17})
	c.inSize = 1 << 30
	if _, err := c.readChunk(); err == nil {
		t.Fatal("a cut message was read")
	}
	if n := cap(c.streams[chunkPicture].body); n > 2*believedBytes {
		t.Errorf("%d bytes for one that came", n)
	}
}

func TestRTMPMessagesComeBackAsWritten(t *testing.T) {
	out, wire := reader(nil)
	long := bytes.Repeat([]byte("abc"), 1000)
	for _, m := range []rtmpMessage{
		{kind: flvAudio, stream: 1, at: 5, body: []byte("sound")},
		{kind: flvVideo, stream: 1, at: 0xffffff + 7, body: long}, // with an extended timestamp, in many chunks
		{kind: rtmpChunkSize, body: []byte{0, 0, 0x10, 0}},
	} {
		if err := out.write(chunkPicture, m); err != nil {
			t.Fatal(err)
		}
	}
	out.outSize = 4096
	if err := out.write(chunkSound, rtmpMessage{kind: flvVideo, stream: 1, at: 9, body: long}); err != nil {
		t.Fatal(err)
	}
	in, _ := reader(wire.wrote.Bytes())
	for _, want := range []rtmpMessage{
		{flvAudio, 1, 5, []byte("sound")},
		{flvVideo, 1, 0xffffff + 7, long},
		{rtmpChunkSize, 0, 0, []byte{0, 0, 0x10, 0}},
		{flvVideo, 1, 9, long},
	} {
		got, err := in.read()
		if err != nil || got.kind != want.kind || got.at != want.at || got.stream != want.stream || !bytes.Equal(got.body, want.body) {
			t.Fatalf("got %+v (%v), want %+v", got, err, want)
		}
	}
}

func TestRTMPHeadersThatRepeat(t *testing.T) {
	wire := []byte{
		0x04, 0, 0, 10, 0, 0, 1, flvAudio, 1, 0, 0, 0, 'a', // format 0
		0x44, 0, 0, 20, 0, 0, 2, flvAudio, 'b', 'b', // format 1
		0x84, 0, 0, 5, 'c', 'c', // format 2
		0xc4, 'd', 'd', // format 3: the same delta again
		0x00, 6, 0xff, 0xff, 0xff, 0, 0, 1, flvVideo, 1, 0, 0, 0, 1, 0, 0, 0, 'e', // chunk stream 70, extended
	}
	in, _ := reader(wire)
	for _, want := range []struct {
		at   uint32
		body string
	}{{10, "a"}, {30, "bb"}, {35, "cc"}, {40, "dd"}, {1 << 24, "e"}} {
		m, err := in.read()
		if err != nil || m.at != want.at || string(m.body) != want.body {
			t.Fatalf("%d %q (%v), want %+v", m.at, m.body, err, want)
		}
	}
}

func TestRTMPFromABadServer(t *testing.T) {
	for name, wire := range map[string][]byte{
		"no header":          {0xc4},
		"too long":           {0x04, 0, 0, 0, 0xff, 0xff, 0xff, flvVideo, 1, 0, 0, 0},
		"message in message": append([]byte{0x04, 0, 0, 0, 0, 1, 0, flvVideo, 1, 0, 0, 0}, append(make([]byte, 128), 0x04, 0, 0, 0, 0, 0, 1, flvVideo, 1, 0, 0, 0, 1)...),
		"chunks of no size":  {0x02, 0, 0, 0, 0, 0, 4, rtmpChunkSize, 0, 0, 0, 0, 0, 0, 0, 0},
		"cut off":            {0x04, 0, 0},
	} {
		in, _ := reader(wire)
		if m, err := in.read(); err == nil {
			t.Errorf("%s: read %+v", name, m)
		}
	}
	ping := binary.BigEndian.AppendUint32([]byte{0x02, 0, 0, 0, 0, 0, 6, rtmpEvent, 0, 0, 0, 0, 0, 6}, 77)
	in, out := reader(ping)
	if _, err := in.read(); err != nil || !bytes.HasSuffix(out.wrote.Bytes(), []byte{0, 7, 0, 0, 0, 77}) {
		t.Errorf("a ping is answered % x (%v)", out.wrote.Bytes(), err)
	}
}

func TestStatuses(t *testing.T) {
	status := func(level, description string) []any {
		return readAMF(appendAMF(nil, "onStatus", 0.0, nil, object{{"level", level}, {"code", "NetStream.Play.Failed"}, {"description", description}}))
	}
	if err := errorStatus(status("status", "all is well")); err != nil {
		t.Errorf("a good status is %v", err)
	}
	for text, want := range map[string]string{
		"expired: the address is over":  "expired: the address is over",
		"Failed to play test; not here": "NetStream.Play.Failed: Failed to play test; not here",
	} {
		if err := errorStatus(status("error", text)); err == nil || err.Error() != want {
			t.Errorf("%q is %v, want %s", text, err, want)
		}
	}
	for _, bad := range []string{"", "\x02\x00\xffabc", "\x03\x00\x01a", strings.Repeat("\x03\x00\x01a", 100), "\x08\x00\x00", "\x11\x00"} {
		if v := readAMF([]byte(bad)); len(v) != 0 {
			t.Errorf("%q is %v", bad, v)
		}
	}
}

func TestRTMPAddresses(t *testing.T) {
	for raw, want := range map[string]rtmpAddress{
		"rtmp://h:1935/live/s?txSecret=a&txTime=b": {"live", "s?txSecret=a&txTime=b", "rtmp://h:1935/live"},
		"rtmps://h/live/deep/s":                    {"live", "deep/s", "rtmps://h/live"},
		"rtmp://h/live":                            {},
		"rtmp://h/live/":                           {},
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseRTMP(u); got != want || (err == nil) != (want != rtmpAddress{}) {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
}
