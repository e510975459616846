package boltstore

import (
	"testing"

	"liveroom/chat/kind"
	"liveroom/chat/kind/kindtest"
)

func TestKinds(t *testing.T) {
	kindtest.Store(t, func(t *testing.T) kind.Store { return openTest(t).Kinds() })
}
