package redisstore

import (
	"testing"

	"liveroom/live/record/export"
	"liveroom/live/record/export/exporttest"
)

func TestExports(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		exporttest.Store(t, func(t *testing.T) export.Store { return patient(t, open(t)).Exports() })
	})
}
