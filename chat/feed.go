package chat

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"
)

// Feed is the other half of a Store that several nodes use: what any of them does to a group, all of them learn, in one
// order. A Store of one process has none, and a Service without one is alone.
//
// Every operation of the Store that changed something of a group is one Entry. So is every Tell. Entries are told while
// they happen and kept for a while, as long as messages are kept for resume. A Store that lost what it had answered begins
// another epoch, with an Entry that changes nothing.
type Feed interface {
	// Follow tells f of entries from now on until stop is called, which waits for calls under way: of what is committed after
	// it returned, none is missing but what Missed admits.
	Follow(ctx context.Context, group string, f Follower) (stop func(), err error)

	// Entries returns those with a position above after, oldest first, at most limit, and whether none between is missing.
	// Another epoch has none: whole is false then. Unknown groups are ErrNoGroup.
	Entries(ctx context.Context, group, epoch string, after uint64, limit int) (entries []Entry, whole bool, err error)

	// Tell makes an entry of something that is not stored, such as that somebody was kicked out.
	Tell(ctx context.Context, group string, told json.RawMessage) error
}

// Follower is told of a group's entries. Its methods must not block, nor call the Feed. They are called one at a time.
type Follower interface {
	// Took is told of each entry, one's own included, by rising position; some may come twice. One's own come before the
	// operation that made them returns, perhaps before older ones of others, which then follow.
	Took(Entry)
	// Missed says that some may never come, because the connection was lost and is there again: look at Entries.
	Missed()
}

// Entry is one step of a group's history.
type Entry struct {
	Epoch string    `json:"epoch"`
	Pos   uint64    `json:"pos"` // grows by one from entry to entry of an epoch; Head.Pos is that of the newest
	Op    string    `json:"op"`  // the operation it is of: see Operation
	At    time.Time `json:"at"`  // by the store's clock

	Note json.RawMessage `json:"note,omitempty"` // what its maker had to add: see WithNote

	Delta
}

// Delta is what an entry changed. What is nil or empty did not change. Bodies of messages travel byte for byte as they are:
// encoding/json would rewrite them.
type Delta struct {
	Messages   []*Message         `json:"messages,omitempty"` // went into the log, by rising Seq
	Status     *StatusMark        `json:"status,omitempty"`   // with Messages, Attributes and Fields
	Attributes *Values            `json:"attributes,omitempty"`
	Fields     *Values            `json:"fields,omitempty"`
	Notice     *VersionedNotice   `json:"notice,omitempty"`
	Profile    *VersionedProfile  `json:"profile,omitempty"`
	Settings   *VersionedSettings `json:"settings,omitempty"`
	Counters   *Counters          `json:"counters,omitempty"`
	Sanctions  *SanctionsPut      `json:"sanctions,omitempty"`
	Withdrawn  *Withdrawn         `json:"withdrawn,omitempty"`
	Robots     *RobotsPut         `json:"robots,omitempty"`
	Dismissed  bool               `json:"dismissed,omitempty"` // the group is no more: the last entry of its epoch
	Told       json.RawMessage    `json:"told,omitempty"`      // what Tell was given
}

// StatusMark is the newest applied StatusChange of a group.
type StatusMark struct {
	Epoch   string `json:"epoch"`
	Version uint64 `json:"version"`
}

// VersionedNotice is a notice and how often it was changed.
type VersionedNotice struct {
	Notice  string `json:"notice"`
	Version uint64 `json:"version"`
}

// VersionedProfile is a profile and how often it was changed.
type VersionedProfile struct {
	Name    string   `json:"name"`
	Owner   string   `json:"owner"`
	Admins  []string `json:"admins"`
	Version uint64   `json:"version"`
}

// SanctionsPut is a SanctionStore.PutSanctions that did something, and its answer.
type SanctionsPut struct {
	Change SanctionChange `json:"change"`
	Done   []Sanction     `json:"done"`
}

// RobotsPut is all robots of a group.
type RobotsPut struct {
	All []Robot `json:"all"`
}

// ErrOutdated refuses what was to be put in the place of something that another node has changed meanwhile: see WithKnown.
var ErrOutdated = errors.New("chat: changed meanwhile")

type (
	operationKey struct{}
	noteKey      struct{}
	knownKey     struct{}
)

// WithOperation is ctx for one operation of a Store, and the id under which its Entry comes and under which a Store that may
// lose an answer recognises that it was asked before: an operation that is repeated with the same id within OperationAge
// happens once, and is answered again.
func WithOperation(ctx context.Context) (context.Context, string) {
	id := newOperation()
	return AsOperation(ctx, id), id
}

// AsOperation is ctx for an operation whose id is known: one that is repeated.
func AsOperation(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, operationKey{}, id)
}

// WithNote is ctx for one operation of a Store with what its Entry is to carry beside its Delta, for those who are told of it.
func WithNote(ctx context.Context, note json.RawMessage) context.Context {
	return context.WithValue(ctx, noteKey{}, note)
}

// Note is what WithNote gave to ctx; nil: nothing.
func Note(ctx context.Context) json.RawMessage {
	note, _ := ctx.Value(noteKey{}).(json.RawMessage)
	return note
}

// WithKnown is ctx for a PutProfile whose maker worked it out from the profile with a version. A Store of several nodes refuses
// it if that is another one by now.
func WithKnown(ctx context.Context, version uint64) context.Context {
	return context.WithValue(ctx, knownKey{}, version)
}

// Outdated is ErrOutdated if WithKnown gave ctx another version than this.
func Outdated(ctx context.Context, version uint64) error {
	if known, ok := ctx.Value(knownKey{}).(uint64); ok && known != version {
		return ErrOutdated
	}
	return nil
}

// Operation is the id that WithOperation gave to ctx, or a new one.
func Operation(ctx context.Context) string {
	if id, ok := ctx.Value(operationKey{}).(string); ok {
		return id
	}
	return newOperation()
}

func newOperation() string { return rand.Text()[:16] }

// OperationAge is how long operations are recognised (design §7).
const OperationAge = 10 * time.Second
