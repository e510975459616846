package audit_test

import (
	"testing"

	"go.uber.org/goleak"

	"liveroom/chat/audit"
	"liveroom/chat/audit/audittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	audittest.Store(t, func(*testing.T) audit.Store { return audit.NewMemory() })
}
