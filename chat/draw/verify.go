package draw

import "fmt"

// Export is a draw that has ended and all its entries, in their order: what Verify needs.
type Export struct {
	Draw      Draw
	RulesHash string // as the file has it
	Entries   []Entry
}

// Told is what the room was told of a draw; what is empty is not compared.
type Told struct {
	Commitment  string // of draw_start
	RulesHash   string // of draw_start
	EntriesHash string // of draw_result
}

// Verify computes a draw again and says in words what differs; nothing: it is as it says. An export whose parts fit each other
// may still be another one than the draw the room saw: told is what tells.
func Verify(x Export, told Told) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	d := x.Draw
	if d.State != Ended {
		say("the draw is %s; only one that has ended can be verified", d.State)
		return wrong
	}
	commitment, err := Commitment(d.Seed)
	if err != nil {
		say("%v", err)
		return wrong
	}
	if commitment != d.Commitment {
		say("the seed's SHA-256 is %s, and the commitment %s: the seed is not the one that was fixed at the start", commitment, d.Commitment)
	}
	if told.Commitment != "" && told.Commitment != d.Commitment {
		say("the room was told the commitment %s, and the export has %s", told.Commitment, d.Commitment)
	}
	rules := RulesHash(d)
	if rules != x.RulesHash {
		say("the rules' hash is %s, and the draw says %s: title, prize, trigger, eligibility, places or time are not what they were at the start", rules, x.RulesHash)
	}
	if told.RulesHash != "" && told.RulesHash != rules {
		say("the room was told the rules' hash %s, and that of the export's rules is %s", told.RulesHash, rules)
	}
	if d.EndsAt.After(d.until()) {
		say("the draw ended at %s, and was to end at %s", wire(d.EndsAt), wire(d.until()))
	}
	if d.Entries != len(x.Entries) {
		say("the draw says it has %d entries, and there are %d", d.Entries, len(x.Entries))
	}
	wrong = append(wrong, verifyEntries(d, x.Entries)...)
	hash := EntriesHash(x.Entries)
	if hash != d.EntriesHash {
		say("the entries' hash is %s, and the draw says %s: entries were changed, added or left out", hash, d.EntriesHash)
	}
	if told.EntriesHash != "" && told.EntriesHash != hash {
		say("the room was told the entries' hash %s, and that of the export's entries is %s", told.EntriesHash, hash)
	}
	want, err := Pick(d.Seed, d.ID, x.Entries, d.Winners)
	if err != nil {
		say("%v", err)
		return wrong
	}
	return append(wrong, verifyWinners(want, d.Drawn)...)
}

func verifyEntries(d Draw, entries []Entry) (wrong []string) {
	seen := make(map[string]bool, len(entries))
	for i, e := range entries {
		if seen[e.User] {
			wrong = append(wrong, fmt.Sprintf("entry %d: %q is in the draw twice", i+1, e.User))
		}
		seen[e.User] = true
		if e.At.Before(d.StartedAt) || !e.At.Before(d.EndsAt) {
			wrong = append(wrong, fmt.Sprintf("entry %d: %q entered at %s, outside of the draw's window", i+1, e.User, e.At.UTC().Format("15:04:05.000")))
		}
		if len(wrong) >= 10 {
			return append(wrong, "and perhaps more")
		}
	}
	return wrong
}

func verifyWinners(want, got []Winner) (wrong []string) {
	if len(want) != len(got) {
		wrong = append(wrong, fmt.Sprintf("%d winners follow from seed and entries, and the draw has %d", len(want), len(got)))
	}
	for i := range min(len(want), len(got)) {
		if len(wrong) >= 10 {
			return append(wrong, "and perhaps more")
		}
		switch w, g := want[i], got[i]; {
		case w.User != g.User:
			wrong = append(wrong, fmt.Sprintf("winner %d is %q by seed and entries, and the draw says %q", i+1, w.User, g.User))
		case w.Ticket != g.Ticket:
			wrong = append(wrong, fmt.Sprintf("the ticket of winner %d, %q, is %s, and the draw says %s", i+1, w.User, w.Ticket, g.Ticket))
		}
	}
	return wrong
}
