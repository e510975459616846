package rtmp

import (
	"runtime"
	"time"
)

// From so many pushes for each processor on their reads are merged, and from so many on as much as Config.MergeReads allows.
const (
	paceFrom = 8
	paceFull = 40
)

// pace merges the reads of pushes while many run. A frame a read costs a wake-up and two system calls; what lies in the
// kernel for some milliseconds is joined by the next frames, and since all pushes wait for the same ticks, one wake-up of
// the process serves many of them; for what comes in between it is not woken. Few pushes are read at once.
type pace struct {
	most       time.Duration
	began      time.Time
	processors int64
}

func newPace(most time.Duration) pace {
	return pace{most: most, began: time.Now(), processors: int64(runtime.GOMAXPROCS(0))}
}

// window is how long the data of a push may wait while so many run.
func (p *pace) window(pushes int64) time.Duration {
	from, full := paceFrom*p.processors, paceFull*p.processors
	switch {
	case pushes <= from || p.most < 0:
		return 0
	case pushes >= full:
		return p.most
	default:
		return p.most * time.Duration(pushes-from) / time.Duration(full-from)
	}
}

// wait sleeps up to the next tick. It is short enough not to be interrupted.
func (p *pace) wait(window time.Duration) { time.Sleep(window - time.Since(p.began)%window) }

// emptyTicks is after how many ticks without data a push's connection waits for the kernel's word again.
const emptyTicks = 8

// countingReader counts what the peer sent, and keeps a push's reads in step with the others'.
type countingReader struct {
	c       *conn
	quiet   *quietReader // nil for what is not TCP: TLS returns a record at a time, however much there is
	drained bool         // the last read emptied the kernel's buffer
}

// Read implements io.Reader.
func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.read(p)
	r.c.received += uint64(n)            //nolint:gosec // never negative
	r.c.srv.count.bytesIn.Add(uint64(n)) //nolint:gosec // never negative
	r.drained = n < len(p)
	return n, err
}

func (r *countingReader) read(p []byte) (int, error) {
	if r.quiet == nil {
		return r.c.nc.Read(p)
	}
	window := r.c.srv.pace.window(r.c.srv.count.pushes.Load())
	if window == 0 || r.c.phase != phasePublish {
		r.quiet.hush(false)
		return r.c.nc.Read(p)
	}
	r.quiet.hush(true)
	for range emptyTicks {
		if r.drained {
			r.c.srv.pace.wait(window)
		}
		if n, err := r.quiet.read(p); n > 0 || err != nil {
			return n, err
		}
		r.drained = true
	}
	r.quiet.hush(false)
	return r.c.nc.Read(p)
}
