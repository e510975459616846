package chat

import (
	"context"
	"maps"
)

// server is who does what nobody else did.
var server = Identity{User: Administrator, Admin: true}

type (
	actingKey   struct{}
	foundingKey struct{}
)

// ActingAs is ctx with who stands behind what is done with it, for what comes to the chat by way of others: groups that are
// made, changed and dismissed with their live rooms.
func ActingAs(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, actingKey{}, who)
}

// acting is who stands behind what is done with ctx, or somebody else if that is not said.
func acting(ctx context.Context, otherwise Identity) Identity {
	if who, ok := ctx.Value(actingKey{}).(Identity); ok {
		return who
	}
	return otherwise
}

// founding is ctx for making a group of a draft: all that the draft says is told as one fact.
func founding(ctx context.Context, by Identity, d GroupDraft) context.Context {
	return context.WithValue(ActingAs(ctx, by), foundingKey{}, d)
}

// isFounding says whether a group is being made with ctx, of what.
func isFounding(ctx context.Context) (GroupDraft, bool) {
	d, ok := ctx.Value(foundingKey{}).(GroupDraft)
	return d, ok
}

// tellMade tells that a group was made, before anybody can load it.
func (s *Service) tellMade(ctx context.Context, g Group) {
	if s.cfg.Observer == nil {
		return
	}
	if d, ok := isFounding(ctx); ok && len(d.Fields) > 0 {
		g.Fields = maps.Clone(d.Fields)
	}
	s.cfg.Observer.Observe(GroupMade{Occasion{g.ID, g.CreatedAt, acting(ctx, server)}, g})
}
