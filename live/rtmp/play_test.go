package rtmp

import (
	"bytes"
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// feed is a publisher beside the door.
type feed struct {
	t   *testing.T
	pub *stream.Publisher
}

func newFeed(t *testing.T, hub *stream.Hub, offset time.Duration) feed {
	t.Helper()
	pub, err := hub.Publish("room", stream.PublishOptions{Generation: 1, Offset: offset})
	if err != nil {
		t.Fatal(err)
	}
	f := feed{t, pub}
	f.write(stream.Script, 0, encodeAMF("onMetaData", amfMap{{"width", 320}}))
	f.write(stream.Video, 0, avcHeader)
	f.write(stream.Audio, 0, aacHeader)
	return f
}

func (f feed) write(kind stream.Kind, time uint32, body []byte) {
	f.t.Helper()
	buf := stream.NewBuffer(len(body))
	copy(buf[stream.HeaderBytes:], body)
	if err := f.pub.Write(kind, time, buf); err != nil {
		f.t.Fatal(err)
	}
}

// media hears up to the next audio or video message.
func (c *client) media() packet {
	c.t.Helper()
	return c.until("media", func(p packet) bool {
		return p.kind == message.TypeIDAudioMessage || p.kind == message.TypeIDVideoMessage
	})
}

func TestPlayStartsAndEnds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		offset time.Duration
	}{{"short session", 0}, {"session older than 24 bits of ms", 20_000 * time.Second}, {"session older than 32 bits of ms", 5_000_000 * time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom()
			f := newFeed(t, r.hub, tt.offset)
			big := frame(true, 3*playChunkBytes+1) // four chunks
			f.write(stream.Video, 0, big)
			f.write(stream.Audio, 20, sound(100))
			d := open(t, Config{}, r)
			c := dial(t, d.addr).connect("live", "rtmp://h/live")
			c.call("play", nil, "room?txSecret=x", nil, true) // a null start is accepted
			c.until("StreamBegin", func(p packet) bool {
				return p.kind == message.TypeIDUserCtrl && bytes.Equal(p.body, []byte{0, 0, 0, 0, 0, 1})
			})
			if c.in.size != playChunkBytes {
				t.Errorf("chunk size %d before the stream begins, want %d", c.in.size, playChunkBytes)
			}
			c.wantStatus("NetStream.Play.Reset")
			c.wantStatus("NetStream.Play.Start")
			var access, meta bool
			for _, want := range []struct {
				kind message.TypeID
				body []byte
			}{{9, avcHeader}, {8, aacHeader}, {9, big}, {8, sound(100)}} {
				p := c.until("media", func(p packet) bool {
					if p.kind == message.TypeIDDataMessageAMF0 {
						name := c.decode(p.body)[0]
						access, meta = access || name == "|RtmpSampleAccess", meta || name == "onMetaData"
					}
					return p.kind == message.TypeIDAudioMessage || p.kind == message.TypeIDVideoMessage
				})
				if p.kind != want.kind || !bytes.Equal(p.body, want.body) {
					t.Fatalf("type %d with %d bytes, want %d with %d", p.kind, len(p.body), want.kind, len(want.body))
				}
				if diff := p.time - uint32(tt.offset.Milliseconds()); diff > 1000 {
					t.Errorf("type %d has time %d, the session is %v old", p.kind, p.time, tt.offset)
				}
			}
			if !access || !meta {
				t.Errorf("|RtmpSampleAccess %v, onMetaData %v before media", access, meta)
			}
			r.hub.End("room", nil)
			c.until("StreamEOF", func(p packet) bool {
				return p.kind == message.TypeIDUserCtrl && bytes.Equal(p.body, []byte{0, 1, 0, 0, 0, 1})
			})
			c.wantStatus("NetStream.Play.UnpublishNotify")
			c.gone()
		})
	}
}

func TestPauseLeavesMediaOut(t *testing.T) {
	r := newRoom()
	f := newFeed(t, r.hub, 0)
	f.write(stream.Video, 0, frame(true, 50))
	d := open(t, Config{}, r)
	c := dial(t, d.addr).play("room")
	for range 3 {
		c.media() // headers and keyframe
	}
	c.call("pause", nil, true, 0)
	c.wantStatus("NetStream.Pause.Notify")
	f.write(stream.Video, 40, frame(false, 51))
	f.write(stream.Audio, 41, sound(52))
	f.write(stream.Script, 42, encodeAMF("onCuePoint", 7)) // not media: passes, and shows that the pump has left out the rest
	c.until("the cue point", func(p packet) bool {
		if p.kind == message.TypeIDAudioMessage || p.kind == message.TypeIDVideoMessage {
			t.Errorf("type %d was sent to a paused player", p.kind)
		}
		return p.kind == message.TypeIDDataMessageAMF0 && c.decode(p.body)[0] == "onCuePoint"
	})
	c.call("pause", nil, false, 0)
	c.wantStatus("NetStream.Unpause.Notify")
	f.write(stream.Video, 80, frame(false, 53)) // cannot be decoded
	f.write(stream.Audio, 81, sound(54))
	f.write(stream.Video, 120, frame(true, 55))
	f.write(stream.Video, 160, frame(false, 56))
	for _, size := range []int{54, 55, 56} {
		if p := c.media(); len(p.body) != size {
			t.Errorf("%d bytes after the pause, want %d", len(p.body), size)
		}
	}
	c.call("seek", nil, 1000)
	c.wantStatus("NetStream.Seek.Notify")
}

// receiveAudio and receiveVideo may come before play and at any time; video goes on at a keyframe.
func TestPlayerChoosesWhatItReceives(t *testing.T) {
	r := newRoom()
	f := newFeed(t, r.hub, 0)
	f.write(stream.Video, 0, frame(true, 50))
	d := open(t, Config{}, r)
	c := dial(t, d.addr).connect("live", "rtmp://h/live")
	c.call("receiveAudio", nil, false)
	c.call("play", nil, "room")
	c.wantStatus("NetStream.Play.Start")
	want := func(sizes ...int) {
		t.Helper()
		for _, size := range sizes {
			if p := c.media(); len(p.body) != size {
				t.Fatalf("%d bytes, want %d", len(p.body), size)
			}
		}
	}
	choose := func(name string, on any) {
		c.call(name, nil, on)
		c.say(message.TypeIDUserCtrl, 0, []byte{0, 6, 0, 0, 0, 9}) // the answer shows that the choice has arrived
		c.until("the pong", func(p packet) bool { return p.kind == message.TypeIDUserCtrl && p.body[1] == 7 })
	}
	want(len(avcHeader), len(aacHeader), 50)
	f.write(stream.Audio, 1, sound(51))
	f.write(stream.Video, 40, frame(false, 52))
	want(52)
	choose("receiveVideo", false)
	f.write(stream.Video, 80, frame(false, 53))
	f.write(stream.Audio, 81, sound(54))
	f.write(stream.Script, 82, encodeAMF("onCuePoint", 7))
	c.until("the cue point", func(p packet) bool {
		if p.kind == message.TypeIDAudioMessage || p.kind == message.TypeIDVideoMessage {
			t.Errorf("type %d was sent to a player that wants nothing", p.kind)
		}
		return p.kind == message.TypeIDDataMessageAMF0 && c.decode(p.body)[0] == "onCuePoint"
	})
	choose("receiveAudio", true)
	f.write(stream.Video, 120, frame(true, 55))
	f.write(stream.Audio, 121, sound(56))
	want(56)
	choose("receiveVideo", true)
	f.write(stream.Video, 160, frame(false, 57)) // cannot be decoded
	f.write(stream.Audio, 161, sound(58))
	f.write(stream.Video, 200, frame(true, 59))
	f.write(stream.Video, 240, frame(false, 60))
	want(58, 59, 60)
}

// While there is no media, a player is told so once, and pinged, so that the network notices if it is gone.
func TestIdlePlayerIsPinged(t *testing.T) {
	r := newRoom()
	f := newFeed(t, r.hub, 0)
	f.write(stream.Video, 0, frame(true, 50))
	d := open(t, Config{Idle: 30 * time.Millisecond}, r)
	c := dial(t, d.addr).play("room")
	for range 3 {
		c.media()
	}
	var events []byte
	for len(events) < 4 {
		c.until("an event", func(p packet) bool {
			if p.kind == message.TypeIDUserCtrl {
				events = append(events, p.body[1])
			}
			return p.kind == message.TypeIDUserCtrl
		})
	}
	if !bytes.Equal(events, []byte{2, 6, 6, 6}) {
		t.Errorf("events %v, want StreamDry once and pings", events)
	}
	c.say(message.TypeIDUserCtrl, 0, []byte{0, 7, 0, 0, 0, 0}) // a pong needs no answer
	f.write(stream.Video, 40, frame(false, 51))
	c.until("StreamBegin", func(p packet) bool { return p.kind == message.TypeIDUserCtrl && p.body[1] == 0 })
	if p := c.media(); len(p.body) != 51 {
		t.Errorf("%d bytes came after the rest", len(p.body))
	}
}

func TestPlayerLeaves(t *testing.T) {
	for _, tt := range []struct {
		name  string
		leave func(*client)
	}{
		{"deleteStream", func(c *client) { c.call("deleteStream", nil, 1); c.gone() }},
		{"closeStream", func(c *client) { c.call("closeStream", nil); c.gone() }},
		{"connection closed", func(c *client) { _ = c.nc.Close() }},
		{"nonsense", func(c *client) { c.raw(0xff); c.gone() }},
		{"a message too long for a player", func(c *client) { c.raw(header(0, 6, 0, 1<<20, 9)...); c.gone() }},
		{"play again", func(c *client) { c.call("play", nil, "other"); c.gone() }},
		{"publish", func(c *client) { c.call("publish", nil, "other", "live"); c.gone() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom()
			newFeed(t, r.hub, 0).write(stream.Video, 0, frame(true, 50))
			d := open(t, Config{RefusalDelay: time.Millisecond}, r)
			c := dial(t, d.addr).play("room")
			c.media()
			tt.leave(c)
			waitFor(t, "the subscriber to be closed", func() bool {
				return r.hub.Stats().Subscribers == 0 && d.Stats().Connections == 0
			})
		})
	}
}

func TestAPlayerThatDoesNotReadIsClosed(t *testing.T) {
	r := newRoom()
	f := newFeed(t, r.hub, 0)
	d := open(t, Config{Write: 200 * time.Millisecond}, r)
	c := dial(t, d.addr).play("room")
	for i := range uint32(60) { // more than kernel buffers take
		f.write(stream.Video, 40*i, frame(true, 1<<20))
	}
	waitFor(t, "the player to be closed", func() bool { return d.Stats().SlowWrites > 0 && d.Stats().Plays == 0 })
	c.gone()
}

// A quiet player stays, for there is no deadline on its reads, and it is told when there is a stream.
func TestAPlayerWaitsForThePush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ln := newRoom(), newPipes(t)
		openOn(t, Config{Handshake: 2 * time.Second, Silent: time.Second}, r, ln)
		c := speak(t, ln.dial()).play("room")
		time.Sleep(6 * time.Second) // longer than any deadline of others
		f := newFeed(t, r.hub, 0)
		f.write(stream.Video, 0, frame(true, 60))
		if p := c.media(); !bytes.Equal(p.body, avcHeader) {
			t.Errorf("first message has %d bytes", len(p.body))
		}
	})
}

// All players share a tag's chunk form, also through transports without gathered writes.
func TestManyPlayersGetTheSameBytes(t *testing.T) {
	r := newRoom()
	f := newFeed(t, r.hub, 0)
	d := open(t, Config{}, r)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plain := openOn(t, Config{}, r, hiding{ln})
	players := []*client{dial(t, d.addr).play("room"), dial(t, d.addr).play("room"), dial(t, plain.addr).play("room")}
	sizes := []int{20, inlineBytes, inlineBytes + 1, playChunkBytes, playChunkBytes + 1, 300_000}
	for i, size := range sizes {
		f.write(stream.Video, uint32(40*i), frame(true, size))
	}
	for i, c := range players {
		c.media()
		c.media() // headers
		for _, size := range sizes {
			if p := c.media(); !bytes.Equal(p.body, frame(true, size)) {
				t.Fatalf("player %d: frame of %d bytes came as %d", i, size, len(p.body))
			}
		}
	}
}

// hiding is a listener whose connections do not show that they are TCP, as TLS does not.
type hiding struct{ net.Listener }

func (h hiding) Accept() (net.Conn, error) {
	nc, err := h.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return struct{ net.Conn }{nc}, nil
}

func TestAClosedSubscriberEndsThePlay(t *testing.T) {
	r := newRoom()
	d := open(t, Config{}, doorman{play: func(context.Context, stream.Request) (*stream.Subscriber, error) {
		s := r.hub.Subscribe("room", stream.RTMP, stream.SubscribeOptions{})
		s.Close()
		return s, nil
	}})
	dial(t, d.addr).play("room").gone()
	if st := d.Stats(); st.Panics != 0 {
		t.Errorf("%d panics", st.Panics)
	}
}

// waitFor waits for a state that has no event of its own.
func waitFor(t testing.TB, what string, reached func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !reached() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
