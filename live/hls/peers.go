package hls

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"liveroom/live/flv"
	"liveroom/live/stream"
)

// PeerPath is where other nodes ask for what is made here: PeerPath + stream + "/multivariant", "/media", "/known", "/take", "/file/" + name.
const PeerPath = "/internal/hls/"

// stateHeader says what a playlist has: the number of its last segment, how many parts that has, how many follow, whether more is coming, and when
// the node took it over from another (Unix seconds; 0: it did not).
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
	case what == "known":
		err = s.peerKnown(w, r, name, session)
	case what == "take":
		err = s.peerTake(w, r, name, session)
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
	body := t.playlist(app, time.Now(), want.delta, r.URL.Query().Get("own") != "")
	w.Header().Set(stateHeader, state)
	writePlaylist(w, r, body.text())
	return nil
}

// peerKnown answers how far players of this node have got in a session that was made here or elsewhere.
// A push that is older than the one which the question is for gets nothing more added.
func (s *Server) peerKnown(w http.ResponseWriter, r *http.Request, name, session string) error {
	generation, ok := canonical(r.URL.Query().Get("generation"), 64)
	if !ok {
		return errNotFound
	}
	var most *known
	s.mu.Lock()
	e := s.streams[name]
	s.mu.Unlock()
	if e != nil && e.named() == session && e.before(generation) {
		e.once.Do(func() { close(e.elsewhere) })
		select {
		case <-e.done:
		case <-r.Context().Done():
			return errStalled
		}
		if most = e.known(); most != nil {
			most.Record, _ = json.Marshal(e.record(s.cfg.Node)) // of numbers and names
		}
	}
	s.remotes.mu.Lock()
	m := s.remotes.streams[name]
	s.remotes.mu.Unlock()
	if m != nil && m.where().Session == session {
		if k := m.known(); k != nil && k.further(most) {
			most = k
		}
	}
	if most == nil {
		return errGone
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(most) // the other node may be gone
	return nil
}

// before says whether all of a list is of earlier generations.
func (t *timeline) before(generation uint64) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.generation < generation
}

// known is how far players may have got; nil before there is a list.
func (t *timeline) known() *known {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.segments) == 0 {
		return nil
	}
	k := &known{Number: t.last}
	if t.open != nil {
		k.Parts = t.open.told()
	}
	return k
}

// told is the parts of a segment as the playlist says them: ms, negative where decoding can't start.
func (s *segment) told() (parts []int64) {
	for i, p := range s.parts {
		ms := s.shown[i]
		if !p.independent {
			ms = -ms
		}
		parts = append(parts, ms)
	}
	return parts
}

// known is how far players of this node have got, by the newest list they were given; nil before there is one.
func (m *remote) known() *known {
	m.mu.Lock()
	defer m.mu.Unlock()
	var newest *remoteList
	for _, l := range m.lists {
		if newest == nil || l.after(newest) {
			newest = l
		}
	}
	if newest == nil {
		return nil
	}
	k := &known{Number: newest.number}
	for line := range bytes.Lines(newest.body.plain) {
		switch {
		case bytes.HasPrefix(line, []byte("#EXTINF:")):
			k.Parts = nil
		case bytes.HasPrefix(line, []byte(partLine)):
			if ms, ok := partLength(string(line)); ok {
				k.Parts = append(k.Parts, ms)
			}
		}
	}
	return k
}

// partLength reads a line of a part: ms, negative where decoding can't start.
func partLength(line string) (ms int64, ok bool) {
	length, rest, _ := strings.Cut(strings.TrimPrefix(line, partLine), ",")
	s, err := strconv.ParseFloat(length, 64)
	if ms = int64(math.Round(s * 1000)); !strings.Contains(rest, "INDEPENDENT=YES") {
		ms = -ms
	}
	return ms, err == nil && s > 0 && s < maxTarget
}

// state is what stateHeader says.
func (t *timeline) state() string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	parts := 0
	if t.open != nil {
		parts = len(t.open.parts)
	}
	taken := int64(0)
	if !t.adoptedAt.IsZero() {
		taken = t.adoptedAt.Unix()
	}
	whole := 0
	if n := len(t.segments); n > 0 {
		whole = len(t.segments[n-1].parts)
	}
	return fmt.Sprintf("%d %d %d %t %d", t.last, whole, parts, t.awaited(), taken)
}

// peerFile answers with a file also where the stream is made elsewhere now: players come for what their playlists name.
func (s *Server) peerFile(w http.ResponseWriter, r *http.Request, name, session, what string) error {
	var (
		f             file
		found, coming bool
		err           error
	)
	t := s.find(name)
	if t != nil && t.named() == session {
		f, found, coming = t.find(what)
	}
	switch {
	case coming:
		if f, err = s.fetch(r.Context(), t, what); err != nil {
			if errors.Is(err, errStalled) {
				return err
			}
			return errGone
		}
	case !found: // it may have been taken from a node that stopped
		if f, found = s.remotes.get(fileKey(name, session, what), time.Now()); !found {
			return errGone
		}
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
