package im_test

import (
	"context"
	"errors"
	"log/slog"

	"liveroom/address"
	"liveroom/chat"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// newRooms are live rooms over memory, joined with the chat as the program does. Run what it returns.
func (d *door) newRooms(log *slog.Logger) (run func(context.Context) error) {
	d.t.Helper()
	states := status.NewMemory()
	machine := status.NewMachine(states, status.Config{})
	outbox := status.NewSynchroniser(status.SyncConfig{}, states, nil, log)
	machine.Watch(func(s status.State) { outbox.Wake(s.Record.Room) })
	hub := stream.NewHub(stream.Config{})
	var err error
	d.rooms, err = live.New(live.Config{
		Node: "n1", PushKeys: address.Keys{Primary: "push_master_key_0001"}, PlayKeys: address.Keys{Primary: "play_master_key_0003"},
	}, live.NewMemory(states), machine, hub, groups{d.chat}, outbox, log)
	if err != nil {
		d.t.Fatal(err)
	}
	return outbox.Run
}

// found implements chat.Config.Found.
func (d *door) found(ctx context.Context, g chat.GroupDraft) (string, error) {
	draft := live.Draft{GroupID: g.ID, MakeGroupID: g.MakeID, Title: g.Name, Notice: g.Notice, Anchor: g.Owner}
	if live.ValidID(g.ID) {
		draft.ID = g.ID
	}
	l, err := d.rooms.Create(ctx, draft)
	var refused *live.Error
	if errors.As(err, &refused) && refused.Code == "exists" {
		return "", chat.ErrGroupTaken
	}
	return l.Room.GroupID, err
}

// disband implements chat.Config.Disband.
func (d *door) disband(ctx context.Context, _ chat.Identity, g chat.Group) error {
	err := d.rooms.Delete(ctx, g.Room, "")
	var refused *live.Error
	if errors.As(err, &refused) { // made by a test, without a room
		return d.chat.Dismiss(ctx, g.ID)
	}
	return err
}

// groups implements live.Groups.
type groups struct{ chat *chat.Service }

func (g groups) Ensure(ctx context.Context, r live.Room) error {
	return g.chat.Create(ctx, chat.Group{ID: r.GroupID, Room: r.ID, Owner: r.Anchor, Name: r.Title, Notice: r.Notice, CreatedAt: r.CreatedAt})
}

func (g groups) Dismiss(ctx context.Context, group string) error { return g.chat.Dismiss(ctx, group) }

func (g groups) Online(string) int { return 0 }
