// Package kind holds the types of custom messages that a business registered: coupons, questions, red packets. Of each it says
// which priority its messages have, who may send them, how large they may be, and how much they count for the level of who
// sends them. A Service answers from memory, for the chat asks at every custom message; the nodes of a cluster put changes in
// force as they hear of them.
package kind

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"liveroom/chat"
)

// Bounds of what may be registered.
const (
	MaxKinds       = 100
	MaxWeight      = 100
	maxType        = 64  // bytes
	maxDescription = 500 // bytes
	minBytes       = 16
	mostBytes      = 12 << 10 // a message has no more (spec im-rest §3.11)
)

// Senders says who may send messages of a type.
type Senders string

// The senders. What a group asks of all its members holds for each of them besides.
const (
	Anyone  Senders = "anyone"  // who may send at all
	Members Senders = "members" // not guests
	Admins  Senders = "admins"  // owner and administrators of the group, and backends
	Server  Senders = "server"  // backends: API tokens and application administrators
)

// Kind is a registered type of custom messages.
type Kind struct {
	Type        string        `json:"type"` // as chat.FoldType has it
	Priority    chat.Priority `json:"priority,omitempty"`
	Senders     Senders       `json:"senders"`
	Weight      int           `json:"weight"`             // one message counts as so many for the sender's level, 0 to 100
	MaxBytes    int           `json:"maxBytes,omitempty"` // MsgBody and CloudCustomData together; 0: as any message
	Description string        `json:"description,omitempty"`
	ChangedAt   time.Time     `json:"changedAt"`
}

// ErrTooMany refuses one more than MaxKinds.
var ErrTooMany = &chat.Error{Code: 10038, Name: "too_many_types", Detail: fmt.Sprintf("at most %d types are registered; delete one first", MaxKinds), Field: "type"}

// ErrUnknown is for a type that is not registered.
var ErrUnknown = &chat.Error{Code: 10010, Name: "not_found", Detail: "this type is not registered", Field: "type"}

// Store keeps what is registered. Each method is one atomic step, durable before it answers (class A); what is returned is the
// caller's own.
type Store interface {
	// Kinds are all, in the order of their types.
	Kinds(ctx context.Context) ([]Kind, error)
	// PutKind registers a type, or changes what is registered of it. Beyond MaxKinds a new one is ErrTooMany.
	PutKind(ctx context.Context, k Kind) error
	// DeleteKind ends that a type is registered. One that is not is ErrUnknown.
	DeleteKind(ctx context.Context, typ string) error
}

func invalid(field, detail string, args ...any) error {
	return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: field, Detail: fmt.Sprintf(detail, args...)}
}

// Check completes a kind and says what is wrong with it.
func (k Kind) Check() (Kind, error) {
	if k.Senders == "" {
		k.Senders = Anyone
	}
	typ := k.Type
	k.Type = chat.FoldType(typ)
	switch {
	case typ == "" || len(typ) > maxType || !utf8.ValidString(typ) || k.Type == "" || k.Type != strings.ToLower(typ):
		return k, invalid("type", "must be 1 to %d bytes without blanks around it and without characters that can't be seen", maxType)
	case chat.OfServer(k.Type):
		return k, invalid("type", "messages of this type come from the server only; see docs/messages.md")
	case byOps(k.Type) && k.Senders != Anyone:
		return k, invalid("senders", "must be anyone: the op %q sends such messages for whoever may speak; a mute keeps people from it", k.Type)
	case byOps(k.Type) && k.MaxBytes != 0:
		return k, invalid("maxBytes", "must be 0: the op %q makes such messages, and their size", k.Type)
	case k.Priority > chat.Lowest:
		return k, invalid("priority", "must be High, Normal, Low or Lowest")
	case k.Weight < 0 || k.Weight > MaxWeight:
		return k, invalid("weight", "must be from 0 (such messages count for no level) to %d", MaxWeight)
	case k.MaxBytes != 0 && (k.MaxBytes < minBytes || k.MaxBytes > mostBytes):
		return k, invalid("maxBytes", "must be from %d to %d, or 0 (as any message)", minBytes, mostBytes)
	case len(k.Description) > maxDescription || !utf8.ValidString(k.Description):
		return k, invalid("description", "must be at most %d bytes of UTF-8", maxDescription)
	}
	if _, err := k.Senders.chat(); err != nil {
		return k, err
	}
	return k, nil
}

// byOps says whether messages of a type are made by an op, for each who asks for it (docs/messages.md).
func byOps(typ string) bool { return typ == "like" || typ == "follow" }

// chat is who may send, as the chat has it.
func (s Senders) chat() (chat.Senders, error) {
	switch s {
	case Anyone:
		return chat.SendersAnyone, nil
	case Members:
		return chat.SendersMembers, nil
	case Admins:
		return chat.SendersAdmins, nil
	case Server:
		return chat.SendersServer, nil
	}
	return 0, invalid("senders", "must be anyone, members, admins or server")
}
