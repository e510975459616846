// Package replay keeps what is said in a room while a live session of it is recorded, and gives it out again in time with the
// recording.
//
// Each delivered message of a member is kept with its offset on the session's clock, in chunks of some seconds beside the
// recording's segments: objects of lines of JSON, which each node writes by itself and which are there whole or not at all. A
// withdrawal adds a marker object; chunks are never written again. Who reads gets what the chunks of all nodes hold, in order,
// each message once, less what was withdrawn and what was said by those who are banned from the group.
//
// The chat never waits: Delivered and Withdrawn put a pointer into a bounded queue, and what no longer fits is counted. Service.Run
// sorts it to the recordings that run and writes it; a store that is slow or away costs the oldest chunks once too much waits.
// A crash loses what was not written: some seconds. A withdrawal it loses is found again in the group's own list of the newest
// (Config.Newest), when the recording is seen for the first time and when it ends.
//
// The package knows neither who records nor who plays: Recordings is asked for both.
package replay

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Recording is what is to be known of a recording here.
type Recording struct {
	ID    string
	Group string    // whose messages belong to it
	Zero  time.Time // of the session's clock
	Began time.Time // what was said before is not its
	Ended time.Time // zero: it runs
	// Late is how much later than it was pushed people saw what they speak of. It is asked while the recording runs.
	Late time.Duration
	Of   string // the recording it was cut out of, whose chat is its own; empty: none
}

// Span is a time of the session, in ms on its clock, of which a recording has the picture. Those of a recording follow one another.
type Span struct{ Start, Duration int64 }

// ErrUnknown says that there is no such recording.
var ErrUnknown = errors.New("replay: there is no such recording")

// Recordings are asked which recordings there are. All methods may be called from any goroutine.
type Recordings interface {
	// Running are those of whole sessions that run or have not been finished yet, of all nodes.
	Running(ctx context.Context) ([]Recording, error)
	// OfGroup are the newest of a group, at most limit.
	OfGroup(ctx context.Context, group string, limit int) ([]Recording, error)
	// Find finds one, and what it has. An error that is ErrUnknown: there is none.
	Find(ctx context.Context, id string) (Recording, []Span, error)
	// Finished calls see for all that do not run any more, until it returns an error, which Finished answers.
	Finished(ctx context.Context, see func(Recording) error) error
}

// Config of a Service. What is zero has the default given in parentheses.
type Config struct {
	Node string        // name of this node in the names of chunks; may be empty where it is alone
	Age  time.Duration // how long after its end the chat of a recording is kept (0: as long as the recording)

	// Banned says which of these users are banned from a group now. Nil: nobody is.
	Banned func(ctx context.Context, group string, users []string) (map[string]bool, error)
	// Newest are the numbers of the messages of a group that were withdrawn last. Nil: it is not known.
	Newest func(ctx context.Context, group string) ([]uint64, error)

	QueueBytes   int           // of messages that were not sorted yet, and of those that a recording may be about to begin for (8 MiB)
	WaitingBytes int           // of chunks that wait for the store (32 MiB)
	CacheBytes   int           // of chunks that were read (32 MiB)
	ChunkBytes   int           // from which on a chunk is written (64 KiB)
	ChunkAge     time.Duration // and after which (10 s)
	Look         time.Duration // how often it is asked which recordings run (2 s)
	Hold         time.Duration // how long messages are held of groups without one: recordings begin with their first segment (15 s)
	Tick         time.Duration // how often messages are sorted (500 ms)
	WriteTimeout time.Duration // of one write to the store (30 s)
}

// writers is how many chunks are written at a time.
const writers = 4

func (c Config) withDefaults() Config {
	set := func(v *int, or int) {
		if *v == 0 {
			*v = or
		}
	}
	set(&c.QueueBytes, 8<<20)
	set(&c.WaitingBytes, 32<<20)
	set(&c.CacheBytes, 32<<20)
	set(&c.ChunkBytes, 64<<10)
	last := func(v *time.Duration, or time.Duration) {
		if *v == 0 {
			*v = or
		}
	}
	last(&c.ChunkAge, 10*time.Second)
	last(&c.Look, 2*time.Second)
	last(&c.Hold, 15*time.Second)
	last(&c.Tick, 500*time.Millisecond)
	last(&c.WriteTimeout, 30*time.Second)
	if c.Banned == nil {
		c.Banned = func(context.Context, string, []string) (map[string]bool, error) { return nil, nil }
	}
	if c.Newest == nil {
		c.Newest = func(context.Context, string) ([]uint64, error) { return nil, nil }
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.QueueBytes < 0, c.WaitingBytes < 0, c.CacheBytes < 0, c.ChunkBytes < 0:
		return errors.New("replay: sizes can't be negative")
	case c.Age < 0, c.Look < 0, c.Hold < 0, c.Tick < 0, c.WriteTimeout < 0:
		return errors.New("replay: times can't be negative")
	case c.ChunkAge < 0 || c.ChunkAge > maxSpan:
		return fmt.Errorf("replay: chunks may be at most %v old", maxSpan)
	case c.ChunkBytes > maxChunkBytes/2:
		return fmt.Errorf("replay: chunks may have at most %d bytes", maxChunkBytes/2)
	}
	return nil
}
