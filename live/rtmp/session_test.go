package rtmp

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

func TestConnectAnswers(t *testing.T) {
	d := open(t, Config{}, newRoom())
	c := dial(t, d.addr).shake()
	tx := c.call("connect", amfProps{
		{"app", "live/"},
		{"tcUrl", "rtmp://h/live/"},
		{"fpad", 0},
		{"swfUrl", amfVoid{}},
		{"capsEx", 15},
		{"fourCcList", amfList{"av01", "hvc1"}},
		{"videoFourCcInfoMap", amfProps{{"*", 7}}},
	})
	var window, bandwidth bool
	c.until("the window", func(p packet) bool {
		window = p.kind == message.TypeIDWinAckSize
		return window
	})
	c.until("the bandwidth", func(p packet) bool {
		bandwidth = p.kind == message.TypeIDSetPeerBandwidth
		return bandwidth
	})
	answer := c.answer(tx)
	if c.in.size != pushChunkBytes {
		t.Errorf("chunk size announced: %d, want %d", c.in.size, pushChunkBytes)
	}
	props, info := answer[2].(amfProps), answer[3].(amfProps)
	if info.text("code") != "NetConnection.Connect.Success" || info.get("objectEncoding") != 0.0 {
		t.Errorf("answer %+v", info)
	}
	if caps := props.get("capsEx"); caps != nil {
		t.Errorf("capsEx is %v: neither multitrack nor asked reconnects are there", caps)
	}
	list, _ := props.get("fourCcList").(amfList)
	for _, want := range []string{"hvc1", "av01", "Opus", "avc1", "mp4a"} {
		found := false
		for _, cc := range list {
			found = found || cc == want
		}
		if !found {
			t.Errorf("fourCcList %v lacks %s", list, want)
		}
	}
	for _, name := range []string{"releaseStream", "FCPublish", "_checkbw", "getStreamLength", "FCUnpublish"} {
		if a := c.answer(c.call(name, nil, "room")); a[0] != "_result" {
			t.Errorf("%s: %v", name, a)
		}
	}
	if a := c.answer(c.call("createStream", nil)); a[3] != 1.0 {
		t.Errorf("createStream: %v, want stream 1", a)
	}
	c.call("deleteStream", nil, 1) // before anything runs: the client tidies up
	c.call("someUnknownCommand", amfProps{}, amfList{})
	c.call("FCSubscribe", nil, "room")
	c.until("onFCSubscribe", func(p packet) bool {
		return p.kind == message.TypeIDCommandMessageAMF0 && c.decode(p.body)[0] == "onFCSubscribe"
	})
}

// Clients that say they prefer AMF3 send commands of type 17, in which any value may be AMF3.
func TestCommandsInAMF3(t *testing.T) {
	r := newRoom()
	d := open(t, Config{}, r)
	c := dial(t, d.addr).shake()
	say := func(body string) { c.say(message.TypeIDCommandMessageAMF3, 0, []byte(body)) }
	number := func(n float64) string { return string(encodeAMF(n)) }
	say("\x00" + string(encodeAMF("connect")) + number(1) + "\x11\x0a\x0b\x01\x07app\x06\x09live\x0btcUrl\x06\x1brtmp://h/live\x1dobjectEncoding\x04\x03\x01")
	if info := c.answer(1)[3].(amfProps); info.get("objectEncoding") != 0.0 {
		t.Errorf("answer %+v, want AMF0 to be spoken", info)
	}
	say("\x00" + string(encodeAMF("createStream")) + "\x11\x04\x02" + "\x11\x01")
	if a := c.answer(2); a[3] != 1.0 {
		t.Errorf("createStream: %v", a)
	}
	say("\x00\x11\x06\x0fpublish\x11\x04\x03\x11\x01\x11\x06\x15room?sig=x\x11\x06\x09live")
	c.wantStatus("NetStream.Publish.Start")
	if req := r.lastRequest(); req.App != "live" || req.Host != "h" || req.Name != "room" || len(req.Query) != 1 || req.Query[0] != "sig=x" {
		t.Errorf("request %+v", req)
	}
}

func TestPublisherRequestIsDeliveredRaw(t *testing.T) {
	r := newRoom()
	d := open(t, Config{}, r)
	c := dial(t, d.addr).connect("live/?a=1", "rtmp://Example.org:1935/live/?a=1")
	c.call("publish", nil, "room?txSecret=s3cret&txTime=5F00", "live")
	c.wantStatus("NetStream.Publish.Start")
	req := r.lastRequest()
	if req.Host != "example.org" || req.App != "live" || req.Name != "room" || len(req.Query) != 2 ||
		req.Query[0] != "a=1" || req.Query[1] != "txSecret=s3cret&txTime=5F00" || req.Remote != c.nc.LocalAddr().String() {
		t.Errorf("request %+v", req)
	}
}

// tags are what a Push was given.
type tags struct {
	done chan struct{}
	got  chan tagIn
	err  error

	refused *stream.Refusal
	stopped stream.StopReason
}

type tagIn struct {
	kind stream.Kind
	time uint32
	body []byte
}

func newTags() *tags { return &tags{done: make(chan struct{}), got: make(chan tagIn, 100)} }

func (p *tags) Write(kind stream.Kind, time uint32, buf []byte) error {
	p.got <- tagIn{kind, time, buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]}
	return p.err
}
func (p *tags) Done() <-chan struct{}    { return p.done }
func (p *tags) Err() error               { return p.err }
func (p *tags) Refuse(w *stream.Refusal) { p.refused = w }
func (p *tags) Close(why stream.StopReason) {
	p.stopped = why
	close(p.got)
}

func TestMessagesOfAPublisher(t *testing.T) {
	const meta = "\x02\x00\x0aonMetaData\x08\x00\x00\x00\x01\x00\x05width\x00\x40\x94\x00\x00\x00\x00\x00\x00\x00\x00\x09"
	const set = "\x02\x00\x0d@setDataFrame"
	flvTag := func(kind byte, time uint32, body string) []byte {
		b := []byte{kind, 0, 0, byte(len(body)), byte(time >> 16), byte(time >> 8), byte(time), byte(time >> 24), 0, 0, 0}
		return binary.BigEndian.AppendUint32(append(b, body...), uint32(11+len(body)))
	}
	type m struct {
		kind message.TypeID
		time uint32
		body string
	}
	for _, tt := range []struct {
		name string
		send []m
		want []tagIn
	}{
		{"audio and video", []m{{8, 1, "a"}, {9, 2, "v"}}, []tagIn{{8, 1, []byte("a")}, {9, 2, []byte("v")}}},
		{"empty media say nothing", []m{{8, 1, ""}, {9, 2, ""}, {8, 3, "a"}}, []tagIn{{8, 3, []byte("a")}}},
		{"set data frame", []m{{18, 5, set + meta}}, []tagIn{{18, 5, []byte(meta)}}},
		{"plain metadata", []m{{18, 5, meta}}, []tagIn{{18, 5, []byte(meta)}}},
		{"AMF3 data", []m{{15, 5, "\x00" + set + meta}}, []tagIn{{18, 5, []byte(meta)}}},
		{"AMF3 data without the byte", []m{{15, 5, meta}}, []tagIn{{18, 5, []byte(meta)}}},
		{
			"AMF3 values become AMF0",
			[]m{{15, 5, "\x00" + "\x11\x06\x1b@setDataFrame\x02\x00\x0aonMetaData\x11\x0a\x0b\x01\x0bwidth\x04\x8a\x00\x01"}},
			[]tagIn{{18, 5, encodeAMF("onMetaData", amfProps{{"width", 1280}})}},
		},
		{"other data pass", []m{{18, 6, "\x02\x00\x0aonCuePoint\x05"}}, []tagIn{{18, 6, []byte("\x02\x00\x0aonCuePoint\x05")}}},
		{"commands to servers and bad data do not", []m{
			{18, 1, ""},
			{18, 1, "\x02\x00\x0f@clearDataFrame\x05"},
			{18, 1, "\x05"},
			{18, 1, set},
			{18, 1, "\x02\x00\x01x\x0a\x7f\xff\xff\xff"},
			{18, 1, set + "\x02\x00\x01x\x03"},
			{15, 1, "\x00"},
			{8, 9, "a"},
		}, []tagIn{{8, 9, []byte("a")}}},
		{"aggregate", []m{{22, 1000, string(bytes.Join([][]byte{
			flvTag(8, 70, "a"), flvTag(9, 80, "v"), flvTag(18, 90, meta), flvTag(20, 90, "x"), flvTag(8, 100, ""), flvTag(9, 1<<24, "w"),
		}, nil))}}, []tagIn{
			{8, 1000, []byte("a")}, {9, 1010, []byte("v")}, {18, 1020, []byte(meta)}, {9, 1<<24 + 930, []byte("w")},
		}},
		{"aggregate without the last size", []m{{22, 7, string(flvTag(8, 0, "a")[:12])}}, []tagIn{{8, 7, []byte("a")}}},
		{"what is not known", []m{
			{0, 1, "x"},
			{7, 1, "x"},
			{16, 1, "x"},
			{19, 1, "x"},
			{99, 1, "x"},
			{255, 1, "x"},
			{3, 1, "\x00\x00\x00\x01"},
			{6, 1, "\x00\x00\x00\x01\x02"},
			{4, 1, "\x00\x1f"},
			{4, 1, ""},
			{20, 1, ""},
			{17, 1, "\x00"},
			{8, 4, "a"},
		}, []tagIn{{8, 4, []byte("a")}}},
		{"extended timestamps", []m{{9, 20_000_000, string(frame(true, 5000))}}, []tagIn{{9, 20_000_000, frame(true, 5000)}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			push := newTags()
			d := open(t, Config{}, doorman{publish: func(context.Context, stream.Request) (Push, error) { return push, nil }})
			c := dial(t, d.addr).publish("room")
			for _, m := range tt.send {
				c.say(m.kind, m.time, []byte(m.body))
			}
			c.call("deleteStream", nil, 1)
			i := 0
			for got := range push.got {
				if i < len(tt.want) && (got.kind != tt.want[i].kind || got.time != tt.want[i].time || !bytes.Equal(got.body, tt.want[i].body)) {
					t.Errorf("tag %d: %s at %d with %q, want %s at %d with %q", i,
						got.kind, got.time, got.body, tt.want[i].kind, tt.want[i].time, tt.want[i].body)
				}
				i++
			}
			if i != len(tt.want) {
				t.Errorf("%d tags, want %d", i, len(tt.want))
			}
		})
	}
}

func TestControlMessages(t *testing.T) {
	push := newTags()
	d := open(t, Config{}, doorman{publish: func(context.Context, stream.Request) (Push, error) { return push, nil }})
	c := dial(t, d.addr).publish("room")

	c.say(message.TypeIDUserCtrl, 0, []byte{0, 6, 1, 2, 3, 4})
	c.until("the pong", func(p packet) bool {
		return p.kind == message.TypeIDUserCtrl && bytes.Equal(p.body, []byte{0, 7, 1, 2, 3, 4})
	})

	c.number(message.TypeIDSetChunkSize, 1000)
	c.size = 1000
	c.say(message.TypeIDVideoMessage, 1, frame(true, 3500))
	if got := within(t, "the frame", push.got); !bytes.Equal(got.body, frame(true, 3500)) {
		t.Error("the frame in chunks of 1000 bytes is damaged")
	}

	c.raw(join(header(0, 9, 5, 2000, 9), make([]byte, 1000))...)
	c.number(message.TypeIDAbortMessage, 9)
	c.say(message.TypeIDAudioMessage, 6, []byte("a"))
	if got := within(t, "the tag after the abort", push.got); got.kind != stream.Audio || got.time != 6 {
		t.Errorf("after the abort: %+v", got)
	}

	// The chunk size changes while a message is under way: the rest of it comes in chunks of the new size.
	c.raw(join(header(0, 6, 3, 1500, 9), frame(true, 1500)[:1000])...)
	c.number(message.TypeIDSetChunkSize, 300)
	c.size = 300
	c.raw(join(header(3, 6, 0, 0, 0), frame(true, 1500)[1000:1300], header(3, 6, 0, 0, 0), frame(true, 1500)[1300:])...)
	if got := within(t, "the frame", push.got); !bytes.Equal(got.body, frame(true, 1500)) {
		t.Error("the frame around a change of the chunk size is damaged")
	}
	c.number(message.TypeIDSetChunkSize, 1)
	c.size = 1
	c.say(message.TypeIDVideoMessage, 1, frame(true, 200))
	if got := within(t, "the frame", push.got); !bytes.Equal(got.body, frame(true, 200)) {
		t.Error("the frame in chunks of one byte is damaged")
	}
	c.number(message.TypeIDSetChunkSize, 1000)
	c.size = 1000

	for _, window := range []uint32{windowBytes, 100_000} { // the first is known already
		c.say(message.TypeIDSetPeerBandwidth, 0, append(binary.BigEndian.AppendUint32(nil, window), 2))
	}
	c.until("the window", func(p packet) bool {
		return p.kind == message.TypeIDWinAckSize && binary.BigEndian.Uint32(p.body) == 100_000
	})

	c.number(message.TypeIDWinAckSize, 1) // far too often: the floor holds
	acks := 0
	for range 4 {
		c.say(message.TypeIDVideoMessage, 2, frame(true, ackFloorBytes))
	}
	c.say(message.TypeIDUserCtrl, 0, []byte{0, 6, 0, 0, 0, 9})
	c.until("the second pong", func(p packet) bool {
		if p.kind == message.TypeIDAck {
			acks++
			if n := binary.BigEndian.Uint32(p.body); n < ackFloorBytes {
				t.Errorf("acknowledged %d bytes", n)
			}
		}
		return p.kind == message.TypeIDUserCtrl
	})
	if acks < 3 || acks > 5 {
		t.Errorf("%d acknowledgements for four windows", acks)
	}
}

// The sequence number of an acknowledgement goes round after 2^32 bytes, a push of 1 Mbit/s does after ten hours.
func TestAcknowledgementsGoRound(t *testing.T) {
	s, err := New(Config{}, newRoom(), nil)
	if err != nil {
		t.Fatal(err)
	}
	nc := newMemConn(nil)
	c := newConn(s, nc)
	c.window = ackFloorBytes
	c.acked, c.received = 1<<32-10, 1<<32-10+ackFloorBytes-1
	if err := c.acknowledge(); err != nil || len(nc.written()) != 0 {
		t.Fatalf("%d bytes were answered before the window was full, %v", len(nc.written()), err)
	}
	c.received++
	if err := c.acknowledge(); err != nil {
		t.Fatal(err)
	}
	p, err := newChunkReader(bufferOf(nc.written()), wide, func() error { return nil }).next()
	if err != nil || p.kind != message.TypeIDAck || binary.BigEndian.Uint32(p.body) != ackFloorBytes-10 {
		t.Errorf("acknowledged %+v, %v", p, err)
	}
}

func TestAcknowledgementInsideALongMessage(t *testing.T) {
	push := newTags()
	d := open(t, Config{}, doorman{publish: func(context.Context, stream.Request) (Push, error) { return push, nil }})
	c := dial(t, d.addr).publish("room")
	c.number(message.TypeIDWinAckSize, ackFloorBytes)
	c.number(message.TypeIDSetChunkSize, 4096)
	c.raw(header(0, 6, 1, 1<<20, 9)...)
	for i := range 24 {
		if i > 0 {
			c.raw(header(3, 6, 0, 0, 0)...)
		}
		c.raw(make([]byte, 4096)...)
	}
	c.until("an acknowledgement", func(p packet) bool { return p.kind == message.TypeIDAck })
}
