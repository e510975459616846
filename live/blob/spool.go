package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// SpoolConfig is what a Spool is told.
type SpoolConfig struct {
	Path  string // a folder of its own, made if it is not there
	Spare int64  // bytes of its disk that are left to others
	// Limit is how many bytes may wait. Default 20 GiB. An object counts with 4 KiB at least.
	Limit int64
	// Senders is how many objects are sent at once. Default 4.
	Senders int
	// First and Most are how long it waits to try again, at first and at most. Defaults 500 ms, 15 s.
	First, Most time.Duration
}

// Spool is a Store before another that may be away, or slow: an object is durable in a folder here when Put returns, and is sent
// on by Run, in the order of the Puts with those of the same folder. What is asked for is found in either. It goes on where it
// was after a restart, and a crash makes it send again what it was sending: the other store must not mind.
//
// Remove needs the other store. A folder that others spool to at the same time is not shared: what waits is seen here alone.
type Spool struct {
	*ground
	cfg SpoolConfig
	to  Store
	log *slog.Logger

	mu     sync.Mutex // guards the rest; not held while disk or store are asked
	seq    uint64     // of the newest object
	newest map[string]*waiting
	lanes  map[string]*lane // by folder, those that have something
	number int              // of objects that wait
	bytes  int64
	moved  chan struct{} // closed, and made anew, when there may be something to send
	away   away
	sent   sent
}

var _ Store = (*Spool)(nil)

// waiting is an object that waits to be sent, in a file of its own.
type waiting struct {
	seq     uint64
	name    string
	size    int64
	at      time.Time     // when it was written
	removed bool          // while it was being sent: it is not to stay
	over    chan struct{} // while it is being sent: closed when that is over, however it ended
	probe   bool          // it is being sent to see whether the other store is back
}

// lane is what waits of one folder, oldest first.
type lane struct {
	all   []*waiting
	busy  bool // its first is being sent
	tries int  // that its first one failed by its own fault
	again time.Time
}

// away is how long the other store has been, zero: not at all.
type away struct {
	since, said, again time.Time
	tries              int
	why                error
	trying             bool // somebody looks whether it is back
}

type sent struct{ objects, bytes, failed, lost uint64 }

const (
	leastBytes = 4 << 10 // that an object counts with
	atOnce     = 8 << 20 // bytes of an object that are sent from memory; larger ones in parts
	sayEvery   = time.Minute
)

// OpenSpool opens a folder, with what waits in it. Run sends it.
func OpenSpool(cfg SpoolConfig, to Store, log *slog.Logger) (*Spool, error) {
	if cfg.Limit <= 0 {
		cfg.Limit = 20 << 30
	}
	if cfg.Senders <= 0 {
		cfg.Senders = 4
	}
	if cfg.First <= 0 {
		cfg.First = 500 * time.Millisecond
	}
	if cfg.Most <= 0 {
		cfg.Most = 15 * time.Second
	}
	g, err := takeGround(cfg.Path, "spool", cfg.Spare)
	if err != nil {
		return nil, fmt.Errorf("open spool %s: %w", cfg.Path, err)
	}
	s := &Spool{
		ground: g, cfg: cfg, to: to, log: log,
		newest: map[string]*waiting{}, lanes: map[string]*lane{}, moved: make(chan struct{}),
	}
	if err := s.find(); err != nil {
		return nil, errors.Join(fmt.Errorf("open spool %s: %w", cfg.Path, err), g.root.Close())
	}
	return s, nil
}

// Close lets the folder go, after Run.
func (s *Spool) Close() error { return s.root.Close() }

// find takes up what waits in the folder.
func (s *Spool) find() error {
	files, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, f := range files { // in their order
		w, ours := parseFile(f.Name())
		info, err := f.Info()
		if !ours || err != nil || !info.Mode().IsRegular() {
			continue
		}
		w.size, w.at = info.Size(), info.ModTime()
		s.seq = max(s.seq, w.seq)
		s.bytes += charge(w.size)
		s.line(w)
	}
	return nil
}

// charge is how many bytes an object counts with.
func charge(size int64) int64 { return max(size, leastBytes) }

// file is the name of the file that an object waits in. They sort as they are to be sent; no name of an object has a plus.
func (w *waiting) file() string {
	return fmt.Sprintf("%016x-%s", w.seq, strings.ReplaceAll(w.name, "/", "+"))
}

func parseFile(file string) (*waiting, bool) {
	number, rest, ok := strings.Cut(file, "-")
	seq, err := strconv.ParseUint(number, 16, 64)
	w := &waiting{seq: seq, name: strings.ReplaceAll(rest, "+", "/")}
	return w, ok && err == nil && CheckName(w.name) == nil && w.file() == file
}

// line puts an object into its lane, behind those that came before; s.mu is held, or nobody else is there.
func (s *Spool) line(w *waiting) {
	dir := path.Dir(w.name)
	l := s.lanes[dir]
	if l == nil {
		l = &lane{}
		s.lanes[dir] = l
	}
	at := len(l.all)
	for at > 0 && l.all[at-1].seq > w.seq && !(at == 1 && l.busy) { // two came at once
		at--
	}
	l.all = slices.Insert(l.all, at, w)
	s.number++
	if was := s.newest[w.name]; was == nil || was.seq < w.seq {
		s.newest[w.name] = w
	}
	s.stir()
}

// stir wakes those who wait for something to send; s.mu is held.
func (s *Spool) stir() {
	close(s.moved)
	s.moved = make(chan struct{})
}

// reserve takes room for bytes that are to wait.
func (s *Spool) reserve(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+n > s.cfg.Limit {
		return fmt.Errorf("%w: %d MiB wait to be sent, %d MiB may", ErrFull, s.bytes>>20, s.cfg.Limit>>20)
	}
	s.bytes += n
	return nil
}

func (s *Spool) release(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= n
}

// Room answers an ErrFull where so many bytes more find no room now.
func (s *Spool) Room(more int64) error {
	if err := s.reserve(more); err != nil {
		return err
	}
	s.release(more)
	return s.room(more)
}

// Put implements Store.
func (s *Spool) Put(ctx context.Context, name string, data ...[]byte) (err error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return err
	}
	size := sizeOf(data)
	defer func() { s.count.put(size, err) }()
	if err := s.reserve(charge(size)); err != nil {
		return err
	}
	if err = s.put(name, size, data); err != nil {
		s.release(charge(size))
	}
	return err
}

func (s *Spool) put(name string, size int64, data [][]byte) error {
	if err := s.room(size); err != nil {
		return err
	}
	d, err := s.begin()
	if err != nil {
		return err
	}
	if err := d.fill(data, cached); err != nil {
		return err
	}
	return s.settle(d, name, size)
}

// settle gives what was written its place in the lane.
func (s *Spool) settle(d *draft, name string, size int64) error {
	if err := d.finish(); err != nil {
		return err
	}
	s.mu.Lock()
	s.seq++
	w := &waiting{seq: s.seq, name: name, size: size, at: time.Now()}
	s.mu.Unlock()
	if err := s.root.Rename(d.at, w.file()); err != nil {
		_ = s.root.Remove(d.at)
		return fmt.Errorf("keep %s: %w", name, full(err))
	}
	if err := s.sync("."); err != nil {
		_ = s.root.Remove(w.file())
		return fmt.Errorf("keep %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line(w)
	return nil
}

// Create implements Store.
func (s *Spool) Create(ctx context.Context, name string) (Writer, error) {
	if err := errors.Join(CheckName(name), ctx.Err()); err != nil {
		return nil, err
	}
	err := s.reserve(leastBytes)
	if err == nil {
		err = s.room(0)
		var d *draft
		if err == nil {
			d, err = s.begin()
		}
		if err == nil {
			return &spoolWriter{draft: d, s: s, name: name, taken: leastBytes}, nil
		}
		s.release(leastBytes)
	}
	s.count.put(0, err)
	return nil, err
}

// spoolWriter is an object being written, with room for it taken as it grows.
type spoolWriter struct {
	*draft
	s           *Spool
	name        string
	size, taken int64
	err         error // the first one
	ended       bool
}

// Write implements io.Writer.
func (w *spoolWriter) Write(p []byte) (n int, err error) {
	if w.err != nil {
		return 0, w.err
	}
	if more := w.size + int64(len(p)) - w.taken; more > 0 {
		if w.err = w.s.reserve(more); w.err != nil {
			return 0, w.err
		}
		w.taken += more
	}
	n, w.err = w.draft.Write(p)
	w.size += int64(n)
	return n, w.err
}

// Commit implements Writer.
func (w *spoolWriter) Commit() error {
	if w.ended {
		return fs.ErrClosed
	}
	err := w.err
	if err == nil {
		err = w.s.settle(w.draft, w.name, w.size)
	}
	w.s.count.put(w.size, err)
	if err != nil {
		w.Discard()
		return err
	}
	w.ended = true
	w.s.release(w.taken - charge(w.size))
	return nil
}

// Discard implements Writer.
func (w *spoolWriter) Discard() {
	if w.ended {
		return
	}
	w.ended = true
	w.drop()
	w.s.release(w.taken)
}
