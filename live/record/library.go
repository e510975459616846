package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"liveroom/live/blob"
)

var (
	errNotExist = fs.ErrNotExist
	errEnough   = errors.New("record: the rest is not listed")
)

// lastSegment is after the names of all segments: they begin with a digit, and much else that is kept with them does not.
const lastSegment = ":"

// How long what was listed of a recording that runs holds, and how many segments finished indexes in memory may have.
const (
	listedFor   = time.Second
	mostCached  = 200_000
	maxIndexAll = 64 << 20 // bytes of an index
)

// cache is indexes that were read. The zero value is ready.
type cache struct {
	mu  sync.Mutex // guards all, segments
	all map[string]*cached
	n   int
}

// cached is the index of one recording; busy is held while it is being read.
type cached struct {
	busy  sync.Mutex
	at    time.Time // zero: it was never read
	x     Index
	final bool // it is what the recording's index says, which never changes
}

// entry is the place of a recording's index. Where there are too many, any are forgotten.
func (c *cache) entry(id string) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.all[id]
	if e == nil {
		if c.all == nil || c.n > mostCached || len(c.all) > 10_000 {
			c.all, c.n = map[string]*cached{}, 0
		}
		e = &cached{}
		c.all[id] = e
	}
	return e
}

func (c *cache) grew(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
}

func (c *cache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, id)
}

// index is what a recording consists of now: of one that is finished what its index says, else what a listing says, which
// may be a second old. So is that of a finished one whose index is not there: it may be on its way from another node.
func (s *Service) index(ctx context.Context, r Recording) (Index, error) {
	e := s.cache.entry(r.ID)
	e.busy.Lock()
	defer e.busy.Unlock()
	ended := r.State == Done || r.State == Failed
	if e.final || !e.at.IsZero() && ended == e.x.Ended && time.Since(e.at) < listedFor {
		return e.x, nil
	}
	var x Index
	var final bool
	var err error
	switch {
	case ended:
		x, final, err = s.readIndex(ctx, r.ID)
	case r.Kind == Shift:
		x, _, err = s.window(ctx, r.ID)
	default:
		x, err = s.listed(ctx, r.ID)
	}
	if err != nil {
		return Index{}, err
	}
	s.cache.grew(len(x.Segments) - len(e.x.Segments))
	e.x, e.at, e.final = x, time.Now(), final
	return x, nil
}

// readIndex reads the index of one that is finished. Where it is not there, or makes no sense, its segments say what it would;
// final: that was not so.
func (s *Service) readIndex(ctx context.Context, id string) (x Index, final bool, err error) {
	o, err := s.blobs.Open(ctx, Prefix(id)+indexFile)
	if err == nil {
		defer o.Close()
		raw, err := io.ReadAll(io.LimitReader(o, maxIndexAll))
		if err != nil {
			return Index{}, false, err
		}
		if x, err = readIndex(raw); err == nil {
			return x, true, nil
		}
		s.log.Error("the index of a recording is made from its segments", "recording", id, "err", err)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return Index{}, false, err
	}
	x, err = s.listed(ctx, id)
	x.Ended = true
	return x, false, err
}

// listed is what a listing says of a recording of which nothing is removed while it runs.
func (s *Service) listed(ctx context.Context, id string) (Index, error) {
	all, err := s.segments(ctx, id)
	if err != nil {
		return Index{}, err
	}
	return NewIndex(all, false), nil
}

// segments are those of a recording that are stored, in the order of their names.
func (s *Service) segments(ctx context.Context, id string) (all []Segment, err error) {
	prefix := Prefix(id)
	err = s.blobs.List(ctx, prefix, "", func(h blob.Held) error {
		file := strings.TrimPrefix(h.Name, prefix)
		if file > lastSegment {
			return errEnough
		}
		if seg, ok := ParseSegmentName(file); ok {
			seg.Bytes = h.Size
			all = append(all, seg)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("record: list %s: %w", id, err)
	}
	return all, nil
}

func (s *Service) writeIndex(ctx context.Context, id string, x Index) error {
	raw, err := x.marshal()
	if err != nil {
		return err
	}
	if err := s.blobs.Put(ctx, Prefix(id)+indexFile, raw); err != nil {
		return fmt.Errorf("record: write the index of %s: %w", id, err)
	}
	s.cache.forget(id)
	return nil
}
