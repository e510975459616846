package chat

import (
	"context"
	"fmt"
	"time"
)

// Config tunes a Service. The zero value of a field means its default.
type Config struct {
	History    int           // messages a newcomer gets (20)
	HistoryAge time.Duration // how old they may be (24h)

	ResumeAge      time.Duration // how long a member may be away and miss nothing (2m)
	ResumeMessages int           // messages kept for that, per room (5000)
	ResumeBytes    int           // bytes kept for that, per room (2 MiB)

	RatePerSecond int // messages a room delivers in a second, by priority (40, spec im-rest §5.1)
	Pending       int // candidates a room holds between two flushes; beyond, the least important is dropped (1000, or RatePerSecond if that is more)

	TickMin  time.Duration // from one flush of a small room to the next (25ms)
	TickMax  time.Duration // from one flush of a large room to the next (100ms)
	TickSlow time.Duration // upper bound in a room so large that a flush takes long (250ms)

	MessageBytes int // MsgBody and CloudCustomData together (12 KiB, spec im-rest §3.11)
	NameBytes    int // group name (120; Tencent says 30, our room titles are longer)
	NoticeBytes  int // notice (300, spec im-rest §3.0)

	PriorityCap Priority // the highest priority members may claim (High: no cap)

	DedupAge time.Duration // how long a repeated Random is answered with the original ack (5m)

	UserBurst int     // messages a member may send at once (0: as many as he likes); owner and administrators are free
	UserRate  float64 // and in a second after that (2)

	RecallWindow time.Duration // how long a member may recall his messages (2m); negative: never

	AttributeWrites int  // attribute writes a group takes in a second (5, spec im-rest §3.17)
	MembersWrite    bool // signed-in members may write attributes and counters, as with Tencent; default owner and admins

	CountChange float64       // share by which the count must have moved to be pushed at once (0.02)
	CountEvery  time.Duration // the least time between two pushes of a room's count (2s)
	CountMaxAge time.Duration // a smaller change is pushed after this (10s)

	MemberList int // how many members, the newest, a list of them goes back (30; at most 1000, spec im-rest §3.20)
	Tips       int // how many people a group may have for its members to be told who comes and goes (0: nobody is told)

	StoreTimeout time.Duration // for one store operation (5s)

	Journal Journal // who did what, kept; nil: nobody keeps it
	Words   Filter  // sensitive words; nil: none

	Gate     Gate     // asked before messages, joins and new groups; nil: nobody is
	Observer Observer // told of what happened; nil: nobody is

	QuietMutes bool // only who is muted is told, and not all members of the group

	NoBroadcasts bool // nobody sends to all groups

	WordsForAdmins bool // application administrators' texts are checked like everybody's; the server's own never are

	Sanctions int // mutes a group may have, and bans (10,000 each)

	WebInstances    int // pages, mini-programs and the like that a user may have open at a time (10); negative: as many as he likes
	NativeInstances int // and apps, of each kind that Rivals makes of them (3)
	Rivals          Rivals

	OneRoom OneRoom // whether a web login is in one room at a time (OneRoomUnlessAsked)
	Quit    Quit    // which of a user's devices leave a room together (QuitApps)

	// Neighbours are the other nodes of the cluster; nil: this one is alone.
	Neighbours Neighbours

	// Who tells what is known of an account by its id alone: whether it is an application administrator, or a guest. Nil:
	// Administrator is the only administrator, and nobody a guest.
	Who func(user string) Identity

	// Banished is told of each ban who may not watch any more, on all nodes, and after a time without news of other nodes
	// again of all those in force. It is called by the room's loop or for another node, without a lock, and must not block for
	// long. It is called again after an error. Nil: nobody wants to know.
	Banished func(ctx context.Context, b Banishment) error

	// Withdrawing is told of each message that is about to be withdrawn: what it shows must go with it. M is nil if the
	// message is out of the log. An error leaves the message as it is. It is called by the room's loop, without a lock.
	// Nil: nobody wants to know.
	Withdrawing func(ctx context.Context, group string, seq uint64, m *Message, kind WithdrawalKind) error

	// Delivered is told of each message of somebody else than the server once it is in the log, and Dismissed of each group
	// that ended. They are called by the room's loop, without a lock, and must not block. Nil: nobody wants to know.
	Delivered func(m *Message)
	Dismissed func(group string)

	// Counted is told of each message that its sender may send, administrators' too, before frequency control may drop it: after
	// mute, de-duplication, words and Gate, once, and not of the server's own. It is called under a lock: it must neither block
	// nor call the chat, nor keep m, which changes afterwards. Nil: nobody wants to know.
	Counted func(m *Message, who Identity)

	// Delay is how much later members get what others than the server and application administrators say in a group. It must not
	// take long. Nil: nothing is delayed.
	Delay func(ctx context.Context, group string) time.Duration

	// Kind tells what is registered of a type of custom messages, given as FoldType has it. It must not block. Nil: nothing is.
	Kind func(typ string) (Kind, bool)

	// Standing tells the level and badge of a user as far as they are known here; it must not block. They ride on what he
	// sends. Nil: nobody has any.
	Standing func(user string) Standing

	// Viewers tells who watches the stream of a group: the number of play sessions, and for those that carry one the
	// chat session id of their address (vid), so that a member who watches counts once. Nil: nobody watches.
	Viewers func(group string) (sessions int, linked []string)

	// Watched names the groups whose streams are watched on this node, for other nodes. Nil: those in which somebody is.
	Watched func() []string

	// Account finds an account, or answers ErrNoAccount: that in whose name an administrator sends, that of who is sent a
	// message by another user, and those of a group's owner and administrators, for their nicks (see Skeleton). Nil: any
	// will do, and nobody's nick is known.
	Account func(ctx context.Context, user string) (Identity, error)

	MembersFound bool // whoever has an account may make groups; default application administrators

	// Found makes a group and the live room it belongs to, whose anchor is the draft's owner, and returns its id. A taken id is
	// ErrGroupTaken. Nil: nobody makes groups by chat.
	Found func(ctx context.Context, d GroupDraft) (id string, err error)

	// Disband ends the live room that a group belongs to, which dismisses the group. Nil: the group alone is dismissed.
	Disband func(ctx context.Context, by Identity, g Group) error

	// Skeleton is what a reader takes a name for: who is called like the owner or an administrator of a group appears
	// there without his nick. Nil: names are not compared.
	Skeleton func(name string) string

	// Rename changes name or notice (nil stays) where they are kept besides the group, in its live room, which brings
	// the group in step before it returns. Nil: the group alone has them.
	Rename func(ctx context.Context, g Group, name, notice *string) error
}

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name string
		ok   bool
		must string
		got  any
	}{
		{"History", c.History >= 0 && c.History <= 1000, "0–1000", c.History},
		{"ResumeMessages", c.ResumeMessages >= 0, "not negative", c.ResumeMessages},
		{"ResumeBytes", c.ResumeBytes >= 0, "not negative", c.ResumeBytes},
		{"RatePerSecond", c.RatePerSecond >= 0, "not negative", c.RatePerSecond},
		{"Pending", c.Pending >= 0, "not negative", c.Pending},
		{"TickMin", c.TickMin >= 0 && c.TickMin <= c.TickMax, "0 to TickMax", c.TickMin},
		{"TickSlow", c.TickSlow >= c.TickMax, "at least TickMax", c.TickSlow},
		{"MessageBytes", c.MessageBytes >= 0 && c.MessageBytes <= 1<<20, "at most 1 MiB", c.MessageBytes},
		{"UserBurst", c.UserBurst >= 0 && c.UserBurst <= 1000, "0–1000", c.UserBurst},
		{"UserRate", c.UserRate >= 0.01 && c.UserRate <= 1000, "0.01–1000", c.UserRate},
		{"PriorityCap", c.PriorityCap <= Lowest, "a priority", c.PriorityCap},
		{"CountChange", c.CountChange >= 0 && c.CountChange <= 1, "0–1", c.CountChange},
		{"Sanctions", c.Sanctions >= 0, "not negative", c.Sanctions},
		{"MemberList", c.MemberList >= 0 && c.MemberList <= 1000, "0–1000", c.MemberList},
		{"Tips", c.Tips >= 0, "not negative", c.Tips},
		{"CountEvery", c.CountEvery >= 0, "not negative", c.CountEvery},
	} {
		if !f.ok {
			return fmt.Errorf("chat: %s is %v, must be %s", f.name, f.got, f.must)
		}
	}
	return nil
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	def(&c.History, 20)
	def(&c.HistoryAge, 24*time.Hour)
	def(&c.ResumeAge, 2*time.Minute)
	def(&c.ResumeMessages, 5000)
	def(&c.ResumeBytes, 2<<20)
	def(&c.RatePerSecond, 40)
	def(&c.Pending, max(1000, c.RatePerSecond))
	def(&c.TickMin, 25*time.Millisecond)
	def(&c.TickMax, max(100*time.Millisecond, c.TickMin))
	def(&c.TickSlow, max(250*time.Millisecond, c.TickMax))
	def(&c.MessageBytes, 12<<10)
	def(&c.NameBytes, 120)
	def(&c.NoticeBytes, 300)
	def(&c.PriorityCap, High)
	def(&c.DedupAge, 5*time.Minute)
	def(&c.UserRate, 2)
	def(&c.RecallWindow, 2*time.Minute)
	def(&c.AttributeWrites, 5)
	def(&c.CountChange, 0.02)
	def(&c.CountEvery, 2*time.Second)
	def(&c.CountMaxAge, 10*time.Second)
	def(&c.Sanctions, 10_000)
	def(&c.MemberList, 30)
	def(&c.WebInstances, 10)
	def(&c.NativeInstances, 3)
	def(&c.StoreTimeout, 5*time.Second)
	if c.Viewers == nil {
		c.Viewers = func(string) (int, []string) { return 0, nil }
	}
	if c.Watched == nil {
		c.Watched = func() []string { return nil }
	}
	if c.Withdrawing == nil {
		c.Withdrawing = func(context.Context, string, uint64, *Message, WithdrawalKind) error { return nil }
	}
	if c.Delivered == nil {
		c.Delivered = func(*Message) {}
	}
	if c.Dismissed == nil {
		c.Dismissed = func(string) {}
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) keep() Retention {
	return Retention{
		History: c.History, HistoryAge: c.HistoryAge,
		ResumeAge: c.ResumeAge, ResumeMessages: c.ResumeMessages, ResumeBytes: c.ResumeBytes,
	}
}
