package boltstore

import (
	"testing"

	"liveroom/live/pull"
	"liveroom/live/pull/pulltest"
)

func TestPulls(t *testing.T) {
	pulltest.Store(t, func(t *testing.T) pull.Store { return openTest(t).Pulls() })
}
