package schedule_test

import (
	"testing"

	"go.uber.org/goleak"

	"liveroom/chat/schedule"
	"liveroom/chat/schedule/scheduletest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	scheduletest.Store(t, func(*testing.T) schedule.Store { return schedule.NewMemory() })
}
