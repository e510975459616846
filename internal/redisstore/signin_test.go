package redisstore

import (
	"testing"

	"liveroom/web/signin"
	"liveroom/web/signin/signintest"
)

func TestSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(t *testing.T) *Store) {
		signintest.Store(t, func(t *testing.T) signin.Store { return patient(t, open(t)).SignIn() })
	})
}
