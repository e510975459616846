package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"liveroom/chat"
	"liveroom/chat/account"
	"liveroom/live"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
	"liveroom/status"
)

// announcer is the synchroniser's door to the chat: it writes a record as message, attribute and custom field of the
// room's group (design §4).
type announcer struct {
	rooms live.Store
	chat  *chat.Service
}

// ApplyStatus implements status.Announcer. The group is made if a crash came between the room and its group.
func (a *announcer) ApplyStatus(ctx context.Context, r status.Record) error {
	room, err := a.rooms.Room(ctx, r.Room)
	var missing *live.Error
	if errors.As(err, &missing) {
		return nil // deleted meanwhile, and its group with it: nobody is left to tell
	}
	if err != nil {
		return err
	}
	record, err := json.Marshal(r)
	if err != nil {
		return err
	}
	field, err := r.Short()
	if err != nil {
		return err
	}
	change := chat.StatusChange{Group: room.GroupID, Epoch: r.Epoch, Version: r.Version, Record: record, Field: field}
	err = a.chat.ApplyStatus(ctx, change)
	if errors.Is(err, chat.ErrNoGroup) {
		if err = (&groups{a.chat}).Ensure(ctx, room); err == nil {
			err = a.chat.ApplyStatus(ctx, change)
		}
	}
	return err
}

// groups is the chat side of a room, as live wants it.
type groups struct{ chat *chat.Service }

// Ensure implements live.Groups. Where the group exists already it gets the room's title, anchor and notice; who is in
// it is told of what changed, and the former anchor has an owner's rights no longer.
func (g *groups) Ensure(ctx context.Context, r live.Room) error {
	if err := g.chat.Create(ctx, chat.Group{
		ID: r.GroupID, Room: r.ID, Owner: r.Anchor, Name: r.Title, Notice: r.Notice, CreatedAt: r.CreatedAt,
	}); err != nil {
		return fmt.Errorf("create group %s: %w", r.GroupID, err)
	}
	now, err := g.chat.Group(ctx, r.GroupID)
	if err != nil {
		return fmt.Errorf("read group %s: %w", r.GroupID, err)
	}
	if now.Name != r.Title || now.Owner != r.Anchor {
		if err := g.chat.SetOwner(ctx, r.GroupID, r.Title, r.Anchor); err != nil {
			return fmt.Errorf("set profile of group %s: %w", r.GroupID, err)
		}
	}
	if r.Notice != now.Notice {
		server := chat.Identity{User: chat.Administrator, Admin: true}
		if err := g.chat.SetNotice(ctx, r.GroupID, server, r.Notice); err != nil {
			return fmt.Errorf("set notice of group %s: %w", r.GroupID, err)
		}
	}
	return nil
}

// Dismiss implements live.Groups.
func (g *groups) Dismiss(ctx context.Context, group string) error {
	if err := g.chat.Dismiss(ctx, group); err != nil && !errors.Is(err, chat.ErrNoGroup) {
		return err
	}
	return nil
}

// Online implements live.Groups.
func (g *groups) Online(group string) int { return g.chat.Count(group).Online }

// rename gives the chat's change of a name or notice to the live room, which keeps them and brings the group in step.
func (p *program) rename(ctx context.Context, g chat.Group, name, notice *string) error {
	_, err := p.rooms.Update(ctx, g.Room, live.Patch{Title: name, Notice: notice})
	return refusedByRoom(err)
}

// found makes a live room and its group for who wants a group. The room has the group's id where that is legal, and no other
// room has it, be it as id or as stream.
func (p *program) found(ctx context.Context, d chat.GroupDraft) (string, error) {
	draft := live.Draft{GroupID: d.ID, MakeGroupID: d.MakeID, Title: d.Name, Notice: d.Notice, Anchor: d.Owner}
	if live.ValidID(d.ID) {
		draft.ID = d.ID // else one is made up
	}
	l, err := p.rooms.Create(ctx, draft)
	var refused *live.Error
	if errors.As(err, &refused) && refused.Code == "exists" && refused.Field != "groupId" {
		draft.ID = ""
		l, err = p.rooms.Create(ctx, draft)
	}
	if err == nil { // who made it may write what belongs to it at once: its first status comes before that
		if late := p.outbox.Flush(ctx, l.Room.ID); late != nil {
			p.log.Warn("first status of a new room not announced yet", "room", l.Room.ID, "err", late)
		}
	}
	return l.Room.GroupID, refusedByRoom(err)
}

// disband ends the live room of a group.
func (p *program) disband(ctx context.Context, by chat.Identity, g chat.Group) error {
	return refusedByRoom(p.rooms.Delete(ctx, g.Room, "dismissed by "+by.User))
}

// refusedByRoom is what a live room refuses, as the chat says it. One that is being deleted is gone.
func refusedByRoom(err error) error {
	if errors.Is(err, status.ErrUnknownRoom) {
		return chat.ErrNoGroup
	}
	var refused *live.Error
	if !errors.As(err, &refused) {
		return err
	}
	kind := chat.ErrParameter
	switch refused.Code {
	case "not_found":
		return chat.ErrNoGroup
	case "exists":
		return chat.ErrGroupTaken
	case chat.ErrBlocked.Name:
		kind = chat.ErrBlocked
	}
	return &chat.Error{Code: kind.Code, Name: kind.Name, Field: refused.Field, Detail: refused.Detail}
}

// account is somebody in whose name an administrator sends.
func (p *program) account(ctx context.Context, user string) (chat.Identity, error) {
	a, err := p.accounts.Account(ctx, user)
	switch {
	case err == nil:
		return chat.Identity{User: a.User, Nick: a.Nick, Avatar: a.Avatar}, nil
	case errors.Is(err, account.ErrUnknownUser) && p.accounts.IsAdmin(user):
		return chat.Identity{User: user, Admin: true}, nil // named in the settings, and was never here
	case errors.Is(err, account.ErrUnknownUser):
		return chat.Identity{}, chat.ErrNoAccount
	default:
		return chat.Identity{}, err
	}
}

// rtmpAdmission gives the RTMP door its own interface over the live service.
type rtmpAdmission struct{ rooms players }

// Publish implements rtmp.Admission.
func (a rtmpAdmission) Publish(ctx context.Context, req stream.Request) (rtmp.Push, error) {
	p, err := a.rooms.Publish(ctx, req)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Play implements rtmp.Admission.
func (a rtmpAdmission) Play(ctx context.Context, req stream.Request) (*stream.Subscriber, error) {
	return a.rooms.Play(ctx, req)
}
