package export_test

import (
	"testing"

	"liveroom/live/record/export"
	"liveroom/live/record/export/exporttest"
)

func TestMemory(t *testing.T) {
	exporttest.Store(t, func(*testing.T) export.Store { return export.NewMemory() })
}
