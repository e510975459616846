package flv

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"liveroom/live/stream"
)

// transports are the ways a response reaches a viewer.
var transports = map[string]func(*httptest.Server){
	"HTTP/1.1": nil,
	"TLS": func(s *httptest.Server) {
		s.StartTLS()
		tr := s.Client().Transport.(*http.Transport)
		tr.TLSClientConfig.NextProtos = []string{"http/1.1"}
		tr.ForceAttemptHTTP2 = false
	},
	"HTTP/2": func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	"transparent": func(s *httptest.Server) {
		inner := s.Config.Handler
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(transparentWriter{w}, r) })
		s.Start()
	},
	"wrapped": func(s *httptest.Server) {
		inner := s.Config.Handler
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(plainWriter{w}, r) })
		s.Start()
	},
}

// transparentWriter says what it wraps and can do nothing itself.
type transparentWriter struct{ http.ResponseWriter }

func (t transparentWriter) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// plainWriter hides all of a ResponseWriter but flushing and deadlines.
type plainWriter struct{ w http.ResponseWriter }

func (p plainWriter) Header() http.Header         { return p.w.Header() }
func (p plainWriter) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p plainWriter) WriteHeader(status int)      { p.w.WriteHeader(status) }
func (p plainWriter) Flush()                      { p.w.(http.Flusher).Flush() }
func (p plainWriter) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(p.w).SetWriteDeadline(t)
}

func TestPlay(t *testing.T) {
	for name, start := range transports {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{}, start)
			p := r.publish(t, "x")
			write(t, p, stream.Video, 0, avcHeader)
			write(t, p, stream.Video, 0, keyframe)
			resp, fr := r.play(t, "x")
			if name == "HTTP/2" != (resp.ProtoMajor == 2) {
				t.Errorf("protocol %s", resp.Proto)
			}
			for header, want := range map[string]string{
				"Content-Type": "video/x-flv", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Accept-Ranges": "none",
			} {
				if got := resp.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			wantTag(t, fr, stream.Video, 0, avcHeader)
			wantTag(t, fr, stream.Video, 0, keyframe)
			large := append(slices.Clone(keyframe), make([]byte, 1<<20)...)
			write(t, p, stream.Video, 40, large)
			wantTag(t, fr, stream.Video, 40, large)
			write(t, p, stream.Audio, 50, audioFrame)
			wantTag(t, fr, stream.Audio, 50, audioFrame)
			if in, _ := r.hub.Info("x"); in.Viewers[stream.FLV] != 1 || r.flv.Stats().Playing != 1 {
				t.Errorf("viewers %v, playing %d", in.Viewers, r.flv.Stats().Playing)
			}
			r.hub.End("x", nil)
			wantEOF(t, fr)
			r.left(t)
			st := r.flv.Stats()
			if want := uint64(FileHeaderBytes + 4*15 + len(avcHeader) + len(keyframe) + len(large) + len(audioFrame)); st.BytesOut != want || st.Playing != 0 || st.Played != 1 {
				t.Errorf("stats %+v, want %d bytes", st, want)
			}
		})
	}
}

func TestKeepAliveWhileNothingFlows(t *testing.T) {
	for name, start := range transports {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{KeepAlive: 20 * time.Millisecond}, start)
			_, fr := r.play(t, "x") // nobody pushes
			wantTag(t, fr, stream.Script, 0, nil)
			p := r.publish(t, "x")
			write(t, p, stream.Video, 0, keyframe)
			write(t, p, stream.Video, 4000, keyframe)
			var at uint32
			for kind := stream.Script; kind == stream.Script || at == 0; {
				var err error
				if kind, at, _, err = fr.Next(); err != nil {
					t.Fatal(err)
				}
			}
			r.hub.Gate("x", true)
			wantTag(t, fr, stream.Script, 4000, nil)
			wantTag(t, fr, stream.Script, 4000, nil)
		})
	}
}

// TestAPauseOutlastsTheWriteDeadline: a viewer of a paused room has nothing to write for longer than one write may take.
func TestAPauseOutlastsTheWriteDeadline(t *testing.T) {
	for name, start := range transports {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{WriteTimeout: 100 * time.Millisecond, KeepAlive: 150 * time.Millisecond}, start)
			_, fr := r.play(t, "x") // nobody pushes
			for range 3 {
				wantTag(t, fr, stream.Script, 0, nil)
			}
		})
	}
}

func TestViewerWhoLeavesIsNoticedWhileNothingFlows(t *testing.T) {
	for name, start := range transports {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{}, start)
			r.open(t, "x").Body.Close()
			r.left(t)
			if st := r.hub.Stats(); st.Subscribers != 0 || st.Streams != 0 || r.flv.Stats().Playing != 0 {
				t.Errorf("left: %+v", st)
			}
		})
	}
}

// dial sends a request over a connection of its own, whose receive buffer is small.
func dial(t *testing.T, r *rig, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", r.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestViewerThatStopsReadingIsClosed(t *testing.T) {
	for name, start := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Config{WriteTimeout: time.Second, SendBufferBytes: 4096}, start)
			p := r.publish(t, "x")
			write(t, p, stream.Video, 0, append(slices.Clone(keyframe), make([]byte, 12<<20)...)) // more than the system takes
			r.open(t, "x")
			r.left(t)
			if got := r.flv.Stats().ClosedSlow; got != 1 {
				t.Errorf("%d closed as slow", got)
			}
		})
	}
}

// A viewer whose network is gone was not slow.
func TestVanishedIsNotSlow(t *testing.T) {
	vanished := &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
	if tooSlow(fmt.Errorf("%w: %w", errGone, vanished)) {
		t.Error("the system's own time limit was taken for ours")
	}
}

func TestViewerThatSendsIsClosed(t *testing.T) {
	r := newRig(t, Config{}, nil)
	dial(t, r, "GET /live/x.flv HTTP/1.1\r\nHost: h\r\n\r\n"+strings.Repeat("noise", 5000))
	r.left(t)
}

func TestShutdown(t *testing.T) {
	for name, start := range transports {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{}, start)
			p := r.publish(t, "x")
			write(t, p, stream.Video, 0, keyframe)
			_, fr := r.play(t, "x")
			wantTag(t, fr, stream.Video, 0, keyframe)
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error)
			go func() { done <- r.flv.Run(ctx) }()
			cause := errors.New("time to go")
			cancel(cause)
			if err := <-done; !errors.Is(err, cause) {
				t.Errorf("Run returned %v", err)
			}
			if n := r.flv.Stats().Playing; n != 0 {
				t.Errorf("%d still play", n)
			}
			wantEOF(t, fr)
			resp, err := r.http.Client().Get(r.http.URL + "/live/x.flv")
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("afterwards: %s", resp.Status)
			}
		})
	}
}

func TestShutdownDoesNotWaitForAViewerThatDoesNotRead(t *testing.T) {
	r := newRig(t, Config{WriteTimeout: time.Hour, SendBufferBytes: 4096}, nil)
	p := r.publish(t, "x")
	for ts := range uint32(8) {
		write(t, p, stream.Video, ts, append(slices.Clone(keyframe), make([]byte, 4<<20)...))
	}
	conn := dial(t, r, "GET /live/x.flv HTTP/1.1\r\nHost: h\r\n\r\n")
	if _, err := io.ReadFull(conn, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	r.flv.Shutdown()
	r.left(t)
}

// A response that knows no deadlines could be held for ever by a viewer that does not read.
func TestResponseWithoutDeadlinesIsRefused(t *testing.T) {
	r := newRig(t, Config{}, nil)
	w := httptest.NewRecorder()
	r.flv.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/live/x.flv", nil))
	if w.Code != http.StatusInternalServerError || r.flv.Stats().Refused["internal"] != 1 || r.hub.Stats().Subscribers != 0 {
		t.Errorf("status %d, stats %+v", w.Code, r.flv.Stats())
	}
}

func TestOldClientsGetNoChunks(t *testing.T) {
	r := newRig(t, Config{}, nil)
	p := r.publish(t, "x")
	write(t, p, stream.Video, 0, keyframe)
	conn := dial(t, r, "GET /live/x.flv HTTP/1.0\r\nHost: h\r\n\r\n")
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(resp.TransferEncoding) > 0 || resp.ContentLength != -1 {
		t.Errorf("encoding %v, length %d", resp.TransferEncoding, resp.ContentLength)
	}
	fr, err := NewReader(resp.Body, 0)
	if err != nil {
		t.Fatal(err)
	}
	wantTag(t, fr, stream.Video, 0, keyframe)
	r.hub.End("x", nil)
	wantEOF(t, fr)
}

func TestMethods(t *testing.T) {
	r := newRig(t, Config{}, nil)
	for _, tt := range []struct {
		method, path string
		status       int
		header, want string
	}{
		{http.MethodHead, "/live/x.flv", 200, "Content-Type", "video/x-flv"},
		{http.MethodHead, "/live/x.flv", 200, "X-Accel-Buffering", "no"},
		{http.MethodOptions, "/live/x.flv", 204, "Allow", "GET, HEAD, OPTIONS"},
		{http.MethodPost, "/live/x.flv", 405, "Allow", "GET, HEAD, OPTIONS"},
		{http.MethodGet, "/live/x", 404, "Content-Type", "application/problem+json"},
		{http.MethodHead, "/live/x", 404, "Content-Type", "application/problem+json"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, r.http.URL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.http.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status || resp.Header.Get(tt.header) != tt.want {
			t.Errorf("%s %s: %s, %s: %q", tt.method, tt.path, resp.Status, tt.header, resp.Header.Get(tt.header))
		}
	}
	if st := r.hub.Stats(); st.Subscribers != 0 {
		t.Errorf("%d subscribers left", st.Subscribers)
	}
}

// A HEAD says what a GET would be told; it is no viewer, not for a moment.
func TestHeadDoesNotPlay(t *testing.T) {
	var refused error
	s := New(Config{}, headOnly{t, &refused}, slog.New(slog.DiscardHandler))
	for _, tt := range []struct {
		refused error
		status  int
		kind    string
	}{
		{nil, 200, "video/x-flv"},
		{&stream.Refusal{Code: "expired", Detail: "Too late."}, 403, "application/problem+json"},
	} {
		refused = tt.refused
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/live/x.flv", nil))
		if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind {
			t.Errorf("%d %v, want %d %s", w.Code, w.Header(), tt.status, tt.kind)
		}
	}
	if st := s.Stats(); st.Played != 0 || st.Refused["expired"] != 1 {
		t.Errorf("stats %+v", st)
	}
}

// headOnly is a Player that nobody may play with.
type headOnly struct {
	t       *testing.T
	refused *error
}

func (h headOnly) Play(context.Context, stream.Request) (*stream.Subscriber, error) {
	h.t.Error("played")
	return nil, errors.New("not asked for")
}

func (h headOnly) Authorize(context.Context, stream.Request) error { return *h.refused }

// Players ask for a file's ranges; a live stream is one endless whole.
func TestRangesAreNotForLiveStreams(t *testing.T) {
	r := newRig(t, Config{}, nil)
	p := r.publish(t, "x")
	write(t, p, stream.Script, 0, []byte(metadata))
	write(t, p, stream.Video, 0, keyframe)
	conn := dial(t, r, "GET /live/x.flv HTTP/1.1\r\nHost: h\r\nRange: bytes=100-\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Accept-Ranges") != "none" {
		t.Errorf("%s, Accept-Ranges %q", resp.Status, resp.Header.Get("Accept-Ranges"))
	}
	if _, err := NewReader(resp.Body, 0); err != nil {
		t.Error(err)
	}
	r.hub.End("x", nil) // closing the body reads to its end
}

// What net/http holds for a request is free while the viewer plays on, and the request counts as under way until it ends.
func TestTheHandlerReturnsWhileTheViewerPlays(t *testing.T) {
	returned := make(chan struct{}, 1)
	r := newRig(t, Config{}, func(s *httptest.Server) {
		inner := s.Config.Handler
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			inner.ServeHTTP(w, q)
			returned <- struct{}{}
		})
		s.Start()
	})
	p := r.publish(t, "x")
	write(t, p, stream.Script, 0, []byte(metadata))
	write(t, p, stream.Video, 0, keyframe)
	_, fr := r.play(t, "x")
	<-returned
	if len(r.gone) != 0 {
		t.Error("the request counts as over")
	}
	wantTag(t, fr, stream.Script, 0, []byte(metadata))
	wantTag(t, fr, stream.Video, 0, keyframe)
	write(t, p, stream.Video, 40, keyframe)
	wantTag(t, fr, stream.Video, 40, keyframe)
	r.hub.End("x", nil)
	wantEOF(t, fr)
	r.left(t)
}

func TestPlayerDecides(t *testing.T) {
	answers := map[string]error{
		"expired": &stream.Refusal{Code: "expired", Detail: "The address was valid until yesterday."},
		"broken":  errors.New("no such luck"),
	}
	s := New(Config{}, admitFunc(func(_ context.Context, r stream.Request) (*stream.Subscriber, error) {
		if r.Name == "panic" {
			panic("in the player")
		}
		return nil, answers[r.Name]
	}), slog.New(slog.DiscardHandler))
	for name, status := range map[string]int{"expired": 403, "broken": 500} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/live/"+name+".flv", nil))
		if w.Code != status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("panicked with %v", p)
			}
		}()
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/live/panic.flv", nil))
	}()
	if st := s.Stats(); st.Panics != 1 || st.Refused["expired"] != 1 || st.Refused["internal"] != 1 || st.Playing != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestResponseHead(t *testing.T) {
	head := string(responseHead(http.Header{"X-Request-Id": {"7"}, "Content-Length": {"5"}, "Transfer-Encoding": {"chunked"}}, false))
	if !strings.HasPrefix(head, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(head, "\r\n\r\n") ||
		!strings.Contains(head, "Connection: close\r\n") || !strings.Contains(head, "X-Request-Id: 7\r\n") ||
		strings.Contains(head, "Content-Length") || strings.Contains(head, "Transfer-Encoding") {
		t.Errorf("head %q", head)
	}
}

func TestConfigValidate(t *testing.T) {
	if err := (Config{}).Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
	for _, c := range []Config{{WriteTimeout: -1}, {KeepAlive: -1}, {SendBufferBytes: -1}, {UnsentBytes: -1}} {
		if c.Validate() == nil {
			t.Errorf("%+v accepted", c)
		}
	}
}

// Of a hundred viewers twenty stop reading: the others get every frame, the twenty are closed and counted, and nothing is
// kept for each of them.
func TestManySlowViewers(t *testing.T) {
	t.Parallel()
	const all, slow, frames = 100, 20, 60
	r := newRig(t, Config{WriteTimeout: 3 * time.Second, SendBufferBytes: 4096}, nil)
	r.hub = stream.NewHub(stream.Config{BacklogBytes: 1 << 20})
	p := r.publish(t, "x")
	write(t, p, stream.Script, 0, []byte(metadata))
	write(t, p, stream.Video, 0, keyframe)
	for range slow {
		dial(t, r, "GET /live/x.flv HTTP/1.1\r\nHost: h\r\n\r\n")
	}
	readers := make([]*Reader, all-slow)
	for i := range readers {
		_, readers[i] = r.play(t, "x")
		wantTag(t, readers[i], stream.Script, 0, []byte(metadata))
		wantTag(t, readers[i], stream.Video, 0, keyframe)
	}
	before := heap()
	payload := append(slices.Clone(keyframe), make([]byte, 1<<16)...)
	for ts := range uint32(frames) { // 4 MB for each, four times what is kept for all
		write(t, p, stream.Video, 40+ts, payload)
		for _, fr := range readers {
			wantTag(t, fr, stream.Video, 40+ts, payload)
		}
	}
	if grown := int64(heap()) - int64(before); grown > slow<<20 {
		t.Errorf("the heap grew by %d bytes, %d for each slow viewer", grown, grown/slow)
	}
	for range slow {
		r.left(t)
	}
	if st := r.flv.Stats(); st.Playing != all-slow || st.ClosedSlow != slow {
		t.Errorf("%d play, %d were closed as slow", st.Playing, st.ClosedSlow)
	}
	r.hub.End("x", nil)
	for _, fr := range readers {
		wantEOF(t, fr)
	}
}

// heap is what is in use, garbage left out.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// One viewer does not read at all; the others must not notice.
func TestSlowViewerHindersNobody(t *testing.T) {
	r := newRig(t, Config{WriteTimeout: time.Hour}, nil)
	p := r.publish(t, "x")
	write(t, p, stream.Video, 0, keyframe)
	dial(t, r, "GET /live/x.flv HTTP/1.1\r\nHost: h\r\n\r\n")
	readers := make([]*Reader, 3)
	for i := range readers {
		_, readers[i] = r.play(t, "x")
		wantTag(t, readers[i], stream.Video, 0, keyframe)
	}
	payload := append(slices.Clone(keyframe), make([]byte, 1<<19)...)
	for ts := uint32(40); ts < 1600; ts += 40 { // 20 MiB, far beyond what is kept for one
		write(t, p, stream.Video, ts, payload)
		for _, fr := range readers {
			wantTag(t, fr, stream.Video, ts, payload)
		}
	}
	if st := r.flv.Stats(); st.Playing != 4 || st.ClosedSlow != 0 {
		t.Errorf("stats %+v", st)
	}
	if st := r.hub.Stats(); st.Overflows != 0 {
		t.Errorf("%d overflows among those who read", st.Overflows)
	}
	r.hub.End("x", nil)
	for _, fr := range readers {
		wantEOF(t, fr)
	}
}
