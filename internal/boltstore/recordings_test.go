package boltstore

import (
	"testing"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

func TestRecordings(t *testing.T) {
	recordtest.Store(t, func(t *testing.T) record.Store { return openTest(t).Recordings() })
}
