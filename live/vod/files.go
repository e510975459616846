package vod

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"liveroom/live/pass"
	"liveroom/live/record"
	"liveroom/live/stream"
)

// An answer may take writeTimeout and as long as its bytes need at slowestBytes a second.
const (
	writeTimeout = 30 * time.Second
	slowestBytes = 64 << 10
)

// fileCaching is what caches are told of a recording's files: their names never come back with other content.
const fileCaching = "public, max-age=3600, immutable"

// serveFile answers a segment or an init segment, to whoever has a pass of its recording.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, app, name, token, recording, file string) error {
	if !isFile(file) || !idPattern.MatchString(recording) {
		return errNotFound
	}
	if err := s.checkFile(token, name, recording, file, time.Now()); err != nil {
		return err
	}
	if err := s.watched(r, app, name); err != nil {
		return err
	}
	o, err := s.deps.Library.Open(r.Context(), recording, file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, record.ErrUnknown) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer func() { _ = o.Close() }()
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("Cache-Control", fileCaching)
	h.Set("ETag", `"`+recording+"."+file+`"`)
	setDeadline(w, o.Held().Size)
	s.counts.files.Add(1)
	http.ServeContent(direct{w}, r, "", time.Time{}, o)
	return nil
}

// direct is an answer whose bytes go to the connection's own writer, below the wrappers of others, in as few copies as it can.
type direct struct{ http.ResponseWriter }

// ReadFrom implements io.ReaderFrom, for io.Copy.
func (d direct) ReadFrom(from io.Reader) (int64, error) {
	for below := d.ResponseWriter; ; {
		if to, ok := below.(io.ReaderFrom); ok {
			return to.ReadFrom(from)
		}
		wrapper, ok := below.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return io.Copy(struct{ io.Writer }{d.ResponseWriter}, from)
		}
		below = wrapper.Unwrap()
	}
}

// Unwrap is for http.ResponseController.
func (d direct) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// watched notes which session asks for a file, as its query says. A session that can't be read is nobody's, and its file is served
// all the same: the pass in the path is what counts.
func (s *Server) watched(r *http.Request, app, name string) error {
	sid, found := strings.CutPrefix(r.URL.RawQuery, "s=")
	if !found {
		return nil
	}
	sid, _, _ = strings.Cut(sid, "&")
	key, start, _, err := s.signer.CheckSession(sid, time.Now(), s.cfg.SessionAge, app, name)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return s.use(r, stream.Recording, app, name, key, start)
}

// serveMade answers what was signed by Sign: a recording's playlist, or a file made of it.
func (s *Server) serveMade(w http.ResponseWriter, r *http.Request, app, name, token, file string) error {
	m := madePattern.FindStringSubmatch(file)
	if m == nil {
		return errNotFound
	}
	if _, err := s.signer.CheckUntil(token, time.Now(), "made", name, file); err != nil {
		return err
	}
	recording := m[1]
	if m[3] != "m3u8" {
		return s.serveDownload(w, r, recording, file)
	}
	if m[2] != "" {
		return errNotFound
	}
	return s.admit(w, r, requestOf(r, stream.Recording, app, name), "../../", func() (what, error) {
		return what{kind: aRecording, id: recording}, nil
	})
}

func (s *Server) serveDownload(w http.ResponseWriter, r *http.Request, recording, file string) error {
	if s.deps.Downloads == nil {
		return errGone
	}
	o, title, err := s.deps.Downloads.Download(r.Context(), recording, file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, record.ErrUnknown) {
		return errGone
	}
	if err != nil {
		return err
	}
	defer func() { _ = o.Close() }()
	h := w.Header()
	h.Set("Content-Type", map[string]string{".mp4": "video/mp4", ".flv": "video/x-flv"}[path.Ext(file)])
	h.Set("Content-Disposition", disposition(title, file))
	h.Set("Cache-Control", "private, max-age=3600")
	h.Set("ETag", `"`+file+`"`)
	setDeadline(w, o.Held().Size)
	s.counts.files.Add(1)
	http.ServeContent(direct{w}, r, "", o.Held().Modified, o)
	return nil
}

// maxTitle is how many characters of a title make the name of a file.
const maxTitle = 80

// disposition names a file as somebody keeps it: by a title, which people write, made harmless.
func disposition(title, file string) string {
	var name strings.Builder
	n := 0
	for _, c := range title {
		if n++; n > maxTitle {
			break
		}
		if c < ' ' || c == 0x7f || strings.ContainsRune(`/\:*?"<>|`, c) || c == '\ufffd' {
			c = '_'
		}
		name.WriteRune(c)
	}
	kept := strings.Trim(name.String(), " .")
	if kept == "" {
		kept, _, _ = strings.Cut(file, ".")
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": kept + path.Ext(file)})
}

// setDeadline bounds an answer of that many bytes, where the listener can; a test's recorder can't.
func setDeadline(w http.ResponseWriter, size int64) {
	limit := writeTimeout + time.Duration(size)*time.Second/slowestBytes
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
}

// Signed are addresses of one recording.
type Signed struct {
	HLS       string   // its multivariant playlist
	Downloads []string // the files made of it
}

// Sign makes addresses of a recording that hold until then, whatever its room shows. The error is record.ErrUnknown for one that is
// not there.
func (s *Server) Sign(ctx context.Context, recording string, until time.Time) (Signed, error) {
	rec, err := s.deps.Library.Recording(ctx, recording)
	if err != nil {
		return Signed{}, err
	}
	out := Signed{HLS: s.sign(rec, rec.ID+".m3u8", until)}
	if s.deps.Downloads == nil {
		return out, nil
	}
	files, err := s.deps.Downloads.Files(ctx, recording)
	for _, file := range files {
		out.Downloads = append(out.Downloads, s.sign(rec, file, until))
	}
	return out, err
}

func (s *Server) sign(rec record.Recording, file string, until time.Time) string {
	base := s.cfg.Addresses
	return strings.TrimSuffix(base.PublicURL, "/") + "/" + url.PathEscape(base.App) + "/" + url.PathEscape(rec.Stream) +
		"/d/" + s.signer.Until(pass.Under{}, until, "made", rec.Stream, file) + "/" + url.PathEscape(file)
}

// counters are the server's own figures since its start.
type counters struct{ minted, refused, files atomic.Uint64 }

// Stats are the server's figures since it was made; Viewers is that of this moment.
type Stats struct {
	Viewers  int
	Sessions uint64 // given out
	Refused  uint64 // requests refused
	Files    uint64 // served, parts of them too
}

// Stats returns the server's figures.
func (s *Server) Stats() Stats {
	return Stats{Viewers: s.Total(), Sessions: s.counts.minted.Load(), Refused: s.counts.refused.Load(), Files: s.counts.files.Load()}
}

// Viewers is the number of living sessions of a stream on this node.
func (s *Server) Viewers(name string) int { return s.sessions.Viewers(name) }

// Linked lists the chat session of each of a stream's living sessions that names one (vid).
func (s *Server) Linked(name string) []string { return s.sessions.Linked(name) }

// Watched names the streams that have viewers on this node.
func (s *Server) Watched() []string { return s.sessions.Watched() }

// Total is the number of living sessions of all streams on this node.
func (s *Server) Total() int { return s.sessions.Total() }

// OffAir ends the time shifts of a room: an operator has taken it off, and what was pushed before is not to be seen any more. They stay
// dead on this node. What is played back, and single recordings, go on.
func (s *Server) OffAir(room string) int { return s.sessions.RevokeAbout(room) }

// Revoke ends the sessions of a stream that belong to a viewer's chat session, or all of them if viewer is empty, and returns how
// many. They stay dead on this node.
func (s *Server) Revoke(name, viewer string) int { return s.sessions.Revoke(name, viewer) }
