package rtmp

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/live/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// doorman is an Admission made of functions.
type doorman struct {
	publish func(context.Context, stream.Request) (Push, error)
	play    func(context.Context, stream.Request) (*stream.Subscriber, error)
}

func (d doorman) Publish(ctx context.Context, req stream.Request) (Push, error) {
	return d.publish(ctx, req)
}

func (d doorman) Play(ctx context.Context, req stream.Request) (*stream.Subscriber, error) {
	return d.play(ctx, req)
}

// room is an Admission over a real hub that lets everyone in, counts generations and remembers what it saw.
type room struct {
	hub *stream.Hub

	mu       sync.Mutex
	gen      uint64
	offset   time.Duration
	requests []stream.Request
	stops    chan stream.StopReason
	started  chan *watched
}

func newRoom() *room {
	return &room{
		hub: stream.NewHub(stream.Config{}), stops: make(chan stream.StopReason, 16), started: make(chan *watched, 16),
	}
}

// watched is a publisher whose end is reported.
type watched struct {
	*stream.Publisher
	room *room
}

func (*watched) Refuse(*stream.Refusal) {}

func (w *watched) Close(reason stream.StopReason) {
	w.Publisher.Close(reason)
	w.room.stops <- reason
}

func (r *room) seen(req stream.Request) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req)
	r.gen++
	return r.gen
}

func (r *room) Publish(_ context.Context, req stream.Request) (Push, error) {
	p, err := r.hub.Publish(req.Name, stream.PublishOptions{Generation: r.seen(req), Offset: r.offset, Remote: req.Remote})
	if err != nil {
		return nil, err
	}
	w := &watched{p, r}
	r.started <- w
	return w, nil
}

func (r *room) Play(_ context.Context, req stream.Request) (*stream.Subscriber, error) {
	r.seen(req)
	return r.hub.Subscribe(req.Name, req.Protocol, stream.SubscribeOptions{}), nil
}

func (r *room) lastRequest() stream.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests[len(r.requests)-1]
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// door is a running server.
type door struct {
	*Server
	addr string
	log  *syncBuffer
	stop func() // ends the server and waits
}

// open starts a server for the time of a test.
func open(t testing.TB, cfg Config, admit Admission) *door {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return openOn(t, cfg, admit, ln)
}

func openOn(t testing.TB, cfg Config, admit Admission, ln net.Listener) *door {
	t.Helper()
	log := &syncBuffer{}
	s, err := New(cfg, admit, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Serve = %v, want context.Canceled", err)
			}
		case <-time.After(time.Minute):
			t.Error("Serve did not return")
		}
		if st := s.Stats(); st.Connections != 0 || st.Pushes != 0 || st.Plays != 0 {
			t.Errorf("after the end: %d connections, %d pushes, %d plays", st.Connections, st.Pushes, st.Plays)
		}
	})
	t.Cleanup(stop)
	return &door{Server: s, addr: ln.Addr().String(), log: log, stop: stop}
}

// within waits for an event.
func within[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(time.Minute):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}
