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
	p.broadcasts = schedule.New(schedule.Config{Next: nextTime, Journal: p.audit}, p.stores.broadcasts, broadcastRooms{p}, p.log)
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

// broadcastPage is how many rooms are looked up at a time.
const broadcastPage = 100

// broadcastRooms are the live rooms as broadcasts go through them. A cursor is a status and the last room of it, for the rooms
// that a filter names how many were done.
type broadcastRooms struct{ p *program }

// Targets implements schedule.Rooms.
func (r broadcastRooms) Targets(ctx context.Context, f schedule.Filter, cursor string) ([]schedule.Target, string, error) {
	if len(f.Rooms) > 0 {
		return r.named(ctx, f, cursor)
	}
	codes := f.Status
	if len(codes) == 0 {
		codes = []status.Code{0}
	}
	at, after, _ := strings.Cut(cursor, ":")
	i, _ := strconv.Atoi(at) // empty: the first
	if i < 0 || i >= len(codes) {
		return nil, "", nil
	}
	listed, next, err := r.p.rooms.Rooms(ctx, live.ListQuery{Status: codes[i], Limit: broadcastPage, After: after})
	if err != nil {
		return nil, "", err
	}
	some := make([]schedule.Target, len(listed))
	for i, l := range listed {
		some[i] = schedule.Target{Room: l.Room.ID, Group: l.Room.GroupID}
	}
	switch {
	case next != "":
		return some, cursorAt(i) + next, nil
	case i+1 < len(codes):
		return some, cursorAt(i + 1), nil
	}
	return some, "", nil
}

func cursorAt(i int) string { return strconv.Itoa(i) + ":" }

func (r broadcastRooms) named(ctx context.Context, f schedule.Filter, cursor string) (some []schedule.Target, next string, err error) {
	from, _ := strconv.Atoi(cursor)
	to := min(from+broadcastPage, len(f.Rooms))
	for _, id := range f.Rooms[min(from, to):to] {
		l, err := r.p.rooms.Room(ctx, id)
		var none *live.Error
		if errors.As(err, &none) {
			continue // there is no such room
		}
		if err != nil {
			return nil, "", err
		}
		if len(f.Status) == 0 || slices.Contains(f.Status, l.Record.Code) {
			some = append(some, schedule.Target{Room: id, Group: l.Room.GroupID})
		}
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
