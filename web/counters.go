package web

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"liveroom/chat"
)

// Number is a counter's value on the wire.
type Number struct{ chat.Number }

// Schema describes the type in the API's description.
func (Number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A whole number of 64 bits with sign; beyond ±(2^53−1) a string of its decimal digits. Both forms are read.",
		OneOf:       []*huma.Schema{{Type: huma.TypeInteger}, {Type: huma.TypeString, Pattern: `^-?[0-9]{1,19}$`, MaxLength: ptr(20)}},
		Examples:    []any{42},
	}
}

// CountersBody holds counters.
type CountersBody struct {
	Counters map[string]Number `json:"counters"`
	Version  uint64            `json:"version" doc:"Grows with each change."`
}

type countersOut struct{ Body CountersBody }

type countersIn struct {
	RoomPath
	Body struct {
		Counters map[string]Number `json:"counters" maxProperties:"20" doc:"Keys of 1 to 128 bytes."`
	}
}

func (in *countersIn) values() map[string]chat.Number {
	values := make(map[string]chat.Number, len(in.Body.Counters))
	for key, n := range in.Body.Counters {
		values[key] = n.Number
	}
	return values
}

func (s *Server) registerCounters() {
	register(s, s.operation("counters", http.MethodGet, "/rooms/{room}/counters", "chat", "Show the group's counters", anyone), s.counters)
	register(s, s.operation("replace-counters", http.MethodPut, "/rooms/{room}/counters", "chat", "Replace the group's counters", tokenOrAnchor), s.countersWith(s.chat.ReplaceCounters))
	register(s, s.operation("set-counters", http.MethodPatch, "/rooms/{room}/counters", "chat", "Set some of the group's counters", tokenOrAnchor), s.countersWith(s.chat.SetCounters))
	register(s, s.operation("add-counters", http.MethodPost, "/rooms/{room}/counters", "chat", "Add to counters, or take away", tokenOrAnchor), s.countersWith(s.chat.AddCounters))
	op := s.operation("delete-counters", http.MethodDelete, "/rooms/{room}/counters", "chat", "Delete counters", tokenOrAnchor)
	op.DefaultStatus = http.StatusNoContent
	register(s, op, s.deleteCounters)
}

func countersAnswer(c chat.Counters) *countersOut {
	out := &countersOut{CountersBody{make(map[string]Number, len(c.All)), c.Version}}
	for key, n := range c.All {
		out.Body.Counters[key] = Number{n}
	}
	return out
}

func (s *Server) counters(ctx context.Context, in *KeysIn) (*countersOut, error) {
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	found, err := s.chat.Counters(ctx, group, in.list())
	if err != nil {
		return nil, err
	}
	return countersAnswer(found), nil
}

// countersWith makes a handler of a write, which answers the counters it named.
func (s *Server) countersWith(
	write func(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error),
) func(context.Context, *countersIn) (*countersOut, error) {
	return func(ctx context.Context, in *countersIn) (*countersOut, error) {
		var now chat.Counters
		err := s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) (err error) {
			now, err = write(ctx, group, by, in.values())
			return err
		})
		if err != nil {
			return nil, err
		}
		return countersAnswer(now), nil
	}
}

func (s *Server) deleteCounters(ctx context.Context, in *KeysIn) (*empty, error) {
	return nil, s.forMember(ctx, in.Room, func(ctx context.Context, group string, by chat.Identity) error {
		return s.chat.DeleteCounters(ctx, group, by, in.list())
	})
}
