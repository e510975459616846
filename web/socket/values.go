package socket

import (
	"context"

	"liveroom/chat"
)

// Values is what the door needs of attributes and counters.
type Values interface {
	Attributes(ctx context.Context, group string, keys []string) (chat.Values, error)
	WriteAttributes(ctx context.Context, group string, by chat.Identity, c chat.AttributeChange) (chat.Values, error)

	Counters(ctx context.Context, group string, keys []string) (chat.Counters, error)
	SetCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	AddCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	DeleteCounters(ctx context.Context, group string, by chat.Identity, keys []string) error
}

// values runs an op on the attributes or counters of a group the session is in.
func (s *session) values(ctx context.Context, r *request) error {
	switch r.Op {
	case "getAttributes":
		return s.getAttributes(ctx, r)
	case "setAttributes":
		return s.writeAttributes(ctx, r, chat.AttributeChange{Op: chat.SetAttribute, Set: r.Attributes})
	case "replaceAttributes":
		return s.writeAttributes(ctx, r, chat.AttributeChange{Op: chat.ReplaceAttribute, Set: r.Attributes})
	case "deleteAttributes":
		return s.writeAttributes(ctx, r, chat.AttributeChange{Op: chat.DeleteAttribute, Keys: r.Keys})
	case "deleteCounters":
		return s.done(r, s.srv.rooms.DeleteCounters(ctx, r.Group, s.who, r.Keys))
	default: // getCounters, setCounters, addCounter
		return s.counters(ctx, r)
	}
}

func (s *session) getAttributes(ctx context.Context, r *request) error {
	found, err := s.srv.rooms.Attributes(ctx, r.Group, r.Keys)
	if err != nil {
		return err
	}
	b := appendField(answer(r, 256), "attributes", orNone(found.All))
	s.answer(finish(appendField(b, "version", found.Version)))
	return nil
}

// writeAttributes makes a change. The version that the client names is the one it knew.
func (s *session) writeAttributes(ctx context.Context, r *request, c chat.AttributeChange) error {
	var f struct {
		Version uint64 `json:"version"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	c.Known = f.Version
	now, err := s.srv.rooms.WriteAttributes(ctx, r.Group, s.who, c)
	if err != nil {
		return err
	}
	s.answer(finish(appendField(answer(r, 32), "version", now.Version)))
	return nil
}

// counters runs the ops on counters that answer some.
func (s *session) counters(ctx context.Context, r *request) error {
	var f struct {
		Counters map[string]chat.Number `json:"counters"`
		Key      string                 `json:"key"`
		Value    chat.Number            `json:"value"`
	}
	if err := r.into(&f); err != nil {
		return err
	}
	var found chat.Counters
	var err error
	switch r.Op {
	case "getCounters":
		found, err = s.srv.rooms.Counters(ctx, r.Group, r.Keys)
	case "setCounters":
		found, err = s.srv.rooms.SetCounters(ctx, r.Group, s.who, f.Counters)
	default: // addCounter
		found, err = s.srv.rooms.AddCounters(ctx, r.Group, s.who, map[string]chat.Number{f.Key: f.Value})
	}
	if err != nil {
		return err
	}
	b := appendField(answer(r, 256), "counters", orNone(found.All))
	s.answer(finish(appendField(b, "version", found.Version)))
	return nil
}

// orNone lets an absent map be {} on the wire.
func orNone[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
