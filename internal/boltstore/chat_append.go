package boltstore

import (
	"context"
	"time"

	"liveroom/chat"
)

// Append implements chat.AppendStore.
func (c *Chat) Append(ctx context.Context, group, fence string, messages []chat.FencedMessage, keep chat.Retention) (fresh []*chat.Message, err error) {
	err = c.with(ctx, group, func(g *chatGroup) (err error) {
		now := time.Now()
		fresh, err = g.ledger.Append(now, fence, messages, c.save(ctx, g))
		c.trim(g, now, keep)
		return err
	})
	return fresh, err
}

// trim removes from the log what need not be kept.
func (c *Chat) trim(g *chatGroup, now time.Time, keep chat.Retention) {
	if removed := g.ledger.Trim(now, keep); len(removed) > 0 {
		c.s.later("", logWrite{id: g.id, head: g.ledger.Head(), removed: removed, now: now}.apply)
	}
}
