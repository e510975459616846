package main

import (
	"context"
	"time"

	"liveroom/chat"
	"liveroom/chat/level"
	"liveroom/chat/like"
	"liveroom/web"
)

// likesFileEvery is how often likes are written to the files of a node that is alone: what a crash may lose (design §7, class B).
// In Redis each write costs others too.
const likesFileEvery = 200 * time.Millisecond

// likesRedisEvery is how often they are written there.
const likesRedisEvery = time.Second

// likers are the chat as likes need it, which is made after them.
type likers struct{ p *program }

// MaySpeak implements like.Rooms.
func (l likers) MaySpeak(ctx context.Context, group string, who chat.Identity) error {
	return l.p.chat.MaySpeak(ctx, group, who)
}

// Crowded implements like.Rooms.
func (l likers) Crowded(group string) bool { return l.p.chat.Crowded(group) }

// SendWith implements like.Rooms.
func (l likers) SendWith(ctx context.Context, m chat.Message, who chat.Identity, how chat.SendOptions) (chat.Ack, error) {
	return l.p.chat.SendWith(ctx, m, who, how)
}

// joinLikes makes what counts likes. Levels, and all who are in interaction.liked, are told of each.
func (p *program) joinLikes() (err error) {
	read, err := p.set.likesIn()
	if err != nil {
		return err
	}
	cfg := p.set.likes()
	if p.cluster == nil {
		cfg.Flush = likesFileEvery
	}
	cfg.Session = p.liveSession
	cfg.Raise = func(ctx context.Context, group string, likes int64) error {
		return totals{p}.RaiseCounters(ctx, group, map[string]chat.Number{chat.CounterLikes: chat.Number(likes)})
	}
	cfg.Liked = func(group, user string, n int) {
		if user != "" {
			p.levels.Earn(user, level.Likes, int64(n))
		}
		for _, tell := range p.interaction.liked {
			tell(group, user, n)
		}
	}
	if p.likes, err = like.New(cfg, likers{p}, p.stores.likes, p.log); err != nil {
		return err
	}
	p.interaction.counted = append(p.interaction.counted, func(m *chat.Message, _ chat.Identity) {
		if n := read(m); n > 0 {
			p.likes.Notice(m.Group, m.From, n)
		}
	})
	p.interaction.shown = append(p.interaction.shown, func(m *chat.Message) bool { return read(m) > 0 })
	p.interaction.actors = append(p.interaction.actors,
		actor{"likes", p.likes.Run}, actor{"totals of likes", p.once("likes", p.likes.RunTotals)})
	return nil
}

// likeMetrics are what becomes of likes.
func (p *program) likeMetrics() []web.Sample {
	st := p.likes.Stats()
	return []web.Sample{
		counter("likes_total", "Likes that were counted.", st.Accepted),
		counter("likes_refused_total", "Likes beyond what their givers may give in a second.", st.Refused),
		counter("likes_unshown_total", "Calls that were counted and not shown to the room, which had been shown enough.", st.Unshown),
		gauge("likes_waiting_rooms", "Rooms with likes that are not stored yet.", st.Waiting),
	}
}
