package record

import "time"

// Happening is what an Event tells of a recording.
type Happening string

// What happens to recordings.
const (
	Started    Happening = "started"   // its first segment is stored
	NotStarted Happening = "failed"    // nothing can be stored of it
	Paused     Happening = "paused"    // nothing comes
	Resumed    Happening = "resumed"   // it goes on, also after it could not be stored
	Broken     Happening = "error"     // nothing can be stored any more, for now
	Ended      Happening = "ended"     // its session is over, or it was stopped
	Ready      Happening = "ready"     // it is done: its index is written
	Exception  Happening = "exception" // something of the stream is odd; Type says what
)

// Types of exceptions, as Tencent numbers them (spec css §3.4, callback 341).
const (
	SizeChanged  = -100 // of the picture
	WriteFailed  = -104
	CodecChanged = -120
)

// Event is something that happened to a recording of Kind Full.
type Event struct {
	Happening Happening
	Recording Recording
	At        time.Time
	Type      int    // of an Exception
	Cause     string // in words; may be empty
}
