package draw_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"liveroom/chat/draw"
)

// TestTicketVector: what other programs compute to check us.
func TestTicketVector(t *testing.T) {
	seed := strings.Repeat("00", 31) + "01"
	raw, _ := hex.DecodeString(seed)
	c, err := draw.Commitment(seed)
	if err != nil || c != "ec4916dd28fc4c10d78e287ca5d9cc51ee1ae73cbfde08c6b37324cbfaac8bc5" {
		t.Errorf("commitment %s, %v", c, err)
	}
	if got := draw.Ticket(raw, "d1", "bob"); got != "326d487d6cc84631dbaff94c2490444469da4f8574389c08f67ed5c5e0fb0e62" {
		t.Errorf("ticket %s", got)
	}
	if got := draw.EntriesHash([]draw.Entry{{User: "bob", Seq: 8}, {User: "al", Seq: 11}}); got != hex.EncodeToString(sum("8 bob\n11 al\n")) {
		t.Errorf("entries' hash %s", got)
	}
}

// TestRulesVector: the same of the rules.
func TestRulesVector(t *testing.T) {
	lines := "id d1\ntitle Tonight\nprize A phone\nkeyword tea\ncontains false\nmessageType \nplaces 3\nminLevel 2\nfollower true\n" +
		"giftValue 0\nnotWonBefore false\nuntil 2026-11-21T06:01:00.000Z\n"
	if got := draw.RulesHash(ended().Draw); got != hex.EncodeToString(sum(lines)) {
		t.Errorf("rules' hash %s", got)
	}
}

func sum(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }

// seedOf are fixed seeds, as good as any.
func seedOf(n uint64) string {
	h := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("liveroom"), n))
	return hex.EncodeToString(h[:])
}

// TestEverybodyWinsAsOften: over many seeds each of many entries wins about as often as each other, wherever he stands in the
// list and whatever he is called, and so does each pair. The seeds are fixed, so that the figures are the same each time.
func TestEverybodyWinsAsOften(t *testing.T) {
	const users, winners, draws = 50, 5, 8_000
	entries := make([]draw.Entry, users)
	index := map[string]int{}
	for i := range entries {
		user := fmt.Sprintf("user%d%s", i, strings.Repeat("x", i%7))
		entries[i] = draw.Entry{User: user, Seq: uint64(i + 1)}
		index[user] = i
	}
	var first [users]int
	var any [users]int
	for n := range uint64(draws) {
		won, err := draw.Pick(seedOf(n), fmt.Sprint("d", n%10), entries, winners)
		if err != nil || len(won) != winners {
			t.Fatal(won, err)
		}
		first[index[won[0].User]]++
		for _, w := range won {
			any[index[w.User]]++
		}
	}
	chi := func(name string, counts []int, expected, variance float64) {
		x := 0.0
		for i, n := range counts {
			d := float64(n) - expected
			x += d * d / variance
			if math.Abs(d) > 5*math.Sqrt(variance) {
				t.Errorf("%s: entry %d won %d times, expected about %.0f", name, i, n, expected)
			}
		}
		// Of 49 degrees of freedom: 99.9 % of fair draws are below 85.4, and 99.9 % above 23.
		t.Logf("%s: chi-square %.1f of 49 degrees of freedom", name, x)
		if x > 85.4 || x < 23 {
			t.Errorf("%s: chi-square %.1f", name, x)
		}
	}
	chi("first place", first[:], draws/users, draws/users)
	// Drawn without putting back, counts are tied to each other: their sum of squares is spread by (users-1)/(users-winners) less.
	p := float64(winners) / users
	chi("any place", any[:], draws*p, draws*p*(1-p)*users/(users-1))
}

func ended() draw.Export {
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)
	rules := draw.Terms{
		ID: "d1", Title: "Tonight", Prize: "A phone", Trigger: draw.Trigger{Keyword: "tea"}, Window: time.Minute, Winners: 3,
		Eligibility: draw.Eligibility{MinLevel: 2, Follower: true},
	}
	d := draw.Draw{Terms: rules, State: draw.Ended, Seed: seedOf(1), StartedAt: at, EndsAt: at.Add(time.Minute)}
	x := draw.Export{Draw: d}
	for i := range 10 {
		x.Entries = append(x.Entries, draw.Entry{User: fmt.Sprint("u", i), Seq: uint64(i), At: at.Add(time.Second)})
	}
	x.Draw.Entries = len(x.Entries)
	x.Draw.Commitment, _ = draw.Commitment(d.Seed)
	x.Draw.EntriesHash = draw.EntriesHash(x.Entries)
	x.Draw.Drawn, _ = draw.Pick(d.Seed, d.ID, x.Entries, 3)
	x.RulesHash = draw.RulesHash(d)
	return x
}

// TestTamperingIsFound: whatever is changed in an export is said in words.
func TestTamperingIsFound(t *testing.T) {
	x := ended()
	told := draw.Told{Commitment: x.Draw.Commitment, RulesHash: x.RulesHash, EntriesHash: x.Draw.EntriesHash}
	if wrong := draw.Verify(x, told); len(wrong) != 0 {
		t.Fatal(wrong)
	}
	// who makes everything fit again
	forge := func(x *draw.Export) {
		x.Draw.Entries, x.Draw.EntriesHash = len(x.Entries), draw.EntriesHash(x.Entries)
		x.Draw.Commitment, _ = draw.Commitment(x.Draw.Seed)
		x.Draw.Drawn, _ = draw.Pick(x.Draw.Seed, x.Draw.ID, x.Entries, x.Draw.Winners)
		x.RulesHash = draw.RulesHash(x.Draw)
	}
	for _, tc := range []struct {
		name, says string
		change     func(x *draw.Export)
	}{
		{"another winner", "winner 1 is", func(x *draw.Export) { x.Draw.Drawn[0].User = "eve" }},
		{"winners in another order", "winner 1 is", func(x *draw.Export) {
			w := x.Draw.Drawn
			w[0], w[1] = w[1], w[0]
		}},
		{"a winner less", "3 winners follow", func(x *draw.Export) { x.Draw.Drawn = x.Draw.Drawn[:2] }},
		{"more winners", "4 winners follow", func(x *draw.Export) { x.Draw.Winners = 4 }},
		{"more places", "the rules' hash is", func(x *draw.Export) { x.Draw.Winners = 9 }},
		{"another prize", "the rules' hash is", func(x *draw.Export) { x.Draw.Prize = "A sticker" }},
		{"no hash of the rules", "the draw says :", func(x *draw.Export) { x.RulesHash = "" }},
		{"a longer window", "the rules' hash is", func(x *draw.Export) { x.Draw.Window += time.Second }},
		{"an end after its window", "and was to end at", func(x *draw.Export) { x.Draw.EndsAt = x.Draw.EndsAt.Add(time.Second) }},
		{"another ticket", "the ticket of winner 2", func(x *draw.Export) { x.Draw.Drawn[1].Ticket = "00" }},
		{"an entry less", "has 10 entries, and there are 9", func(x *draw.Export) { x.Entries = x.Entries[1:] }},
		{"an entry in the place of another", "the entries' hash is", func(x *draw.Export) { x.Entries[3].User = "eve" }},
		{"entries in another order", "the entries' hash is", func(x *draw.Export) { x.Entries[0], x.Entries[1] = x.Entries[1], x.Entries[0] }},
		{"an entry twice", "twice", func(x *draw.Export) { x.Entries[1].User = "u0"; forge(x) }},
		{"an entry too late", "outside of the draw's window", func(x *draw.Export) { x.Entries[1].At = x.Draw.EndsAt; forge(x) }},
		{"another seed", "not the one that was fixed", func(x *draw.Export) { x.Draw.Seed = seedOf(2) }},
		{"no seed", "not 32 bytes", func(x *draw.Export) { x.Draw.Seed = "" }},
		{"an open draw", "the draw is open", func(x *draw.Export) { x.Draw.State = draw.Open }},
		{"all of it made anew with another seed", "the room was told the commitment", func(x *draw.Export) { x.Draw.Seed = seedOf(2); forge(x) }},
		{"all of it made anew with more places", "the room was told the rules' hash", func(x *draw.Export) { x.Draw.Winners = 9; forge(x) }},
		{"all of it made anew with another trigger", "the room was told the rules' hash", func(x *draw.Export) { x.Draw.Trigger.Contains = true; forge(x) }},
		{"all of it made anew with another eligibility", "the room was told the rules' hash", func(x *draw.Export) { x.Draw.Eligibility.NotWonBefore = true; forge(x) }},
		{"all of it made anew with another entry", "the room was told the entries' hash", func(x *draw.Export) { x.Entries[0].User = "eve"; forge(x) }},
	} {
		x := ended()
		tc.change(&x)
		if wrong := strings.Join(draw.Verify(x, told), "\n"); !strings.Contains(wrong, tc.says) {
			t.Errorf("%s: %q", tc.name, wrong)
		}
	}
}

// TestAnExportIsReadAsItWasWritten: what a file says is what is verified.
func TestAnExportIsReadAsItWasWritten(t *testing.T) {
	var file strings.Builder
	if err := draw.WriteExport(&file, ended().Draw, each(ended().Entries, nil)); err != nil {
		t.Fatal(err)
	}
	raw := []byte(file.String())
	x, err := draw.ParseExport(raw)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := draw.Verify(x, draw.Told{}); len(wrong) != 0 {
		t.Error(wrong)
	}
	if tampered := strings.Replace(string(raw), `"user":"u3"`, `"user":"eve"`, 1); tampered != string(raw) {
		x, err := draw.ParseExport([]byte(tampered))
		if err != nil || len(draw.Verify(x, draw.Told{})) == 0 {
			t.Errorf("%v: nothing is wrong with it", err)
		}
	}
	for _, bad := range []string{
		``, `[]`, `{}`, `{"draw":{"id":"d1","places":1}}`, `{"draw":{"id":"d1","places":1,"startedAt":"2026-11-21T06:00:00Z","endsAt":"x"}}`,
		`{"draw":{"id":"d1","places":1,"startedAt":"2026-11-21T06:00:00Z","endsAt":"2026-11-21T06:00:00Z"}}`,
		`{"draw":{"id":"d1","places":1,"startedAt":"2026-11-21T06:00:00Z","endsAt":"2026-11-21T06:00:00Z","until":"2026-11-21T06:00:00Z"},"entries":[{"at":"x"}]}`,
		strings.Replace(string(raw), `"places":`, `"places":-`, 1), strings.Replace(string(raw), `"id":"`, `"id":"\n`, 1),
	} {
		if _, err := draw.ParseExport([]byte(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

// each are entries, and what comes after them.
func each(entries []draw.Entry, err error) iter.Seq2[draw.Entry, error] {
	return func(yield func(draw.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(draw.Entry{}, err)
		}
	}
}

// TestAnExportThatBreaks: what could not be read whole is none.
func TestAnExportThatBreaks(t *testing.T) {
	var file strings.Builder
	if err := draw.WriteExport(&file, ended().Draw, each(ended().Entries[:2], errBefore)); !errors.Is(err, errBefore) {
		t.Error(err)
	}
	if _, err := draw.ParseExport([]byte(file.String())); err == nil {
		t.Errorf("%s was read", file.String())
	}
}
