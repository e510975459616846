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
	turn            uint64 // the lower comes first
}

// outgoing is what waits for the store, oldest first.
type outgoing struct {
	most int

	mu      sync.Mutex
	chunks  []job // each list in the order of turns
	markers []job
	turn    uint64
	bytes   int             // of chunks
	marked  map[string]bool // names of markers
	busy    int             // jobs that are being written
	wake    chan struct{}   // has room for one
	idle    chan struct{}   // closed when nothing waits any more; nil: nobody wants to know
}

func newOutgoing(most int) *outgoing {
	return &outgoing{most: most, marked: make(map[string]bool), wake: make(chan struct{}, 1)}
}

// empty says that nothing waits. The mutex is held.
func (o *outgoing) empty() bool { return len(o.chunks) == 0 && len(o.markers) == 0 }

// put adds a job. Where that is too much, the oldest chunks go; it answers how many messages they had.
func (o *outgoing) put(j job) (lost int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.turn++
	j.turn = o.turn
	if j.marker {
		if o.marked[j.name] || len(o.markers) >= maxMarkers {
			return 0
		}
		o.marked[j.name] = true
		o.markers = append(o.markers, j)
	} else {
		o.bytes += len(j.data)
		o.chunks = append(o.chunks, j)
	}
	for o.bytes > o.most {
		lost += o.next(&o.chunks).messages
	}
	o.signal()
	return lost
}

// next takes the first of a list out of it. The mutex is held.
func (o *outgoing) next(list *[]job) job {
	j := (*list)[0]
	(*list)[0] = job{}
	if *list = (*list)[1:]; j.marker {
		delete(o.marked, j.name)
	} else {
		o.bytes -= len(j.data)
	}
	return j
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
		if !o.empty() && ctx.Err() == nil {
			list := &o.chunks
			if len(o.chunks) == 0 || len(o.markers) > 0 && o.markers[0].turn < o.chunks[0].turn {
				list = &o.markers
			}
			j := o.next(list)
			o.busy++
			if !o.empty() {
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
	if o.busy == 0 && o.empty() && o.idle != nil {
		close(o.idle)
		o.idle = nil
	}
	return lost
}

// drain returns when nothing waits any more, or ctx ends.
func (o *outgoing) drain(ctx context.Context) {
	o.mu.Lock()
	if o.busy == 0 && o.empty() {
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
	for _, j := range o.chunks {
		messages += j.messages
	}
	o.chunks, o.markers, o.bytes = nil, nil, 0
	clear(o.marked)
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
