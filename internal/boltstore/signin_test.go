package boltstore

import (
	"testing"

	"liveroom/web/signin"
	"liveroom/web/signin/signintest"
)

func TestSignIn(t *testing.T) {
	signintest.Store(t, func(t *testing.T) signin.Store { return openTest(t).SignIn() })
}
