package main

import (
	"context"
	"errors"
	"testing"

	"liveroom/live/stream"
)

// openGate lets everyone in but those who ask for the stream "full".
type openGate struct{ inside *int }

func (g openGate) Authorize(context.Context, stream.Request) error { return nil }

func (g openGate) Enter(_ context.Context, req stream.Request) (func(), error) {
	if req.Name == "full" {
		return nil, errors.New("full")
	}
	*g.inside++
	return func() { *g.inside-- }, nil
}

func (g openGate) Reenter(ctx context.Context, req stream.Request, _ bool) (func(), error) {
	return g.Enter(ctx, req)
}

func TestOneAddressHasSoManySessions(t *testing.T) {
	inside := 0
	g := hlsGate{openGate{&inside}, newLimits(0, 2, nil)}
	from := func(remote, name string) stream.Request {
		return stream.Request{Protocol: stream.HLS, Name: name, Remote: remote}
	}
	enter := func(remote, name string) (func(), error) { return g.Enter(t.Context(), from(remote, name)) }
	for range 5 { // who is refused for another reason takes nothing
		if _, err := enter("192.0.2.1:1", "full"); err == nil || errors.Is(err, errCrowded) {
			t.Fatal(err)
		}
	}
	one, err := enter("192.0.2.1:1", "a")
	two, err2 := enter("192.0.2.1:2", "b")
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if _, err := enter("192.0.2.1:3", "a"); !errors.Is(err, errCrowded) {
		t.Errorf("a third of one address: %v", err)
	}
	if _, err := g.Reenter(t.Context(), from("192.0.2.1:3", "a"), false); !errors.Is(err, errCrowded) {
		t.Errorf("a third that was admitted long ago: %v", err)
	}
	back, err := g.Reenter(t.Context(), from("192.0.2.1:3", "a"), true)
	if err != nil {
		t.Fatalf("who was watching is sent away: %v", err)
	}
	other, err := enter("192.0.2.2:1", "a")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		one()
	}
	again, err := enter("192.0.2.1:4", "a")
	if err != nil {
		t.Fatalf("one has left: %v", err)
	}
	if _, err := enter("192.0.2.1:5", "a"); !errors.Is(err, errCrowded) {
		t.Errorf("leaving twice gave two places back: %v", err)
	}
	for _, leave := range []func(){two, back, other, again} {
		leave()
	}
	if inside != 0 || g.sessions.taken() != 0 {
		t.Errorf("%d inside, %d counted", inside, g.sessions.taken())
	}
}
