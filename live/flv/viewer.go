package flv

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/live/stream"
)

// Why a viewer is ended, beside what stream says.
var (
	errShutdown = errors.New("flv: server is shutting down")
	errGone     = errors.New("flv: viewer went away")
)

// lastWriteTimeout is how long a write, or the goodbye, may take once the viewer is to end: enough for a healthy one to
// end at a tag's end, too short to hold up a shutdown.
const lastWriteTimeout = time.Second

// viewer is one play. Its fields are set before it is counted in and not changed, but for armedAt and conn.
type viewer struct {
	sub        *stream.Subscriber
	ctx        context.Context // lives exactly as long as the viewer
	cancel     context.CancelCauseFunc
	bytes      *atomic.Uint64
	timeout    time.Duration
	sendBuffer int
	armedAt    time.Time // owned by whoever writes

	mu   sync.Mutex
	conn deadliner // guarded by mu; what end interrupts, nil before and after
}

// deadliner is what of a connection ends a blocked write.
type deadliner interface {
	SetWriteDeadline(t time.Time) error
}

// end stops the viewer from any goroutine, also in the middle of a write.
func (v *viewer) end(cause error) {
	v.cancel(cause)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil {
		_ = v.conn.SetWriteDeadline(time.Now().Add(lastWriteTimeout)) // fails only on a closed connection
	}
}

// bind names what end may interrupt, nil for nothing: a response must not be touched once its handler has returned.
func (v *viewer) bind(c deadliner) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conn = c
}

// arm gives the next write its deadline, unless the viewer has been ended: end cancels before it sets its own deadline,
// so asking after setting ours loses neither. A deadline that is nearly new is kept, as setting one is not free.
func (v *viewer) arm(c deadliner) error {
	if now := time.Now(); now.Sub(v.armedAt) > v.timeout/10 {
		if err := c.SetWriteDeadline(now.Add(v.timeout)); err != nil {
			return err
		}
		v.armedAt = now
	}
	if v.ctx.Err() != nil {
		return context.Cause(v.ctx)
	}
	return nil
}

// output writes whole pieces of FLV. A call is one write where the connection allows it.
type output interface {
	send(head []byte, tags []*stream.Tag) error
}

// play writes the FLV header and then tags until the stream, the viewer or the server ends. It returns why.
func (v *viewer) play(out output) error {
	if err := out.send(Header(true, true), nil); err != nil {
		return v.reason(err)
	}
	var (
		tags []*stream.Tag
		last int64
		err  error
	)
	for {
		tags, err = v.sub.Next(v.ctx, tags)
		switch {
		case err == nil:
			last = tags[len(tags)-1].Time()
			err = out.send(nil, tags)
			clear(tags) // a waiting viewer must not keep a batch in memory
		case errors.Is(err, stream.ErrIdle):
			err = out.send(empty(last), nil)
		}
		if err != nil {
			return v.reason(err)
		}
	}
}

// reason prefers why end was called to the failed write that this caused. A request that net/http cancels says nothing:
// it does so after a failed write as well.
func (v *viewer) reason(err error) error {
	if cause := context.Cause(v.ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// setSendBuffer bounds what the kernel takes for a viewer that does not read.
func setSendBuffer(c net.Conn, bytes int) {
	if t, ok := c.(interface{ SetWriteBuffer(int) error }); ok {
		_ = t.SetWriteBuffer(bytes) // the kernel's own size serves as well
	}
}
