package chat

import (
	"context"
	"time"
)

// Occasion is what every Fact has: where and when it happened, and who caused it.
type Occasion struct {
	Group string // empty: of no group
	Time  time.Time
	By    Identity // of a backend: its administrator, on PlatformREST; the server itself: Administrator
}

// Occasioned returns the occasion (Fact).
func (o Occasion) Occasioned() Occasion { return o }

// Fact is something that happened in a group or to a user, as others outside are told of it. It is one of the types below,
// never a pointer.
type Fact interface{ Occasioned() Occasion }

// Observer is told of what happens here, in the order of each group and of each user.
type Observer interface {
	// Observe takes facts. It is called under locks: it must not block, nor call the chat.
	Observe(facts ...Fact)
	// HearsMessages says whether anybody wants to know at present what becomes of messages. It is called for each.
	HearsMessages() bool
	// Settle waits until what was observed before is as durable as it is to be, but not for long if it can't be, and not
	// beyond ctx.
	Settle(ctx context.Context)
}

// Facts about groups.
type (
	// GroupMade is a new group.
	GroupMade struct {
		Occasion
		Made Group
	}

	// GroupGone is a group that was dismissed; what it was like.
	GroupGone struct {
		Occasion
		Was Group
	}

	// GroupChanged is a new name, introduction, notice or avatar; nil did not change.
	GroupChanged struct {
		Occasion
		Name, Introduction, Notice, Avatar *string
	}

	// AttributesWritten is a write of attributes that took effect. Set has what is set now of the listed keys; Keys are
	// those that were deleted, of ClearAttribute all there were.
	AttributesWritten struct {
		Occasion
		Op   AttributeOp
		Set  map[string]string
		Keys []string
	}

	// RoleChanged is who was made an administrator of the group, or is one no longer.
	RoleChanged struct {
		Occasion
		User string
		Role Role
	}
)

// Facts about people. Anonymous guests are in none of them.
type (
	// Came is a user who joined a group; his other devices were not in it.
	Came struct{ Occasion }

	// Went is a user who asked to leave a group, or was taken out of it. Platform and address of By are those of the
	// device that left, if By is the user himself.
	Went struct {
		Occasion
		User   string
		Reason string // empty: he asked; else one of the reasons of departures
		Stays  bool   // he asked on one device and is there on another
	}

	// PresenceChanged are users who are in a group, or not any more, as far as their lines tell (spec im-callbacks §6.10).
	PresenceChanged struct {
		Occasion
		Users  []string
		Online bool
		Cause  PresenceCause
	}

	// SignedIn is a device that came; Replaced are the platforms of those that were sent away for it.
	SignedIn struct {
		Occasion
		Replaced []string
	}

	// SignedOut is a device that went.
	SignedOut struct {
		Occasion
		Reason SignOutReason
	}
)

// PresenceCause says why somebody is in a group or is not.
type PresenceCause string

// The causes, as spec im-callbacks §6.10 has them.
const (
	CauseJoin      PresenceCause = "Join"
	CauseQuit      PresenceCause = "Quit"
	CauseInterrupt PresenceCause = "HeartbeatInterrupt"
	CauseRecover   PresenceCause = "HeartbeatRecover"
)

// SignOutReason says how a device went.
type SignOutReason string

// The reasons, as spec im-callbacks §7.5 has them.
const (
	SignOutAsked   SignOutReason = "Unregister" // its program said so
	SignOutClosed  SignOutReason = "LinkClose"  // its connection ended
	SignOutTimeout SignOutReason = "TimeOut"    // nothing came from it any more
)

// Facts about messages. None is told of the server's own, nor of those sent with SendOptions.Untold. What M has must not be
// changed.
type (
	// Sent is a message that is in the log. Epoch and M.Seq name it for good.
	Sent struct {
		Occasion
		Epoch string
		M     *Message
	}

	// NotSent is a message that was refused, or dropped by frequency control (ErrTooManyMessages). It has no Body and no
	// CloudCustomData if they are what could not be sent.
	NotSent struct {
		Occasion
		M   *Message
		Err *Error
	}

	// Withdrew are messages that were recalled or blocked.
	Withdrew struct {
		Occasion
		Seqs []uint64
		Kind WithdrawalKind
		Were []*Message // what they were, in the order of Seqs; nil: it was out of the log already
	}

	// LetterSent is a message from one user to another. Err is why it was not sent, but for what the Gate refused; it has no
	// Body and no CloudCustomData then if they are what could not be sent.
	LetterSent struct {
		Occasion
		To  string
		M   *Message
		Err *Error
	}
)
