package redisstore

import (
	"context"

	"liveroom/chat"
	"liveroom/web/callback"
)

// Pushes is Redis as callback.PushStore: the hash {lr}:pushes, sequence → callback.Push (JSON).
type Pushes struct {
	s   *Store
	all string
}

var _ callback.PushStore = (*Pushes)(nil)

// Pushes is the view of Redis that the events of streams have.
func (s *Store) Pushes() *Pushes { return &Pushes{s: s, all: s.key("lr", "pushes")} }

// Pushes implements callback.PushStore.
func (p *Pushes) Pushes(ctx context.Context) ([]callback.Push, error) {
	return everything[callback.Push](ctx, p.s, p.all)
}

// PutPushes implements callback.PushStore.
func (p *Pushes) PutPushes(ctx context.Context, all ...callback.Push) error {
	return p.s.change(ctx, chat.OperationAge, func(_ context.Context, d *draft) error {
		for _, push := range all {
			if err := d.put(p.all, push.Sequence, push); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeletePushes implements callback.PushStore.
func (p *Pushes) DeletePushes(ctx context.Context, sequences ...string) error {
	return p.s.change(ctx, chat.OperationAge, func(_ context.Context, d *draft) error {
		gone := make([]any, len(sequences))
		for i, sequence := range sequences {
			gone[i] = sequence
		}
		d.each("HDEL", p.all, gone)
		return nil
	})
}
