package rtmp

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/yutopp/go-rtmp/handshake"
	"github.com/yutopp/go-rtmp/message"
)

// client is a peer that says exactly what a test wants, and checks what it hears.
type client struct {
	t    testing.TB
	nc   net.Conn
	in   *chunkReader
	size int // its own chunk size
	tx   float64

	careless bool // what it does may fail: the server was quicker to close
}

// dial connects without a word.
func dial(t testing.TB, addr string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return speak(t, nc)
}

func speak(t testing.TB, nc net.Conn) *client {
	t.Helper()
	if err := nc.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	in := newChunkReader(bufio.NewReader(nc), limits{1 << 24, 1 << 24, 1 << 26}, func() error { return nil })
	return &client{t: t, nc: nc, in: in, size: defaultChunkSize}
}

// shake does the handshake.
func (c *client) shake() *client {
	c.t.Helper()
	if err := handshake.HandshakeWithServer(c.in.r, c.nc, &handshake.Config{}); err != nil && !c.careless {
		c.t.Fatalf("handshake: %v", err)
	}
	return c
}

// raw sends bytes as they are; whether the server still wants them is for the test to find out.
func (c *client) raw(b ...byte) { _, _ = c.nc.Write(b) }

// say sends a message on a chunk stream of its own kind.
func (c *client) say(kind message.TypeID, time uint32, body []byte) {
	c.t.Helper()
	id := byte(chunkCommand)
	switch kind {
	case message.TypeIDAudioMessage, message.TypeIDVideoMessage:
		id = byte(kind)
	case message.TypeIDSetChunkSize, message.TypeIDAbortMessage, message.TypeIDWinAckSize, message.TypeIDSetPeerBandwidth, message.TypeIDUserCtrl:
		id = chunkControl
	}
	if _, err := c.nc.Write(appendMessage(nil, c.size, id, messageStream, time, kind, body)); err != nil && !c.careless {
		c.t.Fatalf("send a message of type %d: %v", kind, err)
	}
}

func (c *client) number(kind message.TypeID, n uint32) {
	c.t.Helper()
	c.say(kind, 0, binary.BigEndian.AppendUint32(nil, n))
}

// call sends a command and returns its transaction.
func (c *client) call(name string, args ...any) float64 {
	c.t.Helper()
	c.tx++
	c.say(message.TypeIDCommandMessageAMF0, 0, encodeAMF(append([]any{name, c.tx}, args...)...))
	return c.tx
}

// hear returns the next message, obeying chunk sizes.
func (c *client) hear() (packet, error) {
	for {
		p, err := c.in.next()
		if err != nil {
			return p, err
		}
		if p.kind != message.TypeIDSetChunkSize {
			return p, nil
		}
		if err := c.in.setSize(binary.BigEndian.Uint32(p.body)); err != nil {
			return p, err
		}
	}
}

// until hears messages up to one that is wanted.
func (c *client) until(what string, want func(packet) bool) packet {
	c.t.Helper()
	for {
		p, err := c.hear()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", what, err)
		}
		if want(p) {
			return p
		}
	}
}

// answer hears up to the answer of a call.
func (c *client) answer(tx float64) []any {
	c.t.Helper()
	var values []any
	c.until("an answer", func(p packet) bool {
		if p.kind != message.TypeIDCommandMessageAMF0 {
			return false
		}
		values = c.decode(p.body)
		return (values[0] == "_result" || values[0] == "_error") && values[1] == tx
	})
	return values
}

func (c *client) decode(body []byte) []any {
	c.t.Helper()
	values, err := decodeAMF(body)
	if err != nil {
		c.t.Fatalf("the server sent AMF that is wrong: %v", err)
	}
	return values
}

// status hears up to an onStatus and returns level, code and description.
func (c *client) status() (level, code, description string) {
	c.t.Helper()
	c.until("onStatus", func(p packet) bool {
		if p.kind != message.TypeIDCommandMessageAMF0 {
			return false
		}
		values := c.decode(p.body)
		if values[0] != "onStatus" {
			return false
		}
		info := values[3].(amfProps)
		level, code, description = info.text("level"), info.text("code"), info.text("description")
		return true
	})
	return level, code, description
}

// wantStatus hears up to an onStatus with this code.
func (c *client) wantStatus(code string) {
	c.t.Helper()
	for {
		level, got, description := c.status()
		if got == code {
			return
		}
		if level == levelError {
			c.t.Fatalf("status %s %q, waiting for %s", got, description, code)
		}
	}
}

// connect does everything up to where publish or play can be asked for.
func (c *client) connect(app, tcURL string) *client {
	c.t.Helper()
	c.shake()
	c.answer(c.call("connect", amfProps{{"app", app}, {"tcUrl", tcURL}, {"type", "nonprivate"}}))
	c.answer(c.call("createStream", nil))
	return c
}

// publish starts a push.
func (c *client) publish(name string) *client {
	c.t.Helper()
	c.connect("live", "rtmp://localhost/live")
	c.call("publish", nil, name, "live")
	c.wantStatus("NetStream.Publish.Start")
	return c
}

// play starts a play.
func (c *client) play(name string) *client {
	c.t.Helper()
	c.connect("live", "rtmp://localhost/live")
	c.call("play", nil, name, -2)
	c.wantStatus("NetStream.Play.Start")
	return c
}

// gone hears out what is left and wants the connection to be closed by the server.
func (c *client) gone() {
	c.t.Helper()
	for {
		_, err := c.hear()
		if err == nil {
			continue
		}
		if ne, ok := err.(net.Error); ok && ne.Timeout() || strings.Contains(err.Error(), "protocol") {
			c.t.Fatalf("the server did not close the connection: %v", err)
		}
		return
	}
}

// deaf has a client take what comes without a look at it, until the server closes.
func (c *client) deaf() {
	go func() { _, _ = io.Copy(io.Discard, c.nc) }()
}

// Media that the stream package understands: H.264 and AAC sequence headers and frames.
var (
	avcHeader = []byte{0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0, 0x1e, 1, 0, 2, 0x68, 0xce}
	aacHeader = []byte{0xaf, 0, 0x12, 0x10}
)

// frame is a video frame of that many bytes of payload.
func frame(key bool, size int) []byte {
	b := make([]byte, size)
	b[0], b[1] = 0x27, 1
	if key {
		b[0] = 0x17
	}
	for i := 9; i < size; i++ {
		b[i] = byte(i)
	}
	binary.BigEndian.PutUint32(b[5:], uint32(size-9))
	return b
}

// sound is an audio frame.
func sound(size int) []byte {
	b := make([]byte, size)
	b[0], b[1] = 0xaf, 1
	return b
}
