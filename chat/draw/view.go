package draw

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// View is a draw as others see it, everywhere alike: over REST and the chat, in callbacks, in exports. Times are RFC 3339 with
// milliseconds.
type View struct {
	ID          string      `json:"id"`
	Group       string      `json:"group"`
	Number      uint64      `json:"number" doc:"Of the room's draws, from 1 on."`
	Title       string      `json:"title"`
	Prize       string      `json:"prize"`
	Trigger     Trigger     `json:"trigger"`
	Eligibility Eligibility `json:"eligibility"`
	Places      int         `json:"places" doc:"How many win."`
	Session     string      `json:"session" doc:"The live session it was started in; may be empty."`
	By          string      `json:"by"`
	State       State       `json:"state" enum:"open,ended,cancelled"`
	StartedAt   string      `json:"startedAt"`
	EndsAt      string      `json:"endsAt" doc:"Messages from then on are too late."`
	ClosedAt    string      `json:"closedAt,omitempty"`
	Commitment  string      `json:"commitment" doc:"SHA-256 of the seed, in hex."`
	Seed        string      `json:"seed,omitempty" doc:"Once the draw has ended."`
	Entries     int         `json:"entries" doc:"How many are in it."`
	EntriesHash string      `json:"entriesHash,omitempty"`
	Gap         bool        `json:"gap,omitempty" doc:"Some messages were gone before they could be looked at."`
	Full        bool        `json:"full,omitempty" doc:"More wanted to enter than a draw takes."`
	Winners     []Winner    `json:"winners" doc:"Those drawn, the smallest ticket first."`
}

// View is the draw as others may see it.
func (d Draw) View() View {
	d = d.Public()
	v := View{
		ID: d.ID, Group: d.Group, Number: d.Number, Title: d.Title, Prize: d.Prize, Trigger: d.Trigger, Eligibility: d.Eligibility,
		Places: d.Winners, Session: d.Session, By: d.By, State: d.State, StartedAt: wire(d.StartedAt), EndsAt: wire(d.EndsAt),
		Commitment: d.Commitment, Seed: d.Seed, Entries: d.Entries, EntriesHash: d.EntriesHash, Gap: d.Gap, Full: d.Full, Winners: d.Drawn,
	}
	if !d.ClosedAt.IsZero() {
		v.ClosedAt = wire(d.ClosedAt)
	}
	if v.Winners == nil {
		v.Winners = []Winner{}
	}
	return v
}

// draw is what of a View Verify needs.
func (v View) draw() (d Draw, err error) {
	d = Draw{
		Terms: Terms{ID: v.ID, Winners: v.Places}, State: v.State, Seed: v.Seed, Commitment: v.Commitment,
		Entries: v.Entries, EntriesHash: v.EntriesHash, Gap: v.Gap, Full: v.Full, Drawn: v.Winners,
	}
	if !validID(d.ID) || d.Winners < 1 || d.Winners > MaxWinners {
		return d, errors.New("the file is no export of a draw: draw.id or draw.places is none")
	}
	if d.StartedAt, err = time.Parse(time.RFC3339, v.StartedAt); err != nil {
		return d, fmt.Errorf("draw.startedAt is no time: %w", err)
	}
	if d.EndsAt, err = time.Parse(time.RFC3339, v.EndsAt); err != nil {
		return d, fmt.Errorf("draw.endsAt is no time: %w", err)
	}
	return d, nil
}

// EntryView is an entry as others see it.
type EntryView struct {
	User string `json:"user"`
	Nick string `json:"nick"`
	Seq  uint64 `json:"seq" doc:"Number of the message by which he entered."`
	At   string `json:"at"`
}

// ExportView is an Export as it is written to a file.
type ExportView struct {
	Draw    View        `json:"draw"`
	Entries []EntryView `json:"entries" doc:"In the order in which they entered."`
}

// View is the export as it is written to a file.
func (x Export) View() ExportView {
	v := ExportView{Draw: x.Draw.View(), Entries: make([]EntryView, len(x.Entries))}
	for i, e := range x.Entries {
		v.Entries[i] = EntryView{e.User, e.Nick, e.Seq, wire(e.At)}
	}
	return v
}

// ParseExport reads what was written to a file. Fields it does not need may be missing.
func ParseExport(raw []byte) (x Export, err error) {
	var v ExportView
	if err := json.Unmarshal(raw, &v); err != nil {
		return x, fmt.Errorf("the file is no export of a draw: %w", err)
	}
	if x.Draw, err = v.Draw.draw(); err != nil {
		return x, err
	}
	x.Entries = make([]Entry, len(v.Entries))
	for i, e := range v.Entries {
		at, err := time.Parse(time.RFC3339, e.At)
		if err != nil {
			return x, fmt.Errorf("entry %d: at is no time: %w", i+1, err)
		}
		x.Entries[i] = Entry{e.User, e.Nick, e.Seq, at}
	}
	return x, nil
}
