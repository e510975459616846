package rtmp

import (
	"context"

	"liveroom/live/stream"
)

// Push is one admitted push. Write and Close are called from the connection's goroutines, never at the same time.
type Push interface {
	// Write adds a tag. buf comes from stream.NewBuffer and belongs to the push from then on; timestamp is the
	// publisher's own, in ms. An error says that the push is over: taken over, dropped, room ended.
	Write(kind stream.Kind, timestamp uint32, buf []byte) error
	// Done is closed when the push must end; the connection is then closed.
	Done() <-chan struct{}
	// Err says why, once Done is closed; nil before. The publisher is shown the text of a *stream.Refusal in it.
	Err() error
	// Refuse tells why the door itself ends the push; Close follows.
	Refuse(why *stream.Refusal)
	// Close tells how the push stopped: StopClosed, StopLost or StopSilent. It is called exactly once, also after Done.
	Close(reason stream.StopReason)
}

// Admission decides who may push and play. Both calls come before the client is answered, may take their time, and
// refuse with a *stream.Refusal; any other error is logged and shown to the client as "internal" only. The context is the
// connection's: it ends with it.
type Admission interface {
	Publish(ctx context.Context, req stream.Request) (Push, error)
	Play(ctx context.Context, req stream.Request) (*stream.Subscriber, error)
}
