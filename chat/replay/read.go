package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"liveroom/live/blob"
)

// Bounds of reading.
const (
	MaxItems     = 500              // at once
	maxPageBytes = 1 << 20          // of items at once, but for the first
	readTimeout  = 10 * time.Second // of what many wait for together
	maxCuts      = 8                // recordings that were cut out of one another
)

// Place is where reading goes on: after the message of that number at that moment of the session, ms on its clock.
type Place struct {
	At  int64
	Seq uint64
}

// String is the place as addresses have it.
func (p Place) String() string {
	return strconv.FormatInt(p.At, 10) + "-" + strconv.FormatUint(p.Seq, 10)
}

// parsePlace reads what String wrote.
func parsePlace(s string) (p Place, ok bool) {
	at, seq, _ := strings.Cut(s, "-")
	var err, also error
	p.At, err = strconv.ParseInt(at, 10, 64)
	p.Seq, also = strconv.ParseUint(seq, 10, 64)
	return p, err == nil && also == nil && p.At >= 0
}

// Messages are those of a recording from one time of it up to another, in order and at most limit (MaxItems). Times are ms of its
// play time: what was said in a gap comes where the gap is, what was said before its first picture at its beginning and what was said
// after its last one at its end. A cut has what was said between its first picture and its last.
//
// After is where an answer before ended; next where this one does, nil: there are no more. What was withdrawn, and what is of those
// who are banned from the group now, is left out, so that an answer may be short and yet have a next.
func (s *Service) Messages(ctx context.Context, id string, from, to int64, after *Place, limit int) (items []Item, next *Place, err error) {
	rec, spans, err := s.recs.Find(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	return s.messages(ctx, rec, newTimeline(spans), from, to, after, limit)
}

func (s *Service) messages(ctx context.Context, rec Recording, t timeline, from, to int64, after *Place, limit int) ([]Item, *Place, error) {
	if s.cfg.Age > 0 && !rec.Ended.IsZero() && time.Since(rec.Ended) > s.cfg.Age {
		return []Item{}, nil, nil
	}
	if limit <= 0 || limit > MaxItems {
		limit = MaxItems
	}
	id, err := s.source(ctx, rec)
	if err != nil || id == "" {
		return []Item{}, nil, err
	}
	w := window{since: t.since(from), until: t.since(to), after: after, limit: limit}
	if rec.Of != "" {
		w.since, w.until = max(w.since, t.first()), min(w.until, t.last())
	}
	found, next, err := s.window(ctx, id, w)
	if err != nil {
		return nil, nil, err
	}
	found, err = s.heard(ctx, rec.Group, found)
	for i := range found {
		found[i].At = t.at(found[i].At)
	}
	return found, next, err
}

// source is the recording that has the chat of this one; empty: it is gone.
func (s *Service) source(ctx context.Context, rec Recording) (string, error) {
	for range maxCuts {
		if rec.Of == "" {
			return rec.ID, nil
		}
		of, _, err := s.recs.Find(ctx, rec.Of)
		if errors.Is(err, ErrUnknown) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		rec = of
	}
	return "", nil
}

// window is a time of the session.
type window struct {
	since, until int64 // ms on its clock; until is not in it
	after        *Place
	limit        int
}

func (w window) has(i Item) bool {
	return i.At >= w.since && i.At < w.until && (w.after == nil || Item{At: w.after.At, Seq: w.after.Seq}.before(i))
}

// window reads what was said and not withdrawn.
func (s *Service) window(ctx context.Context, id string, w window) (items []Item, next *Place, err error) {
	l, err := s.list(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	start := w.since
	if w.after != nil {
		start = max(start, w.after.At)
	}
	start -= maxSpan.Milliseconds()
	i, _ := slices.BinarySearchFunc(l.chunks, start, func(c chunkRef, at int64) int { return cmp.Compare(c.start, at) })
	for ; i < len(l.chunks) && l.chunks[i].start < w.until; i++ {
		c := l.chunks[i]
		if full(items, w.limit, c.start) {
			break
		}
		some, err := s.chunk(ctx, c.name)
		if err != nil {
			return nil, nil, err
		}
		for _, one := range some {
			if w.has(one) && !l.hidden[one.Seq] {
				items = append(items, one)
			}
		}
	}
	slices.SortFunc(items, func(a, b Item) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq)) })
	items = slices.CompactFunc(items, func(a, b Item) bool { return a.At == b.At && a.Seq == b.Seq })
	if n := fit(items, w.limit); n < len(items) {
		items = items[:n]
		next = &Place{items[n-1].At, items[n-1].Seq}
	}
	return items, next, nil
}

// full says whether a page has all it can take, and no chunk that starts there or later has anything before its end.
func full(items []Item, limit int, start int64) bool {
	if len(items) <= limit {
		return false
	}
	before := 0
	for _, i := range items {
		if i.At < start {
			before++
		}
	}
	return before > limit
}

// fit is how many items go into one answer.
func fit(items []Item, limit int) (n int) {
	for bytes := 0; n < len(items) && n < limit; n++ {
		if bytes += items[n].size(); bytes > maxPageBytes && n > 0 {
			break
		}
	}
	return n
}

// heard leaves out what those said who are banned. The items are copied: chunks are shared.
func (s *Service) heard(ctx context.Context, group string, items []Item) ([]Item, error) {
	var users []string
	seen := make(map[string]bool)
	for _, i := range items {
		if !seen[i.From] {
			seen[i.From] = true
			users = append(users, i.From)
		}
	}
	out := make([]Item, 0, len(items))
	if len(users) == 0 {
		return out, nil
	}
	banned, err := s.cfg.Banned(ctx, group, users)
	if err != nil {
		return nil, fmt.Errorf("who is banned from %s: %w", group, err)
	}
	for _, i := range items {
		if !banned[i.From] {
			out = append(out, i)
		}
	}
	return out, nil
}

// hidden are the numbers of the messages of a recording that have markers.
func (s *Service) hidden(ctx context.Context, id string) (map[uint64]bool, error) {
	l, err := s.list(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.hidden, nil
}

// list is which objects the chat of a recording has. What other nodes write is seen listingAge later at most.
func (s *Service) list(ctx context.Context, id string) (*listing, error) {
	if l := s.cache.listing(id); l != nil {
		return l, nil
	}
	return shared(ctx, s, "list "+id, func(ctx context.Context) (*listing, error) {
		round := s.cache.begin(id)
		l := &listing{read: time.Now(), hidden: make(map[uint64]bool)}
		dir := folder(id)
		err := s.blobs.List(ctx, dir, "", func(h blob.Held) error {
			name := strings.TrimPrefix(h.Name, dir)
			if start, ok := chunkStart(name); ok {
				l.chunks = append(l.chunks, chunkRef{h.Name, start})
			} else if seq, ok := markedSeq(name); ok {
				l.hidden[seq] = true
			}
			if l.size() > maxNames {
				return fmt.Errorf("replay: the chat of recording %s is in more than %d objects", id, maxNames)
			}
			return nil
		})
		if err != nil {
			s.cache.end(id, round, nil)
			return nil, err
		}
		slices.SortStableFunc(l.chunks, func(a, b chunkRef) int { return cmp.Compare(a.start, b.start) })
		s.cache.end(id, round, l)
		return l, nil
	})
}

// chunk reads a chunk. One that was removed meanwhile is empty.
func (s *Service) chunk(ctx context.Context, name string) ([]Item, error) {
	if items, ok := s.cache.chunk(name); ok {
		return items, nil
	}
	return shared(ctx, s, "open "+name, func(ctx context.Context) ([]Item, error) {
		o, err := s.blobs.Open(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		defer func() { _ = o.Close() }() // it was only read
		data, err := io.ReadAll(io.LimitReader(o, maxChunkBytes))
		if err != nil {
			return nil, err
		}
		items := decode(data)
		s.cache.keep(name, items)
		return items, nil
	})
}

// shared reads once what many want at the same time. Who no longer waits takes it from none of the others.
func shared[T any](ctx context.Context, s *Service, what string, read func(context.Context) (T, error)) (T, error) {
	done := s.cache.flight.DoChan(what, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return read(ctx)
	})
	var none T
	select {
	case r := <-done:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(T), nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
