package web

import (
	"context"
	"net/http"

	"liveroom/live/relay"
)

// Relays is what the API asks of where rooms' streams are pushed on to (relay.Service).
type Relays interface {
	List(ctx context.Context, room string) ([]relay.Listed, error)
	Add(ctx context.Context, room string, d relay.Draft) (relay.Listed, error)
	Change(ctx context.Context, room, id string, p relay.Patch) (relay.Listed, error)
	Remove(ctx context.Context, room, id string) error
}

func (s *Server) registerRelays() {
	offer(s, s.relays != nil, s.operation("relays", http.MethodGet, "/rooms/{room}/relays", "relays", "List where the room's stream is pushed on to, and how that goes", tokenOrAnchor), s.listRelays)
	op := s.operation("add-relay", http.MethodPost, "/rooms/{room}/relays", "relays", "Push the room's stream on to one more address", tokenHolder)
	op.DefaultStatus = http.StatusCreated
	op.Description = "At most 10 a room. It runs whenever the room is live."
	offer(s, s.relays != nil, op, s.addRelay)
	op = s.operation("change-relay", http.MethodPatch, "/rooms/{room}/relays/{relay}", "relays", "Change a relay, or switch it on or off", tokenHolder)
	offer(s, s.relays != nil, op, s.changeRelay)
	op = s.operation("delete-relay", http.MethodDelete, "/rooms/{room}/relays/{relay}", "relays", "Push the room's stream there no more", tokenHolder)
	op.DefaultStatus = http.StatusNoContent
	offer(s, s.relays != nil, op, s.deleteRelay)
}

// RelayPath names a relay.
type RelayPath struct {
	RoomPath
	Relay string `path:"relay" pattern:"^[0-9A-Z]{26}$" maxLength:"26" doc:"The relay's id." example:"01JD0000000000000000000001"`
}

// RelayDraft is a relay to be.
type RelayDraft struct {
	URL     string `json:"url" minLength:"1" maxLength:"1024" doc:"rtmp or rtmps, with the stream key. It is kept, and shown to nobody." example:"rtmps://a.example/live2/STREAM-KEY"`
	Name    string `json:"name,omitempty" maxLength:"64" doc:"At most 64 bytes, for people."`
	Enabled *bool  `json:"enabled,omitempty" doc:"Default true."`
}

// RelayPatch changes what is given.
type RelayPatch struct {
	URL     *string `json:"url,omitempty" minLength:"1" maxLength:"1024" doc:"It connects anew."`
	Name    *string `json:"name,omitempty" maxLength:"64"`
	Enabled *bool   `json:"enabled,omitempty" doc:"false: it says goodbye to the target at once."`
}

// RelayCause is why a relay does not run.
type RelayCause struct {
	Code   string `json:"code" doc:"Stable; docs/recording.md has all." example:"connection_refused"`
	Detail string `json:"detail" doc:"A sentence a person can act on."`
}

// RelayBody is a relay and how it does.
type RelayBody struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	URL       string      `json:"url" doc:"Without what may be secret." example:"rtmps://a.example/live2/…"`
	Enabled   bool        `json:"enabled"`
	State     string      `json:"state" enum:"idle,connecting,running,waiting" doc:"idle: there is nothing to push now; waiting: it failed, and is tried again at nextAt."`
	Since     Time        `json:"since" doc:"Of the state."`
	Cause     *RelayCause `json:"cause" doc:"Why it does not run; null: it does, or the room is not live."`
	Retries   int         `json:"retries" doc:"Failures in a row."`
	NextAt    NullTime    `json:"nextAt" doc:"When it is tried again, while it waits."`
	Bytes     uint64      `json:"bytes" doc:"Sent since the push came to its node."`
	Dropped   uint64      `json:"dropped" doc:"Pieces of media that the target was too slow for, likewise."`
	Node      string      `json:"node" doc:"That has the push; empty: none."`
	CreatedAt Time        `json:"createdAt"`
	ChangedAt Time        `json:"changedAt"`
}

func relayBody(l relay.Listed) RelayBody {
	st := l.State
	b := RelayBody{
		ID: l.ID, Name: l.Name, URL: l.Shown(), Enabled: l.Enabled, State: string(st.Phase), Since: Time{st.Since}, Retries: st.Retries, NextAt: NullTime{st.NextAt},
		Bytes: st.Bytes, Dropped: st.Dropped, Node: st.Node, CreatedAt: Time{l.CreatedAt}, ChangedAt: Time{l.ChangedAt},
	}
	if st.Cause != (relay.Cause{}) {
		b.Cause = &RelayCause{st.Cause.Code, st.Cause.Detail}
	}
	return b
}

type relayOut struct{ Body RelayBody }

type relaysOut struct {
	Body struct {
		Relays []RelayBody `json:"relays" doc:"The oldest first."`
	}
}

func (s *Server) listRelays(ctx context.Context, in *RoomPath) (*relaysOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	all, err := s.relays.List(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	out := &relaysOut{}
	out.Body.Relays = make([]RelayBody, len(all))
	for i, l := range all {
		out.Body.Relays[i] = relayBody(l)
	}
	return out, nil
}

type addRelayIn struct {
	RoomPath
	Body RelayDraft
}

func (s *Server) addRelay(ctx context.Context, in *addRelayIn) (*relayOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	room, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	l, err := s.relays.Add(ctx, in.Room, relay.Draft{Name: in.Body.Name, URL: in.Body.URL, Enabled: in.Body.Enabled == nil || *in.Body.Enabled})
	if err != nil {
		return nil, err
	}
	s.recordRelay(ctx, room.Room.GroupID, "relay_add", l)
	return &relayOut{relayBody(l)}, nil
}

// recordRelay notes a change in the audit log, with the address as it may be shown.
func (s *Server) recordRelay(ctx context.Context, group, action string, l relay.Listed) {
	enabled := "false"
	if l.Enabled {
		enabled = "true"
	}
	s.record(ctx, group, action, l.ID, map[string]string{"name": l.Name, "url": l.Shown(), "enabled": enabled})
}

type changeRelayIn struct {
	RelayPath
	Body RelayPatch
}

func (s *Server) changeRelay(ctx context.Context, in *changeRelayIn) (*relayOut, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	room, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	l, err := s.relays.Change(ctx, in.Room, in.Relay, relay.Patch{Name: in.Body.Name, URL: in.Body.URL, Enabled: in.Body.Enabled})
	if err != nil {
		return nil, err
	}
	s.recordRelay(ctx, room.Room.GroupID, "relay_change", l)
	return &relayOut{relayBody(l)}, nil
}

func (s *Server) deleteRelay(ctx context.Context, in *RelayPath) (*empty, error) {
	ctx, cancel := timed(ctx)
	defer cancel()
	room, err := s.mayDrive(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	if err := s.relays.Remove(ctx, in.Room, in.Relay); err != nil {
		return nil, err
	}
	s.record(ctx, room.Room.GroupID, "relay_delete", in.Relay, nil)
	return nil, nil
}

// relayProblem is a refusal of relay.Service, or of pull.Service.
func relayProblem(e *relay.Error) *Problem {
	httpStatus := http.StatusUnprocessableEntity
	switch e.Code {
	case "not_found":
		httpStatus = http.StatusNotFound
	case "exists", "too_many_relays", "too_many_pulls":
		httpStatus = http.StatusConflict
	}
	return newProblem(httpStatus, e.Code, e.Detail).at(e.Field)
}
