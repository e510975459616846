package boltstore

import (
	"testing"

	"liveroom/live/programme"
	"liveroom/live/programme/programmetest"
)

func TestProgrammes(t *testing.T) {
	programmetest.Store(t, func(t *testing.T) programme.Store { return openTest(t).Programmes() })
}
