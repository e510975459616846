package popularity_test

import (
	"testing"

	"liveroom/chat/popularity"
	"liveroom/chat/popularity/popularitytest"
)

func TestMemory(t *testing.T) {
	popularitytest.Store(t, func(*testing.T) popularity.Store { return popularity.NewMemory() })
}
