package flv

import (
	"net/http"
	"net/url"
	"strings"

	"liveroom/live/stream"
)

// Bounds of what a play URL may hold; longer ones cannot be ours.
const (
	maxElementBytes = 128
	maxQueryBytes   = 4096
)

// request reads what is asked for from the last two elements of the path, /{app}/{stream}.flv, and the query.
func request(r *http.Request, protocol string) (stream.Request, only, error) {
	path, ok := strings.CutSuffix(r.URL.Path, ".flv")
	dir, name := cutLast(path)
	_, app := cutLast(dir)
	if !ok || name == "" || app == "" || len(name) > maxElementBytes || len(app) > maxElementBytes {
		return stream.Request{}, everything, &stream.Refusal{Code: "not_found", Detail: "A play address ends in /{app}/{stream}.flv."}
	}
	if len(r.URL.RawQuery) > maxQueryBytes {
		return stream.Request{}, everything, &stream.Refusal{Code: "bad_address", Detail: "The address's query is too long."}
	}
	req := stream.Request{Protocol: protocol, Host: stream.Hostname(r.Host), App: app, Name: name, Remote: r.RemoteAddr}
	if r.URL.RawQuery != "" {
		req.Query = []string{r.URL.RawQuery}
	}
	part, err := wanted(r.URL.RawQuery)
	return req, part, err
}

// badParameter is a refusal that names a parameter of the query.
type badParameter struct{ name, detail string }

func (e *badParameter) Error() string { return e.name + ": " + e.detail }

// Unwrap is the refusal without the name.
func (e *badParameter) Unwrap() error { return &stream.Refusal{Code: "bad_request", Detail: e.detail} }

// wanted reads which part of the stream is asked for: ?onlyAudio=1 or ?onlyVideo=1. These are not signed; whoever may have
// all of a stream may have less.
func wanted(query string) (only, error) {
	if !strings.Contains(query, "only") { // nearly always
		return everything, nil
	}
	values, _ := url.ParseQuery(query) // what cannot be read is none of ours; the signature's part is checked elsewhere
	audio, err := flag(values, "onlyAudio")
	if err != nil {
		return everything, err
	}
	video, err := flag(values, "onlyVideo")
	switch {
	case err != nil:
		return everything, err
	case audio && video:
		return everything, &badParameter{"onlyVideo", "onlyAudio and onlyVideo leave nothing to play; ask for one of them, or for neither."}
	case audio:
		return onlyAudio, nil
	case video:
		return onlyVideo, nil
	default:
		return everything, nil
	}
}

// flag reads a parameter that is yes or no; no if it is absent.
func flag(values url.Values, name string) (bool, error) {
	given := values[name]
	if len(given) == 0 {
		return false, nil
	}
	if len(given) == 1 {
		switch given[0] {
		case "1", "true":
			return true, nil
		case "0", "false":
			return false, nil
		}
	}
	return false, &badParameter{name, name + " is 1 or 0 (true or false), and stands once."}
}

// cutLast splits a path at its last slash.
func cutLast(path string) (dir, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}
