package flv

import (
	"net"
	"net/http"
	"strings"

	"liveroom/live/stream"
)

// Bounds of what a play URL may hold; longer ones cannot be ours.
const (
	maxElementBytes = 128
	maxQueryBytes   = 4096
)

// request reads what is asked for from the last two elements of the path, /{app}/{stream}.flv.
func request(r *http.Request, protocol string) (stream.Request, error) {
	path, ok := strings.CutSuffix(r.URL.Path, ".flv")
	dir, name := cutLast(path)
	_, app := cutLast(dir)
	if !ok || name == "" || app == "" || len(name) > maxElementBytes || len(app) > maxElementBytes {
		return stream.Request{}, &stream.Refusal{Code: "not_found", Detail: "A play address ends in /{app}/{stream}.flv."}
	}
	if len(r.URL.RawQuery) > maxQueryBytes {
		return stream.Request{}, &stream.Refusal{Code: "bad_address", Detail: "The address's query is too long."}
	}
	req := stream.Request{Protocol: protocol, Host: hostname(r.Host), App: app, Name: name, Remote: r.RemoteAddr}
	if r.URL.RawQuery != "" {
		req.Query = []string{r.URL.RawQuery}
	}
	return req, nil
}

// cutLast splits a path at its last slash.
func cutLast(path string) (dir, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// hostname is a Host header without its port.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return strings.Trim(host, "[]")
}
