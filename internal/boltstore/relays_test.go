package boltstore

import (
	"testing"

	"liveroom/live/relay"
	"liveroom/live/relay/relaytest"
)

func TestRelays(t *testing.T) {
	relaytest.Store(t, func(t *testing.T) relay.Store { return openTest(t).Relays() })
}
