package chat_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"liveroom/chat"
)

func TestAllGroupsAreListedWithoutLoadingThem(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour}, chat.NewMemory())
	for i := range 25 {
		create(t, s, fmt.Sprint("g", i))
	}
	seen, after := 0, uint64(0)
	for pages := 1; ; pages++ {
		page, next, total, err := s.Groups(t.Context(), after, 10)
		if err != nil || total != 25 {
			t.Fatalf("%d in all, %v", total, err)
		}
		for _, id := range page {
			if id != fmt.Sprint("g", seen) {
				t.Errorf("number %d is %s", seen, id)
			}
			seen++
		}
		if after = next; next == 0 {
			if pages != 3 || seen != 25 {
				t.Errorf("%d groups on %d pages", seen, pages)
			}
			break
		}
	}
	if page, next, _, err := s.Groups(t.Context(), 0, 25); len(page) != 25 || next != 0 || err != nil {
		t.Errorf("a page that is just full: %d, next %d, %v", len(page), next, err)
	}
	if n := s.Stats().Groups; n != 0 {
		t.Errorf("%d groups were loaded", n)
	}
	for _, limit := range []int{-1, 10_001} {
		if _, _, _, err := s.Groups(t.Context(), 0, limit); !errors.Is(err, chat.ErrParameter) {
			t.Errorf("%d a page: %v", limit, err)
		}
	}
}
