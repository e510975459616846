package blob

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// Open implements Store.
func (s *Spool) Open(ctx context.Context, name string) (Object, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	for {
		s.mu.Lock()
		w := s.newest[name]
		s.mu.Unlock()
		if w == nil {
			return s.to.Open(ctx, name)
		}
		o, err := s.openHere(w)
		if !errors.Is(err, fs.ErrNotExist) {
			return o, err
		}
		if s.waits(w) { // it was sent just now
			return s.to.Open(ctx, name)
		}
	}
}

// waits says whether an object is the newest of its name still.
func (s *Spool) waits(w *waiting) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest[w.name] == w
}

func (s *Spool) openHere(w *waiting) (Object, error) {
	f, err := s.root.Open(w.file())
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &spoolObject{io.NewSectionReader(f, 0, w.size), f, Held{w.name, w.size, info.ModTime()}}, nil
}

// spoolObject reads an object that waits, or waited when it was opened.
type spoolObject struct {
	*io.SectionReader
	f    *os.File
	held Held
}

// Held implements Object.
func (o *spoolObject) Held() Held { return o.held }

// Close implements Object.
func (o *spoolObject) Close() error { return o.f.Close() }

// Remove implements Store. What is being sent is waited for.
func (s *Spool) Remove(ctx context.Context, names ...string) error {
	if err := errors.Join(checkNames(names), ctx.Err()); err != nil {
		return err
	}
	var sending []<-chan struct{}
	var files []string
	s.mu.Lock()
	for _, name := range names {
		some, over := s.withdraw(name)
		files = append(files, some...)
		if over != nil {
			sending = append(sending, over)
		}
	}
	s.mu.Unlock()
	for _, file := range files {
		if err := s.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, over := range sending {
		select {
		case <-over:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if len(files)+len(sending) > 0 { // else a power cut might bring it back
		if err := s.sync("."); err != nil {
			return err
		}
	}
	return s.to.Remove(ctx, names...)
}

// withdraw takes all objects of a name out of their lane, whose files it answers, but for one that is being sent, whose end it
// answers; s.mu is held.
func (s *Spool) withdraw(name string) (files []string, over <-chan struct{}) {
	dir := path.Dir(name)
	l := s.lanes[dir]
	if s.newest[name] == nil {
		if l != nil && l.busy && l.all[0].name == name { // somebody else removed it, and did not wait for its end
			over = l.all[0].over
		}
		return nil, over
	}
	for _, w := range slices.Clone(l.all) {
		if w.name != name {
			continue
		}
		w.removed = true
		if w.over != nil {
			over = w.over
			continue
		}
		files = append(files, w.file())
		s.forget(w, l, dir)
	}
	delete(s.newest, name) // also the one that is being sent: nobody is to find it any more
	return files, over
}

// List implements Store: what waits here together with what is there.
func (s *Spool) List(ctx context.Context, prefix, after string, see func(Held) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	here := s.held(prefix, after) // first: what is sent meanwhile is found twice, but not missed
	err := s.to.List(ctx, prefix, after, func(there Held) error {
		for len(here) > 0 && here[0].Name < there.Name {
			if err := see(here[0]); err != nil {
				return err
			}
			here = here[1:]
		}
		if len(here) > 0 && here[0].Name == there.Name { // the newer one
			there, here = here[0], here[1:]
		}
		return see(there)
	})
	for err == nil && len(here) > 0 {
		err = see(here[0])
		here = here[1:]
	}
	return err
}

// held lists what waits, in order.
func (s *Spool) held(prefix, after string) (all []Held) {
	s.mu.Lock()
	for name, w := range s.newest {
		if strings.HasPrefix(name, prefix) && name > after {
			all = append(all, Held{Name: name, Size: w.size, Modified: w.at})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(all, func(a, b Held) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Waiting is how many objects whose names begin with prefix wait here to be sent.
func (s *Spool) Waiting(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.newest {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// SpoolStats are what a Spool did and how it stands.
type SpoolStats struct {
	Stats               // of its folder
	Waiting      int    // objects
	WaitingBytes int64  // with what is reserved for objects being written
	Limit        int64  // of them
	Sent         uint64 // objects
	SentBytes    uint64
	SendFailures uint64    // tries to send one
	Lost         uint64    // objects that vanished from the folder before they were sent
	AwaySince    time.Time // when the other store ceased to take objects; zero: it takes them
	Why          error     // what it said last
}

// Crowded says whether so much waits that a large segment finds no room.
func (s SpoolStats) Crowded() bool { return s.Limit > 0 && s.Limit-s.WaitingBytes < 8<<20 }

// Stats are what was done here.
func (s *Spool) Stats() SpoolStats {
	disk := s.stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	return SpoolStats{
		Stats: disk, Waiting: s.number, WaitingBytes: s.bytes, Limit: s.cfg.Limit, Sent: s.sent.objects, SentBytes: s.sent.bytes,
		SendFailures: s.sent.failed, Lost: s.sent.lost, AwaySince: s.away.since, Why: s.away.why,
	}
}
