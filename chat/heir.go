package chat

import (
	"context"
	"time"
)

// inherit takes over, until ctx ends, who was in groups by nodes that live no more: as if their lines had fallen here at
// that moment. Who comes back by any node was never away, and of the others the Observer is told as of those of this node.
// What is taken over by a node that dies before it told its own registry is lost.
func (s *Service) inherit(ctx context.Context) {
	if s.cfg.Gate == nil && s.cfg.Observer == nil {
		return
	}
	tick := time.NewTicker(heirEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for {
			left, err := s.abroad.n.Inherit(ctx)
			if err != nil || len(left) == 0 {
				break
			}
			for user, w := range left {
				s.inheritUser(ctx, user, w)
			}
		}
	}
}

// inheritUser takes over one user.
func (s *Service) inheritUser(ctx context.Context, user string, w Whereabouts) {
	defer s.acquaint(ctx, Identity{User: user})()
	for _, seat := range w.Seats {
		a := absent{since: time.Now()}
		if !seat.There() {
			a = absent{seat.AwaySince, seat.AwayTold}
		}
		_ = s.with(ctx, seat.Group, func(r *room) error { // of a group that is gone nothing is told
			if _, known := r.away[user]; !known && !r.has(user) && !r.isElsewhere(user) {
				r.setAway(user, a)
			}
			return nil
		})
	}
}
