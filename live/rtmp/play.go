package rtmp

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/internal/writev"
	"liveroom/live/stream"
)

// What the kernel takes for a player: its send buffer, and how much of that may wait for its first sending.
const (
	sendBufferBytes = 512 << 10
	unsentBytes     = 128 << 10
)

// player is the sending half of a connection that plays.
type player struct {
	sub *stream.Subscriber
	wish
	ended atomic.Bool // the stream is over and the peer was told

	// Owned by the pump.
	resuming bool // media was left out: video goes on at a keyframe
	dry      bool // there was no media for Config.Idle, and the peer was told
	tags     []*stream.Tag
	bufs     [][]byte
}

// startPlay asks whether the play is allowed and, if so, starts it.
func (c *conn) startPlay(ctx context.Context, cmd call) error {
	req, err := c.request(ctx, false, cmd)
	if err != nil {
		return err
	}
	sub, err := c.srv.admit.Play(ctx, req)
	if err != nil {
		return c.refuse(ctx, false, err)
	}
	c.play, c.phase = &player{sub: sub}, phasePlay
	c.in.limits = tight() // the connection may have carried a push before
	c.play.mute.Store(c.mute)
	c.play.blind.Store(c.blind)
	sub.SetIdle(c.srv.cfg.Idle)
	writev.Bound(c.nc, sendBufferBytes, unsentBytes)
	c.srv.count.plays.Add(1)
	if err := c.nc.SetReadDeadline(time.Time{}); err != nil { // players may be silent
		return err
	}
	c.log.Debug("rtmp play started")
	r := c.reply()
	r.chunkSize(playChunkBytes)
	r.event(&message.UserCtrlEventStreamBegin{StreamID: messageStream})
	r.status(levelStatus, "NetStream.Play.Reset", "Playing and resetting.")
	r.status(levelStatus, "NetStream.Play.Start", "Started playing.")
	r.data("|RtmpSampleAccess", true, true)
	if err := c.send(r); err != nil {
		return err
	}
	c.side.Go(func() {
		if err := c.guard(func() error { return c.pump(ctx) }); err != nil {
			c.log.Debug("rtmp play ended", "error", err)
			_ = c.nc.Close() // ends the session's reading
		}
	})
	return nil
}

// pump sends the stream until it is over or cannot be sent. It runs beside the session.
func (c *conn) pump(ctx context.Context) error {
	p := c.play
	for {
		tags, err := p.sub.Next(ctx, p.tags)
		if errors.Is(err, stream.ErrEnded) {
			return c.farewell()
		}
		if err == nil || errors.Is(err, stream.ErrIdle) {
			err = c.tide(errors.Is(err, stream.ErrIdle))
		}
		if err != nil {
			return err
		}
		p.tags = tags
		if p.fill(tags); len(p.bufs) == 0 {
			continue
		}
		if err := c.written(c.out.writeAll(p.bufs)); err != nil {
			return err
		}
	}
}

// fill collects the chunks of a batch, leaving out what a paused player does not want: media, but not what it needs to
// go on later.
func (p *player) fill(tags []*stream.Tag) {
	p.bufs = p.bufs[:0]
	for _, t := range tags {
		if !t.SequenceHeader() && t.Kind() != stream.Script {
			switch {
			case !p.wants(t.Kind()):
				p.resuming = p.resuming || t.Kind() == stream.Video
				continue
			case p.resuming && t.Kind() == stream.Video && !t.Keyframe():
				continue
			case t.Kind() == stream.Video:
				p.resuming = false
			}
		}
		p.bufs = appendTag(p.bufs, t)
	}
	clear(tags) // a batch must not keep a keyframe's memory while the stream rests
}

// farewell tells the player that the stream is over, and interrupts the session.
func (c *conn) farewell() error {
	r := &reply{size: playChunkBytes}
	r.event(&message.UserCtrlEventStreamEOF{StreamID: messageStream})
	r.status(levelStatus, "NetStream.Play.UnpublishNotify", "The stream is over.")
	r.status(levelStatus, "NetStream.Play.Stop", "Stopped playing.")
	if err := c.written(c.out.write(r.buf)); err != nil {
		return err
	}
	c.play.ended.Store(true)
	return c.interrupt()
}
