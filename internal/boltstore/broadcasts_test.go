package boltstore

import (
	"testing"

	"liveroom/chat/schedule"
	"liveroom/chat/schedule/scheduletest"
)

func TestBroadcasts(t *testing.T) {
	scheduletest.Store(t, func(t *testing.T) schedule.Store { return openTest(t).Broadcasts() })
}
