package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"time"
)

// Run sends what waits until ctx ends; the rest waits for the next Run.
func (s *Spool) Run(ctx context.Context) error {
	if st := s.Stats(); st.Waiting > 0 {
		s.log.Info("objects wait to be sent to the store", "objects", st.Waiting, "bytes", st.WaitingBytes)
	}
	var wg sync.WaitGroup
	for range s.cfg.Senders {
		wg.Go(func() {
			var buf []byte
			for {
				w := s.next(ctx)
				if w == nil {
					return
				}
				s.done(w, s.send(ctx, w, &buf), ctx.Err() != nil)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// next waits for something to send; nil: ctx ended.
func (s *Spool) next(ctx context.Context) *waiting {
	for ctx.Err() == nil {
		w, wait, moved := s.pick()
		if w != nil {
			return w
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-moved:
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// pick takes the oldest object that may be sent, or says how long there is none, unless something moves.
func (s *Spool) pick() (w *waiting, wait time.Duration, moved <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	wait = time.Hour
	if !s.away.since.IsZero() && (s.away.trying || now.Before(s.away.again)) {
		if !s.away.trying {
			wait = s.away.again.Sub(now)
		}
		return nil, wait, s.moved
	}
	var from *lane
	for _, l := range s.lanes {
		switch {
		case l.busy:
		case now.Before(l.again):
			wait = min(wait, l.again.Sub(now))
		case from == nil || l.all[0].seq < from.all[0].seq:
			from = l
		}
	}
	if from == nil {
		return nil, max(wait, time.Millisecond), s.moved
	}
	from.busy = true
	w = from.all[0]
	w.over = make(chan struct{})
	w.probe = !s.away.since.IsZero()
	s.away.trying = w.probe
	return w, 0, nil
}

// send sends one object. Where a newer one of its name waits already, there is no need to.
func (s *Spool) send(ctx context.Context, w *waiting, buf *[]byte) error {
	s.mu.Lock()
	stale := w.removed || s.newest[w.name] != w
	s.mu.Unlock()
	if stale {
		return errStale
	}
	f, err := s.root.Open(w.file())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if w.size > atOnce {
		return s.sendLarge(ctx, w, f)
	}
	if int64(cap(*buf)) < w.size {
		*buf = make([]byte, w.size)
	}
	data := (*buf)[:w.size]
	if _, err := io.ReadFull(f, data); err != nil {
		return fmt.Errorf("read what waits: %w", err)
	}
	return s.to.Put(ctx, w.name, data)
}

// bounded is a store whose writers a context can end.
type bounded interface {
	createWithin(ctx context.Context, name string) Writer
}

func (s *Spool) sendLarge(ctx context.Context, w *waiting, f io.Reader) (err error) {
	var to Writer
	if b, ok := s.to.(bounded); ok {
		to = b.createWithin(ctx, w.name)
	} else if to, err = s.to.Create(ctx, w.name); err != nil {
		return err
	}
	n, err := io.Copy(to, f)
	if err == nil && n != w.size {
		err = fmt.Errorf("read what waits: %d bytes of %d are left", n, w.size)
	}
	if err != nil {
		to.Discard()
		return err
	}
	return to.Commit()
}

var (
	// errStale says that an object need not be sent: a newer one of its name waits, or it was removed.
	errStale = errors.New("blob: not wanted any more")
	// errLost says that somebody removed the file in which it waited. What the other store says of a file is not that.
	errLost = errors.New("blob: its file is gone")
)

// done takes note of how sending an object went. One that was sent, or is not wanted any more, waits no longer.
func (s *Spool) done(w *waiting, err error, stopping bool) {
	for over := err == nil || errors.Is(err, errStale) || errors.Is(err, errLost); !s.note(w, err, over, stopping); {
		over = true
	}
}

// note is done of an object that is over and done with, or is to be tried again; false: it is over, because it was removed.
func (s *Spool) note(w *waiting, err error, over, stopping bool) bool {
	if over {
		_ = s.root.Remove(w.file()) // else it is sent again after the next start
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.removed && !over {
		return false
	}
	dir := path.Dir(w.name)
	l := s.lanes[dir]
	l.busy = false
	if w.probe {
		s.away.trying = false
	}
	if over {
		s.forget(w, l, dir)
		l.tries, l.again = 0, time.Time{}
	}
	switch {
	case stopping || errors.Is(err, errStale):
	case err == nil:
		s.sent.objects++
		s.sent.bytes += uint64(w.size)
		s.back()
	case errors.Is(err, errLost):
		s.sent.lost++
		s.log.Error("an object that waited for the store is gone", "object", w.name, "err", err)
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrFull):
		s.sent.failed++
		s.missed(err, w.probe)
	default: // its own fault: others are sent meanwhile
		s.sent.failed++
		l.tries++
		l.again = time.Now().Add(s.pause(l.tries))
		s.log.Warn("an object can't be sent to the store; trying again", "object", w.name, "tries", l.tries, "err", err)
	}
	w.probe = false
	close(w.over)
	w.over = nil
	s.stir()
	return true
}

// forget takes an object out of its lane; s.mu is held. Its file is the caller's business.
func (s *Spool) forget(w *waiting, l *lane, dir string) {
	l.all = slices.DeleteFunc(l.all, func(o *waiting) bool { return o == w })
	if len(l.all) == 0 {
		delete(s.lanes, dir)
	}
	if s.newest[w.name] == w {
		delete(s.newest, w.name)
	}
	s.number--
	s.bytes -= charge(w.size)
}

// back notes that the store answered; s.mu is held.
func (s *Spool) back() {
	if s.away.since.IsZero() {
		return
	}
	s.log.Info("the store is back", "away", time.Since(s.away.since).Round(time.Second), "waiting", s.number, "bytes", s.bytes)
	s.away = away{}
}

// missed notes that it did not, now or when it was asked whether it is back; s.mu is held.
func (s *Spool) missed(err error, probe bool) {
	now := time.Now()
	s.away.why = err
	if fresh := s.away.since.IsZero(); fresh || probe { // else others have noted it
		if fresh {
			s.away.since = now
		}
		s.away.tries++
		s.away.again = now.Add(s.pause(s.away.tries))
	}
	if now.Sub(s.away.said) >= sayEvery {
		s.away.said = now
		s.log.Warn("the store does not take objects; they wait here", "waiting", s.number, "bytes", s.bytes, "limit", s.cfg.Limit, "err", err)
	}
}

// pause is how long after so many tries the next one comes: twice as long each time, less a random part.
func (s *Spool) pause(tries int) time.Duration {
	d := s.cfg.Most
	if tries < 32 {
		d = min(d, s.cfg.First<<(tries-1))
	}
	return d - rand.N(d/4+1) //nolint:gosec // not for secrets
}
