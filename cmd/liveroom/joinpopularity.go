package main

import (
	"context"
	"errors"

	"liveroom/chat"
	"liveroom/chat/follow"
	"liveroom/chat/gift"
	"liveroom/chat/popularity"
	"liveroom/live"
	"liveroom/status"
	"liveroom/web"
)

// joinPopularity makes the ranking of rooms, and has it told what happens in them.
func (p *program) joinPopularity() (err error) {
	cfg, err := p.set.popularity()
	if err != nil {
		return err
	}
	cfg.Now = p.machine.Now
	cfg.Present = p.presentGroups
	cfg.Online = func(group string) int { return p.chat.Count(group).Online } // made later
	cfg.Publish = p.publishPopularity
	if p.popularity, err = popularity.New(cfg, p.stores.popularity, p.log); err != nil {
		return err
	}
	p.guide = popularity.NewGuide(popularity.GuideConfig{Live: p.liveRooms, Follows: p.followed}, p.popularity)
	p.interaction.spoken = append(p.interaction.spoken, func(m *chat.Message) { p.popularity.Message(m.Group) })
	p.interaction.liked = append(p.interaction.liked, func(group, _ string, n int) { p.popularity.Like(group, int64(n)) })
	p.interaction.gifts = append(p.interaction.gifts, func(o gift.Order) {
		if o.State == gift.Accepted {
			p.popularity.Gift(o.Group, o.Value)
		}
	})
	p.interaction.observers = append(p.interaction.observers, comings{p})
	p.interaction.actors = append(p.interaction.actors, actor{"popularity", p.popularity.Run}, actor{"ranking of rooms", p.once("popularity", p.popularity.Tend)})
	return nil
}

// comings tell popularity and summaries who comes, and popularity and likes which groups end.
type comings struct{ p *program }

// Observe implements chat.Observer.
func (c comings) Observe(facts ...chat.Fact) {
	for _, f := range facts {
		switch f := f.(type) {
		case chat.Came:
			c.p.popularity.Join(f.Group)
			c.p.summaries.Came(f.Group, f.By.User)
		case chat.GroupGone:
			c.p.popularity.Gone(f.Group)
			c.p.likes.Gone(f.Group)
		}
	}
}

// HearsMessages implements chat.Observer.
func (comings) HearsMessages() bool { return false }

// Settle implements chat.Observer.
func (comings) Settle(context.Context) {}

// followedMost is how many of those whom somebody follows count for what he is recommended, the newest.
const followedMost = 1_000

// followed are users whom somebody follows.
func (p *program) followed(ctx context.Context, user string) ([]string, error) {
	page, err := p.stores.follows.FollowList(ctx, user, follow.Following, follow.Place{}, followedMost)
	if err != nil {
		return nil, err
	}
	users := make([]string, len(page))
	for i, one := range page {
		users[i] = one.User
	}
	return users, nil
}

// publishPopularity tells a group its score.
func (p *program) publishPopularity(ctx context.Context, group string, score int64) error {
	err := p.chat.SetServerCounters(ctx, group, map[string]chat.Number{chat.CounterPopularity: chat.Number(score)})
	if errors.Is(err, chat.ErrNoGroup) {
		return popularity.ErrGone
	}
	return err
}

// eachRoom calls visit for each room in some statuses, as long as that says so.
func (p *program) eachRoom(ctx context.Context, visit func(live.Listed) bool, codes ...status.Code) error {
	const page = 200
	for _, code := range codes {
		for after := ""; ; {
			some, next, err := p.stores.rooms.Rooms(ctx, live.ListQuery{Status: code, Limit: page, After: after})
			if err != nil {
				return err
			}
			for _, l := range some {
				if !visit(l) {
					return nil
				}
			}
			if after = next; next == "" {
				break
			}
		}
	}
	return nil
}

// presentGroups are the groups of the rooms whose sessions run.
func (p *program) presentGroups(ctx context.Context) (groups []string, err error) {
	err = p.eachRoom(ctx, func(l live.Listed) bool {
		groups = append(groups, l.Room.GroupID)
		return true
	}, status.Live, status.Paused)
	return groups, err
}

// liveRooms are the rooms that are live, most at most.
func (p *program) liveRooms(ctx context.Context, most int) (rooms []popularity.Room, err error) {
	err = p.eachRoom(ctx, func(l live.Listed) bool {
		rooms = append(rooms, popularity.Room{
			ID: l.Room.ID, Group: l.Room.GroupID, Anchor: l.Room.Anchor, BeganAt: status.SessionBegan(l.Record.Session),
		})
		return len(rooms) < most
	}, status.Live)
	return rooms, err
}

// popularityMetrics are what was ranked.
func (p *program) popularityMetrics() []web.Sample {
	st := p.popularity.Stats()
	return []web.Sample{
		gauge("popularity_waiting_groups", "Groups in which something happened that the ranking of rooms does not have yet.", st.Pending),
		counter("popularity_lost_total", "Groups' seconds that the ranking of rooms never got.", st.Lost),
	}
}
