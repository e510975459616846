package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"liveroom/live/blob"
)

// maxShotBytes bounds what is read of an object that is to be a picture.
const maxShotBytes = 16 << 20

// Picture is a picture that was read. Its bytes are shared: nobody may change them.
type Picture struct {
	Shot
	JPEG []byte
}

// Shots lists what is kept of a room that was made at some time, the newest first; what is older is that of another room of that
// name. It is at most five seconds old where another node takes them, but while the store does not answer.
func (s *Service) Shots(ctx context.Context, room string, made time.Time) ([]Shot, error) {
	shots, ok := s.cache.get(room)
	if !ok {
		all, err, _ := s.flight.Do("list "+room, func() (any, error) {
			if shots, ok := s.cache.get(room); ok { // another was faster
				return shots, nil
			}
			shots, _, err := s.held(context.WithoutCancel(ctx), room)
			return shots, err
		})
		if err != nil {
			return nil, err
		}
		shots, _ = all.([]Shot)
	}
	for i, shot := range shots {
		if shot.At.Before(made.Truncate(time.Millisecond)) {
			return slices.Clone(shots[:i]), nil
		}
	}
	return slices.Clone(shots), nil
}

// Cover reads a room's newest picture, in the smallest size that is as wide as asked for, 0 being the largest. ErrNone: there
// is none yet.
func (s *Service) Cover(ctx context.Context, room string, made time.Time, width int) (Picture, error) {
	p, err := s.newest(ctx, room, made, width)
	if errors.Is(err, errRemoved) { // since it was listed: another has taken its place
		s.cache.forget(room)
		s.flight.Forget("list " + room)
		p, err = s.newest(ctx, room, made, width)
	}
	return p, err
}

// errRemoved says that a picture is not there any more that was listed.
var errRemoved = fmt.Errorf("%w any more", ErrNone)

func (s *Service) newest(ctx context.Context, room string, made time.Time, width int) (Picture, error) {
	shots, err := s.Shots(ctx, room, made)
	if err != nil {
		return Picture{}, err
	}
	if len(shots) == 0 {
		return Picture{}, ErrNone
	}
	p, err := s.Open(ctx, room, fitting(shots, width))
	if errors.Is(err, ErrNone) {
		err = errRemoved
	}
	return p, err
}

// Open reads one picture, or answers ErrNone.
func (s *Service) Open(ctx context.Context, room string, shot Shot) (Picture, error) {
	name := of(room) + shot.File()
	if data, ok := s.cache.image(name); ok {
		shot.Bytes = int64(len(data))
		return Picture{shot, data}, nil
	}
	got, err, _ := s.flight.Do("open "+name, func() (any, error) {
		if data, ok := s.cache.image(name); ok { // another was faster
			return data, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
		defer cancel()
		data, err := s.read(ctx, name)
		if err == nil {
			s.cache.keepImage(name, data)
		}
		return data, err
	})
	if err != nil {
		return Picture{}, err
	}
	data, _ := got.([]byte)
	shot.Bytes = int64(len(data))
	return Picture{shot, data}, nil
}

func (s *Service) read(ctx context.Context, name string) ([]byte, error) {
	o, err := s.store.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, blob.ErrName) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = o.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(o, maxShotBytes+1))
	if err == nil && len(data) > maxShotBytes {
		err = fmt.Errorf("object %s is too large for a picture", name)
	}
	return data, err
}

// held is what is kept of a room, the newest first: as the store lists it, or, where that does not answer, as it was known last.
func (s *Service) held(ctx context.Context, room string) (shots []Shot, listed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	began := time.Now()
	if shots, err = s.list(ctx, room); err == nil {
		s.cache.offer(room, shots, began)
		return shots, true, nil
	}
	if known, ok := s.cache.again(room); ok {
		return known, false, nil
	}
	return nil, false, err
}

// list reads what is kept of a room, the newest first.
func (s *Service) list(ctx context.Context, room string) ([]Shot, error) {
	var shots []Shot
	err := s.store.List(ctx, of(room), "", func(h blob.Held) error {
		if _, shot, ok := parseName(h.Name); ok {
			shot.Bytes = h.Size
			shots = append(shots, shot)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list screenshots: %w", err)
	}
	newestFirst(shots)
	return shots, nil
}

// remove removes pictures of a room.
func (s *Service) remove(ctx context.Context, room string, shots []Shot) error {
	names := make([]string, len(shots))
	for i, shot := range shots {
		names[i] = of(room) + shot.File()
	}
	s.cache.drop(names)
	if err := s.store.Remove(ctx, names...); err != nil {
		return err
	}
	s.counts.removed.Add(uint64(len(names)))
	return nil
}

// departed is a room that was deleted at a time.
type departed struct {
	room string
	at   time.Time
}

// forget removes the pictures of a room that was deleted, and no newer ones: it may have been made anew since.
func (s *Service) forget(ctx context.Context, d departed) error {
	shots, err := s.list(ctx, d.room)
	shots = slices.DeleteFunc(shots, func(shot Shot) bool { return shot.At.After(d.at) })
	if err != nil || len(shots) == 0 {
		return err
	}
	defer s.cache.forget(d.room)
	return s.remove(ctx, d.room, shots)
}

// Gone has all pictures of a room removed that is no more, soon. It does not block.
func (s *Service) Gone(room string) {
	select {
	case s.gone <- departed{room, time.Now()}:
	default: // Sweep finds them
	}
}

// forgetting removes the pictures of rooms that are gone until ctx ends.
func (s *Service) forgetting(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-s.gone:
			step, cancel := context.WithTimeout(ctx, storeTime)
			if err := s.forget(step, d); err != nil && ctx.Err() == nil {
				s.log.Warn("screenshots of a deleted room were not removed yet", "room", d.room, "err", err)
			}
			cancel()
		}
	}
}

// Sweep removes what belongs to no room, and what is more than is kept. made answers when a room was made; the zero time: there
// is no such room. One node of a cluster does it, now and then: each does what belongs to its own pictures at once.
func (s *Service) Sweep(ctx context.Context, made func(ctx context.Context, room string) (time.Time, error)) error {
	var (
		current string
		shots   []Shot
		over    = map[string][]Shot{}
	)
	settle := func() error {
		if len(shots) == 0 {
			return nil
		}
		at, err := made(ctx, current)
		if err != nil {
			return err
		}
		newestFirst(shots)
		old := outlived(shots, s.cfg.Keep)
		for i, shot := range shots {
			if at.IsZero() || shot.At.Before(at.Truncate(time.Millisecond)) {
				old = shots[min(i, len(shots)-len(old)):]
				break
			}
		}
		if len(old) > 0 {
			over[current] = old
		}
		return nil
	}
	err := s.store.List(ctx, prefix, "", func(h blob.Held) error {
		room, shot, ok := parseName(h.Name)
		if !ok {
			return nil
		}
		if room != current {
			if err := settle(); err != nil {
				return err
			}
			current, shots = room, nil
		}
		shots = append(shots, shot)
		return nil
	})
	if err == nil {
		err = settle()
	}
	for room, old := range over {
		if err == nil {
			err = s.remove(ctx, room, old)
		}
	}
	if err != nil {
		return fmt.Errorf("sweep screenshots: %w", err)
	}
	return nil
}
