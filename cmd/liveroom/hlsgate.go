package main

import (
	"context"
	"net/netip"
	"sync"

	"liveroom/live/hls"
	"liveroom/live/stream"
)

// hlsGate bounds how many HLS sessions one address may have. Other viewers hold a connection each, which the ports count;
// a session is two requests, and keeps its place for a minute.
type hlsGate struct {
	hls.Gatekeeper
	sessions *limits
}

var errCrowded = &stream.Refusal{Code: "too_many", Detail: "too many watch from your address; try again in a moment", Temporary: true}

// Enter implements hls.Gatekeeper.
func (g hlsGate) Enter(ctx context.Context, req stream.Request) (leave func(), err error) {
	return g.counted(req, func() (func(), error) { return g.Gatekeeper.Enter(ctx, req) })
}

// Reenter implements hls.Gatekeeper. Who was watching stays, whatever the limit.
func (g hlsGate) Reenter(ctx context.Context, req stream.Request, watching bool) (leave func(), err error) {
	reenter := func() (func(), error) { return g.Gatekeeper.Reenter(ctx, req, watching) }
	if watching {
		return reenter()
	}
	return g.counted(req, reenter)
}

func (g hlsGate) counted(req stream.Request, enter func() (func(), error)) (func(), error) {
	remote, _ := netip.ParseAddrPort(req.Remote) // fails only for what has no address, which is not limited
	from := g.sessions.network(remote.Addr())
	if !g.sessions.enter(from) {
		return nil, errCrowded
	}
	leave, err := enter()
	if err != nil {
		g.sessions.leave(from)
		return nil, err
	}
	return sync.OnceFunc(func() {
		leave()
		g.sessions.leave(from)
	}), nil
}
