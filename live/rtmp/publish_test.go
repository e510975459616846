package rtmp

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
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
			"no stream name", true, &stream.Refusal{Code: "bad_name", Detail: "no such name"},
			"NetStream.Publish.BadName", "bad_name: no such name", "bad_name",
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
	for temporary, held := range map[bool]time.Duration{false: delay, true: 0} {
		synctest.Test(t, func(t *testing.T) {
			ln := newPipes(t)
			openOn(t, Config{RefusalDelay: delay}, doorman{publish: func(context.Context, stream.Request) (Push, error) {
				return nil, &stream.Refusal{Code: "x", Detail: "y", Temporary: temporary}
			}}, ln)
			c := speak(t, ln.dial()).connect("live", "rtmp://h/live")
			began := time.Now()
			c.call("publish", nil, "room", "live")
			c.status()
			if took := time.Since(began); took != held {
				t.Errorf("temporary %v: answered after %v", temporary, took)
			}
		})
	}
}

func TestManyRefusalsOfAnAddressAreHeldBackLonger(t *testing.T) {
	const delay = 20 * time.Millisecond
	d := open(t, Config{RefusalDelay: delay}, doorman{play: func(context.Context, stream.Request) (*stream.Subscriber, error) {
		return nil, &stream.Refusal{Code: "x", Detail: "y"}
	}})
	for i := range 2*brakeStep + 1 {
		c := dial(t, d.addr).connect("live", "rtmp://h/live")
		began := time.Now()
		c.call("play", nil, "room")
		c.status()
		if took, least := time.Since(began), time.Duration(1+i/brakeStep)*delay; took < least {
			t.Errorf("refusal %d came after %v, want %v", i+1, took, least)
		}
	}
	if n := d.Stats().SlowedRefusals; n != brakeStep+1 {
		t.Errorf("%d refusals counted as slowed", n)
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
			c.say(message.TypeIDVideoMessage, 1, frame(true, 100_000))
			c.call("deleteStream", nil, 1)
		}, stream.StopClosed},
		{"deleteStream", func(c *client, _ *door) { c.call("deleteStream", nil, 1) }, stream.StopClosed},
		{"closeStream", func(c *client, _ *door) { c.call("closeStream", nil) }, stream.StopClosed},
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
		stops := func(t *testing.T, r *room, d *door, c *client) {
			c.publish("room").say(message.TypeIDAudioMessage, 0, aacHeader)
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
		}
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == stream.StopSilent {
				synctest.Test(t, func(t *testing.T) {
					r, ln := newRoom(), newPipes(t)
					stops(t, r, openOn(t, Config{}, r, ln), speak(t, ln.dial()))
				})
				return
			}
			t.Parallel()
			r := newRoom()
			d := open(t, Config{RefusalDelay: time.Millisecond}, r)
			stops(t, r, d, dial(t, d.addr))
		})
	}
}

// A phone that keeps its connection pushes again on it, as the same stream or as another.
func TestOneConnectionPushesAgain(t *testing.T) {
	for _, goodbye := range []string{"FCUnpublish", "closeStream", "deleteStream"} {
		t.Run(goodbye, func(t *testing.T) {
			t.Parallel()
			r := newRoom()
			d := open(t, Config{MaxPushesPerAddr: 1}, r)
			c := dial(t, d.addr).connect("live", "")
			for i := range 2 * maxStreams { // more often than streams may be open at a time
				name := []string{"one", "two"}[i%2]
				c.answer(c.call("createStream", nil))
				c.call("publish", nil, name, "live")
				c.wantStatus("NetStream.Publish.Start")
				c.say(message.TypeIDVideoMessage, 0, avcHeader)
				c.say(message.TypeIDVideoMessage, 0, frame(true, 30_000+i))
				player := dial(t, d.addr).play(name)
				player.media()
				if p := player.media(); len(p.body) != 30_000+i {
					t.Fatalf("push %d: a frame of %d bytes", i, len(p.body))
				}
				_ = player.nc.Close()
				c.call(goodbye, nil, name)
				c.wantStatus("NetStream.Unpublish.Success")
				if why := within(t, "the stop", r.stops); why != stream.StopClosed {
					t.Errorf("push %d stopped %q", i, why)
				}
			}
			if st := d.Stats(); st.Pushes != 0 || st.ProtocolErrors != 0 {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

// The log names the present stream alone: over a day of pushes it would grow without end.
func TestTheLogNamesThePresentPush(t *testing.T) {
	d := open(t, Config{}, newRoom())
	c := dial(t, d.addr).connect("live", "")
	for _, name := range []string{"one", "two"} {
		c.call("publish", nil, name, "live")
		c.wantStatus("NetStream.Publish.Start")
		c.call("closeStream", nil)
		c.wantStatus("NetStream.Unpublish.Success")
	}
	d.stop()
	for line := range strings.Lines(d.log.String()) {
		if strings.Count(line, "stream=") > 1 {
			t.Errorf("the log says %s", line)
		}
	}
}

// Who plays after a push has as little room as any player.
func TestAPlayerThatPushedBeforeIsBoundedAsAPlayer(t *testing.T) {
	d := open(t, Config{}, newRoom())
	c := dial(t, d.addr).publish("one")
	c.call("closeStream", nil)
	c.wantStatus("NetStream.Unpublish.Success")
	c.call("play", nil, "two", -2)
	c.wantStatus("NetStream.Play.Start")
	c.raw(header(0, 6, 0, 1<<20, 9)...)
	c.gone()
	waitFor(t, "the end", func() bool { return d.Stats().ProtocolErrors == 1 })
}

// After its push a connection has as much time to ask for another as a new one, and no more.
func TestAConnectionThatStaysAfterItsPushIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ln := newRoom(), newPipes(t)
		d := openOn(t, Config{Handshake: 3 * time.Second, Silent: time.Minute}, r, ln)
		c := speak(t, ln.dial()).publish("room")
		c.call("FCUnpublish", nil, "room")
		began := time.Now()
		c.gone()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it was closed after %v", took)
		}
		within(t, "the stop", r.stops)
		waitFor(t, "the end", func() bool { return d.Stats().Timeouts == 1 })
	})
}

func TestSilenceOfASecondPush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ln := newRoom(), newPipes(t)
		openOn(t, Config{Silent: 3 * time.Second}, r, ln)
		c := speak(t, ln.dial()).publish("room")
		c.call("closeStream", nil)
		c.wantStatus("NetStream.Unpublish.Success")
		within(t, "the first stop", r.stops)
		c.call("publish", nil, "room", "live")
		c.wantStatus("NetStream.Publish.Start")
		c.gone()
		if why := within(t, "the second stop", r.stops); why != stream.StopSilent {
			t.Errorf("stopped %q", why)
		}
	})
}

func TestMultitrackIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind message.TypeID
		body string
		bad  bool
	}{
		{"many video tracks", 9, "\x96\x11avc1\x00\x00\x00\x01x\x01\x00\x00\x01y", true},
		{"many tracks of many codecs", 9, "\x96\x21avc1\x00\x00\x00\x01xhvc1\x01\x00\x00\x01y", true},
		{"one track that is not the main one", 9, "\x96\x00hvc1\x01config", true},
		{"many audio tracks", 8, "\x95\x11mp4a\x00\x00\x00\x01x\x01\x00\x00\x01y", true},
		{"a second audio track", 8, "\x95\x01Opus\x01data", true},
		{"behind a modifier", 9, "\x97\x02\x00\x00\x00\x06\x11avc1\x00\x00\x00\x01x", true},
		{"the main track in the words of multitrack", 9, "\x96\x00hvc1\x00config", false},
		{"one audio track", 8, "\x90Opushead", false},
		{"cut", 9, "\x96", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const delay = 100 * time.Millisecond
			push := newTags()
			d := open(t, Config{RefusalDelay: delay}, doorman{publish: func(context.Context, stream.Request) (Push, error) { return push, nil }})
			c := dial(t, d.addr).publish("room")
			began := time.Now()
			c.say(tt.kind, 0, []byte(tt.body))
			if !tt.bad {
				if got := within(t, "the tag", push.got); string(got.body) != tt.body {
					t.Errorf("%q came", got.body)
				}
				return
			}
			if level, code, text := c.status(); level != levelError || code != "NetStream.Publish.Denied" || !strings.HasPrefix(text, "multitrack: ") {
				t.Errorf("told %s %s %q", level, code, text)
			}
			if took := time.Since(began); took < delay {
				t.Errorf("told after %v: an encoder that tries again would make the room live and pause it in a loop", took)
			}
			c.gone()
			d.stop()
			if push.refused == nil || push.refused.Code != codeMultitrack {
				t.Errorf("the push was told %v", push.refused)
			}
			if n := d.Stats().PublishRefusals[codeMultitrack]; n != 1 {
				t.Errorf("counted %d times", n)
			}
		})
	}
}

func TestMediaKeepsAPushAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, ln := newRoom(), newPipes(t)
		openOn(t, Config{Silent: 3 * time.Second}, r, ln)
		c := speak(t, ln.dial()).publish("room")
		for i := range uint32(10) { // three times the limit
			time.Sleep(time.Second)
			c.say(message.TypeIDAudioMessage, 1000*i, sound(20))
		}
		if len(r.stops) != 0 {
			t.Fatalf("stopped %q", <-r.stops)
		}
		last := time.Now()
		c.gone()
		if got := within(t, "the stop", r.stops); got != stream.StopSilent {
			t.Errorf("stopped %q", got)
		}
		if took := time.Since(last); took < 2*time.Second || took > 4*time.Second {
			t.Errorf("silence was noticed after %v", took)
		}
	})
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
	within(t, "the stop", r.stops)
	first.wantStatus("NetStream.Unpublish.Success") // by then its place is free
	dial(t, d.addr).publish("two")                  // the first connection is open still, but pushes no more
	d.stop()
	if len(d.quota.addrs) != 0 {
		t.Error("addresses are left")
	}
}

// A refusal that is held back is no push that runs: others of the address are not to wait for it.
func TestARefusedPushTakesNoPlace(t *testing.T) {
	r, refused := newRoom(), make(chan struct{})
	d := open(t, Config{MaxPushesPerAddr: 1, RefusalDelay: time.Hour}, doorman{publish: func(ctx context.Context, req stream.Request) (Push, error) {
		if req.Name == "forged" {
			close(refused)
			return nil, &stream.Refusal{Code: "bad_signature"}
		}
		return r.Publish(ctx, req)
	}})
	dial(t, d.addr).connect("live", "").call("publish", nil, "forged", "live")
	within(t, "the question", refused)
	waitFor(t, "the refusal", func() bool { return d.Stats().PublishRefusals["bad_signature"] == 1 })
	dial(t, d.addr).publish("room")
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
