package draw

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"liveroom/chat"
	"liveroom/internal/wait"
)

// Rooms is what draws need of the chat rooms.
type Rooms interface {
	// Look tells who the room's anchor is and the number of its newest message. Unknown groups are chat.ErrNoGroup.
	Look(ctx context.Context, group string) (anchor string, seq uint64, err error)
	// Log returns up to limit messages with a number above after, oldest first, and whether none between is missing.
	Log(ctx context.Context, group string, after uint64, limit int) (messages []*chat.Message, whole bool, err error)
	// Robots tells which of users are robots of the group, which never win.
	Robots(ctx context.Context, group string, users []string) (map[string]bool, error)
	// Append tells the group something of its outbox, each number once.
	Append(ctx context.Context, group string, o Out) error
}

// Config tunes a Service. Zero fields take their defaults. What says who may enter is asked with users once each; where it is nil,
// draws that ask for it can't be started.
type Config struct {
	Every  time.Duration // how often the logs of groups with an open draw are looked at; default 500 ms
	Settle time.Duration // how long after its end a draw is closed, for what was delivered before to be in the log; default 300 ms
	Age    time.Duration // how long a draw is kept that is over, whether its room is there or not; default 90 days

	Session func(group string) string // the live session; nil: none

	Levels    func(ctx context.Context, users []string) (map[string]int, error)
	Followers func(ctx context.Context, anchor string, users []string) (map[string]bool, error)
	// Gifts are what users gave in a session; of those who gave less than least it may tell less, or nothing.
	Gifts func(ctx context.Context, group, session string, least int64, users []string) (map[string]int64, error)

	// Ended is told of each draw that ended or was cancelled, once the room knows, until it takes it: perhaps more than once.
	Ended   func(ctx context.Context, d Draw) error
	Journal chat.Journal // nil: nobody keeps who did what
}

// Service is the draws of all rooms. Any node may be asked; Run does what nobody asks for, on one node at a time (more do no harm).
type Service struct {
	cfg   Config
	store Store
	rooms Rooms
	log   *slog.Logger
	wake  chan struct{}

	started, ended, cancelled, entered, refused, gaps, failed atomic.Uint64
}

// New returns a Service.
func New(cfg Config, store Store, rooms Rooms, log *slog.Logger) *Service {
	if cfg.Every == 0 {
		cfg.Every = 500 * time.Millisecond
	}
	if cfg.Settle == 0 {
		cfg.Settle = 300 * time.Millisecond
	}
	if cfg.Age == 0 {
		cfg.Age = 90 * 24 * time.Hour
	}
	return &Service{cfg: cfg, store: store, rooms: rooms, log: log, wake: make(chan struct{}, 1)}
}

// Stats are figures of this node since its start.
type Stats struct {
	Started, Ended, Cancelled uint64 // draws
	Entered, Refused          uint64 // users; messages that asked for it of users who may not
	Gaps                      uint64 // how often messages were gone before they could be looked at
	Failed                    uint64 // steps that will be tried again
}

// Stats may be called at any time.
func (s *Service) Stats() Stats {
	return Stats{s.started.Load(), s.ended.Load(), s.cancelled.Load(), s.entered.Load(), s.refused.Load(), s.gaps.Load(), s.failed.Load()}
}

// Start begins a draw in a group and tells the room. The room's anchor and backends may. A repeat with the same id and terms
// answers the draw as it is.
func (s *Service) Start(ctx context.Context, group string, by chat.Identity, t Terms) (Draw, error) {
	if t.ID == "" {
		t.ID = strings.ToLower(rand.Text()[:16])
	}
	if err := t.Check(); err != nil {
		return Draw{}, err
	}
	t.Window = t.Window.Truncate(time.Millisecond) // times are shown so, and draws are verified by what is shown
	if err := s.offers(t.Eligibility); err != nil {
		return Draw{}, err
	}
	anchor, seq, err := s.may(ctx, group, by)
	if err != nil {
		return Draw{}, err
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return Draw{}, err
	}
	now = now.UTC().Truncate(time.Millisecond) // as it is shown, for others to compare with
	d := Draw{Terms: t, Group: group, Anchor: anchor, By: by.User, State: Open, Place: seq, StartedAt: now, EndsAt: now.Add(t.Window)}
	if s.cfg.Session != nil {
		d.Session = s.cfg.Session(group)
	}
	if t.Eligibility.GiftValue > 0 && d.Session == "" {
		return Draw{}, invalid("eligibility.giftValue", "the room is not live: nobody has given anything in this session")
	}
	d.Seed, d.Commitment = newSeed()
	stored, fresh, err := s.store.Start(ctx, d)
	if err != nil {
		return Draw{}, err
	}
	if !fresh {
		if stored.Terms != t {
			return Draw{}, ErrReused
		}
		return stored.Public(), nil
	}
	s.started.Add(1)
	s.note(ctx, by, group, "draw_start", t.ID, map[string]string{"winners": strconv.Itoa(t.Winners), "window": t.Window.String()})
	s.tell(ctx, group)
	s.stir()
	return stored.Public(), nil
}

// offers says which part of the eligibility nobody here knows anything of.
func (s *Service) offers(e Eligibility) error {
	for _, f := range []struct {
		name         string
		asked, known bool
	}{
		{"minLevel", e.MinLevel > 0, s.cfg.Levels != nil},
		{"follower", e.Follower, s.cfg.Followers != nil},
		{"giftValue", e.GiftValue > 0, s.cfg.Gifts != nil},
	} {
		if f.asked && !f.known {
			return invalid("eligibility."+f.name, "this server does not know it of users")
		}
	}
	return nil
}

// End ends a draw now: what was delivered up to now counts. It answers the draw with its winners, also where it has ended before.
func (s *Service) End(ctx context.Context, group string, by chat.Identity, id string) (Draw, error) {
	if _, _, err := s.may(ctx, group, by); err != nil {
		return Draw{}, err
	}
	now, err := s.store.Now(ctx)
	if err != nil {
		return Draw{}, err
	}
	d, err := s.store.Move(ctx, group, id, now.UTC().Truncate(time.Millisecond).Add(time.Millisecond)) // a message of this one is in it
	if errors.Is(err, ErrOver) {
		if d, err := s.store.Draw(ctx, group, id); err != nil || d.State == Ended {
			return d.Public(), err
		}
	}
	if err != nil {
		return Draw{}, err
	}
	s.note(ctx, by, group, "draw_end", id, nil)
	if err := wait.For(ctx, s.cfg.Settle); err != nil {
		return Draw{}, err // whoever runs ends it
	}
	for d.State == Open {
		if d, err = s.advance(ctx, d, now.Add(s.cfg.Settle)); err != nil {
			return Draw{}, fmt.Errorf("end draw %s: %w", id, err)
		}
	}
	s.tell(ctx, group)
	return d.Public(), nil
}

// Cancel ends a draw without winners; one that is cancelled already is answered as it is.
func (s *Service) Cancel(ctx context.Context, group string, by chat.Identity, id, reason string) (Draw, error) {
	if len(reason) > 200 || !clean(reason) {
		return Draw{}, invalid("reason", "must be at most 200 bytes on one line")
	}
	if _, _, err := s.may(ctx, group, by); err != nil {
		return Draw{}, err
	}
	for {
		d, err := s.store.Draw(ctx, group, id)
		if err != nil {
			return Draw{}, err
		}
		switch d.State {
		case Open:
		case Cancelled:
			return d.Public(), nil
		case Ended:
			return Draw{}, ErrOver
		}
		now, err := s.store.Now(ctx)
		if err != nil {
			return Draw{}, err
		}
		if d, err = s.store.Close(ctx, group, id, Closing{State: Cancelled, Place: d.Place, At: now, Reason: reason}); err != nil {
			return Draw{}, err
		}
		switch d.State {
		case Open: // it moved on meanwhile
			continue
		case Ended: // it was faster
			return Draw{}, ErrOver
		case Cancelled:
			s.cancelled.Add(1)
		}
		s.note(ctx, by, group, "draw_cancel", id, map[string]string{"reason": reason})
		s.tell(ctx, group)
		return d.Public(), nil
	}
}

// Draw is one of a group.
func (s *Service) Draw(ctx context.Context, group, id string) (Draw, error) {
	d, err := s.store.Draw(ctx, group, id)
	return d.Public(), err
}

// Draws are those of a group with a number below before (0: all), the newest first, each with ListedWinners at most.
func (s *Service) Draws(ctx context.Context, group string, before uint64, limit int) ([]Draw, error) {
	all, err := s.store.Draws(ctx, group, before, limit)
	for i := range all {
		all[i] = all[i].Public()
	}
	return all, err
}

// Export is a draw that has ended and its entries, in their order, which are read as they are asked for: an error is the last.
func (s *Service) Export(ctx context.Context, group, id string) (Draw, iter.Seq2[Entry, error], error) {
	d, err := s.store.Draw(ctx, group, id)
	if err != nil {
		return Draw{}, nil, err
	}
	if d.State != Ended {
		return Draw{}, nil, &chat.Error{Code: 10032, Name: "draw_not_ended", Field: "draw", Detail: fmt.Sprintf("the draw is %s; only one that has ended can be exported", d.State)}
	}
	return d, s.entries(ctx, d), nil
}

// entriesPage is how many entries are read at a time.
const entriesPage = 5000

func (s *Service) entries(ctx context.Context, d Draw) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for n := 0; n < d.Entries; {
			page, err := s.store.Entries(ctx, d.Group, d.ID, n, min(entriesPage, d.Entries-n))
			if err == nil && len(page) == 0 {
				err = fmt.Errorf("draw %s has %d entries, and %d are there", d.ID, d.Entries, n)
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			n += len(page)
		}
	}
}

// Sweep removes draws that are over for so long that they need not be kept. It is for one node at a time.
func (s *Service) Sweep(ctx context.Context) error {
	const page = 50
	now, err := s.store.Now(ctx)
	for n := page; err == nil && n == page; {
		n, err = s.store.Sweep(ctx, now.Add(-s.cfg.Age), page)
	}
	return err
}

// may says whether somebody may drive draws of a group, and what is known of it.
func (s *Service) may(ctx context.Context, group string, by chat.Identity) (anchor string, seq uint64, err error) {
	anchor, seq, err = s.rooms.Look(ctx, group)
	if err == nil && !by.Admin && (by.User == "" || by.Anonymous || by.User != anchor) {
		err = ErrNotOwner
	}
	if err == nil {
		err = chat.Unhurried(s.cfg.Journal, by)
	}
	return anchor, seq, err
}

func (s *Service) note(ctx context.Context, by chat.Identity, group, action, id string, detail map[string]string) {
	if s.cfg.Journal == nil {
		return
	}
	s.cfg.Journal.Record(chat.Act{Time: time.Now(), By: by, Group: group, Action: action, Target: id, Detail: detail})
	s.cfg.Journal.Settle(ctx)
}

// tell takes what waits in a group's outbox to the room at once; Run does it again where that fails.
func (s *Service) tell(ctx context.Context, group string) {
	_, out, err := s.store.Work(ctx, group, outPage)
	if err == nil {
		err = s.empty(ctx, group, out)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.Debug("what draws have to tell waits", "group", group, "err", err)
	}
	s.stir()
}

func (s *Service) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
