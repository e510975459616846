package flv

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/live/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	avcHeader  = []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f}
	keyframe   = []byte{0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65}
	aacHeader  = []byte{0xaf, 0, 0x12, 0x10}
	audioFrame = []byte{0xaf, 1, 0x21}
)

// metadata announces both tracks.
const metadata = "\x02\x00\x0aonMetaData\x08\x00\x00\x00\x02\x00\x0cvideocodecid\x00\x40\x1c\x00\x00\x00\x00\x00\x00" +
	"\x00\x0caudiocodecid\x00\x40\x24\x00\x00\x00\x00\x00\x00\x00\x00\x09"

// admitFunc is a Player.
type admitFunc func(ctx context.Context, r stream.Request) (*stream.Subscriber, error)

func (f admitFunc) Play(ctx context.Context, r stream.Request) (*stream.Subscriber, error) {
	return f(ctx, r)
}

// Authorize asks as a Play would, where nobody counts.
func (f admitFunc) Authorize(ctx context.Context, r stream.Request) error {
	sub, err := f(ctx, r)
	if sub != nil {
		sub.Close()
	}
	return err
}

// countedWriter tells when a request is over, also one that outlasts its handler.
type countedWriter struct {
	http.ResponseWriter
	done     func()
	detached bool
}

func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *countedWriter) Detach() func() {
	w.detached = true
	return w.done
}

// rig is a hub, a server that admits everybody to it, and an HTTP server before that.
type rig struct {
	hub  *stream.Hub
	flv  *Server
	http *httptest.Server
	gone chan struct{} // receives when a request has been served to its end
	came chan struct{} // receives when somebody has subscribed, if it has room
}

// newRig starts one; start says how, nil for plain HTTP/1.1.
func newRig(t *testing.T, cfg Config, start func(*httptest.Server)) *rig {
	t.Helper()
	r := &rig{hub: stream.NewHub(stream.Config{}), gone: make(chan struct{}, 100), came: make(chan struct{}, 1)}
	r.flv = New(cfg, admitFunc(func(_ context.Context, q stream.Request) (*stream.Subscriber, error) {
		defer func() {
			select {
			case r.came <- struct{}{}:
			default:
			}
		}()
		return r.hub.Subscribe(q.Name, q.Protocol, stream.SubscribeOptions{}), nil
	}), slog.New(slog.DiscardHandler))
	r.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		counted := &countedWriter{ResponseWriter: w, done: func() { r.gone <- struct{}{} }}
		defer func() {
			if !counted.detached {
				counted.done()
			}
		}()
		r.flv.ServeHTTP(counted, q)
	}))
	if start == nil {
		start = (*httptest.Server).Start
	}
	start(r.http)
	t.Cleanup(func() {
		r.flv.Shutdown()
		r.http.CloseClientConnections()
		r.http.Close()
	})
	return r
}

func (r *rig) publish(t *testing.T, name string) *stream.Publisher {
	t.Helper()
	p, err := r.hub.Publish(name, stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// play opens a stream, after whose name a query may stand, and reads its header.
func (r *rig) play(t *testing.T, name string) (*http.Response, *Reader) {
	t.Helper()
	resp := r.open(t, name)
	fr, err := NewReader(resp.Body, 0)
	if err != nil {
		t.Fatal(err)
	}
	return resp, fr
}

// open opens a stream; its header comes with the first tags.
func (r *rig) open(t *testing.T, name string) *http.Response {
	t.Helper()
	name, query, _ := strings.Cut(name, "?")
	resp, err := r.http.Client().Get(r.http.URL + "/live/" + name + ".flv?" + query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %s", resp.Status)
	}
	return resp
}

// left waits until a request has been served to its end.
func (r *rig) left(t *testing.T) {
	t.Helper()
	select {
	case <-r.gone:
	case <-time.After(time.Minute):
		t.Fatal("the viewer is still served")
	}
}

func write(t testing.TB, p *stream.Publisher, kind stream.Kind, ts uint32, payload []byte) {
	t.Helper()
	buf := stream.NewBuffer(len(payload))
	copy(buf[stream.HeaderBytes:], payload)
	if err := p.Write(kind, ts, buf); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// wantTag reads one tag.
func wantTag(t *testing.T, r *Reader, kind stream.Kind, ts uint32, payload []byte) {
	t.Helper()
	k, at, buf, err := r.Next()
	if err != nil {
		t.Fatalf("read tag: %v", err)
	}
	if got := buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]; k != kind || at != ts || string(got) != string(payload) {
		t.Errorf("got %v at %d: %x, want %v at %d: %x", k, at, got, kind, ts, payload)
	}
}

func wantEOF(t *testing.T, r *Reader) {
	t.Helper()
	if _, _, _, err := r.Next(); err != io.EOF { // a clean end is exactly io.EOF
		t.Errorf("error %v, want a clean end", err)
	}
}
