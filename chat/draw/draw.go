package draw

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"liveroom/chat"
)

// Bounds of a draw.
const (
	MinWindow  = 10 * time.Second
	MaxWindow  = time.Hour
	MaxWinners = 1000
	MaxEntries = 100_000 // who comes later is not in the draw, and it says so (Draw.Full)
	MaxLevel   = 100

	maxTitle   = 120 // runes, of title and prize each
	maxKeyword = 60  // runes
	maxType    = 64  // bytes
	maxID      = 64  // bytes
)

// Kept is how many draws of a group are kept; the oldest go, and what is known of who won them.
const Kept = 200

// ListedWinners is how many of a draw's winners are in a list of draws.
const ListedWinners = 20

// State of a draw.
type State string

// The states. What is not open any more never changes.
const (
	Open      State = "open"
	Ended     State = "ended"
	Cancelled State = "cancelled"
)

// Trigger says which messages enter a draw. One of Keyword and MessageType is set.
type Trigger struct {
	Keyword     string `json:"keyword,omitempty"`     // the text of the message, without regard to width, case and blanks around it
	Contains    bool   `json:"contains,omitempty"`    // the keyword may be a part of the text
	MessageType string `json:"messageType,omitempty"` // "type" in the Data of a custom message, compared as chat.FoldType has it
}

// Eligibility says who may enter; the zero value: everybody who may speak.
type Eligibility struct {
	MinLevel     int   `json:"minLevel,omitempty"`
	Follower     bool  `json:"follower,omitempty"`     // of the room's anchor
	GiftValue    int64 `json:"giftValue,omitempty"`    // at least so much given in this live session, in minor units
	NotWonBefore bool  `json:"notWonBefore,omitempty"` // has won none of the room's draws that are kept
}

// Terms are what somebody asks for who starts a draw.
type Terms struct {
	ID          string        `json:"id"` // [A-Za-z0-9_-]{1,64}, unique in the group; the same one with the same terms is the same draw
	Title       string        `json:"title"`
	Prize       string        `json:"prize,omitempty"`
	Trigger     Trigger       `json:"trigger"`
	Window      time.Duration `json:"window"`
	Winners     int           `json:"winners"`
	Eligibility Eligibility   `json:"eligibility"`
}

// Winner is one of those drawn, the smallest ticket first.
type Winner struct {
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Ticket string `json:"ticket"`
}

// Draw is a lucky draw as stores keep it. Seed is secret while it is open: Public is what others may see.
type Draw struct {
	Terms
	Group   string `json:"group"`
	Number  uint64 `json:"number"`  // of the group's draws, from 1 on
	Session string `json:"session"` // the live session it was started in; may be empty
	Anchor  string `json:"anchor"`  // the room's, at the start
	By      string `json:"by"`
	State   State  `json:"state"`

	StartedAt time.Time `json:"startedAt"` // by the store's clock, as the messages' times
	EndsAt    time.Time `json:"endsAt"`    // messages from then on are too late
	ClosedAt  time.Time `json:"closedAt,omitzero"`

	Seed       string `json:"seed"`       // hex
	Commitment string `json:"commitment"` // hex SHA-256 of the seed

	Place       uint64   `json:"place"`          // messages up to this number were looked at
	Entries     int      `json:"entries"`        //
	Gap         bool     `json:"gap,omitempty"`  // some messages were lost or gone before they could be looked at
	Full        bool     `json:"full,omitempty"` // there were more than MaxEntries
	EntriesHash string   `json:"entriesHash,omitempty"`
	Drawn       []Winner `json:"drawn,omitempty"`
}

// until is when the draw ends by itself. EndsAt is that, or earlier where somebody ended it.
func (d Draw) until() time.Time { return d.StartedAt.Add(d.Window) }

// Public is the draw without what is secret while it is open. Of a cancelled one the seed stays secret: nothing was drawn with it.
func (d Draw) Public() Draw {
	if d.State != Ended {
		d.Seed = ""
	}
	return d
}

// Listed is the draw as a list has it: with the first of its winners.
func (d Draw) Listed() Draw {
	d.Drawn = slices.Clone(d.Drawn[:min(len(d.Drawn), ListedWinners)]) // of many the others would be held too
	return d
}

// ListedFor is that for somebody: where he won and is not among the first, he is the last in it.
func (d Draw) ListedFor(user string) Draw {
	some := d.Listed()
	for _, w := range d.Drawn[len(some.Drawn):] {
		if w.User == user {
			some.Drawn = append(some.Drawn, w)
		}
	}
	return some
}

// Entry is a user in a draw.
type Entry struct {
	User string    `json:"user"`
	Nick string    `json:"nick"`
	Seq  uint64    `json:"seq"` // of the message that entered him
	At   time.Time `json:"at"`
}

// The refusals of this package.
var (
	ErrNoDraw   = &chat.Error{Code: 10010, Name: "no_such_draw", Detail: "there is no such draw in this room", Field: "draw"}
	ErrRunning  = &chat.Error{Code: 10021, Name: "draw_running", Detail: "a draw is open in this room; end or cancel it first"}
	ErrReused   = &chat.Error{Code: 10025, Name: "draw_reused", Detail: "the id belongs to another draw of this room", Field: "id"}
	ErrOver     = &chat.Error{Code: 10032, Name: "draw_over", Detail: "the draw is over already", Field: "draw"}
	ErrNotOwner = &chat.Error{Code: 10007, Name: "not_anchor", Detail: "only the room's anchor or a backend may do this"}
)

func invalid(field, detail string, args ...any) error {
	return &chat.Error{Code: chat.ErrParameter.Code, Name: chat.ErrParameter.Name, Field: field, Detail: fmt.Sprintf(detail, args...)}
}

// Check says what is wrong with terms.
func (t Terms) Check() error {
	switch {
	case !validID(t.ID):
		return invalid("id", "must be 1 to %d letters, digits, _ and -", maxID)
	case t.Window < MinWindow || t.Window > MaxWindow:
		return invalid("window", "is %s, must be from %s to %s", t.Window, MinWindow, MaxWindow)
	case t.Winners < 1 || t.Winners > MaxWinners:
		return invalid("winners", "must be from 1 to %d", MaxWinners)
	case t.Eligibility.MinLevel < 0 || t.Eligibility.MinLevel > MaxLevel:
		return invalid("eligibility.minLevel", "must be from 0 to %d", MaxLevel)
	case t.Eligibility.GiftValue < 0:
		return invalid("eligibility.giftValue", "must not be negative")
	}
	for _, f := range []struct {
		name, value string
		least       int
	}{{"title", t.Title, 1}, {"prize", t.Prize, 0}} {
		if n := utf8.RuneCountInString(f.value); n < f.least || n > maxTitle || !clean(f.value) {
			return invalid(f.name, "must be %d to %d letters on one line", f.least, maxTitle)
		}
	}
	return t.Trigger.check()
}

func (t Trigger) check() error {
	switch {
	case (t.Keyword == "") == (t.MessageType == ""):
		return invalid("trigger", "give either keyword or messageType")
	case t.MessageType != "":
		if len(t.MessageType) > maxType || !clean(t.MessageType) || chat.FoldType(t.MessageType) == "" || t.Contains {
			return invalid("trigger.messageType", "must be 1 to %d bytes on one line, without contains", maxType)
		}
	case utf8.RuneCountInString(t.Keyword) > maxKeyword || !clean(t.Keyword) || plain(t.Keyword) == "":
		return invalid("trigger.keyword", "must be 1 to %d letters on one line", maxKeyword)
	}
	return nil
}

func validID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	})
}

// clean says whether a text is UTF-8 without control characters.
func clean(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' })
}
