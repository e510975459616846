package live

import (
	"context"
	"errors"
	"net/url"
	"time"

	"liveroom/address"
	"liveroom/live/stream"
	"liveroom/status"
)

// claimWait bounds how long a push waits for the store before it is refused for now (design §7).
const claimWait = 5 * time.Second

// Publish admits a push: its signature, its room, then the claim. The error is a *stream.Refusal, known before anything is
// answered to the client. Whoever gets a Push must Close it.
func (s *Service) Publish(ctx context.Context, req stream.Request) (*Push, error) {
	p, room, why := s.admitPush(ctx, req)
	if why == nil {
		return p, nil
	}
	s.notePush(room, req, why)
	return nil, why
}

// notePush counts and logs a refused push, and remembers it for the room, if it has one.
func (s *Service) notePush(room string, req stream.Request, why *stream.Refusal) {
	s.refused.count("push", req.Protocol, why.Code)
	s.log.Warn("push refused", "stream", address.Loggable(req.Name), "code", why.Code, "detail", why.Detail, "remote", req.Remote)
	if room != "" {
		s.refused.add(room, req, why, time.Now())
	}
}

func (s *Service) admitPush(ctx context.Context, req stream.Request) (*Push, string, *stream.Refusal) {
	name, queries, err := address.ParseName(req.Name)
	if err != nil {
		return nil, "", refusal(err)
	}
	queries = append(queries, req.Query...)
	ctx, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	r, lookup := s.roomOfStream(ctx, name)
	if !s.appAllowed(req.App) {
		return nil, r.ID, &stream.Refusal{Code: "unknown_app", Detail: "the application name in the push address is not accepted here"}
	}
	if err := s.push.Check(name, queries, time.Now()); err != nil {
		return nil, r.ID, refusal(err)
	}
	asked, given, err := address.Delay(queries)
	if err != nil {
		return nil, r.ID, refusal(err)
	}
	var p *Push
	err = s.patiently(ctx, func() error {
		if errors.Is(lookup, status.ErrUnavailable) {
			r, lookup = s.roomOfStream(ctx, name)
		}
		if isNotFound(lookup) {
			r, lookup = s.autoRoom(ctx, name)
		}
		if lookup != nil {
			return lookup
		}
		if !given {
			asked = r.Delay
		}
		p, err = s.claim(ctx, r, req, asked, s.machine.ClaimDelayed)
		return err
	})
	if err != nil {
		return nil, r.ID, refusal(err)
	}
	return p, r.ID, nil
}

// autoRoom makes the room of a validly signed push, if that is allowed. Of two pushes that arrive together one creates it.
func (s *Service) autoRoom(ctx context.Context, name string) (Room, error) {
	if !s.cfg.AutoRoom {
		return Room{}, &stream.Refusal{Code: "unknown_room", Detail: "no room has this stream; create the room first"}
	}
	l, err := s.Create(ctx, Draft{ID: idFromStream(name), Stream: name})
	if err == nil {
		return l.Room, nil
	}
	var exists *Error
	if errors.As(err, &exists) && exists.Code == "exists" {
		r, err := s.store.RoomByStream(ctx, name)
		if isNotFound(err) {
			return r, &stream.Refusal{Code: "unknown_room", Detail: "another room already has the id or group of this stream; create a room for it"}
		}
		return r, err
	}
	return Room{}, err
}

// claiming is a way of making a push a room's newest, as status.Machine has them.
type claiming func(ctx context.Context, room, node string, delay time.Duration) (status.Claim, error)

// claim makes the push the room's newest and opens its publisher, both under the room's view, so that an end that comes in
// between is seen. Viewers see it that much later.
func (s *Service) claim(ctx context.Context, r Room, req stream.Request, later time.Duration, how claiming) (*Push, error) {
	if s.retired.Load() {
		return nil, &stream.Refusal{Code: "stopping", Detail: "the server is stopping; try again in a moment", Temporary: true}
	}
	if r.EarlyPush == EarlyRefuse && !r.ScheduledAt.IsZero() {
		now, err := s.machine.Now(ctx)
		if err != nil {
			return nil, err
		}
		if now.Before(r.ScheduledAt) {
			return nil, earlyPush(r)
		}
	}
	c, err := how(ctx, r.ID, s.cfg.Node, later)
	if err != nil {
		return nil, err
	}
	p := &Push{ctx: context.WithoutCancel(ctx), service: s, req: req, room: r.ID, stream: r.Stream, generation: c.Generation, startedAt: time.Now()}
	s.withView(r.ID, r.Stream, func(v *view) {
		if v.state.Generation != c.Generation || v.state.Publisher != s.cfg.Node {
			err = &stream.Refusal{Code: "superseded", Detail: "a newer push or a change of the room came in between", Temporary: true}
			return
		}
		p.delayed = later > 0 || s.delay.Busy(r.Stream)
		p.Publisher, err = s.publish(p, later, stream.PublishOptions{
			Generation: c.Generation, Epoch: c.Record.Epoch, Offset: c.Now.Sub(c.SessionStart), Gated: v.state.Gated(), Remote: req.Remote,
			Session: c.Record.Session, SessionStart: c.SessionStart,
		})
		if err == nil {
			v.push = p
			v.pushed()
			p.began()
		}
	})
	if err != nil {
		s.giveBack(p)
		return nil, err
	}
	s.log.Info("push started", "room", r.ID, "generation", c.Generation, "status", c.Record.Name, "version", c.Record.Version, "remote", req.Remote)
	return p, nil
}

// giveBack stops a claimed push that never got a publisher.
func (s *Service) giveBack(p *Push) {
	st := stop{p.room, p.generation, status.ReasonPushLost}
	select {
	case s.stops <- st:
	default:
		s.log.Error("push stop lost: too many are waiting; recovery will find it", "room", p.room)
	}
}

// Play admits a viewer, who takes a place until the subscriber is closed, and subscribes it. The error is a *stream.Refusal.
func (s *Service) Play(ctx context.Context, req stream.Request) (*stream.Subscriber, error) {
	r, err := s.authorize(ctx, req)
	if err != nil {
		return nil, err
	}
	leave, err := s.enter(r, req)
	if err != nil {
		return nil, err
	}
	sub := s.hub.Subscribe(r.Stream, req.Protocol, stream.SubscribeOptions{Viewer: viewerOf(req), OnClose: leave})
	if why := s.playable(ctx, r, req.Protocol); why != nil { // the end came first and closed all subscribers but this one
		sub.Close()
		return nil, s.playRefused(req, why)
	}
	s.cfg.Edges.Watch(r.Stream)
	return sub, nil
}

// Authorize checks that req could play now, without taking a place. The error is a *stream.Refusal.
func (s *Service) Authorize(ctx context.Context, req stream.Request) error {
	r, err := s.authorize(ctx, req)
	if err != nil {
		return err
	}
	if why := s.capacity.look(r.Stream, s.limits(r)); why != nil {
		return s.playRefused(req, why)
	}
	return nil
}

// Enter admits a viewer that is no subscriber, an HLS session, and takes its place until leave is called. The error is a
// *stream.Refusal.
func (s *Service) Enter(ctx context.Context, req stream.Request) (leave func(), err error) {
	r, err := s.authorize(ctx, req)
	if err != nil {
		return nil, err
	}
	return s.enter(r, req)
}

// Reenter takes a place for a viewer of the stream req.Name that was admitted before and is not known here any more. One
// that was watching when this process began is not turned away, however full it is, unless he is banned. The error is a
// *stream.Refusal.
func (s *Service) Reenter(ctx context.Context, req stream.Request, watching bool) (leave func(), err error) {
	r, err := s.roomOfStream(ctx, req.Name)
	if req.Protocol == stream.Recording && isNotFound(err) {
		r, err = Room{Stream: req.Name}, nil
	}
	if err != nil {
		return nil, s.playRefused(req, refusal(err))
	}
	if s.isBarred(ctx, r, viewerOf(req)) {
		return nil, s.playRefused(req, errBarred)
	}
	leave, why := s.capacity.enter(r.Stream, s.limits(r), watching)
	if why != nil {
		return nil, s.playRefused(req, why)
	}
	return leave, nil
}

func (s *Service) enter(r Room, req stream.Request) (leave func(), err error) {
	leave, why := s.capacity.enter(r.Stream, s.limits(r), false)
	if why != nil {
		return nil, s.playRefused(req, why)
	}
	return leave, nil
}

func (s *Service) authorize(ctx context.Context, req stream.Request) (Room, error) {
	r, why := s.admitPlay(ctx, req)
	if why == nil {
		return r, nil
	}
	return r, s.playRefused(req, why)
}

// playRefused counts and logs a refusal and returns it.
func (s *Service) playRefused(req stream.Request, why *stream.Refusal) error {
	s.refused.count("play", req.Protocol, why.Code)
	s.log.Debug("play refused", "stream", address.Loggable(req.Name), "protocol", req.Protocol, "code", why.Code, "remote", req.Remote)
	return why
}

func (s *Service) admitPlay(ctx context.Context, req stream.Request) (Room, *stream.Refusal) {
	name, queries, err := address.ParseName(req.Name)
	if err != nil {
		return Room{}, refusal(err)
	}
	queries = append(queries, req.Query...)
	if !s.appAllowed(req.App) {
		return Room{}, &stream.Refusal{Code: "unknown_app", Detail: "the application name in the play address is not accepted here"}
	}
	r, lookup := s.roomOfStream(ctx, name)
	if (lookup != nil || r.PlayAuth != PlayNone) && req.Protocol != stream.Recording { // whose address was checked
		if err := s.play.Check(name, queries, time.Now()); err != nil {
			return Room{}, refusal(err)
		}
	}
	if req.Protocol == stream.Recording && isNotFound(lookup) {
		return Room{Stream: name}, nil // what is left of a room that was deleted
	}
	if lookup != nil {
		return Room{}, refusal(lookup)
	}
	if s.isBarred(ctx, r, viewerOf(req)) {
		return Room{}, errBarred
	}
	if why := s.playable(ctx, r, req.Protocol); why != nil {
		return Room{}, why
	}
	return r, nil
}

var errBarred = &stream.Refusal{Code: "banned", Detail: "the viewer is banned from this room"}

// playable says why a room has nothing to play now over a protocol, nil if it has.
func (s *Service) playable(ctx context.Context, r Room, protocol string) *stream.Refusal {
	if protocol == stream.Recording {
		return nil
	}
	st, err := s.stateOf(ctx, r.ID)
	if err != nil {
		return refusal(err)
	}
	if recordings(protocol) {
		return playableFrom(st, protocol)
	}
	if was, ok := s.unshown.of(r.Stream); !ok || st.TakenOff(time.Now()) {
		s.cfg.Edges.Follow(r.Stream, originOf(st))
	} else if watchable(was) || !watchable(st) {
		st = was
	}
	if c := st.Record.Code; c != status.Live && c != status.Paused {
		return &stream.Refusal{Code: "not_live", Detail: "the room is " + st.Record.Name, Temporary: c == status.Waiting}
	}
	if st.Gated() && protocol == stream.HLS {
		// A subscriber waits behind the gate; HLS would show a newcomer segments that were cut before it closed.
		return &stream.Refusal{Code: "paused", Detail: "the anchor has paused the room; try again when it goes on", Temporary: true}
	}
	return nil
}

// viewerOf is the chat session a play address says it belongs to, so that one person counts once.
func viewerOf(req stream.Request) string {
	for _, q := range req.Query {
		values, _ := url.ParseQuery(q)
		if vid := values.Get("vid"); vid != "" && len(vid) <= 64 {
			return vid
		}
	}
	return ""
}

func isNotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "not_found"
}

// refusal puts an error into the words of a refusal.
func refusal(err error) *stream.Refusal {
	var (
		why     *stream.Refusal
		addr    *address.Error
		room    *Error
		refused *status.Refused
	)
	switch {
	case errors.As(err, &why):
		return why
	case errors.As(err, &addr):
		return &stream.Refusal{Code: addr.Code, Detail: addr.Detail}
	case errors.As(err, &refused):
		return &stream.Refusal{Code: refused.Code, Detail: refused.Detail}
	case errors.As(err, &room) && room.Code == "not_found", errors.Is(err, status.ErrUnknownRoom):
		return &stream.Refusal{Code: "unknown_room", Detail: "no room has this stream"}
	case errors.As(err, &room):
		return &stream.Refusal{Code: room.Code, Detail: room.Detail}
	case errors.Is(err, stream.ErrStale):
		return &stream.Refusal{Code: "superseded", Detail: "a newer push took over", Temporary: true}
	}
	return &stream.Refusal{Code: "store_unavailable", Detail: "the server can't reach its store; try again", Temporary: true}
}
