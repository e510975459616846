package redisstore

import (
	"testing"

	"liveroom/live/pull"
	"liveroom/live/pull/pulltest"
)

func TestPulls(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		pulltest.Store(t, func(t *testing.T) pull.Store { return patient(t, open(t)).Pulls() })
		pulltest.Board(t, func(t *testing.T) pull.Board { return patient(t, open(t)).Pulls() })
	})
}
