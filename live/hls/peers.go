package hls

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"liveroom/live/flv"
	"liveroom/live/stream"
)

// PeerPath is where other nodes ask for what is made here: PeerPath + stream + "/multivariant", "/media", "/file/" + name.
const PeerPath = "/internal/hls/"

// stateHeader says what a playlist has: the number of its last segment, how many parts follow, and whether more is coming.
const stateHeader = "Liveroom-Playlist"

// errElsewhere tells another node that the stream, or this session of it, is not made here.
var errElsewhere = &stream.Refusal{Code: "superseded", Detail: "the stream is not made at this node", Temporary: true}

// ServePeer answers other nodes, which have admitted the viewers they ask for.
func (s *Server) ServePeer(w http.ResponseWriter, r *http.Request) {
	name, what, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, PeerPath), "/")
	session := r.URL.Query().Get("session")
	var err error
	switch file, isFile := strings.CutPrefix(what, "file/"); {
	case r.Method != http.MethodGet || len(r.URL.RawQuery) > maxQueryBytes:
		err = errNotFound
	case what == "multivariant":
		err = s.peerMultivariant(w, r, name, session)
	case what == "media":
		err = s.peerMedia(w, r, name, session)
	case isFile:
		err = s.peerFile(w, r, name, session, file)
	default:
		err = errNotFound
	}
	if err != nil && r.Context().Err() == nil {
		flv.WriteRefusal(w, err)
	}
}

// own returns a session that is made here. The news of it may be faster than the push.
func (s *Server) own(ctx context.Context, name, session string) (*timeline, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionGap)
	defer cancel()
	for {
		s.mu.Lock()
		e, appeared := s.streams[name], s.appeared
		s.mu.Unlock()
		if e != nil && e.named() == session && !e.left() {
			return e.timeline, nil
		}
		select {
		case <-appeared:
		case <-ctx.Done():
			return nil, errElsewhere
		}
	}
}

func (s *Server) peerMultivariant(w http.ResponseWriter, r *http.Request, name, session string) error {
	t, err := s.own(r.Context(), name, session)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Hold)
	defer cancel()
	if t.begun(ctx) != nil {
		return errNotLive
	}
	body := t.multivariant("")
	if body == nil {
		return errNotLive
	}
	writePlaylist(w, r, body[:len(body)-1]) // the other node adds the address of its own media playlist
	return nil
}

func (s *Server) peerMedia(w http.ResponseWriter, r *http.Request, name, session string) error {
	want, err := parseDirectives(r.URL.RawQuery)
	if err != nil {
		return err
	}
	t, err := s.own(r.Context(), name, session)
	if err != nil {
		return err
	}
	if !t.ready() {
		return errNotLive
	}
	if want.blocks {
		if _, err := s.hold(r.Context(), t, want); err != nil {
			return err
		}
		if t.left() {
			return errElsewhere
		}
	}
	app := r.URL.Query().Get("app")
	if app == "" || len(app) > maxElementBytes {
		return errNotFound
	}
	state := t.state() // before the playlist, which then has at least that
	body := t.playlist(app, time.Now(), want.delta)
	w.Header().Set(stateHeader, state)
	writePlaylist(w, r, body.text())
	return nil
}

// state is what stateHeader says.
func (t *timeline) state() string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	parts := 0
	if t.open != nil {
		parts = len(t.open.parts)
	}
	return fmt.Sprintf("%d %d %t", t.last, parts, t.awaited())
}

// peerFile answers with a file also where the stream is made elsewhere now: players come for what their playlists name.
func (s *Server) peerFile(w http.ResponseWriter, r *http.Request, name, session, file string) error {
	t := s.find(name)
	if t == nil || t.named() != session {
		return errGone
	}
	f, found, coming := t.find(file)
	if coming {
		var err error
		if f, err = s.fetch(r.Context(), t, file); err != nil {
			if errors.Is(err, errStalled) {
				return err
			}
			return errGone
		}
	} else if !found {
		return errGone
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", fileCaching)
	h.Set("Content-Length", strconv.Itoa(f.bytes))
	setDeadline(w, f.bytes)
	w.WriteHeader(http.StatusOK)
	send(w, f)
	return nil
}
