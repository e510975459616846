package hls

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"liveroom/live/flv"
	"liveroom/live/pass"
	"liveroom/live/stream"
)

// Bounds of what an address may hold; longer ones cannot be ours.
const (
	maxElementBytes = 128
	maxQueryBytes   = 4096
)

// An answer may take writeTimeout and as long as its bytes need at slowestBytes a second.
const (
	writeTimeout = 30 * time.Second
	slowestBytes = 64 << 10
)

// fileCaching is what caches are told of files: their names never come back with other content.
const fileCaching = "public, max-age=3600, immutable"

// sessionGap is how long a newcomer waits for the list of a session that has begun, while there is none or only that of the one
// before.
const sessionGap = 300 * time.Millisecond

var errNotFound = &stream.Refusal{
	Code: "not_found", Detail: "HLS addresses are /{app}/{stream}.m3u8 and what the playlists name.",
}

// errNotLive tells a player to come back.
var errNotLive = &stream.Refusal{Code: "not_live", Detail: "Nothing is being pushed to this stream at the moment.", Temporary: true}

// ServeHTTP answers /{app}/{stream}.m3u8, /{app}/{stream}/h/{sid}/v0.m3u8 and /{app}/{stream}/p/{cap}/{file}.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if err := s.route(w, r); err != nil && r.Context().Err() == nil { // a client that left while it waited hears nothing
		s.refuse(w, r, err)
	}
}

// route answers a request, or returns why it doesn't before anything is written.
func (s *Server) route(w http.ResponseWriter, r *http.Request) error {
	e := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for _, part := range e {
		if part == "" || len(part) > maxElementBytes {
			return errNotFound
		}
	}
	switch {
	case len(e) == 2 && strings.HasSuffix(e[1], ".m3u8"):
		return s.serveMultivariant(w, r, e[0], strings.TrimSuffix(e[1], ".m3u8"))
	case len(e) == 5 && e[2] == "h" && e[4] == "v0.m3u8":
		return s.serveMedia(w, r, e[0], e[1], e[3])
	case len(e) == 5 && e[2] == "p":
		return s.serveFile(w, r, e[1], e[3], e[4])
	}
	return errNotFound
}

// serveMultivariant admits a viewer and gives it a session. A stream that just began is waited for.
func (s *Server) serveMultivariant(w http.ResponseWriter, r *http.Request, app, name string) error {
	if name == "" || len(r.URL.RawQuery) > maxQueryBytes {
		return errNotFound
	}
	req := stream.Request{Protocol: stream.HLS, Host: stream.Hostname(r.Host), App: app, Name: name, Remote: r.RemoteAddr}
	if r.URL.RawQuery != "" {
		req.Query = []string{r.URL.RawQuery}
	}
	viewer := pass.Viewer(r.URL)
	leave, err := s.enter(r, req, viewer)
	if err != nil {
		return err
	}
	given := false
	defer func() {
		if !given {
			leave()
		}
	}()
	sid, key := s.signer.sid(app, name, time.Now())
	uri := url.URL{Path: "/" + app + "/" + name + "/h/" + sid + "/v0.m3u8"}
	if viewer != "" {
		uri.RawQuery = url.Values{"vid": {viewer}}.Encode()
	}
	body, err := s.multivariant(r.Context(), name, uri.String())
	if err != nil {
		return err
	}
	now := time.Now()
	if r.Method != http.MethodHead {
		given = true
		s.sessions.Supersede(name, viewer)
		s.sessions.Mint(key, pass.NewSession(now, name, viewer, leave, now))
		s.counts.minted.Add(1)
	}
	writePlaylist(w, r, body)
	return nil
}

// multivariant is the multivariant playlist of a stream, wherever it is made.
func (s *Server) multivariant(ctx context.Context, name, uri string) ([]byte, error) {
	for range maxMoves {
		m := s.elsewhere(ctx, name)
		if m == nil {
			return s.ownMultivariant(ctx, name, uri)
		}
		if body, err := m.multivariant(ctx, uri); !errors.Is(err, errMoved) {
			return body, err
		}
	}
	return nil, errNotLive
}

func (s *Server) ownMultivariant(ctx context.Context, name, uri string) ([]byte, error) {
	t := s.current(ctx, name)
	if t == nil {
		return nil, errNotLive
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Hold)
	defer cancel()
	if err := t.begun(ctx); err != nil {
		return nil, errNotLive
	}
	body := t.multivariant(uri)
	if body == nil { // it ended before its first segment
		return nil, errNotLive
	}
	return body, nil
}

// enter takes a place for a viewer. Who asks for the headers only is told the same, and takes none.
func (s *Server) enter(r *http.Request, req stream.Request, viewer string) (leave func(), err error) {
	if r.Method == http.MethodHead {
		return func() {}, s.admit.Authorize(r.Context(), req)
	}
	leave, err = s.admit.Enter(r.Context(), req)
	if why, ok := errors.AsType[*stream.Refusal](err); ok && why.Temporary && s.sessions.Supersede(req.Name, viewer) {
		return s.admit.Enter(r.Context(), req) // it may have been its own place that was missing
	}
	return leave, err
}

// current is find for a newcomer. The gatekeeper has let it in, so there is about to be a list, and one that has ended is
// about to be followed by that of the session it was let into: only the begin of the push stands before it.
func (s *Server) current(ctx context.Context, name string) *timeline {
	ctx, cancel := context.WithTimeout(ctx, sessionGap)
	defer cancel()
	t := s.await(ctx, name)
	if t == nil {
		return nil
	}
	if err := t.superseded(ctx); err != nil {
		return t
	}
	return s.find(name)
}

// serveMedia answers the media playlist to a session, as soon as it has what the session asks for. Only this counts as
// watching.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request, app, name, sid string) error {
	now := time.Now()
	key, start, err := s.signer.checkSID(sid, app, name, now, s.cfg.SessionAge)
	if err != nil {
		return err
	}
	want, err := parseDirectives(r.URL.RawQuery)
	if err != nil {
		return err
	}
	for range maxMoves {
		m := s.elsewhere(r.Context(), name)
		if m == nil {
			return s.serveOwn(w, r, app, name, key, start, want)
		}
		if err := s.serveRemote(w, r, m, app, key, start, want); !errors.Is(err, errMoved) {
			return err
		}
	}
	return errStalled
}

// serveRemote answers the media playlist of a stream that is made on another node.
func (s *Server) serveRemote(w http.ResponseWriter, r *http.Request, m *remote, app string, key pass.Key, start time.Time, want directives) error {
	if err := s.use(r, app, m.name, key, start, time.Now()); err != nil {
		return err
	}
	b, waited, err := m.playlist(r.Context(), app, want, start)
	if err != nil {
		return err
	}
	if waited { // much may have happened
		if err := s.use(r, app, m.name, key, start, time.Now()); err != nil {
			return err
		}
	}
	b.write(w, r)
	return nil
}

// serveOwn answers the media playlist of a stream that is made here.
func (s *Server) serveOwn(w http.ResponseWriter, r *http.Request, app, name string, key pass.Key, start time.Time, want directives) error {
	now := time.Now()
	t := s.find(name)
	if t == nil {
		return errNotLive
	}
	var before *body // newer than what is here
	if m := s.former(r.Context(), t); m != nil {
		if b, last := m.resting(listKey{app: app, delta: want.delta, own: m.after(start)}); last > t.newest() {
			before = b
		}
	}
	if before == nil && !t.ready() {
		return errNotLive
	}
	if err := s.use(r, app, name, key, start, now); err != nil {
		return err
	}
	if before != nil {
		before.write(w, r)
		return nil
	}
	if want.blocks {
		waited, err := s.hold(r.Context(), t, want)
		if err != nil {
			return err
		}
		if waited { // much may have happened
			now = time.Now()
			if err := s.use(r, app, name, key, start, now); err != nil {
				return err
			}
		}
	}
	t.playlist(app, now, want.delta, t.after(start)).write(w, r)
	return nil
}

// use notes that a session is used, unless it asks for the headers only. One that has no place here may get one; a running
// one is never asked.
func (s *Server) use(r *http.Request, app, name string, key pass.Key, start, now time.Time) error {
	if r.Method == http.MethodHead {
		return nil
	}
	err := s.sessions.Touch(key, now)
	if !errors.Is(err, pass.ErrUnknown) {
		return err
	}
	req := stream.Request{Protocol: stream.HLS, Host: stream.Hostname(r.Host), App: app, Name: name, Query: []string{r.URL.RawQuery}, Remote: r.RemoteAddr}
	leave, err := s.admit.Reenter(r.Context(), req, start.Before(s.began))
	if err != nil {
		return err
	}
	return s.sessions.Enter(key, pass.NewSession(start, name, pass.Viewer(r.URL), leave, now))
}

// hold waits for what a player asks of a list.
func (s *Server) hold(ctx context.Context, t *timeline, want directives) (waited bool, err error) {
	if done, err := t.answers(want); done {
		return false, err
	}
	ctx, cancel := t.patience(ctx)
	defer cancel()
	s.counts.waiting.Add(1)
	defer s.counts.waiting.Add(-1)
	return true, t.hold(ctx, want)
}

// serveFile answers a segment, a part or an init segment. It knows no viewer, so that caches may answer in its place.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, name, capability, file string) error {
	f, err := s.file(r.Context(), name, capability, file)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", fileCaching)
	h.Set("ETag", f.tag)
	setDeadline(w, f.bytes)
	if r.Header.Get("Range") != "" || r.Header.Get("If-None-Match") != "" {
		http.ServeContent(w, r, "", time.Time{}, &fileReader{file: f})
		return nil
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(f.bytes))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	send(w, f)
	return nil
}

// file finds a file of a stream, wherever it is made.
func (s *Server) file(ctx context.Context, name, capability, file string) (f file, err error) {
	_, ok := generationOf(file, s.cfg.Container.suffix())
	if !pass.Shaped(capability) {
		return f, errBadCap
	} else if !ok {
		return f, errGone
	}
	for range maxMoves {
		m := s.elsewhere(ctx, name)
		if m == nil {
			if f, err = s.ownFile(ctx, name, capability, file); !errors.Is(err, errMoved) {
				return f, err
			}
			continue
		}
		if !m.allows(capability, time.Now()) {
			return f, errBadCap
		}
		if f, err = m.file(ctx, file); !errors.Is(err, errMoved) {
			return f, err
		}
	}
	return f, errStalled
}

func (s *Server) ownFile(ctx context.Context, name, capability, file string) (f file, err error) {
	t := s.find(name)
	if t == nil {
		return f, errNotLive
	}
	if !t.allows(capability, time.Now()) {
		return f, errBadCap
	}
	f, found, coming := t.find(file)
	switch {
	case coming:
		return s.fetch(ctx, t, file)
	case found:
		return f, nil
	}
	if m := s.former(ctx, t); m != nil {
		return m.file(ctx, file)
	}
	return f, errGone
}

// send writes a file in as few system calls as the connection allows: below the wrappers of others, net/http's own writer
// hands the file to the TCP connection, which takes all parts in one call, uncopied.
func send(w http.ResponseWriter, f file) {
	r := &fileReader{file: f}
	for below := w; ; {
		if to, ok := below.(io.ReaderFrom); ok {
			_, _ = to.ReadFrom(r) // the client may be gone
			return
		}
		wrapper, ok := below.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			_, _ = r.WriteTo(w)
			return
		}
		below = wrapper.Unwrap()
	}
}

// fetch waits for the part to come next.
func (s *Server) fetch(ctx context.Context, t *timeline, name string) (file, error) {
	ctx, cancel := t.patience(ctx)
	defer cancel()
	s.counts.waiting.Add(1)
	defer s.counts.waiting.Add(-1)
	return t.fetch(ctx, name)
}

func writePlaylist(w http.ResponseWriter, r *http.Request, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	setDeadline(w, len(body))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may be gone
	}
}

// setDeadline bounds an answer of that many bytes, where the listener can; a test's recorder can't.
func setDeadline(w http.ResponseWriter, size int) {
	limit := writeTimeout + time.Duration(size)*time.Second/slowestBytes
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
}

var (
	errBadCap = &stream.Refusal{Code: "expired", Detail: "The segment's address has expired or is not ours; load the playlist again."}
	errGone   = &stream.Refusal{Code: "not_found", Detail: "The segment is gone; load the playlist again."}
)

// refuse answers with the reason, in the words of a refusal.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.counts.refused.Add(1)
	err = pass.Refused(err)
	if _, ok := errors.AsType[*stream.Refusal](err); !ok { // without the path, which may hold a session's secret
		s.log.Error("play request failed", "remote", r.RemoteAddr, "err", err)
	}
	flv.WriteRefusal(w, err)
}
