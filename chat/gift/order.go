package gift

import (
	"encoding/json"
	"regexp"
	"time"

	"liveroom/chat"
)

// Limits of an order.
const (
	MaxCount  = 9999
	MaxValue  = 400_000_000_000 // minor units
	MaxReason = 800             // bytes kept of why an order was refused: 200 characters of any script
	MaxNote   = 64              // bytes of Message

	// MaxTotal is where a group's ledger takes no more orders: half of what a double holds exactly, since Redis' scripts and
	// browsers count in doubles. The other half is for orders placed before that.
	MaxTotal = 1 << 52

	// MaxPending is how many orders of a group may wait for their settlement.
	MaxPending = 10_000
)

// What pends when a ledger is full has its place in the other half: this does not compile otherwise.
const _ = uint64(1<<53 - MaxTotal - MaxPending*MaxValue)

// State of an order. Accepted and refused are final.
type State string

// States.
const (
	Pending  State = "pending"
	Accepted State = "accepted"
	Refused  State = "refused"
)

// Via says who placed an order.
type Via string

// Ways.
const (
	ViaClient  Via = "client"  // a viewer, over the chat
	ViaBackend Via = "backend" // a business backend that has billed it
	ViaMessage Via = "message" // the same, inside a message of its own, which is what the room sees
)

// Expired is the reason of an order that nobody settled in time.
const Expired = "settlement_expired"

// Order is one gift given, or asked to be.
type Order struct {
	ID      string `json:"id"` // its maker's; see Key
	Group   string `json:"group"`
	Session string `json:"session"` // of the live session it was placed in; empty: outside any
	Gift    string `json:"gift"`
	Name    string `json:"name"`
	Icon    string `json:"icon,omitempty"`
	Effect  string `json:"effect,omitempty"`
	Price   int64  `json:"price"` // of one when it was placed
	Count   int    `json:"count"`
	Value   int64  `json:"value"` // price × count
	From    string `json:"from"`
	Nick    string `json:"nick"`
	Avatar  string `json:"avatar"`
	Level   int    `json:"level"`
	To      string `json:"to"`    // the anchor
	Combo   string `json:"combo"` // names a run of clicks that are shown together; empty: none

	State     State     `json:"state"`
	Reason    string    `json:"reason"` // why it was refused
	Via       Via       `json:"via"`
	CreatedAt time.Time `json:"createdAt"`
	SettledAt time.Time `json:"settledAt,omitzero"`
	Message   string    `json:"message"` // of ViaMessage: names the message it came in
}

// Orders' ids. Clients' must not hold what separates them from the user in Key.
var (
	clientID  = regexp.MustCompile(`^[A-Za-z0-9_.~-]{1,64}$`)
	backendID = regexp.MustCompile(`^[A-Za-z0-9_.~:@+=-]{1,64}$`)
)

// ClientKey and BackendKey name an order inside its group. No user can take another's id, nor a backend's.
func ClientKey(user, id string) string { return "c:" + user + ":" + id }

// BackendKey is as ClientKey for what a backend billed.
func BackendKey(id string) string { return "b:" + id }

// Key names the order inside its group.
func (o Order) Key() string {
	if o.Via == ViaClient {
		return ClientKey(o.From, o.ID)
	}
	return BackendKey(o.ID)
}

// Validate returns an Error that names the field at fault. It does not look at what the server fills in.
func (o Order) Validate() error {
	ids := clientID
	if o.Via != ViaClient {
		ids = backendID
	}
	switch {
	case !ids.MatchString(o.ID):
		return parameter("order", "must be 1 to 64 letters, digits or one of _ . ~ -")
	case !giftID.MatchString(o.Gift):
		return parameter("gift", "must be 1 to 64 letters, digits, _ or -")
	case o.Count < 1 || o.Count > MaxCount:
		return parameter("count", "must be 1 to %d", MaxCount)
	case o.Price < 0 || o.Price > MaxPrice:
		return parameter("price", "must be 0 to %d", int64(MaxPrice))
	case o.Price*int64(o.Count) > MaxValue:
		return parameter("count", "price times count must be at most %d", int64(MaxValue))
	case o.From == "" || len(o.From) > 64 || hasControl(o.From):
		return parameter("user", "must be 1 to 64 bytes")
	case o.Combo != "" && !clientID.MatchString(o.Combo):
		return parameter("combo", "must be at most 64 letters, digits or one of _ . ~ -")
	}
	if err := validText("nick", o.Nick, 256); err != nil {
		return err
	}
	if err := validText("message", o.Message, MaxNote); err != nil {
		return err
	}
	return validText("avatar", o.Avatar, MaxAddress)
}

// same says whether two orders of one key ask for the same. The price is not asked for: it is the catalogue's, and so is
// whether clicks are merged.
func (o Order) same(p Order) bool {
	return o.Gift == p.Gift && o.Count == p.Count && o.From == p.From && (o.Combo == p.Combo || o.Combo == "" || p.Combo == "")
}

// Repeated is for a store that has an order of the same key as a new one: it returns the old, or ErrOrderReused.
func Repeated(old, fresh Order) (Order, error) {
	if !old.same(fresh) {
		return Order{}, ErrOrderReused
	}
	return old, nil
}

// validSession refuses what no live session is called. Stores put a session into their keys as it is.
func validSession(session string) error {
	if len(session) > 64 || hasControl(session) {
		return parameter("session", "must be a live session's id")
	}
	return nil
}

// Verdict is what a settlement came to. The zero Verdict is unknown: it is asked again.
type Verdict struct {
	State  State // Accepted or Refused; anything else is unknown
	Reason string
}

// Known says whether the verdict settles anything.
func (v Verdict) Known() bool { return v.State == Accepted || v.State == Refused }

// Settled returns the order as the verdict makes it.
func (o Order) Settled(v Verdict, at time.Time) Order {
	o.State, o.SettledAt = v.State, at
	if v.State == Refused {
		o.Reason = clip(v.Reason, MaxReason)
	}
	return o
}

// plainOrder is an Order without its methods.
type plainOrder Order

// wireOrder is an Order with times as all our JSON has them: RFC 3339, UTC, milliseconds.
type wireOrder struct {
	plainOrder
	CreatedAt string `json:"createdAt"`
	SettledAt string `json:"settledAt,omitempty"`
}

func (o Order) wire() wireOrder {
	return wireOrder{plainOrder: plainOrder(o), CreatedAt: wireTime(o.CreatedAt), SettledAt: wireTime(o.SettledAt)}
}

func wireTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(chat.TimeLayout)
}

// MarshalJSON implements json.Marshaler.
func (o Order) MarshalJSON() ([]byte, error) { return json.Marshal(o.wire()) }

// MarshalJSON implements json.Marshaler.
func (e Entry) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Number uint64 `json:"entry"`
		wireOrder
	}{e.Number, e.wire()})
}
