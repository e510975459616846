package relay_test

import (
	"testing"

	"liveroom/live/relay"
	"liveroom/live/relay/relaytest"
)

func TestMemory(t *testing.T) {
	relaytest.Store(t, func(*testing.T) relay.Store { return relay.NewMemory() })
	relaytest.Board(t, func(*testing.T) relay.Board { return relay.NewMemory() })
}
