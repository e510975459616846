package level_test

import (
	"testing"

	"liveroom/chat/level"
	"liveroom/chat/level/leveltest"
)

func TestMemory(t *testing.T) {
	leveltest.Store(t, func(*testing.T) level.Store { return level.NewMemory() })
}

func TestNewsOfMemory(t *testing.T) {
	leveltest.News(t, func(*testing.T) (a, b leveltest.Shared) {
		m := level.NewMemory()
		return m, m
	})
}
