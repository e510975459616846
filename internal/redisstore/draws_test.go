package redisstore

import (
	"testing"

	"liveroom/chat/draw"
	"liveroom/chat/draw/drawtest"
)

func TestDraws(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		drawtest.Store(t, func(t *testing.T) draw.Store { return patient(t, open(t)).Draws() })
	})
}
