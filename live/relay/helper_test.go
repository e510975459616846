package relay

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// network is what a test's relays can reach: hosts with a behaviour each, which may be changed.
type network struct {
	t *testing.T

	mu    sync.Mutex
	hosts map[string]func(ctx context.Context) (net.Conn, error)
}

func newNetwork(t *testing.T) *network {
	return &network{t: t, hosts: map[string]func(context.Context) (net.Conn, error){}}
}

func (n *network) set(host string, dial func(ctx context.Context) (net.Conn, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host+":1935"] = dial
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	dial := n.hosts[address]
	n.mu.Unlock()
	if dial == nil {
		return nil, &net.DNSError{Err: "no such host", Name: address}
	}
	return dial(ctx)
}

func refuses(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED }

// accepts takes connections and never says a word.
func accepts(context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	return near, nil
}

// far is a server that relays push to, and what it got.
type far struct {
	*rtmp.Server
	hub   *stream.Hub
	conns chan net.Conn

	mu     sync.Mutex
	deaf   bool // connections that are made from now on are not read after a while
	begun  []string
	active int
	most   int
	gen    uint64
	ends   []stream.StopReason
}

// newFar makes one that runs as long as the test.
func newFar(t *testing.T) *far {
	t.Helper()
	f := &far{hub: stream.NewHub(stream.Config{}), conns: make(chan net.Conn)}
	var err error
	if f.Server, err = rtmp.New(rtmp.Config{RefusalDelay: time.Millisecond, Silent: time.Hour}, f, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = f.Serve(ctx, pipes{f.conns, ctx}) }()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

func (f *far) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	f.mu.Lock()
	deaf := f.deaf
	f.mu.Unlock()
	if deaf {
		far = &deafConn{Conn: far}
	}
	select {
	case f.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *far) setDeaf(deaf bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deaf = deaf
}

// deafConn reads so much, and no more.
type deafConn struct {
	net.Conn
	n atomic.Int64
}

func (c *deafConn) Read(p []byte) (int, error) {
	if c.n.Load() > 20_000 {
		time.Sleep(time.Hour)
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// Publish implements rtmp.Admission: of pushes whose key is bad none.
func (f *far) Publish(_ context.Context, req stream.Request) (rtmp.Push, error) {
	if req.Name == "wrong-key" {
		return nil, &stream.Refusal{Code: "bad_signature", Detail: "wrong-key is not known"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gen++
	f.begun = append(f.begun, req.Name)
	f.active++
	f.most = max(f.most, f.active)
	p, err := f.hub.Publish(req.Name, stream.PublishOptions{Generation: f.gen})
	return farPush{p, f}, err
}

// Play implements rtmp.Admission.
func (f *far) Play(context.Context, stream.Request) (*stream.Subscriber, error) {
	return nil, &stream.Refusal{Code: "not_live"}
}

func (f *far) count() (begun, active, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.begun), f.active, f.most
}

func (f *far) stops() []stream.StopReason {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ends)
}

type farPush struct {
	*stream.Publisher
	far *far
}

func (farPush) Refuse(*stream.Refusal) {}

func (p farPush) Close(reason stream.StopReason) {
	p.Publisher.Close(reason)
	p.far.mu.Lock()
	defer p.far.mu.Unlock()
	p.far.active--
	p.far.ends = append(p.far.ends, reason)
}

// pipes is a net.Listener of connections in memory.
type pipes struct {
	conns chan net.Conn
	ctx   context.Context
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// home is where relays push from: rooms whose stream has their name, on one node.
type home struct {
	*Service
	t     *testing.T
	hub   *stream.Hub
	store *Memory
	node  string

	mu    sync.Mutex
	gone  map[string]bool // rooms whose push is elsewhere or over
	rev   uint64
	told  []Event
	began time.Time
}

func newHome(t *testing.T, n *network, store *Memory, node string, change ...func(*Config)) *home {
	t.Helper()
	h := &home{t: t, hub: stream.NewHub(stream.Config{}), store: store, node: node, gone: map[string]bool{}, began: time.Now().Add(-time.Hour)}
	cfg := Config{Node: node, Client: rtmp.ClientConfig{Dial: n.dial}, Board: store, Tell: h.tell}
	for _, c := range change {
		c(&cfg)
	}
	h.Service = New(cfg, store, h, h.hub, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return h
}

func (h *home) tell(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, e)
}

// kinds are what was told of.
func (h *home) kinds() (all []EventKind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.told {
		all = append(all, e.Kind)
	}
	return all
}

// Room implements Rooms.
func (h *home) Room(_ context.Context, id string) (Room, error) {
	if id == "none" {
		return Room{}, errors.New("no such room")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return Room{Stream: id, CreatedAt: h.began, Here: !h.gone[id]}, nil
}

// follow tells where the push of a room is; an empty node: nowhere.
func (h *home) follow(room, node string, on bool) {
	h.mu.Lock()
	h.rev++
	rev := h.rev
	h.gone[room] = !on || node != "" && node != h.node
	h.mu.Unlock()
	h.Follow(Source{Room: room, Epoch: "e", Revision: rev, On: on, Node: node})
}

// target adds a target.
func (h *home) target(room, url string) Listed {
	h.t.Helper()
	l, err := h.Add(h.t.Context(), room, Draft{URL: url, Enabled: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

// state is how a target does, after all that happens at this moment.
func (h *home) state(room, id string) State {
	h.t.Helper()
	synctest.Wait()
	all, err := h.List(h.t.Context(), room)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range all {
		if l.ID == id {
			return l.State
		}
	}
	h.t.Fatalf("no target %s in %+v", id, all)
	return State{}
}

// want fails unless a target is in a phase, for a cause.
func (h *home) want(room, id string, phase Phase, code string) State {
	h.t.Helper()
	st := h.state(room, id)
	if st.Phase != phase || st.Cause.Code != code {
		h.t.Fatalf("%s (%+v), want %s (%s)", st.Phase, st.Cause, phase, code)
	}
	return st
}

// until waits until a target is in a phase, for a cause, for two minutes at most.
func (h *home) until(room, id string, phase Phase, code string) State {
	h.t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(99 * time.Millisecond) {
		if st := h.state(room, id); st.Phase == phase && st.Cause.Code == code {
			return st
		}
	}
	return h.want(room, id, phase, code)
}

var (
	avcHeader = []byte{0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0, 0x1e, 1, 0, 2, 0x68, 0xce}
	aacHeader = []byte{0xaf, 0, 0x12, 0x10}
)

// anchor pushes 25 pictures and some sound a second, a keyframe each second, until told to stop.
func (h *home) anchor(room string, generation uint64) (stop func()) {
	h.t.Helper()
	return h.anchorOf(room, stream.PublishOptions{Generation: generation, Offset: time.Since(h.began) % (24 * time.Hour)})
}

func (h *home) anchorOf(room string, o stream.PublishOptions) (stop func()) {
	h.t.Helper()
	p, err := h.hub.Publish(room, o)
	if err != nil {
		h.t.Fatal(err)
	}
	quit, done := make(chan struct{}), make(chan struct{})
	put := func(kind stream.Kind, ms int, body []byte) {
		buf := stream.NewBuffer(len(body))
		copy(buf[stream.HeaderBytes:], body)
		_ = p.Write(kind, uint32(ms), buf)
	}
	go func() {
		defer close(done)
		put(stream.Video, 0, avcHeader)
		put(stream.Audio, 0, aacHeader)
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			picture := make([]byte, 4000)
			picture[0], picture[1], picture[8] = 0x27, 1, byte(len(picture)-9)
			if i%25 == 0 {
				picture[0] = 0x17
			}
			picture[7] = byte((len(picture) - 9) >> 8)
			picture[9], picture[10] = byte(i>>8), byte(i)
			put(stream.Video, 40*i, picture)
			put(stream.Audio, 40*i, append([]byte{0xaf, 1}, make([]byte, 200)...))
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
	stop = sync.OnceFunc(func() {
		close(quit)
		<-done
		p.Close(stream.StopClosed)
	})
	h.t.Cleanup(stop)
	return stop
}
