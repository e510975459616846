//go:build !linux

package bench

import (
	"context"
	"net"
	"sync/atomic"
)

// drain would drop what comes inside the kernel; here each viewer reads and discards for itself.
type drain struct {
	busy atomic.Int64 // ns spent at work
}

func newDrain() (*drain, error) { return &drain{}, nil }

func (*drain) take(*viewer, net.Conn) bool { return false }

func (*drain) run(ctx context.Context) { <-ctx.Done() }
