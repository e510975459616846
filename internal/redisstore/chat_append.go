package redisstore

import (
	"context"

	"liveroom/chat"
)

// Append implements chat.AppendStore.
func (c *Chat) Append(ctx context.Context, group, fence string, messages []chat.FencedMessage, keep chat.Retention) ([]*chat.Message, error) {
	n, at, err := changeHead(ctx, c, group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (int, error) {
		fresh, err := l.Append(at.now, fence, messages, save)
		return len(fresh), err
	}, func(_ chat.Head, n int, w *groupWrite) bool {
		w.keep = keep
		return n > 0
	})
	if err != nil || n > len(messages) {
		return nil, err
	}
	fresh := make([]*chat.Message, n) // numbers rise: they are the last ones
	for i, f := range messages[len(messages)-n:] {
		fresh[i] = f.Message
		fresh[i].Seq, fresh[i].Time = at.seq-uint64(n-1-i), at.at
	}
	return fresh, nil
}
