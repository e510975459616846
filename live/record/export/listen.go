package export

import (
	"context"
	"time"

	"liveroom/live/record"
)

// Bounds of what Noticed keeps, and of how long one recording may take Listen.
const (
	mostNoticed   = 1000
	noticeTimeout = 30 * time.Second
)

// Noticed hears that a recording is done, and never blocks. Listen does what is to be done about it; what it has no room for,
// or was not done about when the process ended, Run makes up for later.
func (s *Service) Noticed(r record.Recording) {
	select {
	case s.noticed <- r:
	default:
		s.log.Warn("a recording is done, and its exports will begin later", "recording", r.ID)
	}
}

// Listen begins the exports of recordings that Noticed heard of, and has Config.Finished told of them, until ctx ends. Each node
// runs it.
func (s *Service) Listen(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			for { // what is left
				select {
				case r := <-s.noticed:
					s.begin(context.WithoutCancel(ctx), r)
				default:
					return context.Cause(ctx)
				}
			}
		case r := <-s.noticed:
			s.begin(ctx, r)
		}
	}
}

func (s *Service) begin(ctx context.Context, r record.Recording) {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	s.cfg.Finished(ctx, r)
	if err := s.Auto(ctx, r); err != nil {
		s.log.Warn("exports of a recording will begin later", "recording", r.ID, "err", err)
	}
}
