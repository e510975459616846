package level_test

import (
	"testing"

	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
)

func TestMemory(t *testing.T) {
	leveltest.Store(t, func(*testing.T) level.Store { return level.NewMemory() })
}
