package rtmp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/address"
	"liveroom/live/stream"
)

// Refusal codes of this package; all others come from Admission.
const (
	codeTooManyPushes = "too_many_pushes"
	codeBadRequest    = "bad_request"
	codeInternal      = "internal"
	codeMultitrack    = "multitrack"
)

// publish asks whether the push is allowed and, if so, starts it.
func (c *conn) publish(ctx context.Context, cmd call) error {
	req, err := c.request(ctx, true, cmd)
	if err != nil {
		return err
	}
	if c.counted = c.srv.quota.enterPush(c.nc.RemoteAddr()); !c.counted {
		return c.refuse(ctx, true, &stream.Refusal{
			Code: codeTooManyPushes, Detail: "too many pushes run from this address", Temporary: true,
		})
	}
	push, err := c.srv.admit.Publish(ctx, req)
	if err != nil {
		c.uncount() // before the refusal is held back
		return c.refuse(ctx, true, err)
	}
	if err := c.startPush(ctx, push); err != nil {
		return err
	}
	r := c.reply()
	r.event(&message.UserCtrlEventStreamBegin{StreamID: messageStream})
	r.status(levelStatus, "NetStream.Publish.Start", "The push has started.")
	return c.send(r)
}

// uncount gives the place of a push back, if the connection has one.
func (c *conn) uncount() {
	if c.counted {
		c.counted = false
		c.srv.quota.leavePush(c.nc.RemoteAddr())
	}
}

// request is what a publish or play asks for. A connection that carries one already is refused.
func (c *conn) request(ctx context.Context, publish bool, cmd call) (stream.Request, error) {
	name, err := cmd.text(1)
	if err != nil {
		return stream.Request{}, err
	}
	if c.phase != phaseConnected {
		return stream.Request{}, c.refuse(ctx, publish, &stream.Refusal{Code: codeBadRequest, Detail: "one connection carries one push or play"})
	}
	req := c.app.request(name, c.nc.RemoteAddr().String(), c.nc.LocalAddr().String())
	c.log = c.plainLog.With("app", address.Loggable(req.App), "stream", address.Loggable(req.Name))
	return req, nil
}

// startPush lets media in.
func (c *conn) startPush(ctx context.Context, push Push) error {
	ctx, c.unwatch = context.WithCancel(ctx)
	c.push, c.phase = push, phasePublish
	c.srv.count.pushes.Add(1)
	c.log.Debug("rtmp push started")
	if c.in.r.Size() < pushReadBytes {
		c.in.r = bufio.NewReaderSize(c.in.r, pushReadBytes)
	}
	c.in.limits = limits{
		message: scriptBytes, media: c.srv.cfg.MaxMessageBytes, unfinished: c.srv.cfg.MaxMessageBytes + 8*unfinishedBytes,
	}
	c.side.Go(func() { _ = c.guard(func() error { return c.watch(ctx) }) })
	return c.heard()
}

// watch interrupts the session when the push was ended by others. It runs beside it.
func (c *conn) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-c.push.Done():
		if ctx.Err() == nil { // otherwise the session itself is closing the push
			return c.interrupt() // fails only when the connection is closed, which is as good
		}
	}
	return nil
}

// notice tells a publisher that its push was ended by others, and why if that can be said.
func (c *conn) notice() error {
	r := c.reply()
	if refusal, ok := errors.AsType[*stream.Refusal](c.push.Err()); ok {
		r.status(levelError, statusCode(true, refusal.Code), refusal.Error())
	} else {
		r.status(levelError, "NetStream.Publish.Denied", "The push was ended.")
	}
	return c.send(r)
}

// refusePush ends a push for what it carries. Encoders try again by themselves, and each try makes the room live for a
// moment, so the answer is held back as that of other refusals is.
func (c *conn) refusePush(ctx context.Context, why *stream.Refusal) error {
	c.push.Refuse(why)
	c.closePush(stream.StopLost)
	return c.refuse(ctx, true, why)
}

// closePush tells the push once how it ended and gives the peer time to leave, or to begin another. What it still sends of
// this one is read and ignored, whatever its size.
func (c *conn) closePush(reason stream.StopReason) {
	c.phase = phaseConnected
	c.unwatch()
	c.side.Wait() // a watcher about to interrupt would interrupt what comes next
	c.srv.count.pushes.Add(-1)
	c.push.Close(reason)
	c.uncount()
	c.silentAt = time.Time{}
	c.log.Debug("rtmp push ended", "reason", string(reason))
	_ = c.nc.SetReadDeadline(time.Now().Add(c.srv.cfg.Handshake))
}

// heard moves the deadline of silence. The push may have been ended while it did, which must not be overslept.
func (c *conn) heard() error {
	now := time.Now()
	due := now.Add(c.srv.cfg.Silent)
	if due.Sub(c.silentAt) < c.srv.cfg.Silent/silentSteps {
		return nil
	}
	c.silentAt = due
	if err := c.nc.SetReadDeadline(due); err != nil {
		return err
	}
	if isDone(c.push.Done()) {
		return errOver
	}
	return nil
}

// media gives an audio or video message to the push. An empty one says nothing.
func (c *conn) media(ctx context.Context, p packet) error {
	if c.phase != phasePublish || len(p.body) == 0 {
		return nil
	}
	if stream.Multitrack(stream.Kind(p.kind), p.body) {
		return c.refusePush(ctx, &stream.Refusal{
			Code: codeMultitrack, Detail: "several tracks in one push are not supported: send one video and one audio track",
		})
	}
	if err := c.push.Write(stream.Kind(p.kind), p.time, p.buf); err != nil {
		return fmt.Errorf("%w: %w", errOver, err)
	}
	return c.heard()
}

// script gives a data message to the push, without the command that only servers understand. The bytes go on as they
// came, but only if they are sound, for every viewer's player will decode them.
func (c *conn) script(time uint32, body []byte) error {
	if c.phase != phasePublish || len(body) == 0 {
		return nil
	}
	name, rest, err := scriptName(body)
	if err == nil && name == "@setDataFrame" {
		body = rest
		name, _, err = scriptName(body)
	}
	if err == nil {
		body, err = soundScript(body)
	}
	if err != nil {
		c.srv.count.scripts.Add(1)
		c.log.Debug("rtmp data message left out", "error", err)
		return nil
	}
	if strings.HasPrefix(name, "@") {
		return nil // @clearDataFrame and other commands to servers
	}
	buf := stream.NewBuffer(len(body))
	copy(buf[stream.HeaderBytes:], body)
	if err := c.push.Write(stream.Script, time, buf); err != nil {
		return fmt.Errorf("%w: %w", errOver, err)
	}
	return nil
}

// soundScript returns a data message's body if it can be decoded. One with values in AMF3 is written anew, for it will be
// sent as AMF0.
func soundScript(body []byte) ([]byte, error) {
	r := amfReader{rest: body}
	values, err := r.all()
	if err != nil || !r.switched {
		return body, err
	}
	if body = encodeAMF(values...); len(body) > scriptBytes {
		return nil, amfError("%d bytes when written as AMF0", len(body))
	}
	return body, nil
}

// scriptName decodes the name a data message begins with.
func scriptName(body []byte) (name string, rest []byte, err error) {
	r := amfReader{rest: body}
	v, err := r.value(0)
	if err != nil {
		return "", nil, err
	}
	name, ok := v.(string)
	if !ok {
		return "", nil, amfError("data message without a name")
	}
	return name, r.rest, nil
}
