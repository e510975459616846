package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/live"
	"liveroom/status"
)

// Live is Redis as live.Store. Rooms are beside their statuses, in the slot {lr}: rooms has them, ids their order, groups and
// streams the names that are unique over all of them.
type Live struct {
	s      *Store
	states *Status
}

var _ live.Store = (*Live)(nil)

var (
	scriptUpdate = load("room_update")
	scriptFind   = load("room_find")
	scriptList   = load("rooms_list")
	scriptSweep  = load("rooms_sweep")
)

// Live is the rooms' view of Redis; statuses it stores are those of states.
func (s *Store) Live(states *Status) *Live { return &Live{s: s, states: states} }

// errRoomConflict says that others were faster than a change of a room, again and again.
var errRoomConflict = fmt.Errorf("%w: a room changes faster than this change of it", status.ErrUnavailable)

// again lets f try until nobody was faster, within Config.Timeout.
func (l *Live) again(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, cancel := l.s.within(ctx)
	defer cancel()
	for range 64 {
		if err := f(ctx); !errors.Is(err, status.ErrConflict) {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errRoomConflict
}

// CreateRoom implements live.Store.
func (l *Live) CreateRoom(ctx context.Context, r live.Room, fresh status.State) (stored status.State, err error) {
	room, err := json.Marshal(r)
	if err != nil {
		return status.State{}, fmt.Errorf("encode room: %w", err)
	}
	err = l.again(ctx, func(ctx context.Context) error {
		old, err := l.states.Load(ctx, r.ID)
		stored = fresh
		switch {
		case err == nil:
			stored = status.Continue(old, fresh)
		case !errors.Is(err, status.ErrUnknownRoom):
			return err
		}
		err = l.states.commit(ctx, change{do: "create", prev: old.Revision, next: stored, room: string(room), group: r.GroupID, stream: r.Stream})
		return named(err, r)
	})
	if err != nil {
		return status.State{}, err
	}
	return stored, nil
}

// named puts what a script refused into the domain's words.
func named(err error, r live.Room) error {
	var reply redis.Error
	if !errors.As(err, &reply) {
		return err
	}
	switch word, field, _ := strings.Cut(reply.Error(), " "); word {
	case "LRNOROOM":
		return live.NotFound(r.ID)
	case "LREXISTS":
		return live.Exists(field, map[string]string{"id": r.ID, "groupId": r.GroupID, "stream": r.Stream}[field])
	}
	return err
}

// Room implements live.Store.
func (l *Live) Room(ctx context.Context, id string) (live.Room, error) {
	text, err := l.s.hget(ctx, l.s.control("rooms"), id)
	return decodeRoom(id, text, err)
}

// RoomByStream implements live.Store.
func (l *Live) RoomByStream(ctx context.Context, stream string) (live.Room, error) {
	return l.find(ctx, "streams", stream)
}

// RoomByGroup implements live.Store.
func (l *Live) RoomByGroup(ctx context.Context, group string) (live.Room, error) {
	return l.find(ctx, "groups", group)
}

func (l *Live) find(ctx context.Context, index, name string) (live.Room, error) {
	text, err := l.s.run(ctx, scriptFind, []string{l.s.control(index), l.s.control("rooms")}, name).Text()
	return decodeRoom(name, text, err)
}

// decodeRoom reads a room's record, or says what it is that Redis answered with instead.
func decodeRoom(name, text string, err error) (r live.Room, _ error) {
	if errors.Is(err, redis.Nil) {
		return r, live.NotFound(name)
	}
	if err != nil {
		return r, away(err)
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("redis: decode room: %w", err)
	}
	return r, nil
}

// UpdateRoom implements live.Store. change may be called more than once, each time with the room as it is stored.
func (l *Live) UpdateRoom(ctx context.Context, id string, change func(*live.Room) error) (next live.Room, err error) {
	err = l.again(ctx, func(ctx context.Context) error {
		text, err := l.s.hget(ctx, l.s.control("rooms"), id)
		old, err := decodeRoom(id, text, err)
		if err != nil {
			return err
		}
		next = old
		if err := change(&next); err != nil {
			return err
		}
		next.ID = id
		record, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encode room: %w", err)
		}
		op, k := newOperation(), l.s.control
		err = l.s.mutate(ctx, scriptUpdate,
			[]string{k("rooms"), k("groups"), k("streams"), k("counters"), k("changes"), k("answer", op), k("news")},
			op, id, text, record, old.GroupID, next.GroupID, old.Stream, next.Stream, l.states.cfg.Changes, answerKept.Milliseconds()).Err()
		if errors.Is(err, redis.Nil) {
			return status.ErrConflict
		}
		return named(away(err), next)
	})
	if err != nil {
		return live.Room{}, err
	}
	return next, nil
}

// DeleteRoom implements live.Store.
func (l *Live) DeleteRoom(ctx context.Context, id string, at time.Time) error {
	return l.again(ctx, func(ctx context.Context) error {
		text, err := l.s.hget(ctx, l.s.control("rooms"), id)
		r, err := decodeRoom(id, text, err)
		if err != nil {
			return err
		}
		s, err := l.states.Load(ctx, id)
		if err != nil {
			return err
		}
		prev := s.Revision
		s.Revision++
		s.Deleted, s.DeletedAt = true, at
		err = l.states.commit(ctx, change{do: "delete", prev: prev, next: s, room: text, group: r.GroupID, stream: r.Stream})
		return named(err, r)
	})
}

// defaultPage is how many rooms a list holds when its query doesn't say.
const defaultPage = 50

// Rooms implements live.Store.
func (l *Live) Rooms(ctx context.Context, q live.ListQuery) (page []live.Listed, next string, err error) {
	if q.Limit <= 0 {
		q.Limit = defaultPage
	}
	index, from := l.s.control("ids"), "("+q.After
	if q.Status != 0 {
		index = l.s.control("code", fmt.Sprint(int(q.Status)))
	}
	texts, err := l.s.run(ctx, scriptList, []string{index, l.s.control("rooms"), l.s.control("status")}, from, q.Limit+1).StringSlice()
	if err != nil {
		return nil, "", away(err)
	}
	for ; len(texts) >= 3; texts = texts[3:] {
		if len(page) == q.Limit {
			return page, page[q.Limit-1].Room.ID, nil
		}
		r, err := decodeRoom(texts[0], texts[1], nil)
		if err != nil {
			return nil, "", err
		}
		s, err := decodeState(texts[2])
		if err != nil {
			return nil, "", err
		}
		page = append(page, live.Listed{Room: r, Record: s.Record})
	}
	return page, "", nil
}

// sweepPage is how many tombstones one script looks at.
const sweepPage = 200

// SweepTombstones implements live.Store. A tombstone with undelivered records stays until they are.
func (l *Live) SweepTombstones(ctx context.Context, before time.Time) (swept int, err error) {
	k := l.s.control
	for skip := int64(0); ; {
		n, err := l.s.run(ctx, scriptSweep, []string{k("tombstones"), k("status"), k("rooms"), k("pending")},
			before.UnixMilli(), sweepPage, skip).Int64Slice()
		if err != nil {
			return swept, away(err)
		}
		swept, skip = swept+int(n[0]), skip+n[1]
		if n[0]+n[1] < sweepPage {
			return swept, nil
		}
	}
}
