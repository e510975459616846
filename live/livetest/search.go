package livetest

import (
	"fmt"
	"slices"
	"testing"

	"liveroom/live"
	"liveroom/status"
)

// search looks for rooms by text, anchor and status, page by page, as every store lists them.
func search(t *testing.T, open Open) {
	l, st := open(t)
	m := status.NewMachine(st, status.Config{})
	for i := range 60 {
		r := full(fmt.Sprintf("r%02d", i))
		r.Title, r.Anchor = fmt.Sprintf("Tee & Kekse 茶 %d", i), fmt.Sprintf("anna%d", i%10)
		mustCreate(t, l, r)
		if i%4 == 0 {
			if _, err := m.ClaimPush(t.Context(), r.ID, "n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name, text, anchor string
		status             status.Code
		want               []string
	}{
		{"nothing", "coffee", "", 0, nil},
		{"words of the title", "ＫＥＫＳＥ 茶 59", "", 0, []string{"r59"}},
		{"part of ids", "r1", "", 0, []string{"r10", "r11", "r12", "r13", "r14", "r15", "r16", "r17", "r18", "r19"}},
		{"an anchor", "", "anna7", 0, []string{"r07", "r17", "r27", "r37", "r47", "r57"}},
		{"an anchor, and what is not there", "nobody", "anna7", 0, nil},
		{"live rooms of an anchor", "", "anna8", status.Live, []string{"r08", "r28", "r48"}},
		{"a status that none has", "tee", "", status.Playback, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := live.NewSearch(c.text, c.anchor)
			if err != nil {
				t.Fatal(err)
			}
			for _, limit := range []int{1, 3, 50} {
				if got := all(t, l, live.ListQuery{Status: c.status, Limit: limit}, s); !slices.Equal(got, c.want) {
					t.Errorf("by %d: %q, want %q", limit, got, c.want)
				}
			}
		})
	}
}

// all turns the pages of a search.
func all(t *testing.T, l live.Store, q live.ListQuery, s live.Search) (ids []string) {
	t.Helper()
	for range 100 {
		page, next, err := live.Find(t.Context(), l, q, s)
		if err != nil || len(page) > q.Limit {
			t.Fatalf("%d rooms, %v", len(page), err)
		}
		for _, x := range page {
			ids = append(ids, x.Room.ID)
		}
		if q.After = next; next == "" {
			return ids
		}
	}
	t.Fatal("the list does not end")
	return nil
}
