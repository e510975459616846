package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
	"liveroom/web/callback/delivery"
)

var _ delivery.Exchange = (*Callbacks)(nil)

var scriptPost = load("callbacks_post")

// How questions to the node that delivers are kept and answers waited for.
const (
	askAge  = 10 * time.Second
	askPoll = 20 * time.Millisecond
)

// postedBytes is what an event takes in the inbox, about.
func postedBytes(head, body, queue int) int64 { return int64(head + body + queue + 100) }

// Post implements delivery.Exchange.
func (c *Callbacks) Post(ctx context.Context, poster, id string, most int64, events []delivery.Posted) error {
	keys := []string{c.key("inbox"), c.key("inbox", "bytes"), c.key("put", poster), c.key("wake")}
	size, args := int64(0), []any{id, most, 0}
	for _, e := range events {
		head, err := json.Marshal(storedItem{ID: e.ID, Command: e.Command, Query: e.Query, At: e.At, Lost: e.Lost})
		if err != nil {
			return fmt.Errorf("encode event %s: %w", e.ID, err)
		}
		queue := queueField(delivery.Key{Endpoint: e.Endpoint, Room: e.Room, Class: e.Class})
		size += postedBytes(len(head), len(e.Body), len(queue))
		args = append(args, head, e.Body, queue)
	}
	args[2] = size
	done, err := c.s.run(ctx, scriptPost, keys, args...).Bool()
	if err == nil && !done {
		return delivery.ErrFull
	}
	return away(err)
}

// inboxPage is how many events are read at a time.
const inboxPage = 1000

// Inbox implements delivery.Exchange.
func (c *Callbacks) Inbox(ctx context.Context, after string, limit int, most int64) (events []delivery.Posted, err error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	from := "-"
	if after != "" {
		from = "(" + after
	}
	page, err := c.s.rdb.XRangeN(ctx, c.key("inbox"), from, "+", int64(min(limit, inboxPage))).Result()
	if err != nil {
		return nil, away(err)
	}
	for _, m := range page {
		head, body, err := decodeEvent[storedItem](m)
		field, _ := m.Values["k"].(string)
		key, err2 := queueOf(field)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		text, _ := m.Values["h"].(string)
		size := postedBytes(len(text), len(body), len(field))
		if most -= size; len(events) > 0 && most < 0 {
			break
		}
		events = append(events, delivery.Posted{
			Event: head.event(key, body), Place: m.ID, QueuedAt: time.UnixMilli(int64(seqOf(m))).UTC(), Bytes: size, Lost: head.Lost,
		})
	}
	return events, nil
}

// Listen implements delivery.Exchange.
func (c *Callbacks) Listen(ctx context.Context, wake func()) {
	sub := c.s.rdb.SSubscribe(ctx, c.key("wake"))
	defer sub.Close()
	messages := sub.ChannelWithSubscriptions() // a subscription made again comes as one: messages were missed
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-messages:
			if !open { // the Store is closed
				messages = nil
			}
			wake()
		}
	}
}

// Ask implements delivery.Exchange.
func (c *Callbacks) Ask(ctx context.Context, q delivery.Question) ([]byte, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	err = c.s.changeIn(ctx, "q", chat.OperationAge, func(_ context.Context, d *draft) error {
		d.do("RPUSH", c.key("asks"), text)
		d.do("PEXPIRE", c.key("asks"), askAge.Milliseconds())
		d.do("SPUBLISH", c.key("wake"), "ask")
		return nil
	})
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(askPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, delivery.ErrNoCourier
		case <-tick.C:
		}
		answer, err := c.s.rdb.LIndex(context.WithoutCancel(ctx), c.key("answer", q.ID), 0).Bytes()
		if err == nil {
			return answer, nil
		}
		if !errors.Is(err, redis.Nil) {
			return nil, away(err)
		}
	}
}

// Questions implements delivery.Exchange.
func (c *Callbacks) Questions(ctx context.Context) (all []delivery.Question, err error) {
	texts, err := c.s.command(ctx, "lpop", c.key("asks"), 100).StringSlice()
	if err != nil {
		if errors.Is(err, redis.Nil) {
			return nil, nil
		}
		return nil, away(err)
	}
	for _, text := range texts {
		var q delivery.Question
		if json.Unmarshal([]byte(text), &q) == nil { // no node asks otherwise
			all = append(all, q)
		}
	}
	return all, nil
}

// Answer implements delivery.Exchange.
func (c *Callbacks) Answer(ctx context.Context, id string, text []byte) error {
	return c.s.changeIn(ctx, "q", chat.OperationAge, func(_ context.Context, d *draft) error {
		d.do("RPUSH", c.key("answer", id), text)
		d.do("PEXPIRE", c.key("answer", id), askAge.Milliseconds())
		return nil
	})
}
