package main

import (
	"context"
	"time"

	"liveroom/chat/draw"
	"liveroom/web"
)

// joinDraws makes the lucky draws, once the chat is there.
func (p *program) joinDraws() {
	p.draws = draw.New(draw.Config{
		Session: p.drawSession, Levels: p.levels.Levels, Ended: p.drawEnded, Journal: p.audit,
	}, p.stores.draws, draw.Chat{Service: p.chat, Store: p.stores.chat}, p.log)
	p.interaction.actors = append(p.interaction.actors, actor{"draws", p.once("draws", p.draws.Run)})
}

// drawSession is the live session of a group's room; empty: there is none, or it can't be found out now.
func (p *program) drawSession(group string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	room, err := p.roomOfGroup(ctx, group)
	if err != nil {
		return ""
	}
	s, err := p.machine.State(ctx, room.ID)
	if err != nil {
		return ""
	}
	return s.Record.Session
}

// drawEnded tells backends of a draw that is over.
func (p *program) drawEnded(ctx context.Context, d draw.Draw) error {
	p.callbacks.events.DrawEnded(d.Group, d.ID, d.View())
	return p.callbacks.events.Settle(ctx)
}

// drawMetrics are what this node did for lucky draws.
func (p *program) drawMetrics() []web.Sample {
	st := p.draws.Stats()
	const over = "Lucky draws that are over, by how."
	how := func(h string) web.Label { return web.Label{Name: "how", Value: h} }
	return []web.Sample{
		counter("draws_started_total", "Lucky draws started.", st.Started),
		counter("draws_over_total", over, st.Ended, how("ended")),
		counter("draws_over_total", over, st.Cancelled, how("cancelled")),
		counter("draw_entries_total", "Users who entered lucky draws.", st.Entered),
		counter("draw_entries_refused_total", "Messages that asked for it of users who may not.", st.Refused),
		counter("draw_gaps_total", "Draws that missed messages, which were gone before they could be looked at.", st.Gaps),
		counter("draw_failures_total", "Steps of draws that failed, to be tried again.", st.Failed),
	}
}
