package chat

import (
	"slices"
	"time"
)

// Group is an AVChatRoom as its owner set it up. Maps are shared and must not be changed.
type Group struct {
	ID        string // 1–48 printable ASCII characters
	Room      string // the live room it belongs to
	Owner     string // account of the owner; may be empty
	Admins    []string
	Name      string
	Notice    string
	Fields    map[string]string // custom fields, readable without joining
	CreatedAt time.Time
}

// Profile is what a group is called and who manages it. Members are told name and owner.
type Profile struct {
	Name   string   `json:"name"`
	Owner  string   `json:"owner"` // may be empty
	Admins []string `json:"-"`
}

// Profile returns the group's profile.
func (g Group) Profile() Profile { return Profile{g.Name, g.Owner, g.Admins} }

// Equal says whether p and q say the same, administrators in the same order.
func (p Profile) Equal(q Profile) bool {
	return p.Name == q.Name && p.Owner == q.Owner && slices.Equal(p.Admins, q.Admins)
}

// Position is a place in a room's sequence. Another epoch means another sequence.
type Position struct {
	Epoch string
	Seq   uint64
}

// Count says how many are there (design §6).
type Count struct {
	Members int `json:"members"` // distinct users and anonymous guests with a live session: Tencent's online number
	Viewers int `json:"viewers"` // play sessions
	Online  int `json:"online"`  // members and those viewers that are not linked to a live session
}

// Joined is the room as it was at one moment: everything later comes by Deliver. Maps and messages are shared and must
// not be changed.
type Joined struct {
	Role     Role // empty for anonymous guests
	Epoch    string
	Seq      uint64 // of the newest message
	Complete bool   // false: a resume could not be answered from the log; Messages is the history instead

	Attributes        map[string]string
	AttributesVersion uint64
	Counters          Counters
	Fields            map[string]string
	FieldsVersion     uint64
	Notice            string
	NoticeVersion     uint64
	Profile           Profile
	ProfileVersion    uint64
	Settings          VersionedSettings

	Mute MuteState

	Count     Count
	Degraded  bool         // the room goes on without the store: see Service.Degraded
	NextAt    time.Time    // when who joined may send again in slow mode; zero: at once
	Withdrawn []Withdrawal // on a resume: what was withdrawn of the messages up to the client's position
	Messages  []*Message   // oldest first: history for a newcomer, what was missed on a resume
}

// Ack answers a sender.
type Ack struct {
	Time    time.Time
	Seq     uint64 // of the message; if Dropped the newest of the room, not consumed
	Dropped bool   // frequency control dropped it; clients are told success all the same (spec im-rest §3.11)
	Before  bool   // an earlier send with its key was delivered, and has these Time and Seq; nothing of this one is in the log

	Delayed bool `json:"-"` // members get it later (Config.Delay); Seq is the newest of the room, as it has none yet

	Degraded bool `json:",omitempty"` // it went to this node's members only, without Seq (SendOptions.Local). Stores don't keep it

	NextAt time.Time // when the sender may send again in slow mode; zero: at once. Stores don't keep it

	// Body and CloudCustomData are what members get instead of what was sent, where sensitive words were replaced or the
	// Gate had it so; else empty and nil. Stores don't keep them.
	Body            string  `json:"-"`
	CloudCustomData *string `json:"-"`

	Refused *Error // a store's answer to a sender who may not speak any more; Send returns it as its error
}

// StatusChange is one transition of the room's status as the synchroniser announces it (design §4). (Epoch, Version)
// orders changes: the larger epoch wins, then the larger version; what is not newer than the applied one is ignored.
type StatusChange struct {
	Group   string
	Epoch   string
	Version uint64
	Record  []byte // the status record, a JSON object: attribute live_status and body of the message
	Field   []byte // the short form for the custom field live_status, ≤ 512 bytes
}
