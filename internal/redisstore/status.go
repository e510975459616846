package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/status"
)

// Status is Redis as status.Store and status.Shared. All its keys are in the slot {lr}, docs/redis.md has the table: status,
// from which the indexes deadlines, publishing, leases, tombstones and code:1 … code:5 follow in the same script; outbox:ROOM
// and pending; log; changes and the channel news for other nodes; claim:NAME; answer:OPERATION for lost replies; counters.
//
// A state is kept as a head that scripts read — revision, version, code, generation, whether a stream is active, whether
// pushes are allowed — and, after it, the whole as JSON.
type Status struct {
	s   *Store
	cfg StatusConfig
}

// StatusConfig says how a Status is kept. The zero value of a field means its default.
type StatusConfig struct {
	LogEntries int           // of changes of status, kept for who resumes (status.DefaultLogEntries)
	Changes    int           // kept for nodes that missed some (10,000)
	Lease      time.Duration // of a publisher (status.DefaultLease)
}

var _ status.Store = (*Status)(nil)

var (
	scriptCommit     = load("control_commit")
	scriptPublishing = load("status_publishing")
	scriptAck        = load("outbox_ack")
	scriptLogRead    = load("log_read")
)

// Status is the status domain's view of Redis.
func (s *Store) Status(cfg StatusConfig) *Status {
	if cfg.LogEntries <= 0 {
		cfg.LogEntries = status.DefaultLogEntries
	}
	if cfg.Changes <= 0 {
		cfg.Changes = 10_000
	}
	if cfg.Lease <= 0 {
		cfg.Lease = status.DefaultLease
	}
	return &Status{s: s, cfg: cfg}
}

// control is a key of the control plane.
func (s *Store) control(parts ...string) string { return s.key("lr", parts...) }

// Now implements status.Store: Redis's clock.
func (t *Status) Now(ctx context.Context) (time.Time, error) { return t.s.Now(ctx) }

// Load implements status.Store.
func (t *Status) Load(ctx context.Context, room string) (status.State, error) {
	value, err := t.s.hget(ctx, t.s.control("status"), room)
	if errors.Is(err, redis.Nil) {
		return status.State{}, status.ErrUnknownRoom
	}
	if err != nil {
		return status.State{}, away(err)
	}
	return decodeState(value)
}

// hget reads one field of a hash.
func (s *Store) hget(ctx context.Context, key, field string) (string, error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	return s.rdb.HGet(ctx, key, field).Result()
}

// decodeState reads a state as control_commit.lua writes it.
func decodeState(value string) (s status.State, err error) {
	start := strings.IndexByte(value, '{')
	if start < 0 {
		return s, errors.New("redis: a stored status is damaged")
	}
	if err := json.Unmarshal([]byte(value[start:]), &s); err != nil {
		return s, fmt.Errorf("redis: decode status: %w", err)
	}
	return s, nil
}

// Swap implements status.Store.
func (t *Status) Swap(ctx context.Context, prev uint64, next status.State) error {
	return t.commit(ctx, change{do: "swap", prev: prev, next: next})
}

// change is a step of the control plane: a room's next state and, where the room itself is made or removed, the room.
type change struct {
	do     string // swap, create, delete
	prev   uint64
	next   status.State
	room   string // record of the room as JSON
	group  string
	stream string
}

// commit does one step of the control plane.
func (t *Status) commit(ctx context.Context, c change) error {
	st := c.next
	state, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	record, err := json.Marshal(st.Record)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	deadlines := []byte{}
	if list := st.Deadlines(); len(list) > 0 {
		if deadlines, err = json.Marshal(list); err != nil {
			return fmt.Errorf("encode deadlines: %w", err)
		}
	}
	deletedAt := ""
	if st.Deleted {
		deletedAt = strconv.FormatInt(st.DeletedAt.UnixMilli(), 10)
	}
	op, room := newOperation(), st.Record.Room
	err = t.s.mutate(ctx, scriptCommit, t.keys(room, op),
		op, room, c.do, c.prev, st.Revision, st.Record.Version, int(st.Record.Code), st.Generation,
		flag(st.Record.StreamActive && !st.Deleted), flag(st.PushAllowed), deletedAt, state, record, deadlines,
		t.cfg.LogEntries, t.cfg.Changes, t.cfg.Lease.Milliseconds(), answerKept.Milliseconds(), c.room, c.group, c.stream).Err()
	if errors.Is(err, redis.Nil) {
		return status.ErrConflict
	}
	return away(err)
}

// keys are those of control_commit.lua.
func (t *Status) keys(room, op string) []string {
	k := t.s.control
	return []string{
		k("status"), k("outbox", room), k("pending"), k("deadlines"), k("publishing"), k("log"), k("changes"), k("counters"),
		k("leases"), k("tombstones"), k("rooms"), k("ids"), k("groups"), k("streams"), k("answer", op), k("news"),
		k("code", "1"), k("code", "2"), k("code", "3"), k("code", "4"), k("code", "5"),
	}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Deadlines implements status.Store. A room whose deadlines can't be read holds up no other.
func (t *Status) Deadlines(ctx context.Context) (out []status.Deadline, err error) {
	ctx, cancel := t.s.within(ctx)
	defer cancel()
	all, err := t.s.rdb.HGetAll(ctx, t.s.control("deadlines")).Result()
	if err != nil {
		return nil, away(err)
	}
	for room, text := range all {
		var list []status.Deadline
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.s.log.Error("deadlines of a room can't be read", "room", room, "err", err)
			continue
		}
		out = append(out, list...)
	}
	return out, nil
}

// Publishing implements status.Store.
func (t *Status) Publishing(ctx context.Context) (out []status.State, err error) {
	values, err := t.s.run(ctx, scriptPublishing, []string{t.s.control("publishing"), t.s.control("status")}).StringSlice()
	if err != nil {
		return nil, away(err)
	}
	for _, v := range values {
		st, err := decodeState(v)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

// Pending implements status.Store.
func (t *Status) Pending(ctx context.Context) ([]string, error) {
	ctx, cancel := t.s.within(ctx)
	defer cancel()
	rooms, err := t.s.rdb.ZRange(ctx, t.s.control("pending"), 0, -1).Result()
	return rooms, away(err)
}

// PendingRoom implements status.Store.
func (t *Status) PendingRoom(ctx context.Context, room string, limit int) ([]status.Entry, error) {
	ctx, cancel := t.s.within(ctx)
	defer cancel()
	entries, err := t.s.rdb.ZRange(ctx, t.s.control("outbox", room), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, away(err)
	}
	return decodeEntries(entries)
}

// decodeEntries reads outbox entries as control_commit.lua writes them: the time in milliseconds, then the record.
func decodeEntries(texts []string) (out []status.Entry, err error) {
	for _, text := range texts {
		at, record, _ := strings.Cut(text, " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		e := status.Entry{At: time.UnixMilli(ms).UTC()}
		if err = errors.Join(err, json.Unmarshal([]byte(record), &e.Record)); err != nil {
			return nil, fmt.Errorf("redis: decode outbox entry: %w", err)
		}
		out = append(out, e)
	}
	return out, nil
}

// Ack implements status.Store.
func (t *Status) Ack(ctx context.Context, room string, version uint64) error {
	return t.ack(ctx, room, version, 0)
}

func (t *Status) ack(ctx context.Context, room string, version, fence uint64) error {
	k := t.s.control
	return away(t.s.run(ctx, scriptAck, []string{k("outbox", room), k("pending"), k("claim", status.OutboxClaim(room))}, room, version, fence).Err())
}

// Events implements status.Store.
func (t *Status) Events(ctx context.Context, after uint64, limit int) (out []status.LogEntry, err error) {
	texts, err := t.s.run(ctx, scriptLogRead, []string{t.s.control("log"), t.s.control("counters")}, after, limit).StringSlice()
	if refused(err, "LRGONE") {
		return nil, status.ErrGone
	}
	if err != nil {
		return nil, away(err)
	}
	for i := 0; i+1 < len(texts); i += 2 {
		var e status.LogEntry
		e.Seq, err = strconv.ParseUint(texts[i], 10, 64)
		if err = errors.Join(err, json.Unmarshal([]byte(texts[i+1]), &e.Record)); err != nil {
			return nil, fmt.Errorf("redis: decode log entry: %w", err)
		}
		out = append(out, e)
	}
	return out, nil
}

// refused says whether a script refused with a word.
func refused(err error, word string) bool {
	var reply redis.Error
	return errors.As(err, &reply) && strings.HasPrefix(reply.Error(), word)
}

// EventHead implements status.Store.
func (t *Status) EventHead(ctx context.Context) (uint64, error) {
	text, err := t.s.hget(ctx, t.s.control("counters"), "log")
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, away(err)
	}
	return strconv.ParseUint(text, 10, 64)
}
