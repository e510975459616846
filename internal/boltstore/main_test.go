package boltstore

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(statusCrashFile); path != "" {
		statusCrashChild(path) // until it is killed
	}
	goleak.VerifyTestMain(m)
}
