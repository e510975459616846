package delivery_test

import (
	"testing"

	"liveroom/web/callback/delivery"
	"liveroom/web/callback/delivery/deliverytest"
)

func TestMemory(t *testing.T) {
	deliverytest.Store(t, func(*testing.T) delivery.Store { return delivery.NewMemory() })
}

func TestMemoryExchange(t *testing.T) {
	deliverytest.Exchange(t, func(*testing.T) delivery.Exchange { return delivery.NewMemoryExchange() })
}
