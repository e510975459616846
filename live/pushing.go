package live

import (
	"context"
	"maps"
	"slices"
)

// Pushing lists the rooms whose push runs on this node, in order of id. It is for what looks again and again: a room that is
// being changed in this moment, or can't be read, is left out.
func (s *Service) Pushing(ctx context.Context) []Room {
	s.mu.Lock()
	views := maps.Clone(s.views)
	s.mu.Unlock()
	var out []Room
	for _, id := range slices.Sorted(maps.Keys(views)) {
		v := views[id]
		if !v.mu.TryLock() {
			continue
		}
		pushed := v.push != nil
		v.mu.Unlock()
		if !pushed || ctx.Err() != nil {
			continue
		}
		if r, err := s.nearRoom(ctx, id); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// nearRoom is a room as it is known nearby, if that is as good as the store, else as it is stored.
func (s *Service) nearRoom(ctx context.Context, id string) (Room, error) {
	if known, fresh := s.near.get(id); fresh && known.room.ID != "" {
		return known.room, nil
	}
	mark := s.near.mark()
	r, err := s.store.Room(ctx, id)
	if err == nil {
		s.near.keepRoom(mark, r)
	}
	return r, err
}
