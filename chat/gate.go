package chat

import (
	"context"
	"encoding/json"
)

// Gate is asked before something happens, and may refuse it with an *Error. It may take its time, up to its own limit; the
// room goes on meanwhile. The server's own acts are not asked for.
type Gate interface {
	// AsksMessages says whether Message asks anybody at present. It is called for each message: where nobody is asked, none
	// waits for its turn.
	AsksMessages() bool
	// Message is asked about each message to a group, after mutes and words and before frequency control (design §6): one
	// after the other of one sender, others pass. What M has must not be changed, nor kept.
	Message(ctx context.Context, m *Message, who Identity) (Ruling, error)
	// Letter is asked about a message to another user, as Message is.
	Letter(ctx context.Context, to string, m *Message, who Identity) (Ruling, error)
	// Join is asked before a user joins a group. Backends and anonymous guests are not asked about.
	Join(ctx context.Context, group string, who Identity) error
	// Found is asked before somebody makes a group.
	Found(ctx context.Context, d GroupDraft, who Identity) error
}

// Ruling lets a message through; the zero one as it is.
type Ruling struct {
	Drop bool // nobody gets it nor is told of it, and to its sender it looks delivered

	// What stands instead of what was sent; nil: nothing does. It is checked like what a client sends, and if it does not
	// pass, the message goes as it was.
	Body            json.RawMessage
	CloudCustomData *string
}

// SendOptions are what a backend asks for with one message (spec im-rest §3.11, ForbidCallbackControl).
type SendOptions struct {
	Unasked bool // the Gate is not asked
	Untold  bool // the Observer is not told
	Local   bool // while the store is away, it may go to the members of this node only (Ack.Degraded); else it is refused then
	Beside  bool // it shows what was accepted already, such as a like: it costs its sender nothing of his pace, and is not counted
	Alone   bool // of a message to a user: the sender's own devices don't get it (spec im-rest §4.6, SyncOtherMachine)

	// Before is called of a message to a group once nothing is left that could refuse it but the Gate and what becomes of it in
	// the group, and before the Gate is asked; its error refuses the message. Of one that was sent before it is not called. Nil:
	// nothing is.
	Before func(ctx context.Context) error
}
