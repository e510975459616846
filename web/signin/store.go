package signin

import (
	"context"
	"errors"
	"time"
)

// Bounds of what a Store keeps.
const (
	MaxSessions = 200  // beyond, those go that end first
	MaxUsed     = 2000 // used links that have not expired: no more are taken
	MaxSwept    = 1000 // entries removed in one call of Sweep
)

// What a Store answers beside failures of its own.
var (
	ErrNoSession    = errors.New("signin: there is no such session")
	ErrUsed         = errors.New("signin: the link was used")
	ErrVoid         = errors.New("signin: everybody was signed out after the link was made")
	ErrTooManyLinks = errors.New("signin: too many links are used that have not expired")
)

// Session is somebody who is signed in.
type Session struct {
	ID     string    `json:"id"`     // hash of the browser's secret
	Name   string    `json:"name"`   // what he calls himself, for the audit log
	MadeAt time.Time `json:"madeAt"` // when he signed in
	Until  time.Time `json:"until"`  // when it ends, unless something is done before
}

// Store keeps sessions, and which links were used. All it answers with nil is durable, and true on every node.
type Store interface {
	// AddSession begins a session. Of more than MaxSessions those go that end first, but not this one.
	AddSession(ctx context.Context, s Session) error
	// Session returns a session, also one that is over and not swept yet, or ErrNoSession.
	Session(ctx context.Context, id string) (Session, error)
	// ExtendSession has a session end later, never earlier. It makes none: where there is none it is ErrNoSession.
	ExtendSession(ctx context.Context, id string, until time.Time) error
	// RemoveSession ends a session, or answers ErrNoSession.
	RemoveSession(ctx context.Context, id string) error
	// RemoveSessions ends all sessions, and makes links void that administrators were sent before at.
	RemoveSessions(ctx context.Context, at time.Time) (int, error)
	// UseLink notes that a link was used: nil for one caller, ErrUsed for all others. It may be ErrVoid or ErrTooManyLinks.
	UseLink(ctx context.Context, l Link) error
	// Sweep removes up to MaxSwept sessions that are over and used links that have expired, and says how many.
	Sweep(ctx context.Context, now time.Time) (int, error)
}

// Refused says why a link is not to be used, for a Store that knows whether it was used before, before when links of
// administrators are void, and how many used links it has.
func (l Link) Refused(used bool, voided time.Time, have int) error {
	switch {
	case used:
		return ErrUsed
	case l.For == ForAdmin && l.MadeAt.Before(voided):
		return ErrVoid
	case have >= MaxUsed:
		return ErrTooManyLinks
	}
	return nil
}
