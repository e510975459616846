package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"liveroom/address"
	"liveroom/live/delay"
	"liveroom/live/stream"
	"liveroom/status"
)

// Config says how rooms behave where they don't say themselves.
type Config struct {
	Node        string        // id of this node and incarnation; recorded as publisher
	Apps        []string      // accepted AppNames, "*" = any; default: live
	AutoRoom    bool          // a validly signed push for an unknown stream creates its room
	Grace       time.Duration // how long an interrupted room waits for its anchor; default 60 s
	PauseLimit  time.Duration // how long a paused room without a stream stays; default 30 min
	NoticeBytes int           // of a notice; default 300 (spec im-rest §3.0)
	AddressTTL  time.Duration // lifetime of addresses made without one; default 24 h
	Addresses   address.Base  // what addresses are made of
	PushKeys    address.Keys  // at the start; see Rekey
	PlayKeys    address.Keys
	NodeLimits  Limits // of all viewers of this node
	RoomLimits  Limits // of the viewers this node has of a room that has no limit of its own

	// Shared is the store of statuses where several nodes use it. Nil: this node is alone.
	Shared status.Shared

	// Delay bounds what waits of streams that are shown later.
	Delay delay.Config
	// Words checks titles and notices for sensitive words. Nil: all are allowed.
	Words Words
	// Viewers tells who watches a room's stream, HLS included. Nil: nobody.
	Viewers func(Room) Viewers
	// Pushes is told of pushes that begin and end. Nil: nobody is.
	Pushes Pushes
	// Edges is told where streams are and who watches here. Nil: this node is alone.
	Edges Edges
	// Shown is told of rooms' states when viewers here meet them: later than the room is in them where the stream is shown later,
	// and of those that an operator made at once. States of a room come in order but may be left out. It is called under locks: it
	// must not block. Nil: nobody is.
	Shown func(status.State)
	// Banned says whether a user is banned from a room: whose play sessions were ended may watch again when he is not. It
	// must not take long. Nil: bans end by their time only.
	Banned func(ctx context.Context, r Room, user string) bool
	// Describe reads the headers of a running push. Nil: nothing is known of them.
	Describe func(stream.Info) Format

	// Recordable says why nothing can be recorded here, nil where it can. Nil: it always can.
	Recordable func() error
}

// Groups is the chat side of a room, joined on by cmd.
type Groups interface {
	Ensure(ctx context.Context, r Room) error // creates the room's group or brings its profile up to date; idempotent
	Dismiss(ctx context.Context, group string) error
	Online(group string) int
}

// Words finds words that must not be shown (words.Service).
type Words interface {
	// Check returns text with the words to be replaced replaced, or says that it holds one that blocks the whole.
	Check(text string) (clean string, blocked bool)
}

// Outbox delivers status changes (status.Synchroniser).
type Outbox interface {
	Flush(ctx context.Context, room string) error
}

// Service is the live rooms of one node.
type Service struct {
	cfg      Config
	store    Store
	machine  *status.Machine
	hub      *stream.Hub
	groups   Groups
	outbox   Outbox
	log      *slog.Logger
	push     *address.Verifier
	play     *address.Verifier
	refused  *refusals
	capacity *capacity
	barred   barred
	delay    *delay.Stage
	unshown  unshown

	mu    sync.Mutex
	views map[string]*view // rooms with a push or a change seen by this process, by room id

	stops   chan stop // push stops that the store has not taken yet
	retired atomic.Bool

	aligning sync.Mutex // held while status and group are brought in step with a room, or it is removed; such rare changes may wait

	near  *near                   // nil where the node is alone
	stale map[string]status.State // rooms to be read anew, with what to restore of them; mu guards it
	looks chan struct{}           // capacity 1: leases are to be renewed now
}

// New returns a service that has nothing running; Run reports what could not be reported at once.
func New(cfg Config, store Store, machine *status.Machine, hub *stream.Hub, groups Groups, outbox Outbox, log *slog.Logger) (*Service, error) {
	if cfg.Node == "" {
		return nil, errors.New("live: Node must not be empty")
	}
	if len(cfg.Apps) == 0 {
		cfg.Apps = []string{"live"}
	}
	cfg.Grace = cmpOr(cfg.Grace, time.Minute)
	cfg.PauseLimit = cmpOr(cfg.PauseLimit, 30*time.Minute)
	cfg.AddressTTL = cmpOr(cfg.AddressTTL, 24*time.Hour)
	if cfg.NoticeBytes == 0 {
		cfg.NoticeBytes = 300
	}
	if cfg.Viewers == nil {
		cfg.Viewers = func(Room) Viewers { return Viewers{} }
	}
	if cfg.Banned == nil {
		cfg.Banned = func(context.Context, Room, string) bool { return true }
	}
	if cfg.Edges == nil {
		cfg.Edges = noEdges{}
	}
	if cfg.Shown == nil {
		cfg.Shown = func(status.State) {}
	}
	s := &Service{
		cfg: cfg, store: store, machine: machine, hub: hub, groups: groups, outbox: outbox, log: log,
		push: address.New(cfg.PushKeys, 0), play: address.New(cfg.PlayKeys, 0),
		refused: newRefusals(), capacity: newCapacity(cfg.NodeLimits, rateOf(hub)), views: map[string]*view{}, stops: make(chan stop, maxStops),
		stale: map[string]status.State{}, looks: make(chan struct{}, 1),
	}
	s.delay = delay.New(cfg.Delay, hub, log)
	if cfg.Shared != nil {
		s.near = newNear()
	}
	machine.Watch(s.follow)
	return s, nil
}

func cmpOr(d, or time.Duration) time.Duration {
	if d == 0 {
		return or
	}
	return d
}

// Create makes a room and its group. The group exists when Create returns, or as soon as the chat answers again.
func (s *Service) Create(ctx context.Context, d Draft) (Listed, error) {
	now, err := s.machine.Now(ctx)
	if err != nil {
		return Listed{}, err
	}
	if d.ID == "" && d.Stream == "" {
		d.ID = newRoomID()
	}
	if d.GroupID != "" && !ValidGroup(d.GroupID) {
		return Listed{}, badGroup()
	}
	if err := s.clean(&d.Title, &d.Notice); err != nil {
		return Listed{}, err
	}
	r := d.room(s.cfg, now)
	if err := r.validate(s.cfg.NoticeBytes); err != nil {
		return Listed{}, err
	}
	if err := s.records(r.Recording); err != nil {
		return Listed{}, err
	}
	if !r.EndAt.IsZero() && !r.EndAt.After(now) {
		return Listed{}, invalid("endAt", "must be in the future")
	}
	fresh := status.NewState(r.ID, now, status.Settings{Grace: r.Grace, PauseLimit: r.PauseLimit, EndAt: r.EndAt})
	st, err := s.store.CreateRoom(ctx, r, fresh)
	if err != nil {
		return Listed{}, err
	}
	s.near.changed(r.ID)
	s.machine.Committed(st)
	if err := s.groups.Ensure(ctx, r); err != nil {
		s.log.Warn("group of a new room not ready, the outbox will make it", "room", r.ID, "err", err)
	}
	s.log.Info("room created", "room", r.ID, "stream", r.Stream)
	return Listed{Room: r, Record: st.Record}, nil
}

// Room returns one room and its record.
func (s *Service) Room(ctx context.Context, id string) (Listed, error) {
	r, err := s.store.Room(ctx, id)
	if err != nil {
		return Listed{}, err
	}
	return s.listed(ctx, r)
}

func (s *Service) listed(ctx context.Context, r Room) (Listed, error) {
	st, err := s.machine.State(ctx, r.ID)
	if err != nil {
		return Listed{}, err
	}
	l := Listed{Room: r, Record: st.Record}
	if !st.Forbidden {
		return l, nil
	}
	now, err := s.machine.Now(ctx)
	if err != nil {
		return Listed{}, err
	}
	if st.ForbiddenAt(now) {
		l.Forbidden = &Forbidden{Until: st.ForbiddenUntil}
	}
	return l, nil
}

// Rooms lists a page of rooms.
func (s *Service) Rooms(ctx context.Context, q ListQuery) ([]Listed, string, error) {
	return s.store.Rooms(ctx, q)
}

// Update changes a room. A new end takes effect at once; a grace or pause limit that runs already keeps its end.
func (s *Service) Update(ctx context.Context, id string, p Patch) (Listed, error) {
	now, err := s.machine.Now(ctx)
	if err != nil {
		return Listed{}, err
	}
	p.Title, p.Notice = clone(p.Title), clone(p.Notice)
	if err := s.clean(p.Title, p.Notice); err != nil {
		return Listed{}, err
	}
	if p.EndAt != nil && !p.EndAt.IsZero() && !p.EndAt.After(now) {
		return Listed{}, invalid("endAt", "must be in the future")
	}
	if p.Recording != nil {
		if err := s.records(*p.Recording); err != nil {
			return Listed{}, err
		}
	}
	r, err := s.store.UpdateRoom(ctx, id, func(r *Room) error {
		p.apply(r, now)
		return r.validate(s.cfg.NoticeBytes)
	})
	if err != nil {
		return Listed{}, err
	}
	s.near.changed(id)
	if err := s.align(ctx, id); err != nil {
		return Listed{}, err
	}
	return s.listed(ctx, r)
}

// records says why nothing can be recorded as a rule asks.
func (s *Service) records(r Recording) error {
	if s.cfg.Recordable == nil || !r.Asks() {
		return nil
	}
	return s.cfg.Recordable()
}

// align brings the room's status and its group in step with the room as it is stored now. Two changes that come together
// are aligned one after the other, so neither stays with the older one.
func (s *Service) align(ctx context.Context, id string) error {
	return s.alone(ctx, id, func(ctx context.Context) error { return s.alignAlone(ctx, id) })
}

func (s *Service) alignAlone(ctx context.Context, id string) error {
	r, err := s.store.Room(ctx, id)
	if isNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	_, err = s.machine.Do(ctx, id, status.Event{
		Kind:     status.Configure,
		Settings: status.Settings{Grace: r.Grace, PauseLimit: r.PauseLimit, EndAt: r.EndAt},
	})
	if errors.Is(err, status.ErrUnknownRoom) {
		return nil // being deleted, and its group with it
	}
	if err != nil {
		return fmt.Errorf("apply settings of room %s: %w", id, err)
	}
	if err := s.groups.Ensure(ctx, r); err != nil {
		return fmt.Errorf("update group of room %s: %w", id, err)
	}
	return nil
}

// AlignAll does it for every room: at the start, for those whose change a crash cut in two. A node that is alone does so
// by itself; of several the one does that keeps the rooms.
func (s *Service) AlignAll(ctx context.Context) error {
	for q := (ListQuery{Limit: 200}); ; {
		page, next, err := s.store.Rooms(ctx, q)
		if err != nil {
			return err
		}
		for _, l := range page {
			if err := s.align(ctx, l.Room.ID); ctx.Err() != nil {
				return context.Cause(ctx)
			} else if err != nil {
				s.log.Warn("room not brought in step", "room", l.Room.ID, "err", err)
			}
		}
		if q.After = next; next == "" {
			return nil
		}
	}
}

// Delete ends the room, tells everyone in it, dismisses its group and removes it. A tombstone keeps its versions for 30 days.
func (s *Service) Delete(ctx context.Context, id, detail string) error {
	if _, err := s.store.Room(ctx, id); err != nil {
		return err
	}
	if _, err := s.machine.Do(ctx, id, status.Event{Kind: status.Delete, Detail: detail}); err != nil {
		return err
	}
	return s.finishDelete(ctx, id)
}

// finishDelete does what follows the record "room_deleted", and is repeated by Sweep after a crash in between. Where
// another call was faster, and the room perhaps made anew since, there is nothing left to do.
func (s *Service) finishDelete(ctx context.Context, id string) error {
	if err := s.outbox.Flush(ctx, id); err != nil {
		return fmt.Errorf("deliver the end of room %s: %w", id, err)
	}
	return s.alone(ctx, id, func(ctx context.Context) error { return s.removeAlone(ctx, id) })
}

func (s *Service) removeAlone(ctx context.Context, id string) error {
	r, err := s.store.Room(ctx, id)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := s.machine.State(ctx, id); !errors.Is(err, status.ErrUnknownRoom) {
		return err // nil: made anew
	}
	if err := s.groups.Dismiss(ctx, r.GroupID); err != nil {
		return fmt.Errorf("dismiss group of room %s: %w", id, err)
	}
	now, err := s.machine.Now(ctx)
	if err != nil {
		return err
	}
	if err := s.store.DeleteRoom(ctx, id, now); isNotFound(err) {
		return s.restoreGroup(ctx, r.GroupID)
	} else if err != nil {
		return err
	}
	s.near.changed(id)
	s.refused.forget(id)
	s.log.Info("room deleted", "room", id)
	return nil
}

// restoreGroup makes the group again of a room that was made anew while another call, which stood still for long, still
// removed the old one.
func (s *Service) restoreGroup(ctx context.Context, group string) error {
	r, err := s.store.RoomByGroup(ctx, group)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.groups.Ensure(ctx, r)
}

// TombstoneAge is how long a deleted room's versions are kept.
const TombstoneAge = 30 * 24 * time.Hour

// sweepStep bounds how long Sweep waits for one room.
const sweepStep = 10 * time.Second

// Sweep finishes deletions that a crash interrupted and forgets old tombstones. A periodic job calls it.
func (s *Service) Sweep(ctx context.Context) error {
	var failed []error // one room that can't be finished holds up no other
	q := ListQuery{Status: status.Ended, Limit: 200}
	for {
		page, next, err := s.store.Rooms(ctx, q)
		if err != nil {
			return err
		}
		for _, l := range page {
			if l.Record.Reason != status.ReasonRoomDeleted {
				continue
			}
			failed = append(failed, s.finishDeleteSoon(ctx, l.Room.ID))
		}
		if next == "" {
			break
		}
		q.After = next
	}
	now, err := s.machine.Now(ctx)
	if err != nil {
		return err
	}
	_, err = s.store.SweepTombstones(ctx, now.Add(-TombstoneAge))
	return errors.Join(append(failed, err)...)
}

func (s *Service) finishDeleteSoon(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, sweepStep)
	defer cancel()
	return s.finishDelete(ctx, id)
}

// Online is how many people are in the room, in chat or watching (design §6).
func (s *Service) Online(r Room) int { return s.groups.Online(r.GroupID) }

// Viewers is who watches the room's stream, by protocol.
func (s *Service) Viewers(r Room) Viewers { return s.cfg.Viewers(r) }

// Refusals returns the newest refused pushes of a room, newest first.
func (s *Service) Refusals(ctx context.Context, id string) ([]RefusalEntry, error) {
	if _, err := s.store.Room(ctx, id); err != nil {
		return nil, err
	}
	return s.refused.of(id), nil
}

// Retire says that this process is about to stop. No push is admitted any more, and those that end from now on stay
// recorded: the next start finds them and gives their rooms the whole grace from then, because until then no anchor could
// have come back (design §4, recovery). Where there are other nodes they are lost at once: the anchor can come back to one.
func (s *Service) Retire() { s.retired.Store(true) }

// Refused counts all refusals since the start, by action, protocol and code.
func (s *Service) Refused() []RefusalCount { return s.refused.stats() }

// RoomByGroup finds the room of a chat group.
func (s *Service) RoomByGroup(ctx context.Context, group string) (Room, error) {
	return s.store.RoomByGroup(ctx, group)
}

func (s *Service) appAllowed(app string) bool {
	return slices.Contains(s.cfg.Apps, "*") || slices.Contains(s.cfg.Apps, app)
}
