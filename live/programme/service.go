package programme

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"liveroom/live"
	"liveroom/live/record"
	"liveroom/status"
)

// Room is what programmes need to know of a room. When it was made tells it from one before that had its id: nothing of that one,
// neither recordings nor what was planned, is its own.
type Room struct {
	ID, Stream string
	CreatedAt  time.Time
	Record     status.Record
}

// Rooms is what programmes need of the live rooms.
type Rooms interface {
	// Room is a room with its present status. An error that is a *live.Error of code not_found, or status.ErrUnknownRoom, says that
	// there is no such room.
	Room(ctx context.Context, id string) (Room, error)
	// Playback moves a room to playback of an address, until then if that is not zero.
	Playback(ctx context.Context, room string, by status.Reason, url string, until time.Time, detail string) (status.Record, error)
}

// Config tunes a Service. Zero fields take their defaults.
type Config struct {
	// Address is where a stream is played, without a signature: the programme is added to it.
	Address func(streamName string) string
	// Next is the first moment after one at which an expression has something begin; an error says what is wrong with it.
	Next  func(cron string, after time.Time) (time.Time, error)
	Every time.Duration // how often it is looked what is due; default 500 ms
}

// Service is what rooms play back and when. Any node may be asked; Run does what is planned, on one node at a time.
type Service struct {
	cfg     Config
	store   Store
	library record.Library
	rooms   Rooms
	log     *slog.Logger
	wake    chan struct{}

	begun, failed atomic.Uint64
}

// New returns a Service.
func New(cfg Config, store Store, library record.Library, rooms Rooms, log *slog.Logger) *Service {
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	return &Service{cfg: cfg, store: store, library: library, rooms: rooms, log: log, wake: make(chan struct{}, 1)}
}

// Stats are figures of this node since its start.
type Stats struct {
	Begun  uint64 // planned playbacks that began
	Failed uint64 // that did not
}

// Stats may be called at any time.
func (s *Service) Stats() Stats { return Stats{s.begun.Load(), s.failed.Load()} }

// param is the parameter of a play address that names the programme.
const param = "?playback="

// address is where a room's programme is played.
func (s *Service) address(streamName, id string) string {
	return s.cfg.Address(streamName) + param + id
}

// Of is the programme that a status record shows; empty: none of ours. The node that began it may have another public address, and
// this one may have had another then.
func (s *Service) Of(r status.Record, streamName string) string {
	if r.Code != status.Playback || r.PlaybackURL == nil {
		return ""
	}
	address, id, ok := strings.Cut(*r.PlaybackURL, param)
	if !ok || !validID(id) || !strings.HasSuffix(address, "/"+streamName+".m3u8") {
		return ""
	}
	return id
}

// shows is the programme that a room shows; empty: none of ours.
func (s *Service) shows(r Room) string { return s.Of(r.Record, r.Stream) }

// Play has a room play back recordings now, until then if that is not zero.
func (s *Service) Play(ctx context.Context, room string, by status.Reason, who string, c Content, until time.Time, detail string) (status.Record, error) {
	r, err := s.rooms.Room(ctx, room)
	if err != nil {
		return status.Record{}, err
	}
	if _, err := s.check(ctx, r, c); err != nil {
		return status.Record{}, err
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return status.Record{}, err
	}
	p := Programme{Content: c, ID: newID(), Room: room, By: who, CreatedAt: now.UTC().Truncate(time.Millisecond)}
	if _, err := s.change(ctx, r, func(b *Board) error { b.begin(p, s.shows(r)); return nil }); err != nil {
		return status.Record{}, err
	}
	return s.rooms.Playback(ctx, room, by, s.address(r.Stream, p.ID), until, detail)
}

func newID() string { return rand.Text() }

// check says what is wrong with what a room is to play, or how long it is.
func (s *Service) check(ctx context.Context, room Room, c Content) (length time.Duration, err error) {
	if err := c.check(); err != nil {
		return 0, err
	}
	for i, id := range c.Recordings {
		field := fmt.Sprintf("recordings[%d]", i)
		r, err := s.library.Recording(ctx, id)
		switch {
		case errors.Is(err, record.ErrUnknown), err == nil && (r.Room != room.ID || !r.OfRoom(room.CreatedAt)):
			return 0, invalid(field, "the room has no such recording")
		case err != nil:
			return 0, err
		case r.Kind == record.Shift:
			return 0, invalid(field, "is kept for time shift only; record the session to play it back")
		case r.State != record.Done:
			return 0, invalid(field, "is not finished; it is %s", r.State)
		case r.Duration == 0:
			return 0, invalid(field, "is empty")
		}
		length += time.Duration(r.Duration) * time.Millisecond
	}
	if c.StartAt >= length {
		return 0, invalid("startAt", "must be below the %s that the recordings last", length.Truncate(time.Millisecond))
	}
	return length, nil
}

// maxTries is how often a change is tried that others get in the way of.
const maxTries = 20

// board is what a room has.
func (s *Service) board(ctx context.Context, r Room) (Board, error) {
	b, err := s.store.Board(ctx, r.ID)
	b.forget(r.CreatedAt)
	return b, err
}

// change changes a room's board, as often as somebody is faster.
func (s *Service) change(ctx context.Context, r Room, f func(*Board) error) (Board, error) {
	for range maxTries {
		b, err := s.board(ctx, r)
		if err != nil {
			return Board{}, err
		}
		if err := f(&b); err != nil {
			return b, err
		}
		if b, err = s.store.Put(ctx, b); !errors.Is(err, ErrChanged) {
			return b, err
		}
	}
	return Board{}, status.ErrConflict
}

// Programme is one of a room's, or ErrNoProgramme.
func (s *Service) Programme(ctx context.Context, room, id string) (Programme, error) {
	r, err := s.rooms.Room(ctx, room)
	if gone(err) {
		err = ErrNoProgramme
	}
	if err != nil {
		return Programme{}, err
	}
	return s.programme(ctx, r, id)
}

func (s *Service) programme(ctx context.Context, r Room, id string) (Programme, error) {
	b, err := s.board(ctx, r)
	if err != nil {
		return Programme{}, err
	}
	p, ok := b.programme(id)
	if !ok {
		return p, ErrNoProgramme
	}
	return p, nil
}

// Shown is the programme that a room plays back now, and how long it is; none: false.
func (s *Service) Shown(ctx context.Context, room string) (p Programme, length time.Duration, ok bool, err error) {
	r, err := s.rooms.Room(ctx, room)
	if err != nil {
		return p, 0, false, err
	}
	id := s.shows(r)
	if id == "" {
		return p, 0, false, nil
	}
	if p, err = s.programme(ctx, r, id); err != nil {
		if errors.Is(err, ErrNoProgramme) {
			err = nil
		}
		return p, 0, false, err
	}
	for _, id := range p.Recordings {
		if r, err := s.library.Recording(ctx, id); err == nil {
			length += time.Duration(r.Duration) * time.Millisecond
		} else if !errors.Is(err, record.ErrUnknown) {
			return p, 0, false, err
		}
	}
	return p, length, true, nil
}

// InUse says whether a plan names a recording, or what its room plays back now.
func (s *Service) InUse(ctx context.Context, recording string) (bool, error) {
	r, err := s.library.Recording(ctx, recording)
	if errors.Is(err, record.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	b, err := s.store.Board(ctx, r.Room)
	if err != nil {
		return false, err
	}
	for _, p := range b.Plans {
		if (p.State == Scheduled || p.Begun != "") && slices.Contains(p.Recordings, recording) {
			return true, nil
		}
	}
	shown, _, ok, err := s.Shown(ctx, r.Room)
	if gone(err) {
		return false, nil
	}
	return ok && slices.Contains(shown.Recordings, recording), err
}

// gone says that there is no room.
func gone(err error) bool {
	var none *live.Error
	return errors.As(err, &none) && none.Code == "not_found" || errors.Is(err, status.ErrUnknownRoom)
}

// sweepPage is how many boards a sweep looks at together, and keptFor how long what a room does not play any more is kept: who
// watched it may go on for that long.
const (
	sweepPage = 100
	keptFor   = 13 * time.Hour
)

// Sweep forgets programmes that nobody watches any more, and all of rooms that are gone. A periodic job calls it.
func (s *Service) Sweep(ctx context.Context) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for after := ""; ; {
		boards, err := s.store.Boards(ctx, after, sweepPage)
		if err != nil {
			return err
		}
		for _, b := range boards {
			after = b.Room
			failed = append(failed, s.sweepOne(ctx, b.Room, now))
		}
		if len(boards) < sweepPage {
			return errors.Join(failed...)
		}
	}
}

func (s *Service) sweepOne(ctx context.Context, room string, now time.Time) error {
	r, err := s.rooms.Room(ctx, room)
	if gone(err) {
		return s.clear(ctx, room)
	}
	if err != nil {
		return err
	}
	stored, err := s.store.Board(ctx, room)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, r, func(b *Board) error {
		shown := s.shows(r)
		b.Programmes = slices.DeleteFunc(b.Programmes, func(p Programme) bool {
			return p.ID != shown && !b.isAbout(p.ID) && now.Sub(p.CreatedAt) > keptFor
		})
		if len(b.Programmes)+len(b.Plans) == len(stored.Programmes)+len(stored.Plans) {
			return errSame
		}
		return nil
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

// clear forgets all of a room that is gone.
func (s *Service) clear(ctx context.Context, room string) error {
	_, err := s.change(ctx, Room{ID: room}, func(b *Board) error {
		if b.Empty() {
			return errSame
		}
		b.Programmes, b.Plans = nil, nil
		return nil
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

func isInvalid(err error) bool {
	var wrong *live.Error
	return errors.As(err, &wrong)
}
