package export

import (
	"context"
	"time"

	"liveroom/live/record"
)

// Bounds of what Noticed keeps, and of how long one recording may take Listen; and when it tells again what it could not.
const (
	mostNoticed   = 1000
	noticeTimeout = 30 * time.Second
	noticeAgain   = 5 * time.Second
)

// Noticed hears that a recording is done, and never blocks. Listen does what is to be done about it. Of what it has no room for, or
// was not done when the process ended, Run tells and begins the exports later.
func (s *Service) Noticed(r record.Recording) {
	select {
	case s.noticed <- r:
	default:
		s.log.Error("a recording is done, which is told and exported later", "recording", r.ID)
	}
}

// Listen begins the exports of recordings that Noticed heard of, and has Config.Finished told of them, until ctx ends and once more
// then. Each node runs it.
func (s *Service) Listen(ctx context.Context) error {
	var untold []record.Recording // in their order; at most as many as may be noticed
	again := time.NewTicker(noticeAgain)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			s.listenLast(context.WithoutCancel(ctx), untold)
			return context.Cause(ctx)
		case <-again.C:
			for len(untold) > 0 && s.finish(ctx, untold[0]) == nil {
				untold = untold[1:]
			}
		case r := <-s.noticed:
			s.begin(ctx, r)
			switch err := s.finish(ctx, r); {
			case err == nil:
			case len(untold) == mostNoticed:
				s.log.Error("a recording is done, which is told later: too many wait", "recording", r.ID, "err", err)
			default:
				s.log.Warn("nobody could be told yet that a recording is done", "recording", r.ID, "err", err)
				untold = append(untold, r)
			}
		}
	}
}

// listenLast does what is left when the server stops.
func (s *Service) listenLast(ctx context.Context, untold []record.Recording) {
	for {
		select {
		case r := <-s.noticed:
			s.begin(ctx, r)
			untold = append(untold, r)
			continue
		default:
		}
		break
	}
	for i, r := range untold {
		if err := s.finish(ctx, r); err != nil { // nor of the others: it takes long enough
			s.log.Error("recordings are done, which is told after the next start", "recordings", len(untold)-i, "first", r.ID, "err", err)
			return
		}
	}
}

// finish has Config.Finished told.
func (s *Service) finish(ctx context.Context, r record.Recording) error {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	if err := s.cfg.Finished(ctx, r); err != nil && !nothing(err) {
		return err
	}
	return s.lib.Told(ctx, r.ID)
}

func (s *Service) begin(ctx context.Context, r record.Recording) {
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	if err := s.Auto(ctx, r); err != nil {
		s.log.Warn("exports of a recording will begin later", "recording", r.ID, "err", err)
	}
}
