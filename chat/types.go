package chat

import (
	"encoding/json"
	"net/netip"
	"sync"
	"time"
)

// Administrator is the account that speaks for the server (spec im-rest §1.3).
const Administrator = "administrator"

// Priority of a message: it decides who survives frequency control, never the order.
type Priority uint8

// Priorities, most important first. Lowest exists on the wire and is treated as Low.
const (
	High Priority = iota + 1
	Normal
	Low
	Lowest
)

// Role of a member in its group.
type Role string

// Roles (design §6). Guests without a name are anonymous and have no role.
const (
	RoleOwner  Role = "Owner"
	RoleAdmin  Role = "Admin"
	RoleMember Role = "Member"
)

// Identity is who stands behind a session: verified by the door before it reaches the chat.
type Identity struct {
	User      string // account id; random for anonymous guests
	Nick      string
	Avatar    string
	Anonymous bool       // no UserSig: receives only, is in no list
	Guest     bool       // a named guest: an ordinary member without roles
	Admin     bool       // an application administrator
	Platform  string     // as NormalPlatform writes it
	ManyRooms bool       // the client wants to be in several rooms at a time: see OneRoom
	Instance  string     // names the device or page over reconnects, as its client says; may be empty
	Addr      netip.Addr // where the session comes from; zero: not known
	Verified  time.Time  // when the door began to look at the UserSig; zero: not known
	Expires   time.Time  // of the UserSig; zero: never
	Console   string     // what an administrator calls himself who acts from the console; for the audit log alone

	// Watch is what this person's play addresses name as vid, so that who is a member and watches counts once. It
	// outlives a session: a client that comes back brings it along. Empty: the session's id.
	Watch string
}

// Network is where the session comes from, as far as one person has it.
func (who Identity) Network() netip.Prefix { return Network(who.Addr) }

// Network is what counts as one person's address: an IPv4 address, or an IPv6 network of 64 bits. Of no address at all it
// is the zero Prefix.
func Network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// TimeLayout is how JSON of ours has times, of chat and of all that is built on it: RFC 3339 with milliseconds. They are in UTC.
const TimeLayout = "2006-01-02T15:04:05.000Z07:00"

// Message is one room message. Body is Tencent's MsgBody array, kept byte for byte (spec im-rest §3.12).
type Message struct {
	Group           string
	Seq             uint64 // 0 until it is delivered
	Time            time.Time
	From            string
	Nick            string
	Avatar          string
	Priority        Priority
	Random          uint32
	Body            json.RawMessage
	CloudCustomData string
	Withdrawn       WithdrawalKind // why Body and CloudCustomData are gone; empty: they are not
	Server          bool           // from the server itself: exempt from frequency control
	Broadcast       bool           // one to all groups
	Degraded        bool           // the store was away: it went to the members of one node, has no Seq and is in no log

	Level int    // of its sender when he sent it; 0: not known
	Badge string // and what he is shown with; may be empty
}

// Event is a state event: no sequence number, no history; the newest state is sent whole at join and resume.
type Event struct {
	Kind    string // attributes, fields, count, notice, profile, mute, kick, dismissed …
	Version uint64
	Data    json.RawMessage
	Lossy   bool // a slow session may miss it like a message of Low priority
}

// Item is what a member receives: exactly one of the two is set.
type Item struct {
	Message *Message
	Event   *Event
}

// BatchForms is how many encoded forms a batch may have: one for each kind of connection that members come by.
const BatchForms = 2

// Batch is what one flush of a room delivers to every session. It is shared and immutable; Frame caches its encoded forms.
type Batch struct {
	Group    string
	Items    []Item
	Priority Priority // of its most important item

	forms [BatchForms]struct {
		once  sync.Once
		frame []byte
	}
}

// Frame returns the batch in one of its forms, as encoded by build, which runs at most once however many sessions share
// the batch. Each form has one build.
func (b *Batch) Frame(form int, build func(*Batch) []byte) []byte {
	f := &b.forms[form]
	f.once.Do(func() { f.frame = build(b) })
	return f.frame
}

// Session is one connected device, implemented by a door. Deliver must not block: a session that can't keep up drops
// what it may by priority or closes itself.
//
// Direct hands over a message from one user to another, either of whom the session is of. The message is shared.
//
// Left tells that the session was taken out of a group, after what was delivered to it before. A delivery of that group
// which is still under way may follow, and is for nobody. No method may call the Service with a lock that another holds.
type Session interface {
	ID() string
	Deliver(*Batch)
	Direct(to string, m *Message)
	Left(group string, why Departure)
	Close(Closing)
}
