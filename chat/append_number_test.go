package chat_test

import (
	"testing"
	"time"

	"liveroom/chat"
)

// TestNextNumber: numbers rise, and follow the time wherever that is ahead.
func TestNextNumber(t *testing.T) {
	for _, tc := range []struct {
		last uint64
		now  time.Time
		want uint64
	}{
		{0, time.UnixMicro(1_796_018_400_000_000), 1_796_018_400_000_000},
		{7, time.UnixMicro(1_796_018_400_000_000), 1_796_018_400_000_000},
		{1_796_018_400_000_000, time.UnixMicro(1_796_018_400_000_000), 1_796_018_400_000_001},
		{1_796_018_400_000_005, time.UnixMicro(1_796_018_400_000_000), 1_796_018_400_000_006}, // the clock was set back
		{0, time.UnixMicro(-1), 1},
	} {
		if got := chat.NextNumber(tc.last, tc.now); got != tc.want {
			t.Errorf("after %d at %v: %d, want %d", tc.last, tc.now, got, tc.want)
		}
	}
}
