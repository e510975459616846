package rtmp

import "time"

// From so many pushes on their reads are merged, and from so many on as much as Config.MergeReads allows.
const (
	paceFrom = 8
	paceFull = 40
)

// pace merges the reads of pushes while many run. A frame a read costs a wake-up and two system calls; what lies in the
// kernel for some milliseconds is joined by the next frames, and since all pushes wait for the same ticks, one wake-up of
// the process serves many of them. Few pushes are read at once.
type pace struct {
	most  time.Duration
	began time.Time
}

// window is how long the data of a push may wait while so many run.
func (p *pace) window(pushes int64) time.Duration {
	switch {
	case pushes <= paceFrom || p.most < 0:
		return 0
	case pushes >= paceFull:
		return p.most
	default:
		return p.most * time.Duration(pushes-paceFrom) / (paceFull - paceFrom)
	}
}

// wait sleeps up to the next tick. It is short enough not to be interrupted.
func (p *pace) wait(pushes int64) {
	if w := p.window(pushes); w > 0 {
		time.Sleep(w - time.Since(p.began)%w)
	}
}

// countingReader counts what the peer sent, and keeps a push's reads in step with the others'.
type countingReader struct {
	c       *conn
	plain   bool // TCP; other transports return less than there is, as TLS does a record at a time
	drained bool // the last read emptied the kernel's buffer
}

// Read implements io.Reader.
func (r *countingReader) Read(p []byte) (int, error) {
	c := r.c
	if r.drained && c.phase == phasePublish {
		c.srv.pace.wait(c.srv.count.pushes.Load())
	}
	n, err := c.nc.Read(p)
	c.received += uint64(n)            //nolint:gosec // never negative
	c.srv.count.bytesIn.Add(uint64(n)) //nolint:gosec // never negative
	r.drained = r.plain && n < len(p)
	return n, err
}
