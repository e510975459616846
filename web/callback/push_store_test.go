package callback_test

import (
	"testing"

	"liveroom/web/callback"
	"liveroom/web/callback/callbacktest"
)

func TestPushMemory(t *testing.T) {
	callbacktest.Pushes(t, func(*testing.T) callback.PushStore { return callback.NewPushMemory() })
}
