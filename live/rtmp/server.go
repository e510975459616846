package rtmp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"liveroom/internal/wait"
)

// Accept is tried again after errors such as exhausted descriptors, with pauses that double between these two.
const (
	acceptPauseMin = 5 * time.Millisecond
	acceptPauseMax = time.Second
)

// Server answers RTMP connections. One Server may serve several listeners (plain and TLS); its limits and counts are
// for all of them together.
type Server struct {
	cfg   Config
	admit Admission
	log   *slog.Logger
	count counters
	quota quota
	pace  pace
	brake brake
}

// New returns a Server that asks admit who may push and play.
func New(cfg Config, admit Admission, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if admit == nil {
		return nil, errors.New("rtmp: no Admission")
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg.withDefaults(), admit: admit, log: log}
	s.count.publishRefusals, s.count.playRefusals = map[string]uint64{}, map[string]uint64{}
	s.quota = newQuota(s.cfg)
	s.brake.addrs = map[netip.Prefix]offences{}
	s.pace = newPace(s.cfg.MergeReads)
	return s, nil
}

// Serve answers connections of ln until ctx ends or ln is closed, and closes ln. When it returns nothing it started is
// running: every push and play of ln has ended.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	wg.Go(func() {
		<-ctx.Done()
		_ = ln.Close() // Accept knows no context; an error means that it is closed already
	})
	for {
		nc, err := s.accept(ctx, ln)
		if err != nil {
			return err
		}
		s.count.accepted.Add(1)
		wg.Go(func() { s.handle(ctx, nc) })
	}
}

// accept returns the next connection that is within the limits. Its error is final.
func (s *Server) accept(ctx context.Context, ln net.Listener) (net.Conn, error) {
	pause := time.Duration(0)
	for {
		nc, err := ln.Accept()
		switch {
		case err == nil && s.quota.enter(nc.RemoteAddr()):
			return nc, nil
		case err == nil:
			s.count.limited.Add(1)
			_ = nc.Close()
			pause = 0
			continue
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, net.ErrClosed):
			return nil, err
		}
		if pause == 0 {
			s.log.Warn("rtmp cannot accept connections, trying again", "error", err)
		}
		pause = min(max(2*pause, acceptPauseMin), acceptPauseMax)
		if wait.For(ctx, pause) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// handle lives as long as one connection.
func (s *Server) handle(ctx context.Context, nc net.Conn) {
	s.count.connections.Add(1)
	defer s.count.connections.Add(-1)
	defer s.quota.leave(nc.RemoteAddr())
	ctx, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = nc.Close()
	})
	defer func() {
		if !stop() {
			<-closed
		}
		_ = nc.Close()
		cancel()
	}()
	newConn(s, nc).run(ctx)
}
