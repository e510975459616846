package gift

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Merge says how clicks of a combo are shown together.
type Merge struct {
	Clicks int           // most in a message, unless one order holds more; default 20
	Still  time.Duration // time without a click that ends a run; default 1 s
	Kept   time.Duration // how long after its end a run is continued by later clicks; default 2 min
}

// WithDefaults fills in what is zero.
func (m Merge) WithDefaults() Merge {
	if m.Clicks <= 0 {
		m.Clicks = 20
	}
	if m.Still <= 0 {
		m.Still = time.Second
	}
	if m.Kept <= 0 {
		m.Kept = 2 * time.Minute
	}
	return m
}

// Combo is a run of clicks of one user, gift, session and combo id, as the store keeps it. The zero Combo is one that has not begun.
type Combo struct {
	Last    Order     `json:"last"`    // the newest order, not shown yet while Running
	Count   int       `json:"count"`   // what was accepted and is not shown yet; more than 0 while Running
	Value   int64     `json:"value"`   // of that
	Total   int64     `json:"total"`   // all that was accepted, earlier runs of the same id included
	Running bool      `json:"running"` // its final message is yet to come
	Due     time.Time `json:"due"`     // when it ends if there is no click; not Running: when it is forgotten
}

// ComboKey names an order's combo inside its group; empty: it has none.
func (o Order) ComboKey() string {
	if o.Combo == "" {
		return ""
	}
	return strings.Join([]string{o.From, o.Gift, o.Session, o.Combo}, "\x1f")
}

// Add counts an accepted order in. What must be shown because of it comes back, oldest first, at most two results.
//
// A message leaves when one more click would take it over the limit, not when it reaches it: so the last one of a run
// always has something to be final about.
func (c Combo) Add(o Order, m Merge) (Combo, []Result) {
	var show []Result
	if c.Running && o.SettledAt.After(c.Due) { // the end came, and nobody had looked yet
		show = append(show, c.result(true))
		c.Running, c.Count, c.Value = false, 0, 0
	}
	if c.Running && c.Count+o.Count > m.Clicks {
		show = append(show, c.result(false))
		c.Count, c.Value = 0, 0
	}
	due := o.SettledAt.Add(m.Still)
	if c.Running && due.Before(c.Due) {
		due = c.Due
	}
	c.Last, c.Running, c.Due = o, true, due
	c.Count += o.Count
	c.Value += o.Value
	c.Total += int64(o.Count)
	return c, show
}

// End ends the run if it is due: the final result comes back. A run that ended long ago is to be forgotten.
func (c Combo) End(now time.Time, m Merge) (next Combo, final *Result, forget bool) {
	switch {
	case c.Due.After(now):
		return c, nil, false
	case !c.Running:
		return c, nil, true
	}
	r := c.result(true)
	c.Running, c.Count, c.Value, c.Due = false, 0, 0, now.Add(m.Kept)
	return c, &r, false
}

// result is what is not shown yet.
func (c Combo) result(final bool) Result {
	r := resultOf(c.Last)
	r.Count, r.Value, r.Final = c.Count, c.Value, final
	r.Combo, r.ComboTotal = c.Last.Combo, c.Total
	return r
}

// Result is what the room is shown: the Data of a custom message from the server.
type Result struct {
	Type       string `json:"type"`
	Gift       Shown  `json:"gift"`
	From       Giver  `json:"from"`
	To         string `json:"to"`
	Count      int    `json:"count"`
	Combo      string `json:"combo,omitempty"`
	ComboTotal int64  `json:"comboTotal,omitempty"`
	Value      int64  `json:"value"`
	Final      bool   `json:"final"` // nothing more of this run is to come
	Order      string `json:"order"` // id of the newest order in it
	Session    string `json:"session"`
}

// Shown is what of a gift is shown.
type Shown struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Icon   string `json:"icon"`
	Effect string `json:"effect"`
	Price  int64  `json:"price"`
}

// Giver is who gave it.
type Giver struct {
	User   string `json:"user"`
	Nick   string `json:"nick"`
	Avatar string `json:"avatar"`
	Level  int    `json:"level"`
}

// ResultType is the type of the custom message.
const ResultType = "gift_result"

// resultOf is an order shown by itself.
func resultOf(o Order) Result {
	return Result{
		Type: ResultType,
		Gift: Shown{ID: o.Gift, Name: o.Name, Icon: o.Icon, Effect: o.Effect, Price: o.Price},
		From: Giver{User: o.From, Nick: o.Nick, Avatar: o.Avatar, Level: o.Level},
		To:   o.To, Count: o.Count, Value: o.Value, Final: true, Order: o.ID, Session: o.Session,
	}
}

// clip keeps at most n bytes of s, and valid UTF-8.
func clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) <= n {
		return s
	}
	s = s[:n]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s
}
