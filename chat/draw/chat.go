package draw

import (
	"context"

	"liveroom/chat"
)

// fence is the name under which rooms are told of draws (chat.Service.Append).
const fence = "draws"

// Chat is the chat as Rooms.
type Chat struct {
	Service interface {
		Describe(ctx context.Context, group string) (chat.Description, error)
		Robots(ctx context.Context, group string, users []string) (map[string]bool, error)
		Append(ctx context.Context, group, fence string, messages ...chat.Fenced) error
	}
	Store interface { // the service's
		Log(ctx context.Context, group string, after uint64, limit int) (messages []*chat.Message, whole bool, err error)
	}
}

var _ Rooms = Chat{}

// Look implements Rooms.
func (c Chat) Look(ctx context.Context, group string) (anchor string, seq uint64, err error) {
	d, err := c.Service.Describe(ctx, group)
	return d.Owner, d.NextSeq - 1, err
}

// Log implements Rooms.
func (c Chat) Log(ctx context.Context, group string, after uint64, limit int) ([]*chat.Message, bool, error) {
	return c.Store.Log(ctx, group, after, limit)
}

// Robots implements Rooms.
func (c Chat) Robots(ctx context.Context, group string, users []string) (map[string]bool, error) {
	return c.Service.Robots(ctx, group, users)
}

// Append implements Rooms.
func (c Chat) Append(ctx context.Context, group string, o Out) error {
	return c.Service.Append(ctx, group, fence, chat.Fenced{Number: o.Number, Message: chat.Message{Body: o.Body(), Priority: chat.High}})
}
