package vod

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/address"
	"liveroom/live/blob"
	"liveroom/live/programme"
	"liveroom/live/record"
	"liveroom/live/stream"
	"liveroom/live/vod/vodtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	recA = "01HF8000000000000000000AAA"
	recB = "01HF8000000000000000000BBB"
	recC = "01HF8000000000000000000CCC" // of another room
	prog = "01HF8000000000000000000PPP"
)

// world is a server with everything it leans on, for tests to change.
type world struct {
	t    testing.TB
	s    *Server
	lib  *vodtest.Library
	zero time.Time

	mu      sync.Mutex // guards what follows
	shows   string     // programme that room demo plays back
	content programme.Content
	secret  bool // a signature is asked for
	places  int
	taken   int
	chats   [][]string
}

func newWorld(t testing.TB) *world { return newWorldWith(t, Config{}) }

func newWorldWith(t testing.TB, cfg Config) *world {
	t.Helper()
	w := &world{t: t, lib: vodtest.New(), zero: time.Now().Add(-2 * time.Hour).Truncate(time.Millisecond), places: 100, shows: prog, secret: true}
	w.content = programme.Content{Recordings: []string{recA}}
	cfg.NodeKey, cfg.PlayKey = []byte("0123456789abcdef"), []byte("a play key")
	cfg.Addresses = address.Base{PublicURL: "http://example.com", PublicRTMPURL: "rtmp://example.com", App: "live"}
	s, err := New(cfg, Deps{Library: w.lib, Rooms: w, Programmes: w, Admit: w, Chat: w, Downloads: w, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	return w
}

func (w *world) Shown(_ context.Context, name string) (room, programme string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if name != "demo" {
		return "", "", &stream.Refusal{Code: "unknown_room", Detail: "no room has this stream"}
	}
	return "demo", w.shows, nil
}

func (w *world) Programme(_ context.Context, room, id string) (programme.Programme, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id != prog {
		return programme.Programme{}, programme.ErrNoProgramme
	}
	return programme.Programme{ID: id, Room: room, Content: w.content}, nil
}

var (
	errSignature = &stream.Refusal{Code: "missing_signature", Detail: "d"}
	errFull      = &stream.Refusal{Code: "room_full", Detail: "d", Temporary: true}
)

func (w *world) Authorize(_ context.Context, req stream.Request) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.secret && req.Protocol != stream.Recording && !strings.Contains(strings.Join(req.Query, "&"), "txSecret=good"):
		return errSignature
	case w.taken >= w.places:
		return errFull
	}
	return nil
}

func (w *world) Enter(ctx context.Context, req stream.Request) (func(), error) {
	if err := w.Authorize(ctx, req); err != nil {
		return nil, err
	}
	return w.Reenter(ctx, req, false)
}

func (w *world) Reenter(_ context.Context, _ stream.Request, watching bool) (func(), error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken >= w.places && !watching {
		return nil, errFull
	}
	w.taken++
	return sync.OnceFunc(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.taken--
	}), nil
}

func (w *world) holds(want int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken != want || w.s.Viewers("demo") > want {
		w.t.Errorf("%d places are taken, want %d; %d viewers", w.taken, want, w.s.Viewers("demo"))
	}
}

func (w *world) ServeChat(rw http.ResponseWriter, _ *http.Request, recordings []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.chats = append(w.chats, recordings)
	_, _ = io.WriteString(rw, "chat")
}

func (w *world) Files(_ context.Context, id string) ([]string, error) {
	return []string{id + ".mp4", id + "-2.mp4", id + ".flv"}, nil
}

func (w *world) Download(_ context.Context, id, file string) (blob.Object, string, error) {
	if file != id+".mp4" {
		return nil, "", fs.ErrNotExist
	}
	return vodtest.NewObject(file, []byte("0123456789")), "A show: \"夜\"/../x", nil
}

// recording is a finished one of so many segments of 6 s.
func (w *world) recording(id, room string, segments int) record.Recording {
	r := record.Recording{
		ID: id, Kind: record.Full, Room: room, Stream: room, Zero: w.zero, State: record.Done,
		Video: "avc1.42c00c", Audio: "mp4a.40.2", Width: 160, Height: 120,
	}
	w.lib.Put(r)
	w.lib.PutFile(id, vodtest.Init, []byte("init"))
	for range segments {
		w.lib.Append(id, 0, 6000, []byte("segment of "+id))
	}
	return r
}

// shifting is one that runs, of the last so many segments of 6 s up to now.
func (w *world) shifting(kind record.Kind, segments int) record.Recording {
	r := record.Recording{ID: recB, Kind: kind, Room: "demo", Stream: "demo", Zero: time.Now().Add(-time.Duration(segments) * 6 * time.Second), State: record.Running}
	w.lib.Put(r)
	w.lib.PutFile(recB, vodtest.Init, []byte("init"))
	for range segments {
		w.lib.Append(recB, 0, 6000, []byte("segment"))
	}
	return r
}

func (w *world) do(method, target string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.s.ServeHTTP(rec, r)
	return rec
}

func (w *world) get(target string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	return w.do(http.MethodGet, target, header...)
}

const root = "/live/demo.m3u8?txSecret=good"

// media is the media playlist that a play address leads to, as an address.
func (w *world) media(target string) string {
	w.t.Helper()
	rec := w.get(target)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", target, rec.Code, rec.Body)
	}
	lines := strings.Split(strings.TrimSpace(rec.Body.String()), "\n")
	return resolve(w.t, target, lines[len(lines)-1])
}

func resolve(t testing.TB, base, ref string) string {
	t.Helper()
	u := httptest.NewRequest(http.MethodGet, base, nil).URL
	to, err := u.Parse(ref)
	if err != nil {
		t.Fatal(err)
	}
	return to.RequestURI()
}

func (w *world) body(target string) string {
	w.t.Helper()
	rec := w.get(target)
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%s: %d %s", target, rec.Code, rec.Body)
	}
	return rec.Body.String()
}

// files are the addresses that a media playlist names, the init segments too.
func (w *world) files(media string) (files []string) {
	w.t.Helper()
	for line := range strings.Lines(w.body(media)) {
		line = strings.TrimSpace(line)
		if uri, ok := strings.CutPrefix(line, `#EXT-X-MAP:URI="`); ok {
			files = append(files, resolve(w.t, media, strings.TrimSuffix(uri, `"`)))
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			files = append(files, resolve(w.t, media, line))
		}
	}
	return files
}

func (w *world) refused(target string, status int, code, field string) {
	w.t.Helper()
	rec := w.get(target)
	if rec.Code != status || !strings.Contains(rec.Body.String(), `"code":"`+code+`"`) || field != "" && !strings.Contains(rec.Body.String(), `"field":"`+field+`"`) {
		w.t.Errorf("%s: %d %s, want %d %s %s", target, rec.Code, rec.Body, status, code, field)
	}
}

func mustParse(t *testing.T, s string) what {
	t.Helper()
	w, ok := parseWhat(s)
	if !ok {
		t.Fatal(errors.New("not understood: " + s))
	}
	return w
}
