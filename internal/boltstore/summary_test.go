package boltstore

import (
	"testing"
	"time"

	"liveroom/chat/summary"
	"liveroom/chat/summary/summarytest"
)

func TestSummaries(t *testing.T) {
	summarytest.Store(t, func(t *testing.T) summary.Store { return openTest(t).Summaries() })
	t.Run("old ones are swept", func(t *testing.T) { summarytest.Sweep(t, openTest(t).Summaries(), time.Sleep) })
}
