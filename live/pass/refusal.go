package pass

import (
	"errors"

	"liveroom/live/stream"
)

// Refused is an error of this package in the words that a player is refused with, a *stream.Refusal; any other error is as it was.
func Refused(err error) error {
	switch {
	case errors.Is(err, ErrForged):
		return &stream.Refusal{Code: "bad_signature", Detail: "The address is not ours, or its key was revoked; load the play address again."}
	case errors.Is(err, ErrTooOld), errors.Is(err, ErrIdle):
		return &stream.Refusal{Code: "expired", Detail: "The session is over, or the address has expired; load the play address again."}
	case errors.Is(err, ErrRevoked):
		return &stream.Refusal{Code: "forbidden", Detail: "The session was ended by the room."}
	}
	return err
}
