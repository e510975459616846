package vod

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"liveroom/live/flv"
	"liveroom/live/pass"
	"liveroom/live/stream"
)

// Bounds of what an address may hold; longer ones cannot be ours.
const (
	maxElementBytes = 160
	maxQueryBytes   = 4096
)

var errNotFound = &stream.Refusal{
	Code: "not_found", Detail: "Recordings are played at /{app}/{stream}.m3u8 and what the playlists name.",
}

// Takes says whether a request is for what this server plays: not for what is live just now.
func (s *Server) Takes(r *http.Request) bool {
	e := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case len(e) == 2 && strings.HasSuffix(e[1], ".m3u8"):
		if asksShift(r.URL.RawQuery) {
			return true
		}
		_, programme, err := s.deps.Rooms.Shown(r.Context(), strings.TrimSuffix(e[1], ".m3u8"))
		return err == nil && programme != ""
	case len(e) >= 5:
		return e[2] == "v" || e[2] == "f" || e[2] == "d"
	}
	return false
}

// ServeHTTP answers /{app}/{stream}.m3u8, /{app}/{stream}/v/{session}/index.m3u8 and …/chat, /{app}/{stream}/f/{pass}/{recording}/{file}
// and /{app}/{stream}/d/{pass}/{file}.
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
	if err := s.route(w, r); err != nil && r.Context().Err() == nil { // a client that has left hears nothing
		s.refuse(w, r, err)
	}
}

// route answers a request, or returns why it doesn't before anything is written.
func (s *Server) route(w http.ResponseWriter, r *http.Request) error {
	if len(r.URL.RawQuery) > maxQueryBytes {
		return errNotFound
	}
	e := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	for _, part := range e {
		if part == "" || part == "." || part == ".." || len(part) > maxElementBytes || strings.Contains(part, mark) {
			return errNotFound
		}
	}
	switch {
	case len(e) == 2 && strings.HasSuffix(e[1], ".m3u8") && e[1] != ".m3u8":
		return s.serveRoom(w, r, e[0], strings.TrimSuffix(e[1], ".m3u8"))
	case len(e) == 5 && e[2] == "v" && e[4] == "index.m3u8":
		return s.serveMedia(w, r, e[0], e[1], e[3])
	case len(e) == 5 && e[2] == "v" && e[4] == "chat":
		return s.serveChat(w, r, e[0], e[1], e[3])
	case len(e) == 6 && e[2] == "f":
		return s.serveFile(w, r, e[0], e[1], e[3], e[4], e[5])
	case len(e) == 5 && e[2] == "d":
		return s.serveMade(w, r, e[0], e[1], e[3], e[4])
	}
	return errNotFound
}

// serveRoom admits a viewer of a room to what it plays back, or to the time that he asks for, and gives him a session.
func (s *Server) serveRoom(w http.ResponseWriter, r *http.Request, app, name string) error {
	protocol := stream.Playback
	if asksShift(r.URL.RawQuery) {
		protocol = stream.TimeShift
	}
	return s.admit(w, r, requestOf(r, protocol, app, name), name+"/", func() (what, error) {
		room, programme, err := s.deps.Rooms.Shown(r.Context(), name)
		switch {
		case err != nil:
			return what{}, err
		case protocol == stream.TimeShift:
			return s.shifted(r.Context(), room, r.URL.RawQuery)
		case programme == "":
			return what{}, errGone
		}
		return what{kind: aProgramme, id: programme}, nil
	})
}

// admit takes a place for a viewer, has it said what he plays, and answers the multivariant playlist that leads him to it, below the
// address root.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, req stream.Request, root string, find func() (what, error)) error {
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
	plays, err := find()
	if err != nil {
		return err
	}
	now := time.Now()
	l, err := s.list(r.Context(), req.Name, plays, now)
	if err != nil {
		return err
	}
	if len(l.pieces) == 0 {
		return errNothing
	}
	sid, key := s.signer.Session(now, req.App, req.Name, plays.String())
	uri := url.URL{Path: root + "v/" + sid + "." + plays.String() + "/index.m3u8"}
	if viewer != "" {
		uri.RawQuery = url.Values{"vid": {viewer}}.Encode()
	}
	if r.Method != http.MethodHead {
		given = true
		s.sessions.Supersede(req.Name, viewer)
		s.sessions.Mint(key, pass.NewSession(now, req.Name, viewer, leave, now).About(plays.room))
		s.counts.minted.Add(1)
	}
	writePlaylist(w, r, multivariant(l, uri.String()))
	return nil
}

// enter takes a place for a viewer. Who asks for the headers only is told the same, and takes none.
func (s *Server) enter(r *http.Request, req stream.Request, viewer string) (leave func(), err error) {
	if r.Method == http.MethodHead {
		return func() {}, s.deps.Admit.Authorize(r.Context(), req)
	}
	leave, err = s.deps.Admit.Enter(r.Context(), req)
	if why, ok := errors.AsType[*stream.Refusal](err); ok && why.Temporary && s.sessions.Supersede(req.Name, viewer) {
		return s.deps.Admit.Enter(r.Context(), req) // it may have been its own place that was missing
	}
	return leave, err
}

// session checks the element of a path that says who plays what.
func (s *Server) session(app, name, element string) (plays what, key pass.Key, start time.Time, under pass.Under, err error) {
	sid, rest, _ := strings.Cut(element, ".")
	plays, ok := parseWhat(rest)
	if !ok {
		return plays, key, start, under, pass.ErrForged
	}
	key, start, under, err = s.signer.CheckSession(sid, time.Now(), s.cfg.SessionAge, app, name, rest)
	return plays, key, start, under, err
}

// serveMedia answers the media playlist to a session.
func (s *Server) serveMedia(w http.ResponseWriter, r *http.Request, app, name, element string) error {
	plays, key, start, under, err := s.session(app, name, element)
	if err != nil {
		return err
	}
	if err := s.use(r, plays.protocol(), app, name, key, start); err != nil {
		return err
	}
	body, err := s.body(r.Context(), name, plays, start, under)
	if err != nil {
		return err
	}
	query := "?s=" + s.signer.Again(under, key, start, app, name)
	if viewer := pass.Viewer(r.URL); viewer != "" {
		query += "&vid=" + url.QueryEscape(viewer)
	}
	writeMedia(w, r, body, query)
	return nil
}

// protocol is how a session came to what it plays.
func (w what) protocol() string {
	switch w.kind {
	case aProgramme:
		return stream.Playback
	case aRecording:
		return stream.Recording
	}
	return stream.TimeShift
}

// body is a media playlist, but for what is each session's own. The paths of files hold for as long as a session that began then may
// live, and never change while it does: they are signed with the play key that the session was, and die with it.
func (s *Server) body(ctx context.Context, name string, plays what, start time.Time, under pass.Under) ([]byte, error) {
	holds := term{start.Add(s.cfg.SessionAge).Truncate(time.Hour).Add(time.Hour), under}
	key := fmt.Sprint(name, " ", plays, " ", holds.until.Unix(), " ", under)
	if body := s.bodies.get(key); body != nil {
		return body, nil
	}
	l, err := s.list(ctx, name, plays, time.Now())
	if err != nil {
		return nil, err
	}
	if len(l.pieces) == 0 {
		return nil, errNothing
	}
	body := s.media(l, name, holds)
	if l.whole && !l.sliding {
		s.bodies.put(key, body)
	}
	return body, nil
}

// use notes that a session is used, unless it asks for the headers only. One that has no place here may get one; a running one is
// never asked.
func (s *Server) use(r *http.Request, protocol, app, name string, key pass.Key, start time.Time) error {
	if r.Method == http.MethodHead {
		return nil
	}
	now := time.Now()
	err := s.sessions.Touch(key, now)
	if !errors.Is(err, pass.ErrUnknown) {
		return err
	}
	leave, err := s.deps.Admit.Reenter(r.Context(), requestOf(r, protocol, app, name), start.Before(s.began))
	if err != nil {
		return err
	}
	room := ""
	if protocol == stream.TimeShift {
		if room, _, err = s.deps.Rooms.Shown(r.Context(), name); err != nil {
			leave()
			return err
		}
	}
	return s.sessions.Enter(key, pass.NewSession(start, name, pass.Viewer(r.URL), leave, now).About(room))
}

// serveChat answers the chat of what a session plays.
func (s *Server) serveChat(w http.ResponseWriter, r *http.Request, app, name, element string) error {
	plays, key, start, _, err := s.session(app, name, element)
	if err != nil {
		return err
	}
	if s.deps.Chat == nil || plays.kind == aDelay || plays.kind == aWindow {
		return &stream.Refusal{Code: "not_found", Detail: "There is no chat beside what this session plays."}
	}
	if err := s.use(r, plays.protocol(), app, name, key, start); err != nil {
		return err
	}
	recordings := []string{plays.id}
	if plays.kind == aProgramme {
		p, err := s.programme(r.Context(), name, plays.id)
		if err != nil {
			return err
		}
		recordings = p.Recordings
	}
	s.deps.Chat.ServeChat(w, r, recordings)
	return nil
}

// refuse answers with the reason, in the words of a refusal.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s.counts.refused.Add(1)
	err = pass.Refused(err)
	if _, ok := errors.AsType[*stream.Refusal](err); !ok { // without the path, which may hold a session's secret
		s.log.Error("play request for a recording failed", "remote", r.RemoteAddr, "err", err)
	}
	flv.WriteRefusal(w, err)
}

func requestOf(r *http.Request, protocol, app, name string) stream.Request {
	req := stream.Request{Protocol: protocol, Host: stream.Hostname(r.Host), App: app, Name: name, Remote: r.RemoteAddr}
	if r.URL.RawQuery != "" {
		req.Query = []string{r.URL.RawQuery}
	}
	return req
}
