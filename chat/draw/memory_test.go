package draw_test

import (
	"testing"

	"go.uber.org/goleak"

	"liveroom/chat/draw"
	"liveroom/chat/draw/drawtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	drawtest.Store(t, func(*testing.T) draw.Store { return draw.NewMemory() })
}
