package redisstore

import (
	"testing"

	"liveroom/live/programme"
	"liveroom/live/programme/programmetest"
)

func TestProgrammes(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		programmetest.Store(t, func(t *testing.T) programme.Store { return patient(t, open(t)).Programmes() })
	})
}
