package live

import (
	"context"

	"liveroom/live/stream"
)

// Feed admits a push that this server makes itself, such as what it pulls from elsewhere: without an address, and so without its
// signature, but else like any other; only that it takes over no other push: where one runs it is refused with room_busy. Protocol is what infos and callbacks call it, source where it comes from, as people may
// see it. The error is a *stream.Refusal. Whoever gets a Push must Close it.
func (s *Service) Feed(ctx context.Context, room, protocol, source string) (*Push, error) {
	req := stream.Request{Protocol: protocol, App: s.ownApp(), Remote: source}
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	var p *Push
	err := s.patiently(ctx, func() error {
		r, err := s.store.Room(ctx, room)
		if err != nil {
			return err
		}
		req.Name = r.Stream
		p, err = s.claim(ctx, r, req, r.Delay, s.machine.ClaimFree)
		return err
	})
	if err == nil {
		return p, nil
	}
	why := refusal(err)
	if why.Code == "room_busy" { // that is for who feeds; nobody did anything wrong
		return nil, why
	}
	s.notePush(room, req, why)
	return nil, why
}

// ownApp is the AppName of what this server pushes itself.
func (s *Service) ownApp() string {
	if s.cfg.Apps[0] == "*" {
		return "live"
	}
	return s.cfg.Apps[0]
}
