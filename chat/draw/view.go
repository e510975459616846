package draw

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
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
	Until       string      `json:"until" doc:"When it ends by itself, as the room was told at the start; endsAt is earlier where somebody ended it."`
	ClosedAt    string      `json:"closedAt,omitempty"`
	Commitment  string      `json:"commitment" doc:"SHA-256 of the seed, in hex."`
	RulesHash   string      `json:"rulesHash" doc:"SHA-256 of the rules, in hex."`
	Seed        string      `json:"seed,omitempty" doc:"Once the draw has ended."`
	Entries     int         `json:"entries" doc:"How many are in it."`
	EntriesHash string      `json:"entriesHash,omitempty"`
	Gap         bool        `json:"gap,omitempty" doc:"Some messages were gone before they could be looked at."`
	Full        bool        `json:"full,omitempty" doc:"More wanted to enter than a draw takes."`
	Drawn       int         `json:"drawn,omitempty" doc:"How many won."`
	Winners     []Winner    `json:"winners" doc:"Those drawn, the smallest ticket first; in a list of draws the first 20."`
}

// View is the draw as others may see it.
func (d Draw) View() View {
	d = d.Public()
	v := View{
		ID: d.ID, Group: d.Group, Number: d.Number, Title: d.Title, Prize: d.Prize, Trigger: d.Trigger, Eligibility: d.Eligibility,
		Places: d.Winners, Session: d.Session, By: d.By, State: d.State, StartedAt: wire(d.StartedAt), EndsAt: wire(d.EndsAt),
		Until: wire(d.until()), Commitment: d.Commitment, RulesHash: RulesHash(d), Seed: d.Seed, Entries: d.Entries, EntriesHash: d.EntriesHash, Gap: d.Gap, Full: d.Full, Winners: d.Drawn,
	}
	if !d.ClosedAt.IsZero() {
		v.ClosedAt = wire(d.ClosedAt)
	}
	if d.State == Ended {
		v.Drawn = min(d.Winners, d.Entries)
	}
	if v.Winners == nil {
		v.Winners = []Winner{}
	}
	return v
}

// draw is what of a View Verify needs.
func (v View) draw() (d Draw, err error) {
	d = Draw{
		Terms: Terms{ID: v.ID, Title: v.Title, Prize: v.Prize, Trigger: v.Trigger, Winners: v.Places, Eligibility: v.Eligibility}, State: v.State, Seed: v.Seed, Commitment: v.Commitment,
		Entries: v.Entries, EntriesHash: v.EntriesHash, Gap: v.Gap, Full: v.Full, Drawn: v.Winners,
	}
	if !validID(d.ID) || d.Winners < 1 || d.Winners > MaxWinners {
		return d, errors.New("the file is no export of a draw: draw.id or draw.places is none")
	}
	var until time.Time
	for _, f := range []struct {
		name, text string
		to         *time.Time
	}{{"startedAt", v.StartedAt, &d.StartedAt}, {"endsAt", v.EndsAt, &d.EndsAt}, {"until", v.Until, &until}} {
		if *f.to, err = time.Parse(time.RFC3339, f.text); err != nil {
			return d, fmt.Errorf("draw.%s is no time: %w", f.name, err)
		}
	}
	d.Window = until.Sub(d.StartedAt)
	return d, nil
}

// EntryView is an entry as others see it.
type EntryView struct {
	User string `json:"user"`
	Nick string `json:"nick"`
	Seq  uint64 `json:"seq" doc:"Number of the message by which he entered."`
	At   string `json:"at"`
}

// ExportView is a draw that has ended and all its entries, as they are written to a file.
type ExportView struct {
	Draw    View        `json:"draw"`
	Entries []EntryView `json:"entries" doc:"In the order in which they entered."`
}

// WriteExport writes an ExportView, of which it holds one entry at a time. What is written when an error comes is no JSON.
func WriteExport(w io.Writer, d Draw, entries iter.Seq2[Entry, error]) error {
	head, err := json.Marshal(d.View())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"draw":%s,"entries":[`, head); err != nil {
		return err
	}
	between := "\n"
	for e, err := range entries {
		if err != nil {
			return err
		}
		line, err := json.Marshal(EntryView{e.User, e.Nick, e.Seq, wire(e.At)})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", between, line); err != nil {
			return err
		}
		between = ",\n"
	}
	_, err = io.WriteString(w, "\n]}\n")
	return err
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
	x.RulesHash = v.Draw.RulesHash
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
