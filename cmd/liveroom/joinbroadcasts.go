package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for expressions that name a zone

	"github.com/robfig/cron/v3"

	"liveroom/chat"
	"liveroom/chat/schedule"
	"liveroom/live"
	"liveroom/status"
	"liveroom/web"
)

// joinBroadcasts makes the messages to all rooms.
func (p *program) joinBroadcasts() {
	p.broadcasts = schedule.New(schedule.Config{
		Next: nextTime, Off: func() bool { return !p.settings.Now().Broadcasts }, Journal: p.audit,
	}, p.stores.broadcasts, broadcastRooms{p}, p.log)
	p.interaction.actors = append(p.interaction.actors, actor{"broadcasts", p.once("broadcasts", p.broadcasts.Run)})
}

// nextTime is the first moment after one that a cron expression names, in UTC unless it names a zone. The zones are in the
// binary: images have none.
func nextTime(expression string, after time.Time) (time.Time, error) {
	if strings.HasPrefix(expression, "TZ=") || strings.HasPrefix(expression, "CRON_TZ=") {
		if !strings.Contains(expression, " ") { // the parser panics
			return time.Time{}, errors.New("must be like CRON_TZ=Asia/Shanghai 0 20 * * 5: there is only a zone")
		}
	}
	at, err := cron.ParseStandard(expression)
	if err != nil {
		return time.Time{}, fmt.Errorf("must be like 0 20 * * 5: %w", err)
	}
	return at.Next(after.UTC()), nil
}

// broadcastFence is the name under which rooms are told of broadcasts (chat.Service.Append).
const broadcastFence = "broadcasts"

// broadcastRooms are the live rooms as broadcasts go through them. A cursor is the last room, for the rooms that a filter names how
// many had their turn.
type broadcastRooms struct{ p *program }

// Targets implements schedule.Rooms. Only one status has a list of its own to go through: of several a room might change from one
// that is yet to come to one that was.
func (r broadcastRooms) Targets(ctx context.Context, f schedule.Filter, cursor string, limit int) ([]schedule.Target, string, error) {
	if len(f.Rooms) > 0 {
		return r.named(ctx, f, cursor, limit)
	}
	if strings.Contains(cursor, ":") { // as older versions had it, with the number of a status: from the start, rooms don't notice
		cursor = ""
	}
	q := live.ListQuery{Limit: limit, After: cursor}
	if len(f.Status) == 1 {
		q.Status = f.Status[0]
	}
	listed, next, err := r.p.rooms.Rooms(ctx, q)
	if err != nil {
		return nil, "", err
	}
	var some []schedule.Target
	for _, l := range listed {
		if inFilter(f, l) {
			some = append(some, schedule.Target{Room: l.Room.ID, Group: l.Room.GroupID})
		}
	}
	return some, next, nil
}

func inFilter(f schedule.Filter, l live.Listed) bool {
	return len(f.Status) == 0 || slices.Contains(f.Status, l.Record.Code)
}

func (r broadcastRooms) named(ctx context.Context, f schedule.Filter, cursor string, limit int) (some []schedule.Target, next string, err error) {
	from, _ := strconv.Atoi(cursor)
	to := min(from+limit, len(f.Rooms))
	for _, id := range f.Rooms[min(from, to):to] {
		l, err := r.p.rooms.Room(ctx, id)
		t := schedule.Target{Room: id}
		var none *live.Error
		switch {
		case errors.As(err, &none), errors.Is(err, status.ErrUnknownRoom): // there is no such room
		case err != nil:
			return nil, "", err
		case inFilter(f, l):
			t.Group = l.Room.GroupID
		}
		some = append(some, t)
	}
	if to < len(f.Rooms) {
		next = strconv.Itoa(to)
	}
	return some, next, nil
}

// Append implements schedule.Rooms.
func (r broadcastRooms) Append(ctx context.Context, group string, run uint64, body string) (people int, err error) {
	m := chat.Message{Body: json.RawMessage(body), Priority: chat.High, Broadcast: true}
	if err := r.p.chat.Append(ctx, group, broadcastFence, chat.Fenced{Number: run, Message: m}); err != nil {
		return 0, err
	}
	d, err := r.p.chat.Describe(ctx, group)
	if err != nil {
		d = chat.Description{} // it was told; how many were there is not worth telling it again
	}
	return d.Count.Members, nil
}

// broadcastMetrics are what this node told rooms.
func (p *program) broadcastMetrics() []web.Sample {
	st := p.broadcasts.Stats()
	const rooms = "Rooms that were told a broadcast, by whether they could be."
	outcome := func(o string) web.Label { return web.Label{Name: "outcome", Value: o} }
	return []web.Sample{
		counter("broadcast_runs_total", "Broadcasts that went through their rooms.", st.Runs),
		counter("broadcast_rooms_total", rooms, st.Rooms, outcome("told")),
		counter("broadcast_rooms_total", rooms, st.Failed, outcome("failed")),
		counter("broadcast_reached_total", "People who were in rooms that were told.", st.Reached),
	}
}
