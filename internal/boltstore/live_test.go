package boltstore

import (
	"testing"

	"liveroom/live"
	"liveroom/live/livetest"
	"liveroom/status"
)

func TestLive(t *testing.T) {
	livetest.Run(t, func(t *testing.T) (live.Store, status.Store) {
		s := openTest(t)
		st := s.Status(0)
		return s.Live(st), st
	})
}
