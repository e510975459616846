package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"liveroom/live/blob"
	"liveroom/web"
)

// awayFor is how long S3 must have taken nothing for health to say so.
const awayFor = 30 * time.Second

// blobCheck says of health why nothing is kept at the moment, or only here.
func (p *program) blobCheck() web.Check {
	return web.Check{Name: "recordings", Probe: func(ctx context.Context) error {
		st, answered := p.blobLook.ask(ctx, p.blobStats)
		switch {
		case !answered:
			return errors.New("the disk of the recordings does not answer")
		case st.IsFull() && st.Full > 0: // else nobody needs more room
			return fmt.Errorf("nothing is recorded, there is no room: %s of the disk are free, --record-spare leaves %s to others", mebibytes(st.Free), mebibytes(st.Spare))
		case st.Crowded() && st.Full > 0:
			return fmt.Errorf("nothing is recorded, there is no room: %s wait for S3, --record-spool allows %s: %w", mebibytes(st.WaitingBytes), mebibytes(st.Limit), st.Why)
		case !st.AwaySince.IsZero() && time.Since(st.AwaySince) > awayFor:
			return fmt.Errorf("S3 has taken nothing for %s, %d objects (%s) wait here: %w", time.Since(st.AwaySince).Round(time.Second), st.Waiting, mebibytes(st.WaitingBytes), st.Why)
		}
		return nil
	}}
}

// look asks something that may hang, such as the disk of another machine, for those who must not: health decides who is sent here.
// One question is under way at a time. It can't be called back, so nobody waits for its end.
type look[T any] struct {
	mu   sync.Mutex
	over chan struct{} // closed when the question under way is answered; nil: none is
	last T
}

// lookFor is how long a question may take.
const lookFor = 500 * time.Millisecond

// ask answers what f says, or what it said last, and whether it answered.
func (l *look[T]) ask(ctx context.Context, f func() T) (T, bool) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	over := l.begin(f)
	answered := true
	select {
	case <-over:
	case <-ctx.Done():
		answered = false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, answered
}

func (l *look[T]) begin(f func() T) (over chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over != nil {
		return l.over
	}
	over = make(chan struct{})
	l.over = over
	go func() {
		now := f()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.last, l.over = now, nil
		close(over)
	}()
	return over
}

func mebibytes(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }

// blobStats are what this node stored. In a folder nothing waits.
func (p *program) blobStats() (st blob.SpoolStats) {
	if p.recordFolder != nil {
		st.Stats = p.recordFolder.Stats()
	}
	if p.recordSpool != nil {
		st = p.recordSpool.Stats()
	}
	return st
}

// blobMetrics are the objects of recordings and pictures that this node stores.
func (p *program) blobMetrics() []web.Sample {
	if p.blobs == nil {
		return nil
	}
	st, _ := p.blobLook.ask(context.Background(), p.blobStats)
	reason := func(r string) web.Label { return web.Label{Name: "reason", Value: r} }
	const failed = "Objects that were not stored, by reason: full (no room), failed."
	out := []web.Sample{
		counter("record_store_objects_total", "Objects stored: segments, indexes, exports, pictures.", st.Stored),
		counter("record_store_bytes_total", "Bytes of them.", st.StoredBytes),
		counter("record_store_failures_total", failed, st.Full, reason("full")),
		counter("record_store_failures_total", failed, st.Failed, reason("failed")),
		counter("record_store_removed_total", "Objects removed.", st.Removed),
		gauge("record_store_full", "1 while nothing is stored for want of room.", oneIf(st.IsFull() || st.Crowded())),
		gauge("record_store_waiting", "Objects that wait on this node's disk for S3.", st.Waiting),
		{Name: "record_store_waiting_bytes", Help: "Bytes of them.", Value: float64(st.WaitingBytes)},
		{Name: "record_store_waiting_limit_bytes", Help: "How many may wait (--record-spool).", Value: float64(st.Limit)},
		counter("record_store_sent_total", "Objects that S3 took.", st.Sent),
		counter("record_store_sent_bytes_total", "Bytes of them.", st.SentBytes),
		counter("record_store_send_failures_total", "Tries to send one that failed, and are made again.", st.SendFailures),
		counter("record_store_lost_total", "Objects that somebody removed from the folder in which they waited.", st.Lost),
		gauge("record_store_away", "1 while S3 takes nothing.", oneIf(!st.AwaySince.IsZero())),
	}
	if st.FreeKnown {
		out = append(out, web.Sample{Name: "record_store_free_bytes", Help: "Bytes free on the disk of the recordings, or of those that wait.", Value: float64(st.Free)})
	}
	return out
}

func oneIf(so bool) int {
	if so {
		return 1
	}
	return 0
}
