package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"liveroom/web"
)

// whileStarting answers on a port that it is too early, until stop is called: this process lives, and is not ready. The port
// stays open for who serves on it next.
func whileStarting(ln limited, log *slog.Logger) (stop func(), err error) {
	f, err := ln.File()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	shared, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	mine := limited{shared.(*net.TCPListener), ln.limits} //nolint:forcetypeassert // as ln is
	srv := web.NewHTTPServer(http.HandlerFunc(tooEarly), log)
	srv.SetKeepAlivesEnabled(false) // the next request is for who comes after us
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = web.Serve(ctx, srv, mine, 0) })
	return func() { cancel(); wg.Wait() }, nil
}

// tooEarly is what a server answers that waits for its store.
func tooEarly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	switch r.URL.Path {
	case "/healthz":
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"status":"ok"}`+"\n")
	case "/readyz", "/health":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"status":"not ready"}`+"\n")
	default:
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"title":"Service Unavailable","status":503,"code":"store_unavailable","detail":"the server is starting and waits for Redis"}`+"\n")
	}
}
