package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat"
)

// TestHistoryIsPagedBackwards: as far as newcomers see, what was recalled without its body.
func TestHistoryIsPagedBackwards(t *testing.T) {
	s := start(t, chat.Config{CountEvery: time.Hour, History: 10, UserRate: 1000}, chat.NewMemory())
	create(t, s, "r")
	for i := range 15 {
		send(t, s, "r", "owner", fmt.Sprint(i))
	}
	if err := s.Recall(t.Context(), "r", named("owner"), 8, ""); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		upTo uint64
		n    int
		want []uint64
		more bool
	}{
		{0, 0, []uint64{6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, false},
		{0, 3, []uint64{13, 14, 15}, true},
		{12, 3, []uint64{10, 11, 12}, true},
		{9, 4, []uint64{6, 7, 8, 9}, false},
		{9, 1000, []uint64{6, 7, 8, 9}, false},
		{5, 3, nil, false}, // no newcomer sees them
		{1 << 60, 1, []uint64{15}, true},
	} {
		got, more, err := s.HistoryUpTo(t.Context(), "r", tc.upTo, tc.n)
		var seqs []uint64
		for _, m := range got {
			seqs = append(seqs, m.Seq)
			if gone := m.Withdrawn == chat.Recalled && m.Body == nil; gone != (m.Seq == 8) {
				t.Errorf("message %d is %+v", m.Seq, m)
			}
		}
		if err != nil || !slices.Equal(seqs, tc.want) || more != tc.more {
			t.Errorf("%d up to %d: %v, more %v, %v", tc.n, tc.upTo, seqs, more, err)
		}
	}
	if _, _, err := s.HistoryUpTo(t.Context(), "gone", 0, 0); !errors.Is(err, chat.ErrNoGroup) {
		t.Errorf("of a group that is not: %v", err)
	}
}
