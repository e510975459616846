package boltstore

import (
	"testing"

	"liveroom/web/callback"
	"liveroom/web/callback/callbacktest"
)

func TestEndpoints(t *testing.T) {
	callbacktest.Endpoints(t, func(t *testing.T) callback.EndpointStore { return openTest(t).Endpoints() })
}
