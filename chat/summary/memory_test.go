package summary_test

import (
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat/summary"
	"liveroom/chat/summary/summarytest"
)

func TestMemory(t *testing.T) {
	summarytest.Store(t, func(*testing.T) summary.Store { return summary.NewMemory() })
}

func TestOldSummariesAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		summarytest.Sweep(t, summary.NewMemory(), time.Sleep)
	})
}
