package hls

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"liveroom/live/stream"
)

// gate is a Gatekeeper that answers as told.
type gate func(stream.Request) error

func (g gate) Authorize(_ context.Context, r stream.Request) error { return g(r) }

func (g gate) Enter(_ context.Context, r stream.Request) (func(), error) { return func() {}, g(r) }

func (g gate) Reenter(context.Context, stream.Request, bool) (func(), error) { return func() {}, nil }

var open = gate(func(stream.Request) error { return nil })

var testKeys = Config{NodeKey: []byte("0123456789abcdef"), PlayKey: []byte("a play key")}

// patient keeps whatever is pushed at once until it is read.
var patient = stream.Config{BacklogBytes: 1 << 30, BacklogTime: time.Hour, GOPDuration: time.Hour}

// start runs a server over a hub until the test ends.
func start(t testing.TB, cfg Config, hub *stream.Hub, admit Gatekeeper) *Server {
	t.Helper()
	s, err := New(cfg, hub, admit, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.setRunning(true) // so that a push right after this is seen from its first tag, however late Run starts
	t.Cleanup(hub.OnPublish(s.begin))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}
