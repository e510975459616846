package pull_test

import (
	"testing"

	"go.uber.org/goleak"

	"liveroom/live/pull"
	"liveroom/live/pull/pulltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	pulltest.Store(t, func(*testing.T) pull.Store { return pull.NewMemory() })
	pulltest.Board(t, func(*testing.T) pull.Board { return pull.NewMemory() })
}
