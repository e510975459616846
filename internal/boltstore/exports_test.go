package boltstore

import (
	"testing"

	"liveroom/live/record/export"
	"liveroom/live/record/export/exporttest"
)

func TestExports(t *testing.T) {
	exporttest.Store(t, func(t *testing.T) export.Store { return openTest(t).Exports() })
}
