package stream

import "time"

// Origin is where a stream is pushed, as the status of its room has it.
type Origin struct {
	Room       string
	Epoch      string    // of the room's status: a later one is newer whatever its revision
	Revision   uint64    // of the room's status: the larger one is the newer
	Node       string    // that holds the push; empty while there is none
	Generation uint64    // of the newest push
	Session    string    // the live session, empty before the first
	Start      time.Time // zero of its clock, store's clock
	On         bool      // live or paused; otherwise there is nothing to watch
	Gated      bool      // paused on purpose: no media leaves
	Unknown    bool      // the store knows no such room; what is known of it afterwards is newer
}

// Place is where a stream's HLS is made.
type Place struct {
	Here       bool   // on this node
	Node       string // of the newest push of the session; empty where that is not known
	Generation uint64 // of the newest push
	Session    string
	Start      time.Time       // zero of the session's clock
	Changed    <-chan struct{} // closed when this may no longer be so
}
