package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Keys and channels of news:
//
//	{lr}:changed  hash: kind → how often something of that kind was changed, by any node
//	{lr}:changed  sharded channel: the kind, after each change
//
// The counts tell what a message could not: messages are lost.

// newsEvery is how often the counts are looked at, whatever the messages said.
const newsEvery = 2 * time.Second

// News tells what caches what is stored that it has changed, on this node or another, within a second while messages come
// and within a few otherwise.
type News struct {
	s       *Store
	log     *slog.Logger
	every   time.Duration
	watched []newsWatch
}

// newsWatch is one who wants to know of a kind. Seen is the count he knows of, "?" for none.
type newsWatch struct {
	kind   string
	reload func(ctx context.Context) error
	seen   string
	failed bool
}

// News returns what tells of changes while it runs.
func (s *Store) News() *News { return &News{s: s, log: s.log, every: newsEvery} }

// Watch has reload called after each change of a kind, and once at the begin of Run. Changes may be told together. One that
// fails is called again. All Watch is before Run; reloads are called one at a time.
func (n *News) Watch(kind string, reload func(ctx context.Context) error) {
	n.watched = append(n.watched, newsWatch{kind: kind, reload: reload, seen: "?"})
}

// Run tells until ctx ends.
func (n *News) Run(ctx context.Context) error {
	sub := n.s.rdb.SSubscribe(ctx, n.s.newsKey())
	defer sub.Close()
	messages := sub.ChannelWithSubscriptions() // a subscription made again comes as one: messages were missed
	tick := time.NewTicker(n.every)
	defer tick.Stop()
	for {
		n.look(ctx)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		case _, open := <-messages:
			if !open { // the Store is closed
				messages = nil
			}
		}
	}
}

// look reads the counts and tells who does not know them.
func (n *News) look(ctx context.Context) {
	kinds := make([]string, len(n.watched))
	for i, w := range n.watched {
		kinds[i] = w.kind
	}
	counts, err := n.counts(ctx, kinds)
	if err != nil {
		return // Redis is away, which others say
	}
	for i := range n.watched {
		w := &n.watched[i]
		if count := fmt.Sprint(counts[i]); w.seen != count {
			n.tell(ctx, w, count)
		}
	}
}

func (n *News) counts(ctx context.Context, kinds []string) ([]any, error) {
	ctx, cancel := n.s.within(ctx)
	defer cancel()
	return n.s.fields(ctx, n.s.newsKey(), kinds...)
}

func (n *News) tell(ctx context.Context, w *newsWatch, count string) {
	err := w.reload(ctx)
	if err == nil {
		w.seen, w.failed = count, false
		return
	}
	if !w.failed && ctx.Err() == nil {
		n.log.Warn("changes are not in force on this node yet; will retry", "kind", w.kind, "err", err)
	}
	w.failed = true
}

func (s *Store) newsKey() string { return s.key("lr", "changed") }

// news notes that something of a kind changes.
func (d *draft) news(kind string) {
	d.do("HINCRBY", d.s.newsKey(), kind, 1)
	d.do("SPUBLISH", d.s.newsKey(), kind)
}
