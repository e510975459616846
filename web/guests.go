package web

import (
	"context"
	"net/http"
	"time"

	"liveroom/chat/account"
)

// Guests makes named guests (account.Service).
type Guests interface {
	NewGuest(ctx context.Context, nick string) (a account.Account, userSig string, expiresAt time.Time, err error)
}

// GuestBody is what a guest calls itself.
type GuestBody struct {
	Nick string `json:"nick" minLength:"1" maxLength:"100" example:"Ming"`
}

type guestIn struct{ Body GuestBody }

type guestOut struct {
	Body struct {
		UserID    string `json:"userId" example:"guest_4xk2…"`
		UserSig   string `json:"userSig"`
		Nick      string `json:"nick"`
		ExpiresAt Time   `json:"expiresAt"`
	}
}

func (s *Server) registerGuests() {
	register(s, s.operation("make-guest", http.MethodPost, "/guests", "guests", "Become a named guest", anyone), s.makeGuest)
}

func (s *Server) makeGuest(ctx context.Context, in *guestIn) (*guestOut, error) {
	if s.guests == nil || s.tuning.Load().GuestsOff {
		return nil, newProblem(http.StatusForbidden, "guests_off", "this server makes no named guests")
	}
	if !s.newcomer.allow(remoteOf(ctx), 1, time.Now()) {
		return nil, newProblem(http.StatusTooManyRequests, "too_many_guests", "too many guests from this address; try again in a minute").retry(time.Minute)
	}
	ctx, cancel := timed(ctx)
	defer cancel()
	a, sig, expires, err := s.guests.NewGuest(ctx, in.Body.Nick)
	if err != nil {
		return nil, err
	}
	out := &guestOut{}
	out.Body.UserID, out.Body.UserSig, out.Body.Nick, out.Body.ExpiresAt = a.User, sig, a.Nick, Time{expires}
	return out, nil
}
