package redisstore

import (
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/livetest"
	"liveroom/status"
	"liveroom/status/statustest"
)

func TestStatusAndRooms(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		statustest.Run(t, func(t *testing.T, logEntries int) status.Store {
			return open(t).Status(StatusConfig{LogEntries: logEntries})
		})
		statustest.RunShared(t, func(t *testing.T, lease time.Duration) (a, b status.Shared) {
			s := open(t)
			return s.Status(StatusConfig{Lease: lease}), openAgain(t, s.cfg.URL, s.cfg.Prefix).Status(StatusConfig{Lease: lease})
		})
		livetest.Run(t, func(t *testing.T) (live.Store, status.Store) {
			s := open(t)
			states := s.Status(StatusConfig{})
			return s.Live(states), states
		})
	})
}
