package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/chat/audit"
	"liveroom/chat/draw"
	"liveroom/chat/file"
	"liveroom/chat/follow"
	"liveroom/chat/gift"
	"liveroom/chat/kind"
	"liveroom/chat/level"
	"liveroom/chat/like"
	"liveroom/chat/popularity"
	"liveroom/chat/schedule"
	"liveroom/chat/setting"
	"liveroom/chat/summary"
	"liveroom/chat/words"
	"liveroom/internal/boltstore"
	"liveroom/live"
	"liveroom/live/programme"
	"liveroom/live/pull"
	"liveroom/live/record"
	"liveroom/live/record/export"
	"liveroom/live/relay"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/callback"
	"liveroom/web/callback/delivery"
	"liveroom/web/signin"
)

// eventLog is how many status changes the installation's log keeps for backends that resume.
const eventLog = 10_000

// stores are where all parts keep what must outlive the process: files in the data folder of a node that is alone, the
// Redis of a cluster.
type stores struct {
	status     status.Store
	rooms      live.Store
	chat       chat.Store
	accounts   account.Store
	audit      audit.Store
	words      words.Store
	files      file.Store
	levels     level.Store // of a cluster also level.News
	draws      draw.Store
	gifts      gift.Store
	likes      like.Store
	follows    follow.Store
	kinds      kind.Store
	settings   setting.Store
	signIn     signin.Store
	relays     relay.Store
	pulls      pull.Store
	broadcasts schedule.Store
	programmes programme.Store
	endpoints  callback.EndpointStore
	pushes     callback.PushStore
	popularity popularity.Store
	summaries  summary.Store
	recordings record.Store
	exports    export.Store
	queues     delivery.Store // nil in a cluster, whose nodes have them together

	actors  []actor // that write what is buffered; they end after all that uses the stores
	metrics web.Source
	close   func() error // after them
}

// openFiles opens the embedded stores.
func openFiles(data string, log *slog.Logger) (*stores, error) {
	main, err := boltstore.Open(filepath.Join(data, "liveroom.db"), log)
	if err != nil {
		return nil, err
	}
	queues, err := boltstore.OpenCallbacks(filepath.Join(data, "callbacks.db"), log)
	if err != nil {
		return nil, errors.Join(err, main.Close())
	}
	states, talk := main.Status(eventLog), main.Chat()
	return &stores{
		status: states, rooms: main.Live(states), chat: talk, accounts: main.Accounts(), audit: main.Audit(), words: main.Words(),
		files: main.Files(), endpoints: main.Endpoints(), pushes: main.Pushes(), queues: queues,
		gifts: main.Gifts(), likes: main.Likes(), follows: main.Follows(), levels: main.Levels(), popularity: main.Popularity(),
		draws: main.Draws(), broadcasts: main.Broadcasts(), programmes: main.Programmes(), summaries: main.Summaries(), kinds: main.Kinds(), settings: main.Settings(), recordings: main.Recordings(),
		signIn: main.SignIn(), relays: main.Relays(), pulls: main.Pulls(), exports: main.Exports(),
		actors:  []actor{{"store", main.Run}},
		metrics: fileStoreMetrics(main),
		// The chat is the first: it notes that no sequence number was left out.
		close: func() error { return errors.Join(talk.Close(), queues.Close(), main.Close()) },
	}, nil
}

// stores are those in Redis.
func (c *cluster) stores() *stores {
	talk := c.redis.Chat()
	return &stores{
		status: c.states, rooms: c.redis.Live(c.states), chat: talk, accounts: c.redis.Accounts(), audit: c.redis.Audit(), words: c.redis.Words(),
		files: c.redis.Files(), endpoints: c.redis.Endpoints(), pushes: c.redis.Pushes(),
		gifts: c.redis.Gifts(), likes: c.redis.Likes(), follows: c.redis.Follows(), levels: c.redis.Levels(), popularity: c.redis.Popularity(),
		draws: c.redis.Draws(), broadcasts: c.redis.Broadcasts(), programmes: c.redis.Programmes(), summaries: c.redis.Summaries(), kinds: c.redis.Kinds(), settings: c.redis.Settings(), recordings: c.redis.Recordings(),
		signIn: c.redis.SignIn(), relays: c.redis.Relays(), pulls: c.redis.Pulls(), exports: c.redis.Exports(),
		actors:  []actor{{"chat of the cluster", talk.Run}},
		metrics: c.metrics,
		close:   func() error { return nil }, // the connections outlive it
	}
}

// fileStoreMetrics are what the embedded store has not written yet.
func fileStoreMetrics(s *boltstore.Store) web.Source {
	return func() []web.Sample {
		st := s.BufferStats()
		return []web.Sample{
			gauge("store_waiting_writes", "Writes of chat messages and the like that are not on disk yet.", st.Waiting),
			counter("store_dropped_writes_total", "Such writes lost, because too many waited or the file refused them.", st.Dropped),
		}
	}
}

// storeCheck says whether the embedded store answers.
func storeCheck(states status.Store) web.Check {
	return web.Check{Name: "store", Needs: true, Probe: func(ctx context.Context) error {
		_, err := states.EventHead(ctx)
		return err
	}}
}
