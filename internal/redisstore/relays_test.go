package redisstore

import (
	"testing"

	"liveroom/live/relay"
	"liveroom/live/relay/relaytest"
)

func TestRelays(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		relaytest.Store(t, func(t *testing.T) relay.Store { return patient(t, open(t)).Relays() })
		relaytest.Board(t, func(t *testing.T) relay.Board { return patient(t, open(t)).Relays() })
	})
}
