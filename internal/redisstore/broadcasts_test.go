package redisstore

import (
	"testing"

	"liveroom/chat/schedule"
	"liveroom/chat/schedule/scheduletest"
)

func TestBroadcasts(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		scheduletest.Store(t, func(t *testing.T) schedule.Store { return patient(t, open(t)).Broadcasts() })
	})
}
