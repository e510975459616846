package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"liveroom/chat/account"
	"liveroom/live"
	"liveroom/status"
	"liveroom/web/callback"
	"liveroom/web/callback/delivery"
	"liveroom/web/im/client"
)

// imHostEndpoint names the IM host's queues among those of callbacks. No endpoint that is made over the API can have such
// an id.
const imHostEndpoint = "settings-im-host"

// imHostTry bounds one try to tell the IM host a status, which is up to five calls.
const imHostTry = 20 * time.Second

// imHost lets an IM host elsewhere have the statuses of rooms, beside the chat here. It is a step of the synchroniser that
// only queues, so that a host that is away holds up nothing here; the queue keeps a room's order over restarts.
type imHost struct {
	rooms  live.Store
	client *client.Client
	host   *client.Announcer
	queue  callback.Queue // set once there is one
}

// announcement is a record as it is queued, with what is needed to tell it when its room is gone.
type announcement struct {
	Group  string        `json:"group"`
	Title  string        `json:"title"`
	Record status.Record `json:"record"`
}

// joinIMHost makes it, if there is to be one.
func (p *program) joinIMHost(keys Secrets) (err error) {
	if p.set.IMHost == "" {
		return nil
	}
	h := &imHost{rooms: p.stores.rooms}
	if h.client, err = client.New(p.set.imHostConfig(keys)); err != nil {
		return err
	}
	h.host = client.NewAnnouncer(h.client, p.set.IMField == on)
	p.imHost = h
	return nil
}

// imHostConfig is what the client of the IM host is told. Without keys of its own it takes those of this server.
func (s *Settings) imHostConfig(keys Secrets) client.Config {
	return client.Config{
		BaseURL: s.IMHost, Admin: s.IMAdmin,
		Signer: account.Signer{AppID: cmp.Or(keys.IMAppID, keys.SDKAppID), Key: cmp.Or(keys.IMSecret, keys.AppSecret)},
	}
}

// validIMHost says which setting of the IM host can't be used.
func (s *Settings) validIMHost() error {
	if s.IMHost == "" {
		return nil
	}
	if err := s.imHostConfig(Secrets{SDKAppID: 1, AppSecret: "any"}).Validate(); err != nil {
		return fmt.Errorf("im-host: %w", err)
	}
	return nil
}

// ApplyStatus implements status.Announcer.
func (h *imHost) ApplyStatus(ctx context.Context, r status.Record) error {
	room, err := h.rooms.Room(ctx, r.Room)
	if noRoom(err) {
		return nil // its end was queued before it went
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(announcement{Group: room.GroupID, Title: room.Title, Record: r})
	if err != nil {
		return err
	}
	h.queue.Append(delivery.Event{
		Endpoint: imHostEndpoint, Room: r.Room, Class: delivery.State, Command: callback.LiveStatus, Body: body,
		ID: fmt.Sprintf("%s:%s:%d", r.Room, r.Epoch, r.Version),
	})
	return h.queue.Settle(ctx)
}

// Send implements delivery.Sender. Of a room that was deleted meanwhile only the end is told.
func (h *imHost) Send(ctx context.Context, e delivery.Event) delivery.Result {
	var a announcement
	if err := json.Unmarshal(e.Body, &a); err != nil {
		return delivery.Result{Outcome: delivery.Refused, Why: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, imHostTry)
	defer cancel()
	if a.Record.Reason != status.ReasonRoomDeleted {
		if _, err := h.rooms.Room(ctx, a.Record.Room); noRoom(err) {
			return delivery.Result{Outcome: delivery.Delivered}
		}
	}
	return triedIMHost(h.host.To(client.Group{ID: a.Group, Name: a.Title}).ApplyStatus(ctx, a.Record))
}

// triedIMHost is what a try comes to. A host that is too busy, or wants nothing from this application, is as good as away:
// the status is not at fault.
func triedIMHost(err error) delivery.Result {
	if err == nil {
		return delivery.Result{Outcome: delivery.Delivered}
	}
	result := delivery.Result{Outcome: delivery.Failed, Why: err.Error()}
	refused, answered := errors.AsType[*client.Error](err)
	switch {
	case errors.Is(err, client.ErrUnreachable), answered && (refused.Temporary() || refused.Unwelcome()):
		result.Outcome, result.Timeout = delivery.Unwell, errors.Is(err, context.DeadlineExceeded)
	case answered:
		result.Outcome = delivery.Refused
	}
	return result
}

// noRoom says whether err is that there is no such room.
func noRoom(err error) bool {
	missing, is := errors.AsType[*live.Error](err)
	return is && missing.Code == "not_found"
}

// senders sends to the IM host what is for it, and the rest to receivers of callbacks.
type senders struct {
	host      *imHost // nil: there is none
	receivers delivery.Sender
}

// Send implements delivery.Sender.
func (s senders) Send(ctx context.Context, e delivery.Event) delivery.Result {
	if e.Endpoint == imHostEndpoint && s.host != nil {
		return s.host.Send(ctx, e)
	}
	return s.receivers.Send(ctx, e)
}
