package level

import (
	"slices"
	"time"
)

// keptAdjustments is how many adjustments of a user are recognised when they come again.
const keptAdjustments = 16

// Record is all that is kept of a user.
type Record struct {
	User     string    `json:"user"`
	Guest    bool      `json:"guest,omitempty"` // goes when its account does
	Since    time.Time `json:"since"`           // when it was made; zero: it is not stored
	Earned   Amounts   `json:"earned"`          // ever, within caps
	Day      int64     `json:"day"`             // the newest on which anything was earned: Unix time in days
	Today    Amounts   `json:"today"`           // earned on that day
	Seen     Minutes   `json:"seen"`
	Adjusted int64     `json:"adjusted,omitempty"` // points, may be negative
	Known    []string  `json:"known,omitempty"`    // newest adjustments, by their ids
	Member   Member    `json:"member"`

	Level   int    `json:"level"`   // as it was told last
	Version uint64 `json:"version"` // grows with each change that is told, also over a deletion: it begins with Since in ms
}

// Member is a membership; the zero value is none.
type Member struct {
	Tier  string    `json:"tier,omitempty"`
	Until time.Time `json:"until,omitzero"` // zero: for ever
}

// InForce says whether there is a membership now.
func (m Member) InForce(now time.Time) bool {
	return m.Tier != "" && (m.Until.IsZero() || now.Before(m.Until))
}

// equal compares without regard to time zones.
func (m Member) equal(other Member) bool { return m.Tier == other.Tier && m.Until.Equal(other.Until) }

// Change is another level or membership of a user.
type Change struct {
	User    string    `json:"user"`
	Version uint64    `json:"version"` // of the record; a greater one is newer
	From    int       `json:"from"`    // level before
	Level   int       `json:"level"`
	Score   int64     `json:"score"`
	Member  Member    `json:"member"`
	Time    time.Time `json:"time"`
	Gone    bool      `json:"gone,omitempty"` // the record was deleted: Level is that of who never earned anything
}

// After is this change and an earlier one of the same user that was not told, as one.
func (c Change) After(earlier Change) Change {
	c.From = earlier.From
	return c
}

// Deed is what a user did or what was done to him. One of a user is in a step.
type Deed struct {
	User   string
	Guest  bool
	Earned Amounts // besides Online and Membership, which follow from Seen
	Seen   Minutes // in which he was in a room

	Adjust *Adjustment
	Member *Member // what his membership is from now on
}

// Adjustment adds points, or takes them away. One whose id was seen before does nothing; an empty id is always new.
type Adjustment struct {
	ID     string
	Points int64
}

// NewRecord is that of a user of whom nothing is known.
func NewRecord(rules *Rules, user string) Record { return Record{User: user, Level: rules.Level(0)} }

// Apply is how a record becomes another by a deed, and what is to be told of it, if anything is. It is what a Store calls
// inside its step; it may be called again with the same record.
func (r Record) Apply(rules *Rules, d Deed, now time.Time) (Record, *Change) {
	before := r.Member
	if r.Since.IsZero() {
		r.Since, r.Guest = now.UTC().Truncate(time.Millisecond), d.Guest
		r.Version = uint64(max(r.Since.UnixMilli(), 0))
	}
	if day := now.Unix() / (24 * 60 * 60); day > r.Day {
		r.Day, r.Today = day, Amounts{}
	}
	if d.Member != nil {
		r.Member = *d.Member
	}
	if fresh := r.Seen.Add(d.Seen); fresh > 0 {
		r.earn(Online, fresh, rules.Caps[Online])
		r.attend(rules, now)
	}
	for _, s := range []Source{Messages, Likes, Gifts} {
		r.earn(s, d.Earned[s], rules.Caps[s])
	}
	r.adjust(d.Adjust)

	score := rules.Score(&r)
	level := rules.Level(score)
	if level == r.Level && r.Member.equal(before) {
		return r, nil
	}
	c := Change{User: r.User, Version: r.Version + 1, From: r.Level, Level: level, Score: score, Member: r.Member, Time: now.UTC().Truncate(time.Millisecond)}
	r.Level, r.Version = level, c.Version
	return r, &c
}

// attend counts a day of membership, once.
func (r *Record) attend(rules *Rules, now time.Time) {
	if !r.Member.InForce(now) {
		return
	}
	if t, _ := rules.Tier(r.Member.Tier); t.Daily > 0 {
		r.earn(Membership, t.Daily, t.Daily)
	}
}

// earn counts an amount within a cap for the day; 0: there is none.
func (r *Record) earn(s Source, n, limit int64) {
	n = min(max(n, 0), most)
	if limit > 0 {
		n = min(n, max(limit-r.Today[s], 0))
	}
	r.Today[s], r.Earned[s] = add(r.Today[s], n), add(r.Earned[s], n)
}

func (r *Record) adjust(a *Adjustment) {
	if a == nil || a.ID != "" && slices.Contains(r.Known, a.ID) {
		return
	}
	if a.ID != "" {
		r.Known = append(slices.Clone(r.Known[max(0, len(r.Known)+1-keptAdjustments):]), a.ID)
	}
	r.Adjusted = min(max(r.Adjusted+min(max(a.Points, -most), most), -most), most)
}
