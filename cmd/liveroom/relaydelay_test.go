package main

import (
	"net/http"
	"testing"

	"liveroom/status"
)

// TestRelayOfWhatIsShownLater: a stream that ends before any of it is shown is relayed all the same when it is, also to a target
// that came meanwhile.
func TestRelayOfWhatIsShownLater(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--relay-private", "127.0.0.0/8,::1/128")
	n.createRoom(map[string]any{"id": "near", "delay": "8s"})
	n.createRoom(map[string]any{"id": "far"})
	p := pushClip(t, n.addresses("near").Push.RTMP)
	n.eventually("some is pushed", func() bool {
		var in struct {
			Video struct{ Frames uint64 }
		}
		n.call(http.MethodGet, "/api/v1/rooms/near/ingest", nil, &in)
		return in.Video.Frames > 50
	})
	n.call(http.MethodPost, "/api/v1/rooms/near/end", nil, nil)
	p.wait()
	n.addRelay("near", n.addresses("far").Push.RTMP)
	n.waitStatus("far", status.Live)
	n.waitStatus("far", status.Paused)
}
