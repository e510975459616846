package boltstore

import (
	"testing"

	"liveroom/web/callback"
	"liveroom/web/callback/callbacktest"
)

func TestPushes(t *testing.T) {
	callbacktest.Pushes(t, func(t *testing.T) callback.PushStore { return openTest(t).Pushes() })
}
