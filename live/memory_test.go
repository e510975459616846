package live_test

import (
	"testing"

	"liveroom/live"
	"liveroom/live/livetest"
	"liveroom/status"
)

func TestMemory(t *testing.T) {
	livetest.Run(t, func(*testing.T) (live.Store, status.Store) {
		states := status.NewMemory()
		return live.NewMemory(states), states
	})
}
