package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"liveroom/address"
)

// request is what is known of every request from its arrival on.
type request struct {
	id     string
	remote netip.Addr
}

type requestKey struct{}

func requestOf(ctx context.Context) request {
	r, _ := ctx.Value(requestKey{}).(request)
	return r
}

func requestID(ctx context.Context) string { return requestOf(ctx).id }

func remoteOf(ctx context.Context) netip.Addr { return requestOf(ctx).remote }

// arrive gives a request its id and its client's address; handlers behind find the latter in RemoteAddr.
func (s *Server) arrive(w http.ResponseWriter, r *http.Request) *http.Request {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	info := request{id: hex.EncodeToString(b[:]), remote: clientAddr(r, s.cfg.TrustedProxies)}
	r2 := r.WithContext(context.WithValue(r.Context(), requestKey{}, info))
	if info.remote.IsValid() && info.remote != hostAddr(r.RemoteAddr) {
		r2.RemoteAddr = net.JoinHostPort(info.remote.String(), "0")
	}
	w.Header().Set("X-Request-Id", info.id)
	return r2
}

// shownPath is a path and query as the log may hold them. HLS session and capability elements and the keys of chat streams
// are as good as signatures, wherever a proxy or a doubled slash has moved them; and a query may stand in the path by mistake.
func shownPath(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i := range parts {
		if i > 2 && (parts[i-1] == "h" || parts[i-1] == "p" || parts[i-1] == "stream") && parts[i] != "" {
			parts[i] = "…"
		}
		parts[i] = address.Redact(parts[i])
	}
	path := strings.Join(parts, "/")
	if r.URL.RawQuery != "" {
		path += "?" + address.Redact(r.URL.RawQuery)
	}
	return path
}
