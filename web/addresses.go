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
	MakeAddresses(ctx context.Context, of live.AddressesOf) (live.Addresses, error)
	CheckAddress(ctx context.Context, raw string) (live.AddressCheck, error)
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

type addressesOfIn struct {
	Body struct {
		Room      string    `json:"room,omitempty" maxLength:"48" doc:"Or stream. A room that is not there yet has a stream of its id." example:"demo"`
		Stream    string    `json:"stream,omitempty" maxLength:"64"`
		App       string    `json:"app,omitempty" maxLength:"64" doc:"One of those the server accepts; default: its first."`
		ExpiresIn *Duration `json:"expiresIn,omitempty" doc:"From 1m to 8784h; default: the server's setting."`
		ExpiresAt NullTime  `json:"expiresAt,omitempty" doc:"Instead of expiresIn; whole seconds."`
	}
}

type checkAddressIn struct {
	Body struct {
		URL string `json:"url" minLength:"1" maxLength:"4096" doc:"The whole address, signature and all."`
	}
}

// AddressCheckBody is what the server would make of an address.
type AddressCheckBody struct {
	OK        bool     `json:"ok" doc:"It would begin something now."`
	Code      string   `json:"code" doc:"Of the refusal, as /refusals has them; empty where ok." example:"expired"`
	Purpose   string   `json:"purpose" enum:"push,play," doc:"Empty: nobody can tell, for it is signed with none of the keys."`
	App       string   `json:"app"`
	Stream    string   `json:"stream"`
	Room      string   `json:"room" doc:"Whose stream it is; empty: no room's."`
	ExpiresAt NullTime `json:"expiresAt"`
	Sentences []string `json:"sentences" doc:"All of it in words."`
}

type checkAddressOut struct{ Body AddressCheckBody }

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
	register(s, s.operation("make-addresses-of", http.MethodPost, "/addresses", "addresses", "Make push and play addresses of any stream", tokenHolder), s.addressesOf)
	register(s, s.operation("check-address", http.MethodPost, "/addresses/check", "addresses", "Explain whether an address is accepted, and why not", tokenHolder), s.checkAddress)
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
	return addressesOf(s.rooms.PushAddresses(ctx, in.Room, ttl))
}

func addressesOf(a live.Addresses, err error) (*addressesOut, error) {
	if err != nil {
		return nil, err
	}
	out := &addressesOut{}
	out.Body.Push, out.Body.Play, out.Body.ExpiresAt = a.Push, a.Play, Time{a.ExpiresAt}
	return out, nil
}

func (s *Server) addressesOf(ctx context.Context, in *addressesOfIn) (*addressesOut, error) {
	of := live.AddressesOf{Room: in.Body.Room, Stream: in.Body.Stream, App: in.Body.App, ExpiresIn: in.Body.ExpiresIn.value(), ExpiresAt: in.Body.ExpiresAt.Time}
	if in.Body.ExpiresIn != nil && of.ExpiresIn == 0 {
		return nil, newProblem(http.StatusUnprocessableEntity, "invalid", "must be above 0").at("expiresIn")
	}
	return addressesOf(s.rooms.MakeAddresses(ctx, of))
}

func (s *Server) checkAddress(ctx context.Context, in *checkAddressIn) (*checkAddressOut, error) {
	c, err := s.rooms.CheckAddress(ctx, in.Body.URL)
	if err != nil {
		return nil, err
	}
	return &checkAddressOut{AddressCheckBody{c.OK, c.Code, c.Purpose, c.App, c.Stream, c.Room, NullTime{c.ExpiresAt}, c.Sentences}}, nil
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
