package chat

import (
	"context"
	"encoding/json"
	"regexp"
	"time"
)

var eventKind = regexp.MustCompile(`^[A-Za-z]{1,32}$`)

// announcement is what Service.Tell tells.
type announcement struct {
	Kind  string          `json:"kind"`
	Data  json.RawMessage `json:"data"`
	Lossy bool            `json:"lossy,omitempty"`
}

// Tell tells the members of a group, on all nodes, something that is stored nowhere: as an event of a kind, 1 to 32 letters,
// which no other event has. Data is encoded as JSON and may be as long as a message. Who is slow may miss a lossy one.
func (s *Service) Tell(ctx context.Context, group, kind string, data any, lossy bool) error {
	raw, err := json.Marshal(data)
	if err != nil || len(raw) > s.cfg.MessageBytes || !eventKind.MatchString(kind) {
		return ErrParameter.with("data", "must be JSON of at most %d bytes, of a kind of 1 to 32 letters", s.cfg.MessageBytes)
	}
	a := announcement{kind, raw, lossy}
	permit := func(*room) error { return nil }
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		if s.feed != nil {
			if err := s.tellNodes(ctx, group, told{Announcement: &a}); err != nil {
				return outcome{}, err
			}
		}
		return a.outcome(time.Time{}), nil
	})
}

// outcome is what members get. At is when it happened; zero: then, here.
func (a *announcement) outcome(at time.Time) outcome {
	item := event(a.Kind, 0, a.Data)
	item.Event.Lossy = a.Lossy
	return outcome{items: []Item{item}, at: at}
}
