package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"liveroom/web/peer"
)

// NewHTTPServer returns a server for h with the deadlines every listener has. It has no write deadline, because media and
// events last; Server sets one for each answer of the API.
func NewHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug), // handshakes of strangers
		ConnContext:       peer.WithConn,
	}
}

// Serve serves on ln until ctx ends, then waits up to drain for what runs and cuts the rest. When it returns, the
// listener and every connection the server still knows are closed. It returns ctx's error, or why serving failed.
func Serve(ctx context.Context, srv *http.Server, ln net.Listener, drain time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		_ = srv.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ctx.Err()
}
