package rtmp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/internal/writev"
	"liveroom/live/stream"
)

// Outgoing is a stream that this side publishes to another server. Add and Flush belong to one goroutine; the rest to any.
type Outgoing struct {
	l      *link
	cancel context.CancelFunc
	read   sync.WaitGroup
	sent   atomic.Uint64
	buf    []byte

	over chan struct{} // closed when the server said no more is wanted, or went away
	why  *Failure      // set before over is closed
}

// Buffers of an Outgoing are kept from one Flush to the next up to so many bytes.
const keptBytes = 1 << 20

// goodbyeTime is how long a server may take to notice the end of a publish before its connection is cut.
const goodbyeTime = 500 * time.Millisecond

// Publish connects to another server and begins to publish there; cfg.Open bounds it. The error is a *Failure. The Outgoing
// must be closed; it ends with ctx.
func Publish(ctx context.Context, cfg ClientConfig, u URL) (*Outgoing, error) {
	l, err := openLink(ctx, cfg.withDefaults(), u, func(l *link) error {
		writev.Bound(l.nc, sendBufferBytes, unsentBytes)
		r := l.reply()
		r.chunkSize(clientChunkBytes)
		if err := l.createStream(r, "releaseStream", "FCPublish"); err != nil {
			return err
		}
		return l.publish()
	})
	if err != nil {
		return nil, err
	}
	o := &Outgoing{l: l, over: make(chan struct{})}
	ctx, o.cancel = context.WithCancel(ctx)
	l.doing = "the push"
	stop := context.AfterFunc(ctx, func() { _ = l.nc.Close() })
	o.read.Go(func() {
		defer stop()
		o.why = l.failure(ctx, o.listen())
		close(o.over)
	})
	return o, nil
}

// publish asks to publish and waits until that is allowed.
func (l *link) publish() error {
	l.doing = "publish"
	l.calls++
	r := l.reply()
	body := encodeAMF("publish", l.calls, nil, l.url.name, "live")
	r.buf = appendMessage(r.buf, r.size, chunkAudio, l.stream, 0, message.TypeIDCommandMessageAMF0, body)
	if err := l.send(r); err != nil {
		return err
	}
	for range maxAnswers {
		cmd, err := l.nextCall()
		switch {
		case err != nil:
			return err
		case errorStatus(cmd), cmd.name == "_error" && cmd.transaction == l.calls, cmd.name == "close":
			return l.rejected(cmd.args)
		case cmd.name == "onStatus":
			return nil
		}
	}
	return protocolError("more than %d messages before an answer", maxAnswers)
}

// listen hears what the server says while the stream is published. It returns why there is nothing more to hear.
func (o *Outgoing) listen() error {
	for {
		p, err := o.l.in.next()
		if err != nil {
			return err
		}
		cmd, err := o.l.obey(p)
		switch {
		case err != nil:
			return err
		case errorStatus(cmd), cmd.name == "close":
			f := o.l.rejected(cmd.args)
			return failed(FailClosed, nil, "the server ended the push (%s)", f.Detail)
		}
	}
}

// Done is closed when the server has ended the publish, or the connection has.
func (o *Outgoing) Done() <-chan struct{} { return o.over }

// Sent is how many bytes of media were given to the connection.
func (o *Outgoing) Sent() uint64 { return o.sent.Load() }

// Add collects a tag, to be published at a time in ms. Nothing leaves before Flush.
func (o *Outgoing) Add(t *stream.Tag, at uint32) {
	payload := t.Payload()
	if t.Metadata() {
		payload = append(encodeAMF("@setDataFrame"), payload...)
	}
	o.buf = appendMessage(o.buf, clientChunkBytes, chunkID(t.Kind()), o.l.stream, at, message.TypeID(t.Kind()), payload)
}

// Flush sends what was collected, within ClientConfig.Write. The error is a *Failure, and final.
func (o *Outgoing) Flush() error {
	if err := o.Err(); err != nil {
		return err
	}
	n := len(o.buf)
	err := o.l.write(o.buf)
	if o.buf = o.buf[:0]; cap(o.buf) > keptBytes {
		o.buf = nil
	}
	if err == nil {
		o.sent.Add(uint64(n)) //nolint:gosec // never negative
		return nil
	}
	if errors.Is(err, errSlow) {
		return o.l.failure(context.Background(), err)
	}
	o.await() // the other half knows better why
	_ = o.l.nc.Close()
	<-o.over
	return o.why
}

// Err says why Done was closed, as a *Failure; nil before.
func (o *Outgoing) Err() error {
	select {
	case <-o.over:
		return o.why
	default:
		return nil
	}
}

// Close says goodbye, where the server still listens, and ends the connection. When it returns nothing is left running.
func (o *Outgoing) Close() {
	defer o.read.Wait()
	defer o.cancel()
	defer o.l.nc.Close()
	select {
	case <-o.over:
		return
	default:
	}
	r := o.l.reply()
	o.l.mu.Lock()
	o.l.patience = goodbyeTime
	o.l.mu.Unlock()
	r.command("FCUnpublish", 0, nil, o.l.url.name)
	r.command("deleteStream", 0, nil, float64(o.l.stream))
	if o.l.write(r.buf) != nil {
		return
	}
	if half, ok := o.l.nc.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		o.await()
	}
}

// await waits a moment for the server to close the connection.
func (o *Outgoing) await() {
	t := time.NewTimer(goodbyeTime)
	defer t.Stop()
	select {
	case <-o.over:
	case <-t.C:
	}
}
