package im

import (
	"context"
	"math"

	"liveroom/chat"
)

// ChatCounters keeps the counters of groups (chat.Service).
type ChatCounters interface {
	SetCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	AddCounters(ctx context.Context, group string, by chat.Identity, values map[string]chat.Number) (chat.Counters, error)
	DeleteCounters(ctx context.Context, group string, by chat.Identity, keys []string) error
	Counters(ctx context.Context, group string, keys []string) (chat.Counters, error)
}

func (s *Server) registerCounters() {
	register(s, &groups, "update_group_counter", limits{}, s.updateCounters)
	register(s, &groups, "get_group_counter", limits{}, s.groupCounters)
	register(s, &groups, "delete_group_counter", limits{}, s.deleteCounters)
}

// counter is one counter; on the wire it is a number whatever its size (spec im-rest §3.18).
type counter struct {
	Key   string
	Value int64
}

type updateCountersRequest struct {
	GroupID  string `json:"GroupId" im:"need"`
	Counters []struct {
		Key   string
		Value *int64 `im:"need"`
	} `json:"GroupCounter" im:"need"`
	Mode string // empty: Set
}

type countersAnswer struct {
	Counters []counter `json:"GroupCounter"`
}

type counterKeysRequest struct {
	GroupID string   `json:"GroupId" im:"need"`
	Keys    []string `json:"GroupCounterKeys"` // none: all
}

// updateCounters sets counters, adds to them or takes away, and answers what they are then.
func (s *Server) updateCounters(ctx context.Context, by chat.Identity, in *updateCountersRequest) (*countersAnswer, error) {
	write := s.chat.SetCounters
	switch in.Mode {
	case "", "Set":
	case "Increase", "Decrease":
		write = s.chat.AddCounters
	default:
		return nil, bad("Mode", "must be Set, Increase or Decrease")
	}
	values := make(map[string]chat.Number, len(in.Counters))
	for _, c := range in.Counters {
		if _, twice := values[c.Key]; twice {
			return nil, bad("GroupCounter", "a key comes twice")
		}
		value := *c.Value
		if in.Mode == "Decrease" {
			if value == math.MinInt64 {
				return nil, bad("GroupCounter", "%d can't be taken away: it has no opposite in 64 bits", value)
			}
			value = -value
		}
		values[c.Key] = chat.Number(value)
	}
	now, err := write(ctx, in.GroupID, by, values)
	if err != nil {
		return nil, err
	}
	return countersOf(now), nil
}

func (s *Server) groupCounters(ctx context.Context, _ chat.Identity, in *counterKeysRequest) (*countersAnswer, error) {
	now, err := s.chat.Counters(ctx, in.GroupID, in.Keys)
	if err != nil {
		return nil, err
	}
	return countersOf(now), nil
}

func (s *Server) deleteCounters(ctx context.Context, by chat.Identity, in *counterKeysRequest) (*bare, error) {
	return nil, s.chat.DeleteCounters(ctx, in.GroupID, by, in.Keys)
}

func countersOf(now chat.Counters) *countersAnswer {
	out := &countersAnswer{make([]counter, 0, len(now.All))}
	for key, value := range sorted(now.All) {
		out.Counters = append(out.Counters, counter{key, int64(value)})
	}
	return out
}
