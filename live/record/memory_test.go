package record_test

import (
	"testing"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

func TestMemory(t *testing.T) {
	recordtest.Store(t, func(*testing.T) record.Store { return record.NewMemory() })
}
