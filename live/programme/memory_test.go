package programme_test

import (
	"testing"

	"go.uber.org/goleak"

	"liveroom/live/programme"
	"liveroom/live/programme/programmetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	programmetest.Store(t, func(*testing.T) programme.Store { return programme.NewMemory() })
}
