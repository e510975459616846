package replay

import (
	"context"
	"errors"
	"sync"
	"time"

	"liveroom/live/blob"
)

// maxMarkers is how many markers may wait for the store.
const maxMarkers = 100_000

// Pauses after a store has failed.
const (
	retryLeast = time.Second
	retryMost  = 30 * time.Second
)

// job is an object to be written.
type job struct {
	recording, name string
	data            []byte
	messages        int
	marker          bool
}

// outgoing is what waits for the store, oldest first.
type outgoing struct {
	most int

	mu      sync.Mutex
	jobs    []job
	bytes   int             // of chunks
	markers map[string]bool // names of those that wait
	busy    int             // jobs that are being written
	wake    chan struct{}   // has room for one
	idle    chan struct{}   // closed when nothing waits any more; nil: nobody wants to know
}

func newOutgoing(most int) *outgoing {
	return &outgoing{most: most, markers: make(map[string]bool), wake: make(chan struct{}, 1)}
}

// put adds a job. Where that is too much, the oldest chunks go; it answers how many messages they had.
func (o *outgoing) put(j job) (lost int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if j.marker {
		if o.markers[j.name] || len(o.markers) >= maxMarkers {
			return 0
		}
		o.markers[j.name] = true
	} else {
		o.bytes += len(j.data)
	}
	o.jobs = append(o.jobs, j)
	for i := 0; o.bytes > o.most && i < len(o.jobs); {
		old := o.jobs[i]
		if old.marker {
			i++
			continue
		}
		o.jobs, o.bytes, lost = append(o.jobs[:i:i], o.jobs[i+1:]...), o.bytes-len(old.data), lost+old.messages
	}
	o.signal()
	return lost
}

func (o *outgoing) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take takes the oldest job; false: ctx ended.
func (o *outgoing) take(ctx context.Context) (job, bool) {
	for {
		o.mu.Lock()
		if len(o.jobs) > 0 && ctx.Err() == nil {
			j := o.jobs[0]
			o.jobs[0] = job{}
			o.jobs = o.jobs[1:]
			o.busy++
			if j.marker {
				delete(o.markers, j.name)
			} else {
				o.bytes -= len(j.data)
			}
			if len(o.jobs) > 0 {
				o.signal()
			}
			o.mu.Unlock()
			return j, true
		}
		o.mu.Unlock()
		select {
		case <-ctx.Done():
			return job{}, false
		case <-o.wake:
		}
	}
}

// done ends a job that was taken. One that failed waits again.
func (o *outgoing) done(j job, failed bool) (lost int) {
	if failed {
		lost = o.put(j)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy--
	if o.busy == 0 && len(o.jobs) == 0 && o.idle != nil {
		close(o.idle)
		o.idle = nil
	}
	return lost
}

// drain returns when nothing waits any more, or ctx ends.
func (o *outgoing) drain(ctx context.Context) {
	o.mu.Lock()
	if o.busy == 0 && len(o.jobs) == 0 {
		o.mu.Unlock()
		return
	}
	idle := make(chan struct{})
	o.idle = idle
	o.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// abandon lets go of all that waits, and answers how many messages it had.
func (o *outgoing) abandon() (messages int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, j := range o.jobs {
		messages += j.messages
	}
	o.jobs, o.bytes = nil, 0
	clear(o.markers)
	return messages
}

// waiting is how many bytes of chunks wait.
func (o *outgoing) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// write writes jobs until ctx ends. While the store fails it tries less and less often.
func (s *Service) write(ctx context.Context) {
	pause := retryLeast
	for {
		j, ok := s.out.take(ctx)
		if !ok {
			return
		}
		err := s.store(ctx, j)
		hopeless := errors.Is(err, blob.ErrName)
		lost := s.out.done(j, err != nil && !hopeless)
		if hopeless {
			lost += j.messages
		}
		s.lost.Add(uint64(lost))
		if err == nil {
			pause = retryLeast
			continue
		}
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("chat of a recording could not be stored", "recording", j.recording, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, retryMost)
	}
}

func (s *Service) store(ctx context.Context, j job) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WriteTimeout)
	defer cancel()
	if err := s.blobs.Put(ctx, j.name, j.data); err != nil {
		return err
	}
	s.kept.Add(uint64(j.messages))
	s.cache.forget(j.recording)
	return nil
}
