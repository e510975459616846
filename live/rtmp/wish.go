package rtmp

import (
	"sync/atomic"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// wish is what a player wants to have, in the words of its commands. The session sets it, the pump obeys.
type wish struct {
	paused atomic.Bool
	mute   atomic.Bool // no audio
	blind  atomic.Bool // no video
}

// wants says whether media of a kind is to be sent now.
func (w *wish) wants(kind stream.Kind) bool {
	switch {
	case w.paused.Load():
		return false
	case kind == stream.Audio:
		return !w.mute.Load()
	default:
		return !w.blind.Load()
	}
}

// receive obeys receiveAudio and receiveVideo, which may come before play.
func (c *conn) receive(cmd call) error {
	on := true
	if len(cmd.args) > 1 {
		on, _ = cmd.args[1].(bool)
	}
	if cmd.name == "receiveAudio" {
		c.mute = !on
	} else {
		c.blind = !on
	}
	if c.phase == phasePlay {
		c.play.mute.Store(c.mute)
		c.play.blind.Store(c.blind)
	}
	return nil
}

// tide tells a player that the stream has run dry, and pings it as long as it is; or that it flows again. A connection
// whose other end has gone is only noticed by sending.
func (c *conn) tide(idle bool) error {
	p := c.play
	if !idle && !p.dry {
		return nil
	}
	r := &reply{size: playChunkBytes}
	switch {
	case !idle:
		r.event(&message.UserCtrlEventStreamBegin{StreamID: messageStream})
	case !p.dry:
		r.event(&message.UserCtrlEventStreamDry{StreamID: messageStream})
	}
	if idle {
		r.event(&message.UserCtrlEventPingRequest{Timestamp: uint32(time.Since(c.at).Milliseconds())}) //nolint:gosec // it may wrap
	}
	p.dry = idle
	return c.written(c.out.write(r.buf))
}

// trick answers what players try on recordings. A pause stops the sending; there is nowhere to seek to, but players wait
// for the answer.
func (c *conn) trick(cmd call) error {
	if c.phase != phasePlay {
		return nil
	}
	r := c.reply()
	if cmd.name == "seek" {
		r.status(levelStatus, "NetStream.Seek.Notify", "A live stream goes on where it is.")
		return c.send(r)
	}
	pause := false
	if len(cmd.args) > 1 {
		pause, _ = cmd.args[1].(bool)
	}
	c.play.paused.Store(pause)
	if pause {
		r.status(levelStatus, "NetStream.Pause.Notify", "Paused.")
	} else {
		r.status(levelStatus, "NetStream.Unpause.Notify", "Going on.")
	}
	return c.send(r)
}
