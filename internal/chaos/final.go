package chaos

import (
	"context"
	"time"
)

// look asks a node for all of a room that Final has.
func (w *World) look(ctx context.Context, n Node, room string) (f Final, ok bool) {
	if w.call(ctx, n, "GET", "/api/v1/rooms/"+room+"/status", nil, &f.Record) != Done {
		return f, false
	}
	var group struct{ Members int }
	if w.call(ctx, n, "GET", "/api/v1/rooms/"+room+"/chat", nil, &group) != Done {
		return f, false
	}
	f.Members = group.Members
	f.Values, ok = w.values(ctx, n, room)
	return f, ok
}

// Settle waits until all nodes answer the same of all rooms, and what the actors know of them, but for what the rules except, or
// ctx ends. Either way it notes what they answer then; whether that is right is for Check.
func (w *World) Settle(ctx context.Context, rooms []string, rules Rules) {
	rng := w.rng("settle")
	said := ""
	for {
		finals, whole := w.finals(context.WithoutCancel(ctx), rooms)
		still := unrest(append(w.History.Events(), finals...), rules.Except)
		if still != said {
			w.History.Add("settle", "", "", Unrest{still})
			said = still
		}
		if whole && still == "" || !pause(ctx, rng, 300*time.Millisecond) {
			for _, f := range finals {
				w.History.Add(f.Who, f.Node, f.Room, f.What)
			}
			return
		}
	}
}

// finals asks all nodes for all rooms; whole: all have answered.
func (w *World) finals(ctx context.Context, rooms []string) (all []Event, whole bool) {
	whole = true
	for _, room := range rooms {
		for _, n := range w.Nodes {
			f, ok := w.look(ctx, n, room)
			whole = whole && ok
			all = append(all, Event{w.History.Now(), "settle", n.Name, room, f})
		}
	}
	return all, whole
}

// unrest says what is not yet as it should be at a history's end, whatever came before; empty: nothing.
func unrest(events []Event, except []string) string {
	for _, v := range Check(events, Rules{Except: except}) {
		switch v.Invariant {
		case NothingLost, Agree, NewestKept, NoGhosts, TrueCount, AllBack, Converges, StateTold:
			return v.String()
		}
	}
	return ""
}
