package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"liveroom/chat"
	"liveroom/chat/popularity"
	"liveroom/chat/summary"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
	"liveroom/web"
)

// fenceSummaries names the numbering of summaries in a group: see chat.Service.Append.
const fenceSummaries = "summaries"

// sessionLately is how long after the end of a session what is written belongs to it: the last second comes later.
const sessionLately = 3 * time.Second

// joinSummaries makes what follows live sessions and tells how they went, and has it told what happens in them.
func (p *program) joinSummaries() (err error) {
	p.summaries, err = summary.New(summary.Config{
		Age: p.set.SummaryAge, Now: p.machine.Now, Session: p.sessionLately, Group: p.groupOf, State: p.turn, Live: p.turns,
		Heads: func(group string) summary.Sample {
			n := p.chat.Count(group) // made later, like what follows
			return summary.Sample{Online: n.Online, Members: n.Members, Viewers: n.Viewers}
		},
		Popularity: p.scores,
		Here:       func(group string) []string { return p.chat.Here(group) },
		Likes:      p.sessionLikes, Gifts: p.sessionGifts,
		Message: p.tellSummary, Report: p.reportSummary,
	}, p.stores.summaries, p.log)
	if err != nil {
		return err
	}
	p.machine.Watch(p.sessionBegan)
	p.interaction.spoken = append(p.interaction.spoken, func(m *chat.Message) { p.summaries.Message(m.Group) })
	p.interaction.actors = append(p.interaction.actors, actor{"counts of live sessions", p.summaries.Count}, actor{"summaries", p.once("summaries", p.summaries.Run)})
	return nil
}

// sessionBegan counts who is in the room already when its session begins, on this node.
func (p *program) sessionBegan(s status.State) {
	if s.Record.Code == status.Live && s.Record.Reason == status.ReasonPushStarted {
		p.summaries.Began(s.Record.Room)
	}
}

// groupOf is the group of a room.
func (p *program) groupOf(ctx context.Context, room string) (string, error) {
	r, err := p.stores.rooms.Room(ctx, room)
	if isMissing(err) {
		return "", summary.ErrGone
	}
	return r.GroupID, err
}

// turnOf is a record as the summary of its session sees it.
func turnOf(r status.Record, group string) summary.Turn {
	phase := summary.Over
	switch r.Code {
	case status.Live:
		phase = summary.Live
	case status.Paused:
		phase = summary.Paused
	case status.Waiting, status.Ended, status.Playback: // no session runs
	}
	return summary.Turn{
		Room: r.Room, Group: group, Session: r.Session, Epoch: r.Epoch, Version: r.Version, Phase: phase, Reason: string(r.Reason), Since: r.Since,
		BeganAt: status.SessionBegan(r.Session),
	}
}

// sessions is the synchroniser's door to the summaries.
type sessions struct{ p *program }

// ApplyStatus implements status.Announcer.
func (s sessions) ApplyStatus(ctx context.Context, r status.Record) error {
	group, err := s.p.groupOf(ctx, r.Room)
	if err != nil && !errors.Is(err, summary.ErrGone) {
		return err
	}
	return s.p.summaries.Turn(ctx, turnOf(r, group)) // of a room that was deleted the session alone is known
}

// isMissing says that a room is not there.
func isMissing(err error) bool {
	var missing *live.Error
	return errors.As(err, &missing) && missing.Code == "not_found"
}

// turn is the newest record of a room, deleted ones included; where members are told of it later, what they were told.
func (p *program) turn(ctx context.Context, room string) (summary.Turn, error) {
	s, err := p.stores.status.Load(ctx, room)
	if errors.Is(err, status.ErrUnknownRoom) {
		return summary.Turn{}, summary.ErrGone
	}
	if err != nil || s.Record.Delay == 0 {
		return turnOf(s.Record, ""), err
	}
	r, err := p.stores.rooms.Room(ctx, room)
	if isMissing(err) || err == nil && !r.DelayRoom {
		return turnOf(s.Record, ""), nil
	}
	if err != nil {
		return summary.Turn{}, err
	}
	told, err := p.toldStatus(ctx, r.GroupID)
	if err == nil && told.Epoch == "" {
		told = s.Record
	}
	return turnOf(told, ""), err
}

// turns are those of all rooms whose sessions run.
func (p *program) turns(ctx context.Context) (all []summary.Turn, err error) {
	err = p.eachRoom(ctx, func(l live.Listed) bool {
		all = append(all, turnOf(l.Record, l.Room.GroupID))
		return len(all) < summary.MaxListed
	}, status.Live, status.Paused)
	return all, err
}

// sessionLately is the session that a group is in, or was a moment ago, as its members were told.
func (p *program) sessionLately(ctx context.Context, group string) (string, error) {
	r, err := p.toldStatus(ctx, group)
	if err != nil {
		return "", err
	}
	if r.Code == status.Live || r.Code == status.Paused || time.Since(r.Since) < sessionLately {
		return r.Session, nil
	}
	return "", nil
}

// scores are the popularity of groups, as it is shown.
func (p *program) scores(ctx context.Context, groups []string) (map[string]int64, error) {
	found, err := p.popularity.Scores(ctx, groups)
	if err != nil {
		return nil, err
	}
	scores := make(map[string]int64, len(found))
	for group, one := range found {
		scores[group] = popularity.Rounded(one.Score)
	}
	return scores, nil
}

// tellSummary tells a room how its session went. One that is gone is told nothing, nor is one that will never take it.
func (p *program) tellSummary(ctx context.Context, s summary.Summary) error {
	body, err := summaryMessage(s)
	if err != nil {
		return err
	}
	err = p.chat.Append(ctx, s.Group, fenceSummaries, chat.Fenced{
		Number:  cmp.Or(s.Number, s.Began()), // former versions kept it without
		Message: chat.Message{From: chat.Administrator, Priority: chat.High, Body: body},
	})
	var refusal *chat.Error
	switch {
	case errors.Is(err, chat.ErrNoGroup):
		return nil
	case errors.As(err, &refusal) && !refusal.Temporary:
		p.log.Error("a room takes no summary of its live session", "room", s.Room, "session", s.Session, "err", err)
		return nil
	}
	return err
}

// summaryMessage is the body of the message that tells a room.
func summaryMessage(s summary.Summary) ([]byte, error) {
	data, err := json.Marshal(struct {
		Type string `json:"type"`
		summary.Public
	}{"session_summary", s.Shared()})
	if err != nil {
		return nil, err
	}
	type content struct{ Data, Desc, Ext, Sound string }
	type element struct {
		MsgType    string
		MsgContent content
	}
	return json.Marshal([]element{{"TIMCustomElem", content{Data: string(data)}}})
}

// reportSummary tells backends. The number is the room's.
func (p *program) reportSummary(ctx context.Context, s summary.Summary) error {
	s.Number = 0
	p.callbacks.events.SessionSummary(s.Room, s.Session, s)
	return p.callbacks.events.Settle(ctx)
}

// sessionLikes are the likes of a session.
func (p *program) sessionLikes(ctx context.Context, group, session string) (int64, error) {
	t, err := p.likes.Totals(ctx, group, session)
	return t.Session, err
}

// sessionGifts are the gifts of a session, and who gave most.
func (p *program) sessionGifts(ctx context.Context, group, session string) (summary.Gifts, error) {
	t, err := p.gifts.Totals(ctx, group, session)
	if err != nil {
		return summary.Gifts{}, err
	}
	top, err := p.gifts.Ranking(ctx, group, session, summaryTop)
	g := summary.Gifts{Value: t.Value, Count: t.Count, Senders: t.Senders}
	for _, r := range top {
		g.Top = append(g.Top, summary.Ranked(r))
	}
	return g, err
}

// summaryTop is how many of those who gave most a summary has.
const summaryTop = 10

// players counts who begins to watch. It stands before the live rooms where they are asked.
type players struct {
	*live.Service
	p *program
}

// Play implements flv.Player and is asked by the RTMP door.
func (v players) Play(ctx context.Context, req stream.Request) (*stream.Subscriber, error) {
	sub, err := v.Service.Play(ctx, req)
	if err == nil {
		v.p.played(ctx, req)
	}
	return sub, err
}

// Enter implements hls.Gatekeeper. Who comes back to a session that began is none who begins.
func (v players) Enter(ctx context.Context, req stream.Request) (leave func(), err error) {
	leave, err = v.Service.Enter(ctx, req)
	if err == nil {
		v.p.played(ctx, req)
	}
	return leave, err
}

// played counts somebody who begins to watch.
func (p *program) played(ctx context.Context, req stream.Request) {
	find := p.stores.rooms.RoomByStream
	if p.known != nil {
		find = p.known.byStream
	}
	if room, err := find(ctx, req.Name); err == nil {
		p.summaries.Played(room.GroupID)
	}
}

// summaryMetrics are what summaries missed.
func (p *program) summaryMetrics() []web.Sample {
	return []web.Sample{counter("summary_lost_total", "Groups' seconds and users that summaries of live sessions never got.", p.summaries.Lost())}
}
