package rtmp

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"liveroom/live/stream"
)

// application is what connect said: where the client believes to be, and queries it wrote there.
type application struct {
	host  string
	app   string
	query []string
}

// parseApplication takes app and tcUrl apart. Clients write the app with or without a trailing slash, and queries into
// either; all of them are kept, the same one only once (spec css §8.5).
func parseApplication(app, tcURL string) application {
	var a application
	name, query, _ := strings.Cut(app, "?")
	a.app = strings.Trim(name, "/")
	a.addQuery(query)

	location, query, _ := strings.Cut(tcURL, "?")
	a.addQuery(query)
	if _, rest, ok := strings.Cut(location, "://"); ok {
		host, path, _ := strings.Cut(rest, "/")
		a.host = hostOnly(host)
		if a.app == "" {
			a.app = strings.Trim(path, "/")
		}
	}
	a.app = strings.TrimSuffix(a.app, "/_definst_") // how Flash Media Server's clients write that there is no instance
	return a
}

func (a *application) addQuery(query string) {
	if query != "" && !slices.Contains(a.query, query) {
		a.query = append(a.query, query)
	}
}

// hostOnly removes user information, port and IPv6 brackets, and lower-cases.
func hostOnly(host string) string {
	host = host[strings.LastIndexByte(host, '@')+1:]
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// unescapeQuery undoes the escaping of a client that took the '?' of a stream key for a part of the name. Stream names
// have nothing that would be escaped.
func unescapeQuery(name string) string {
	if strings.Contains(name, "?") || !strings.Contains(strings.ToUpper(name), "%3F") {
		return name
	}
	if plain, err := url.PathUnescape(name); err == nil {
		return plain
	}
	return name
}

// request makes the request for a publish or play name, which usually brings the signature in its query. A client that
// was given only rtmp://host has the app in front of the name.
func (a application) request(name, remote, local string) stream.Request {
	name, query, _ := strings.Cut(unescapeQuery(name), "?")
	name = strings.Trim(name, "/")
	if a.app == "" {
		if app, rest, ok := strings.Cut(name, "/"); ok {
			a.app, name = app, rest
		}
	}
	for _, container := range []string{"flv:", "mp4:"} { // Flash Media Server's way to say what kind of file a stream is
		name = strings.TrimPrefix(name, container)
	}
	a.query = slices.Clone(a.query)
	a.addQuery(query)
	return stream.Request{Protocol: stream.RTMP, Host: a.host, App: a.app, Name: name, Query: a.query, Remote: remote, Local: local}
}
