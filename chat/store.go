package chat

import (
	"context"
	"net/netip"
	"time"
)

// Store keeps groups. Each method is one atomic operation; operations of one group take effect one after the other.
// Durability (design §7): what CreateGroup, DeleteGroup, ApplyStatus, Append, Withdraw and the Puts answered is durable (class A) unless
// they say otherwise; Flush and Reserve may lose the last 200 ms in a crash (class B), but a sequence number is never
// given out twice. Unknown groups are ErrNoGroup. Returned maps and messages are shared and must not be changed.
type Store interface {
	// CreateGroup stores g if its id is free. It answers the group that now exists and whether it is new.
	CreateGroup(ctx context.Context, g Group) (Group, bool, error)
	LoadGroup(ctx context.Context, group string) (GroupState, error)
	DeleteGroup(ctx context.Context, group string) error

	// Reserve claims a message's key before it is checked further. A reservation ends by Flush, by Release or after PendingAge.
	Reserve(ctx context.Context, group string, key Key) (Reservation, error)
	Release(ctx context.Context, group string, keys ...Key) error

	// Flush applies frequency control to the candidates, numbers the survivors in the order given, appends them to the
	// log and settles their keys. It sets Seq and Time of the survivors; one Ack per candidate, in the order given. A
	// candidate whose sender was muted or banned since it was accepted is Refused, and its key released. One that is
	// Unheard counts for nothing, and neither does one whose key is that of a message delivered Before: its reservation ended
	// while its node stood still, and another node was faster.
	Flush(ctx context.Context, group string, f Flush) ([]Ack, error)

	// ApplyStatus sets the system attribute and the custom field live_status and appends m, all or nothing. It sets Seq
	// and Time of m. A change that is not newer than the applied one changes nothing.
	ApplyStatus(ctx context.Context, c StatusChange, m *Message, keep Retention) (StatusApplied, error)

	PutAttributes(ctx context.Context, group string, c AttributeChange) (Values, error)
	// PutFields upserts custom fields; an empty value deletes the field.
	PutFields(ctx context.Context, group string, fields map[string]string) (Values, error)
	// PutNotice sets the notice. One that is set already gets no new version.
	PutNotice(ctx context.Context, group, notice string) (version uint64, err error)
	// PutProfile sets name, owner and administrators together. A profile that is set already gets no new version. See WithKnown.
	PutProfile(ctx context.Context, group string, p Profile) (version uint64, err error)

	AppendStore
	SettingsStore
	CounterStore
	RecallStore
	SanctionStore
	SilenceStore
	GroupListStore
	RobotStore

	// Log returns up to limit messages with a sequence number above after, oldest first, and whether none between is missing.
	Log(ctx context.Context, group string, after uint64, limit int) (messages []*Message, whole bool, err error)
}

// Key identifies one send for de-duplication: a hash of sender, Random and content. The zero key is not de-duplicated.
type Key [16]byte

// Reservation answers Reserve: either the key is Fresh and now ours, or Ack holds how the earlier send ended, or it is
// still under way (both unset).
type Reservation struct {
	Fresh bool
	Ack   *Ack
}

// PendingAge is how long a reservation stands whose send never ended, because its node died.
const PendingAge = 10 * time.Second

// Candidate is a message that asks to be delivered.
type Candidate struct {
	Message *Message
	Key     Key
	Address netip.Prefix // where its sender comes from; zero: not known
	Trusted bool         // an application administrator speaks, whom nobody can silence
	Unheard bool         // nobody gets it, though its ack is like that of one delivered, with the room's newest number (Ruling.Drop)
}

// Flush is one batch of a room on its way to the log.
type Flush struct {
	Candidates []Candidate
	Limit      int           // messages a second (Config.RatePerSecond); the server's own are exempt
	DedupAge   time.Duration // how long the keys are remembered
	Keep       Retention
}

// Retention bounds a room's log: the newest History messages up to HistoryAge old, and for resume everything up to
// ResumeAge, ResumeMessages and ResumeBytes.
type Retention struct {
	History        int
	HistoryAge     time.Duration
	ResumeAge      time.Duration
	ResumeMessages int
	ResumeBytes    int
}

// Values is a set of attributes or fields with the version of its last change.
type Values struct {
	Version uint64            `json:"version"`
	Written uint64            `json:"written,omitempty"` // of attributes: the version of the last change but those of the status
	All     map[string]string `json:"all"`
}

// AttributeOp says what an AttributeChange does.
type AttributeOp uint8

// The attribute operations (spec im-rest §3.17). None but SetAttribute touches what belongs to the server.
const (
	SetAttribute     AttributeOp = iota + 1 // upsert
	ReplaceAttribute                        // the whole set
	DeleteAttribute                         // the listed keys
	ClearAttribute                          // all
)

// AttributeChange is one write, all or nothing.
type AttributeChange struct {
	Op     AttributeOp
	Set    map[string]string
	Keys   []string
	Known  uint64 // the version its maker knew; older than Written, it is refused. 0: not asked
	Writes int    // writes the group takes in a second (Config.AttributeWrites)
}

// StatusApplied is the state after ApplyStatus. Fresh is false if the change was applied before or is older than what was.
type StatusApplied struct {
	Fresh      bool
	Message    *Message
	Attributes Values
	Fields     Values
}

// Head is all of a group but its log.
type Head struct {
	Group           Group
	Epoch           string
	Seq             uint64 // of the newest message
	Pos             uint64 // of the newest Entry; 0 in a Store without a Feed
	Floor           uint64 // of the newest message that is no longer in the log, or was lost in a crash
	Attributes      Values
	FieldsVersion   uint64
	NoticeVersion   uint64
	ProfileVersion  uint64
	Settings        Settings
	SettingsVersion uint64
	StatusEpoch     string // newest applied StatusChange
	StatusVersion   uint64
	Fences          map[string]uint64 `json:",omitempty"` // of AppendStore: the newest number by name; never written in place
	Withdrawals     uint64            // how many there were

	ChangedAt time.Time // of the last change of profile, notice, fields or settings; zero: none since the group was made
}

// GroupState is a group as a room is built from it. Log is oldest first.
type GroupState struct {
	Head
	Log         []*Message
	Counters    Counters
	Withdrawals []Withdrawal // the newest 200, in the order they happened
	Mutes, Bans []Sanction   // what is over may be among them
	Robots      []Robot      // the same
}
