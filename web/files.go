package web

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"liveroom/chat"
	"liveroom/chat/file"
)

// Files keeps what people upload (file.Service).
type Files interface {
	Grant(ctx context.Context, who chat.Identity, d file.Draft) (file.Grant, error)
	Put(ctx context.Context, u file.Upload) (file.Info, error)
	Open(ctx context.Context, id, name, sig string) (file.Content, error)
}

func (s *Server) registerFiles() {
	register(s, s.operation("upload-file", http.MethodPost, "/rooms/{room}/files", "chat", "Get an address to upload a file to", tokenOrAnchor), s.grantFile)
}

// FileDraft is a file to be uploaded.
type FileDraft struct {
	Kind string `json:"kind" enum:"image,sound,video,file" doc:"At most 20 MB, 28 MB, 100 MB (MP4), 100 MB."`
	Name string `json:"name,omitempty" maxLength:"1024" doc:"For people." example:"cat.png"`
	Size int64  `json:"size" minimum:"1" doc:"In bytes, exactly."`
}

// FilePut is where a file's bytes go.
type FilePut struct {
	URL     string            `json:"url" doc:"Send the bytes here by PUT, once."`
	Headers map[string]string `json:"headers" doc:"That must go with them."`
}

type grantFileIn struct {
	RoomPath
	Body FileDraft
}

type grantFileOut struct {
	Body struct {
		ID        string  `json:"id"`
		Put       FilePut `json:"put"`
		URL       string  `json:"url" doc:"What goes into the message; good as long as the file is kept."`
		ExpiresAt Time    `json:"expiresAt" doc:"Until when the upload must have begun."`
	}
}

func (s *Server) grantFile(ctx context.Context, in *grantFileIn) (*grantFileOut, error) {
	if s.files == nil {
		return nil, file.ErrOff
	}
	group, err := s.group(ctx, in.Room)
	if err != nil {
		return nil, err
	}
	g, err := s.files.Grant(ctx, s.speaker(ctx), file.Draft{
		Group: group, Kind: file.Kind(in.Body.Kind), Name: in.Body.Name, Size: in.Body.Size,
	})
	if err != nil {
		return nil, err
	}
	out := &grantFileOut{}
	out.Body.ID, out.Body.URL, out.Body.ExpiresAt = g.ID, g.URL, Time{g.Expires}
	out.Body.Put = FilePut{g.PutURL, g.Headers}
	return out, nil
}

// isFile says whether a path is of an uploaded file, or of an upload.
func isFile(path string) bool { return strings.HasPrefix(path, "/files/") }

// serveFile takes files in and gives them out. Whatever is in them, a browser runs nothing of it.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer") // the address is a secret
	s.origins.share(h, r, exposedByMedia)
	id, name, ok := file.ParsePath(r.URL.Path)
	allow := "GET, HEAD, OPTIONS"
	if name == "" {
		allow = "PUT, OPTIONS"
	}
	var err error
	switch reads := r.Method == http.MethodGet || r.Method == http.MethodHead; {
	case !ok:
		err = newProblem(http.StatusNotFound, "not_found", "there is nothing at this path")
	case r.Method == http.MethodOptions:
		s.origins.preflight(h, allow, "Content-Type, Range")
		w.WriteHeader(http.StatusNoContent)
	case name == "" && r.Method == http.MethodPut:
		err = s.takeFile(w, r, id)
	case name != "" && reads:
		err = s.giveFile(w, r, id, name)
	default:
		h.Set("Allow", allow)
		err = newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "this path has no "+shorten(r.Method)+"; see Allow")
	}
	if err != nil {
		problem(r.Context(), s.log, err).write(w, r.Context())
	}
}

// takeFile reads the body of an upload.
func (s *Server) takeFile(w http.ResponseWriter, r *http.Request, id string) error {
	body := &paced{body: r.Body, control: http.NewResponseController(w), began: time.Now(), pace: s.cfg.UploadPace, answer: s.cfg.AnswerTimeout}
	f, err := s.files.Put(r.Context(), file.Upload{
		ID: id, Token: r.URL.Query().Get("token"), From: chat.Network(remoteOf(r.Context())), Length: r.ContentLength, Body: body,
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"id":%q,"kind":%q,"type":%q,"size":%d}`+"\n", f.ID, f.Kind, f.Type, f.Size) // the client is gone: nobody to tell
	return nil
}

// giveFile answers with a file, or with the part that is asked for.
func (s *Server) giveFile(w http.ResponseWriter, r *http.Request, id, name string) error {
	c, err := s.files.Open(r.Context(), id, name, r.URL.Query().Get("sig"))
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	shown := "inline"
	if c.Kind == file.Other {
		shown = "attachment"
	}
	if named := mime.FormatMediaType(shown, map[string]string{"filename": c.Name}); named != "" {
		shown = named
	}
	h := w.Header()
	h.Set("Content-Type", c.Type)
	h.Set("Content-Disposition", shown)
	h.Set("ETag", `"`+c.ID+`"`)
	h.Set("Cache-Control", fmt.Sprintf("private, max-age=%d, immutable", int(time.Until(c.Until).Seconds())))
	http.ServeContent(&steady{ResponseWriter: w, control: http.NewResponseController(w), timeout: s.cfg.StallTimeout}, r, "", c.CreatedAt, c)
	return nil
}

// Pace is the least speed of a body that may be large.
type Pace struct {
	Idle   time.Duration // the longest pause
	Start  time.Duration // what is given besides, once
	Second int64         // bytes in a second, on average
}

// paced is a body that has to come in at a pace: each read has its deadline, and so has the answer after it.
type paced struct {
	body    io.Reader
	control *http.ResponseController
	began   time.Time
	n       int64
	pace    Pace
	answer  time.Duration
}

func (p *paced) Read(b []byte) (int, error) {
	due := p.began.Add(p.pace.Start + time.Duration(float64(p.n)/float64(p.pace.Second)*float64(time.Second)))
	if pause := time.Now().Add(p.pace.Idle); pause.Before(due) {
		due = pause
	}
	_ = p.control.SetReadDeadline(due) // a recorder in a test has none
	_ = p.control.SetWriteDeadline(due.Add(p.answer))
	n, err := p.body.Read(b)
	if p.n += int64(n); err == io.EOF {
		_ = p.control.SetReadDeadline(time.Time{}) // what follows may take its time
	}
	return n, err
}

// steady is an answer that goes on as long as its client takes it.
type steady struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

// Unwrap is for http.ResponseController.
func (s *steady) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *steady) Write(b []byte) (int, error) {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.timeout)) // a recorder in a test has none
	return s.ResponseWriter.Write(b)
}
