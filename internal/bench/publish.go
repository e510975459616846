package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// ingest is the publishers and what they saw.
type ingest struct {
	stream *synthetic
	window *window

	accepted, refused, lost atomic.Int64
	bytes                   atomic.Int64 // of media
	late                    histogram    // of pictures in the window: how much after their time they were sent
	blocked                 histogram    // writing one

	mu      sync.Mutex // guards reasons
	reasons reasons
}

// Push pushes a made-up stream to an address until ctx or the push ends, and calls accepted once it is let in. A push that is
// refused is a *Refusal; the end of ctx is none.
func Push(ctx context.Context, address string, f Format, accepted func()) error {
	g := &ingest{stream: newSynthetic(f), window: newWindow()}
	err := g.push(ctx, &run{}, address, accepted)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// publish sends the stream to one address until ctx ends. It calls settled once: when the push is accepted, or is not.
func (g *ingest) publish(ctx context.Context, r *run, address string, settled func()) {
	settled = sync.OnceFunc(settled)
	defer settled()
	accepted := false
	err := g.push(ctx, r, address, func() {
		accepted = true
		g.accepted.Add(1)
		settled()
	})
	if ctx.Err() != nil || err == nil {
		return
	}
	if _, ok := errors.AsType[*Refusal](err); accepted || !ok {
		g.lost.Add(1)
	} else {
		g.refused.Add(1)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reasons.add(reasonOf(err))
}

// push does one push.
func (g *ingest) push(ctx context.Context, r *run, address string, accepted func()) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	a, err := parseRTMP(u)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, u, r.plan.TLS)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(time.Second)) }) // enough for a goodbye
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(beginTimeout)); err != nil {
		return err
	}
	c, err := openRTMP(conn, a)
	if err != nil {
		return err
	}
	if err := c.publish(a.name); err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Time{}); err != nil || ctx.Err() != nil {
		return err
	}
	accepted()
	ended := make(chan error, 1)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer func() { _ = conn.Close() }() // ends the reading
	reading.Go(func() { ended <- c.listen() })
	err = g.send(ctx, c, ended)
	c.unpublish(a.name)
	return err
}

// listen reads what a server says to a publisher, until it ends the push. It answers no pings: another goroutine writes.
func (c *rtmpConn) listen() error {
	for {
		s, err := c.readChunk()
		if err != nil {
			return fmt.Errorf("the server ended the push: %w", err)
		}
		if len(s.body) < int(s.length) {
			continue
		}
		if s.kind == rtmpCommand {
			if err := errorStatus(readAMF(s.body)); err != nil {
				return err
			}
		}
		if s.kind == rtmpChunkSize {
			if err := c.obey(rtmpMessage{kind: s.kind, body: s.body}); err != nil {
				return err
			}
		}
		s.body = s.body[:0]
	}
}

// send sends pictures and sound, each in its time, until ctx or the push ends.
func (g *ingest) send(ctx context.Context, c *rtmpConn, ended <-chan error) error {
	s := g.stream
	write := func(kind, chunk byte, at time.Duration, body []byte) error {
		ms := uint32(at.Milliseconds()) //nolint:gosec // wraps as RTMP's clock does
		return c.write(chunk, rtmpMessage{kind: kind, stream: c.stream, at: ms, body: body})
	}
	err := errors.Join(
		write(flvScript, chunkSound, 0, append(appendAMF(nil, "@setDataFrame"), s.metadata()...)),
		write(flvVideo, chunkPicture, 0, s.header),
		write(flvAudio, chunkSound, 0, aacHeader))
	var picture []byte // reused
	timer := time.NewTimer(0)
	defer timer.Stop()
	begun := time.Now()
	for v, a := 0, 0; err == nil; {
		due := min(s.pictureTime(v), aacTime(a))
		timer.Reset(time.Until(begun.Add(due)))
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-timer.C:
		}
		now := time.Now()
		if due != s.pictureTime(v) {
			err = write(flvAudio, chunkSound, due, s.audio)
			g.bytes.Add(int64(len(s.audio)))
			a++
			continue
		}
		picture = s.frame(picture, v, now)
		err = write(flvVideo, chunkPicture, due, picture)
		g.bytes.Add(int64(len(picture)))
		if g.window.has(now.UnixNano()) {
			g.late.add(now.Sub(begun.Add(due)))
			g.blocked.add(time.Since(now))
		}
		v++
	}
	if errors.Is(err, io.ErrClosedPipe) || ctx.Err() != nil {
		return nil
	}
	select {
	case why := <-ended: // says more than a write that failed
		return why
	case <-time.After(100 * time.Millisecond):
		return err
	}
}
