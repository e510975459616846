// Package snapshot takes pictures of what is pushed: each some seconds, from the newest keyframe, on the node that has the
// push. They are JPEG, in a few sizes, kept as objects; the newest of a room is its cover.
//
// The live path never waits for it. A picture is taken only where a keyframe came since the last, of one room at most one at a
// time, and of all rooms as many at a time as may be encoded; a room whose turn comes late leaves out what it missed. What fails
// costs a room that one picture. None is kept of what may not be shown any more when it is made: of a stream that was paused or
// has ended meanwhile, or of a room that is another one by now.
//
// Service reads too, on any node: what is kept is what a listing of the objects says, and nothing else is stored. Nothing runs
// but within Run and the calls.
package snapshot

import (
	"context"
	"errors"
	"time"

	"liveroom/live/stream"
)

// Why there is no picture. Compare with errors.Is.
var (
	// ErrNone says that none is kept of the room, or not this one.
	ErrNone = errors.New("snapshot: there is no such picture")
	// ErrNoStream says that there is nothing to take one of: no push on this node, no keyframe yet, or the room is paused.
	ErrNoStream = errors.New("snapshot: there is nothing to take a picture of")
	// ErrBusy says that too many are being taken.
	ErrBusy = errors.New("snapshot: too many pictures are being taken")
	// ErrPicture says that no picture could be made of the keyframe.
	ErrPicture = errors.New("snapshot: no picture can be made of the stream")
)

// Unavailable says why no pictures can be taken or kept at all.
type Unavailable struct{ Why string }

func (u *Unavailable) Error() string { return "snapshot: unavailable: " + u.Why }

// Source is a room whose push is on this node.
type Source struct {
	Room   string
	Stream string
	Every  time.Duration // 0: only when somebody asks
	Made   time.Time     // when the room was made: no picture of it is older
}

// Frames hands out keyframes (stream.Hub).
type Frames interface {
	Keyframe(stream string) (stream.Keyframe, bool)
}

// Image is one size of a picture, as JPEG.
type Image struct {
	Width, Height int
	JPEG          []byte
}

// Maker makes pictures (Encoder).
type Maker interface {
	// Make decodes a keyframe and encodes it once for each width, 0 meaning the stream's own; fewer where two come out as one.
	// room is whom failures are counted against.
	Make(ctx context.Context, room string, k stream.Keyframe, widths []int) ([]Image, error)
	// AtOnce is how many calls are worth making at a time.
	AtOnce() int
	// Available says why none can be made at all; an *Unavailable.
	Available() error
}

// Taken is a picture that is kept now.
type Taken struct {
	Room, Stream string
	Shots        []Shot // one of each size
}
