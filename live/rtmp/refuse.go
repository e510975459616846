package rtmp

import (
	"context"
	"errors"
	"net"
	"time"

	"liveroom/internal/wait"
	"liveroom/live/stream"
)

// refuse answers a publish or play with an error status, before any start, and ends the connection once the peer could
// read it. It is held back a little where trying again would be guessing.
func (c *conn) refuse(ctx context.Context, publish bool, err error) error {
	refusal, ok := errors.AsType[*stream.Refusal](err)
	if !ok {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.log.Error("rtmp admission failed", "error", err)
		refusal = &stream.Refusal{Code: codeInternal, Detail: "the server could not decide, try again", Temporary: true}
	}
	c.srv.count.refused(publish, refusal.Code)
	// Whoever admits has logged its reasons; those of this package are in the counters, the rest is for debugging.
	c.log.Debug("rtmp refused", "publish", publish, "code", refusal.Code, "detail", refusal.Detail)
	if !refusal.Temporary && wait.For(ctx, c.srv.holdBack(c.nc.RemoteAddr())) != nil {
		return ctx.Err()
	}
	r := c.reply()
	r.status(levelError, statusCode(publish, refusal.Code), refusal.Error())
	if err := c.send(r); err != nil {
		return err
	}
	return errDone
}

// holdBack counts a refusal of an address and says how long its answer must wait.
func (s *Server) holdBack(addr net.Addr) time.Duration {
	times := s.brake.step(addr, time.Now())
	if times > 1 {
		s.count.slowed.Add(1)
	}
	return time.Duration(times) * s.cfg.RefusalDelay
}

// statusCode is the code players and encoders know. OBS gives up on both of the publish codes instead of trying for ever.
func statusCode(publish bool, code string) string {
	notFound := code == "unknown_room" || code == "not_live" || code == "bad_name"
	switch {
	case publish && notFound:
		return "NetStream.Publish.BadName"
	case publish:
		return "NetStream.Publish.Denied"
	case notFound:
		return "NetStream.Play.StreamNotFound"
	default:
		return "NetStream.Play.Failed"
	}
}
