package web

import (
	"context"
	"net/http"
	"time"

	"liveroom/address"
	"liveroom/live"
)

// Addresser makes a room's addresses. A ttl of 0 takes the server's default.
type Addresser interface {
	PushAddresses(ctx context.Context, id string, ttl time.Duration) (live.Addresses, error)
	PlayAddresses(ctx context.Context, id string, ttl time.Duration) (live.Addresses, error)
}

// AddressesBody asks for addresses.
type AddressesBody struct {
	ExpiresIn *Duration `json:"expiresIn,omitempty" doc:"From 1m to 8784h; default: the server's setting."`
}

type addressesIn struct {
	RoomPath
	Body *AddressesBody
}

type addressesOut struct {
	Body struct {
		Push      address.PushAddresses `json:"push"`
		Play      address.PlayAddresses `json:"play"`
		ExpiresAt Time                  `json:"expiresAt" doc:"After this they begin nothing any more; what runs goes on."`
	}
}

type playOut struct {
	Body struct {
		Play      address.PlayAddresses `json:"play"`
		Playback  *PlaybackPlay         `json:"playback,omitempty" doc:"In status 5, where the room plays back recordings of ours."`
		TimeShift *ShiftPlay            `json:"timeShift,omitempty" doc:"While live, where it can be watched from an earlier time."`
		ExpiresAt Time                  `json:"expiresAt"`
		Delay     Duration              `json:"delay" doc:"How much later viewers see what is pushed: of the push that runs, else of the room."`
	}
}

type refusalsOut struct {
	Body struct {
		Refusals []RefusalBody `json:"refusals" doc:"Newest first."`
	}
}

// RefusalBody is one refused push.
type RefusalBody struct {
	At       Time   `json:"at"`
	Code     string `json:"code" example:"expired"`
	Detail   string `json:"detail" doc:"What was wrong, in words."`
	Protocol string `json:"protocol" example:"rtmp"`
	Remote   string `json:"remote" doc:"Where the push came from."`
}

func (s *Server) registerAddresses() {
	register(s, s.operation("make-addresses", http.MethodPost, "/rooms/{room}/addresses", "addresses", "Make push and play addresses", tokenOrAnchor), s.addresses)
	register(s, s.operation("play-addresses", http.MethodGet, "/rooms/{room}/play", "addresses", "Make play addresses", anyone), s.play)
	register(s, s.operation("refusals", http.MethodGet, "/rooms/{room}/refusals", "addresses", "Show why recent pushes were refused", tokenOrAnchor), s.refusals)
}

func (s *Server) addresses(ctx context.Context, in *addressesIn) (*addressesOut, error) {
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	var ttl time.Duration
	if in.Body != nil && in.Body.ExpiresIn != nil {
		if ttl = in.Body.ExpiresIn.value(); ttl == 0 {
			return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be above 0").at("expiresIn")
		}
	}
	a, err := s.rooms.PushAddresses(ctx, in.Room, ttl)
	if err != nil {
		return nil, err
	}
	out := &addressesOut{}
	out.Body.Push, out.Body.Play, out.Body.ExpiresAt = a.Push, a.Play, Time{a.ExpiresAt}
	return out, nil
}

func (s *Server) play(ctx context.Context, in *RoomPath) (*playOut, error) {
	a, err := s.rooms.PlayAddresses(ctx, in.Room, 0)
	if err != nil {
		return nil, err
	}
	out := &playOut{}
	out.Body.Play, out.Body.ExpiresAt, out.Body.Delay = a.Play, Time{a.ExpiresAt}, Duration(a.Delay)
	if out.Body.Playback, out.Body.TimeShift, err = s.recorded(ctx, in.Room, a.Play.HLS, a.ExpiresAt); err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) refusals(ctx context.Context, in *RoomPath) (*refusalsOut, error) {
	if _, err := s.mayDrive(ctx, in.Room); err != nil {
		return nil, err
	}
	entries, err := s.rooms.Refusals(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	out := &refusalsOut{}
	out.Body.Refusals = make([]RefusalBody, len(entries))
	for i, e := range entries {
		out.Body.Refusals[i] = RefusalBody{At: Time{e.At}, Code: e.Code, Detail: e.Detail, Protocol: e.Protocol, Remote: e.Remote}
	}
	return out, nil
}
