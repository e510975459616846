package rtmp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name       string
		publish    bool
		err        error
		code, text string
		counted    string
	}{
		{
			"bad signature", true, &stream.Refusal{Code: "bad_signature", Detail: "the signature does not match"},
			"NetStream.Publish.Denied", "bad_signature: the signature does not match", "bad_signature",
		},
		{
			"unknown room", true, &stream.Refusal{Code: "unknown_room", Detail: "no such room"},
			"NetStream.Publish.BadName", "unknown_room: no such room", "unknown_room",
		},
		{
			"an error of the server", true, errors.New("disk on fire"),
			"NetStream.Publish.Denied", "internal: the server could not decide, try again", "internal",
		},
		{
			"play without a stream", false, &stream.Refusal{Code: "not_live", Detail: "the room is waiting"},
			"NetStream.Play.StreamNotFound", "not_live: the room is waiting", "not_live",
		},
		{
			"play denied", false, &stream.Refusal{Code: "expired", Detail: "the address has expired"},
			"NetStream.Play.Failed", "expired: the address has expired", "expired",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := open(t, Config{RefusalDelay: time.Millisecond}, doorman{
				publish: func(context.Context, stream.Request) (Push, error) { return nil, tt.err },
				play:    func(context.Context, stream.Request) (*stream.Subscriber, error) { return nil, tt.err },
			})
			c := dial(t, d.addr).connect("live", "rtmp://h/live")
			what, refusals := "play", func() map[string]uint64 { return d.Stats().PlayRefusals }
			if tt.publish {
				what, refusals = "publish", func() map[string]uint64 { return d.Stats().PublishRefusals }
			}
			c.call(what, nil, "room?txSecret=s3cret")
			level, code, text := c.status()
			if level != levelError || code != tt.code || text != tt.text {
				t.Errorf("answer %s %s %q, want %s %q", level, code, text, tt.code, tt.text)
			}
			c.gone()
			if n := refusals(); n[tt.counted] != 1 || len(n) != 1 {
				t.Errorf("counted %v", n)
			}
			if strings.Contains(d.log.String(), "s3cret") {
				t.Error("the signature is in the log")
			}
		})
	}
}

func TestRefusalsAreHeldBackUnlessTemporary(t *testing.T) {
	const delay = 300 * time.Millisecond
	for _, temporary := range []bool{false, true} {
		d := open(t, Config{RefusalDelay: delay}, doorman{publish: func(context.Context, stream.Request) (Push, error) {
			return nil, &stream.Refusal{Code: "x", Detail: "y", Temporary: temporary}
		}})
		c := dial(t, d.addr).connect("live", "rtmp://h/live")
		began := time.Now()
		c.call("publish", nil, "room", "live")
		c.status()
		if took := time.Since(began); (took < delay) != temporary {
			t.Errorf("temporary %v: answered after %v", temporary, took)
		}
	}
}

func TestShutdownInterruptsARefusal(t *testing.T) {
	asked := make(chan struct{})
	d := open(t, Config{RefusalDelay: time.Hour}, doorman{publish: func(context.Context, stream.Request) (Push, error) {
		close(asked)
		return nil, &stream.Refusal{Code: "x"}
	}})
	dial(t, d.addr).connect("live", "").call("publish", nil, "room", "live")
	within(t, "the question", asked)
	d.stop()
}

func TestHowAPushStops(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*client, *door)
		want stream.StopReason
	}{
		{"FCUnpublish", func(c *client, _ *door) {
			c.answer(c.call("FCUnpublish", nil, "room"))
			c.say(message.TypeIDAudioMessage, 1, aacHeader) // too late, ignored
			c.call("deleteStream", nil, 1)
			c.gone()
		}, stream.StopClosed},
		{"deleteStream", func(c *client, _ *door) { c.call("deleteStream", nil, 1); c.gone() }, stream.StopClosed},
		{"closeStream", func(c *client, _ *door) { c.call("closeStream", nil); c.gone() }, stream.StopClosed},
		{"connection closed", func(c *client, _ *door) { _ = c.nc.Close() }, stream.StopLost},
		{"connection closed inside a message", func(c *client, _ *door) {
			c.raw(header(0, 6, 1, 100, 9)...)
			_ = c.nc.Close()
		}, stream.StopLost},
		{"nonsense", func(c *client, _ *door) { c.raw(0xff); c.gone() }, stream.StopLost},
		{"silence", func(c *client, _ *door) { c.gone() }, stream.StopSilent},
		{"metadata is not media", func(c *client, _ *door) {
			for range 20 {
				c.say(message.TypeIDDataMessageAMF0, 1, encodeAMF("onMetaData", amfMap{}))
			}
			c.gone()
		}, stream.StopSilent},
		{"the server stops", func(_ *client, d *door) { d.stop() }, stream.StopLost},
		{"a second publish", func(c *client, _ *door) {
			c.call("publish", nil, "other", "live")
			if _, code, text := c.status(); code != "NetStream.Publish.Denied" || !strings.HasPrefix(text, "bad_request") {
				c.t.Errorf("answer %s %q", code, text)
			}
			c.gone()
		}, stream.StopLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom()
			cfg := Config{RefusalDelay: time.Millisecond}
			if tt.want == stream.StopSilent {
				cfg.Silent = 200 * time.Millisecond
			}
			d := open(t, cfg, r)
			c := dial(t, d.addr).publish("room")
			c.say(message.TypeIDAudioMessage, 0, aacHeader)
			tt.end(c, d)
			if got := within(t, "the stop", r.stops); got != tt.want {
				t.Errorf("stopped %q, want %q", got, tt.want)
			}
			d.stop()
			if len(r.stops) != 0 {
				t.Error("the push was closed twice")
			}
			if st := d.Stats(); st.SilentPushes != map[bool]uint64{true: 1}[tt.want == stream.StopSilent] {
				t.Errorf("%d silent pushes", st.SilentPushes)
			}
		})
	}
}

func TestMediaKeepsAPushAlive(t *testing.T) {
	r := newRoom()
	d := open(t, Config{Silent: 300 * time.Millisecond}, r)
	c := dial(t, d.addr).publish("room")
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for i := range uint32(30) { // three times the limit
		<-tick.C
		c.say(message.TypeIDAudioMessage, 30*i, sound(20))
	}
	if len(r.stops) != 0 {
		t.Fatalf("stopped %q", <-r.stops)
	}
	last := time.Now()
	if got := within(t, "the stop", r.stops); got != stream.StopSilent {
		t.Errorf("stopped %q", got)
	}
	if took := time.Since(last); took > time.Second {
		t.Errorf("silence was noticed after %v", took)
	}
}

func TestTakeoverClosesTheOldConnection(t *testing.T) {
	r := newRoom()
	d := open(t, Config{}, r)
	old := dial(t, d.addr).publish("room")
	dial(t, d.addr).publish("room")
	if level, code, _ := old.status(); level != levelError || code != "NetStream.Publish.Denied" {
		t.Errorf("the old publisher is told %s %s", level, code)
	}
	old.gone()
	within(t, "the old push", r.stops)
	if len(r.stops) != 0 {
		t.Error("the new push has stopped too")
	}
}

func TestDropTellsThePublisherWhy(t *testing.T) {
	r := newRoom()
	d := open(t, Config{}, r)
	c := dial(t, d.addr).publish("room")
	r.hub.Drop("room", &stream.Refusal{Code: "forbidden", Detail: "an operator forbade the stream"})
	if _, code, text := c.status(); code != "NetStream.Publish.Denied" || text != "forbidden: an operator forbade the stream" {
		t.Errorf("told %s %q", code, text)
	}
	c.gone()
}

// A push that ends while frames stream in notices by Write, whatever the watcher does.
func TestWriteErrorEndsTheConnection(t *testing.T) {
	push := newTags()
	push.err = &stream.Refusal{Code: "room_ended", Detail: "the room has ended"}
	d := open(t, Config{}, doorman{publish: func(context.Context, stream.Request) (Push, error) { return push, nil }})
	c := dial(t, d.addr).publish("room")
	c.say(message.TypeIDAudioMessage, 1, sound(10))
	if _, _, text := c.status(); text != "room_ended: the room has ended" {
		t.Errorf("told %q", text)
	}
	c.gone()
}

func TestPushLimitPerAddress(t *testing.T) {
	r := newRoom()
	d := open(t, Config{MaxPushesPerAddr: 1}, r)
	first := dial(t, d.addr).publish("one")
	second := dial(t, d.addr).connect("live", "")
	second.call("publish", nil, "two", "live")
	if _, _, text := second.status(); !strings.HasPrefix(text, codeTooManyPushes) {
		t.Errorf("told %q", text)
	}
	second.gone()
	first.call("deleteStream", nil, 1)
	first.gone()
	within(t, "the stop", r.stops)
	d.stop()
	if len(d.quota.addrs) != 0 {
		t.Error("addresses are left")
	}
}

func TestAdmissionEndsWithTheServer(t *testing.T) {
	asked := make(chan struct{})
	d := open(t, Config{}, doorman{publish: func(ctx context.Context, _ stream.Request) (Push, error) {
		close(asked)
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	dial(t, d.addr).connect("live", "").call("publish", nil, "room", "live")
	within(t, "the question", asked)
	d.stop()
	if n := d.Stats().PublishRefusals; len(n) != 0 {
		t.Errorf("the end of the server was counted as refusal: %v", n)
	}
}
