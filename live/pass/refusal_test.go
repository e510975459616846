package pass

import (
	"errors"
	"fmt"
	"testing"

	"liveroom/live/stream"
)

func TestRefused(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{ErrForged: "bad_signature", ErrTooOld: "expired", ErrIdle: "expired", ErrRevoked: "forbidden"} {
		got, ok := errors.AsType[*stream.Refusal](Refused(fmt.Errorf("play: %w", err)))
		if !ok || got.Code != want {
			t.Errorf("%v: %v, want %s", err, got, want)
		}
	}
	other, gone := errors.New("disk"), &stream.Refusal{Code: "not_found"}
	if Refused(other) != other || Refused(gone) != error(gone) || Refused(nil) != nil {
		t.Error("what is none of them is changed")
	}
}
