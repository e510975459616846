package main

import (
	"context"
	"slices"
	"time"

	"liveroom/chat/draw"
	"liveroom/web"
)

// joinDraws makes the lucky draws, once the chat is there.
func (p *program) joinDraws() {
	p.draws = draw.New(draw.Config{
		Age: p.set.DrawAge, Session: p.drawSession, Ended: p.drawEnded, Journal: p.audit,
		Levels: p.levels.Levels, Followers: p.drawFollowers, Gifts: p.drawGifts,
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

// drawFollowers are those of users who follow a room's anchor.
func (p *program) drawFollowers(ctx context.Context, anchor string, users []string) (map[string]bool, error) {
	follow := make(map[string]bool, len(users))
	for _, user := range users {
		if user == anchor || anchor == "" {
			continue
		}
		yes, err := p.follows.Follows(ctx, user, anchor)
		if err != nil {
			return nil, err
		}
		follow[user] = yes
	}
	return follow, nil
}

// drawRanked is how many of those who gave most are looked at first: what is asked for is mostly given by few.
const drawRanked = 500

// drawGifts are what users gave in a live session, of those who gave at least so much: the ranking is read until it has all of
// the users, or comes to those who gave less.
func (p *program) drawGifts(ctx context.Context, group, session string, least int64, users []string) (map[string]int64, error) {
	for limit := drawRanked; ; limit *= 8 {
		ranking, err := p.stores.gifts.Ranking(ctx, group, session, limit)
		if err != nil {
			return nil, err
		}
		given := make(map[string]int64, len(ranking))
		for _, r := range ranking {
			given[r.User] = r.Value
		}
		missing := func(user string) bool { _, ranked := given[user]; return !ranked }
		if n := len(ranking); n < limit || ranking[n-1].Value < least || !slices.ContainsFunc(users, missing) {
			return given, nil
		}
	}
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
