package signin_test

import (
	"testing"

	"liveroom/web/signin"
	"liveroom/web/signin/signintest"
)

func TestMemory(t *testing.T) {
	signintest.Store(t, func(*testing.T) signin.Store { return signin.NewMemory() })
}
