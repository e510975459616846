package socket

import (
	"context"
	"runtime/debug"
)

// asideMost is how many ops of one session may wait beside its others.
const asideMost = 8

// aside runs an op that others may keep waiting for seconds, such as a gift that a backend settles, beside the session's other
// frames: what its user says must not wait for that. Answers then come in any order. If too many do already, it is run like any
// op, and the frames behind it wait. The frame itself is not there any more when the op runs.
func (s *session) aside(ctx context.Context, r *request, op func(context.Context, *request) error) error {
	if s.besides.Add(1) > asideMost {
		defer s.besides.Add(-1)
		return op(ctx, r)
	}
	own := *r
	own.raw = nil
	s.srv.wg.Go(func() { // who calls is counted by the same: nobody waits for it yet
		defer s.besides.Add(-1)
		defer func() {
			if v := recover(); v != nil {
				s.panicked(v, debug.Stack())
				s.shut(internal, "")
			}
		}()
		ctx, cancel := context.WithTimeout(s.ctx, s.srv.cfg.OpTimeout)
		defer cancel()
		if err := op(ctx, &own); err != nil {
			s.refuse(&own, err)
		}
	})
	return nil
}
