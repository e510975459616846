package main

import (
	"context"
	"time"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/gift"
	"liveroom/chat/level"
	"liveroom/web"
	"liveroom/web/callback"
)

// guestLevelAge is how long the levels of named guests are kept, who live as long as their UserSigs.
const guestLevelAge = account.DefaultGuestLifetime + time.Hour

// joinLevels makes the levels, has the chat show them, and counts what users do in it.
func (p *program) joinLevels(talk *chat.Config) (err error) {
	rules, err := p.set.levelRules()
	if err != nil {
		return err
	}
	p.levels, err = level.New(level.Config{
		Rules: rules, Earns: p.earnsLevels, Report: p.reportLevels,
		Around: func() []string { return p.chat.Around() }, // made later
		Tell: func(c level.Change, now level.Standing) {
			p.chat.TellStanding(c.User, chat.Standing(now), c.From)
		},
	}, p.stores.levels, p.log)
	if err != nil {
		return err
	}
	talk.Standing = func(user string) chat.Standing { return chat.Standing(p.levels.Standing(user)) }
	p.interaction.observers = append(p.interaction.observers, arrivals{p.levels})
	p.interaction.gifts = append(p.interaction.gifts, func(o gift.Order) { p.levels.Earn(o.From, level.Gifts, o.Value) })
	p.interaction.spoken = append(p.interaction.spoken, func(m *chat.Message) {
		if n := p.kinds.Weight(m); n > 0 { // as much as its type counts
			p.levels.Earn(m.From, level.Messages, int64(n))
		}
	})
	return nil
}

// earnsLevels says who has a level: all but anonymous guests, who are nobody the next time, and application administrators,
// who are mostly programs.
func (p *program) earnsLevels(user string) (guest, earns bool) {
	who := p.accounts.Known(user)
	return who.Guest, !who.Anonymous && !who.Admin
}

// reportLevels tells receivers of callbacks of new levels.
func (p *program) reportLevels(ctx context.Context, changes []level.Change) error {
	now := time.Now()
	for _, c := range changes {
		p.callbacks.events.LevelChanged(callback.LevelChange{
			User: c.User, Level: c.Level, From: c.From, Badge: p.levels.Rules().Badge(c.Member, now), Score: c.Score, Version: c.Version,
		})
	}
	return p.callbacks.events.Settle(ctx)
}

// levelActors are what runs of the levels: it ends after the chat, in which they are earned.
func (p *program) levelActors() []actor {
	all := []actor{{"levels", p.levels.Run}}
	if news, shared := p.stores.levels.(level.News); shared {
		all = append(all, actor{"levels of other nodes", func(ctx context.Context) error { return news.Follow(ctx, p.levels.Maker(), p.levels) }})
	}
	return all
}

// levelJobs are what one node of a cluster does for the levels of all.
func (p *program) levelJobs() []job {
	return []job{
		{"untold levels", "@every 30s", p.levels.TellRest},
		{"levels of guests", "@every 1h", func(ctx context.Context) error { return p.levels.SweepGuests(ctx, guestLevelAge) }},
	}
}

// arrivals has the levels read of who comes, so that they are there when he speaks.
type arrivals struct{ levels *level.Service }

// Observe implements chat.Observer.
func (a arrivals) Observe(facts ...chat.Fact) {
	for _, f := range facts {
		switch f := f.(type) {
		case chat.SignedIn:
			a.levels.Came(f.By.User)
		case chat.Came:
			a.levels.Came(f.By.User)
		}
	}
}

// HearsMessages implements chat.Observer.
func (arrivals) HearsMessages() bool { return false }

// Settle implements chat.Observer.
func (arrivals) Settle(context.Context) {}

// levelMetrics are what was earned, and what became of it.
func (p *program) levelMetrics() []web.Sample {
	st := p.levels.Stats()
	return []web.Sample{
		gauge("level_waiting_users", "Users who earned something that is not stored yet.", st.Pending),
		counter("level_steps_total", "Writes of what users earned, of up to 200 users each.", st.Steps),
		counter("level_earners_total", "Users in them.", st.Deeds),
		counter("level_changes_total", "Levels and memberships that changed.", st.Changes),
		counter("level_lost_total", "Earnings lost because too many waited, and users whose stored level can't be read.", st.Lost+st.Dropped),
	}
}
