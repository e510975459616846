package redisstore

import (
	"testing"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

func TestRecordings(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		recordtest.Store(t, func(t *testing.T) record.Store { return patient(t, open(t)).Recordings() })
	})
}
