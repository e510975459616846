package live_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"liveroom/live"
)

func TestASearchChoosesRooms(t *testing.T) {
	tea := live.Room{ID: "tea-1", Title: "Ｔee & Straße 茶道 №5", Anchor: "Anna"}
	for _, c := range []struct {
		name, text, anchor string
		want               bool
	}{
		{"nothing asked", "", "", true},
		{"spaces ask nothing", " \t\u3000", "", true},
		{"in the title", "tee", "", true},
		{"whatever its case", "TEE", "", true},
		{"whatever its width", "ｔｅｅ", "", true},
		{"folded in full", "STRASSE", "", true},
		{"a compatible character", "no5", "", true},
		{"without spaces between", "茶", "", true},
		{"in the id", "tea-", "", true},
		{"in the anchor", "anna", "", true},
		{"each word, in any order and place", "5 ANNA tee", "", true},
		{"one word is not there", "tee coffee", "", false},
		{"no word runs from one to the other", "5tea", "", false},
		{"a pattern is a text", "t.e", "", false},
		{"a wildcard is a text", "*", "", false},
		{"the anchor", "", "Anna", true},
		{"exactly", "", "anna", false},
		{"all of it", "", "Ann", false},
		{"both", "tee", "Anna", true},
		{"both must fit", "coffee", "Anna", false},
		{"every word counts", "t e a 1 n 5 & s x", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := live.NewSearch(c.text, c.anchor)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Match(tea); got != c.want {
				t.Errorf("chosen: %v", got)
			}
			if s.All() != (strings.TrimSpace(c.text) == "" && c.anchor == "") {
				t.Error("of what it asks")
			}
		})
	}
}

func TestASearchIsBounded(t *testing.T) {
	for text, anchor := range map[string]string{"\xff": "", strings.Repeat("茶", 41): "", "tee": "\xff"} {
		_, err := live.NewSearch(text, anchor)
		want := "q"
		if anchor != "" {
			want = "anchor"
		}
		if e, ok := err.(*live.Error); !ok || e.Code != "invalid" || e.Field != want {
			t.Errorf("%q, %q: %v", text, anchor, err)
		}
	}
	// Whatever is asked for, a room whose title it is has it.
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(0, 30, 120).Draw(rt, "text")
		s, err := live.NewSearch(text, "")
		if err == nil && !s.Match(live.Room{ID: "a", Title: text}) {
			rt.Errorf("%q does not find itself", text)
		}
	})
}

// many is a list of rooms that counts how many it was asked for.
type many struct{ rooms, asked, looked int }

func (m *many) Rooms(_ context.Context, q live.ListQuery) (page []live.Listed, next string, err error) {
	m.asked++
	from := 0
	if q.After != "" {
		_, _ = fmt.Sscanf(q.After, "r%06d", &from)
		from++
	}
	for i := from; i < m.rooms; i++ {
		if len(page) == q.Limit {
			return page, page[q.Limit-1].Room.ID, nil
		}
		m.looked++
		page = append(page, live.Listed{Room: live.Room{ID: fmt.Sprintf("r%06d", i), Anchor: fmt.Sprint(i % 1500)}})
	}
	return page, "", nil
}

// Anybody may search: one page must not cost what all rooms cost.
func TestAPageOfASearchLooksAtSomeRoomsOnly(t *testing.T) {
	m := &many{rooms: 4_000}
	s, err := live.NewSearch("", "1400")
	if err != nil {
		t.Fatal(err)
	}
	q := live.ListQuery{Limit: 1}
	var found []string
	pages := 0
	for {
		m.asked, m.looked = 0, 0
		page, next, err := live.Find(t.Context(), m, q, s)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page {
			found = append(found, l.Room.ID)
		}
		if m.looked > live.SearchScan || m.asked > 20 {
			t.Errorf("page %d looked at %d rooms in %d steps", pages, m.looked, m.asked)
		}
		if pages++; next == "" || pages > 9 {
			break
		}
		q.After = next
	}
	if fmt.Sprint(found) != "[r001400 r002900]" || pages > 4 {
		t.Errorf("found %v on %d pages", found, pages)
	}
}
