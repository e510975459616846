package redisstore

import (
	"testing"

	"liveroom/chat/kind"
	"liveroom/chat/kind/kindtest"
)

func TestKinds(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		kindtest.Store(t, func(t *testing.T) kind.Store { return patient(t, open(t)).Kinds() })
	})
}
