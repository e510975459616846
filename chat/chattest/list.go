package chattest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"liveroom/chat"
)

// testGroupList: pages in the order groups were made, whatever comes and goes between two of them.
func testGroupList(t *testing.T, s chat.Store) {
	page := func(after uint64, limit, total int) (ids []string, last uint64) {
		t.Helper()
		found, n, err := s.Groups(t.Context(), after, limit)
		if err != nil || n != total {
			t.Fatalf("after %d: %d groups in all, want %d, %v", after, n, total, err)
		}
		last = after
		for _, g := range found {
			if g.Number <= last {
				t.Fatalf("after %d comes %+v", last, g)
			}
			ids, last = append(ids, g.ID), g.Number
		}
		return ids, last
	}
	remove := func(id string) {
		t.Helper()
		if err := s.DeleteGroup(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if none, _ := page(0, 10, 0); none != nil {
		t.Fatalf("an empty store lists %v", none)
	}
	for i := range 6 {
		Create(t, s, fmt.Sprint("g", 5-i))
	}
	first, last := page(0, 2, 6)
	if !slices.Equal(first, []string{"g5", "g4"}) {
		t.Errorf("the first page has %v", first)
	}
	if _, _, err := s.CreateGroup(t.Context(), chat.Group{ID: "g5", Room: "another", Owner: "bob"}); err != nil {
		t.Fatal(err) // it is there: nothing changes
	}
	remove("g4")
	remove("g2")
	Create(t, s, "g4")
	Create(t, s, "new")
	second, last := page(last, 3, 6)
	if !slices.Equal(second, []string{"g3", "g1", "g0"}) {
		t.Errorf("the second page has %v", second)
	}
	if third, last := page(last, 3, 6); !slices.Equal(third, []string{"g4", "new"}) {
		t.Errorf("the third page has %v", third)
	} else if fourth, _ := page(last, 3, 6); fourth != nil {
		t.Errorf("after the last comes %v", fourth)
	}
	remove("new")
	Create(t, s, "newer")
	if all, _ := page(0, 100, 6); !slices.Equal(all, []string{"g5", "g3", "g1", "g0", "g4", "newer"}) {
		t.Errorf("all are %v", all)
	}
	if none, _ := page(math.MaxUint64, 10, 6); none != nil {
		t.Errorf("after the last number there is comes %v", none)
	}
}
