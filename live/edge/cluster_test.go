package edge_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"liveroom/address"
	"liveroom/internal/redistest"
	"liveroom/live"
	"liveroom/live/edge"
	"liveroom/live/flv"
	"liveroom/live/stream"
	"liveroom/status"
	"liveroom/web/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const pushKey = "push_master_key_0001"

var nodeKey = []byte("node-key-0123456789abcdef")

// cluster is some nodes over one store; what one of them commits, all hear of.
type cluster struct {
	t      *testing.T
	states *status.Memory
	rooms  *live.Memory

	mu   sync.Mutex // guards what follows
	all  []*node
	seen map[string]uint64 // newest revision told, by room
	urls map[string]string
}

// node is one of them: everything that has to do with streams.
type node struct {
	id      string
	c       *cluster
	hub     *stream.Hub
	machine *status.Machine
	rooms   *live.Service
	edges   *edge.Edges
	pulled  *flv.Server // by other nodes
	flv     *flv.Server
	server  *httptest.Server
	client  *peer.Client
	deaf    bool         // to news
	looked  atomic.Int64 // how often it asked the store where a stream is
	stop    func()
}

type noGroups struct{}

func (noGroups) Ensure(context.Context, live.Room) error { return nil }
func (noGroups) Dismiss(context.Context, string) error   { return nil }
func (noGroups) Online(string) int                       { return 0 }

type noOutbox struct{}

func (noOutbox) Flush(context.Context, string) error { return nil }

func newCluster(t *testing.T, ids ...string) (*cluster, []*node) {
	t.Helper()
	c := &cluster{t: t, states: status.NewMemory(), seen: map[string]uint64{}, urls: map[string]string{}}
	c.rooms = live.NewMemory(c.states)
	for _, id := range ids {
		c.add(id, edge.Config{Linger: 300 * time.Millisecond, Silence: 1500 * time.Millisecond})
	}
	return c, c.all
}

// URL implements peer.Nodes.
func (c *cluster) URL(id string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	u, ok := c.urls[id]
	return u, ok
}

func (c *cluster) setURL(id, u string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.urls[id] = u
}

// told passes a committed state on to the other nodes, once.
func (c *cluster) told(by *node, s status.State) {
	c.mu.Lock()
	if s.Revision <= c.seen[s.Record.Room] {
		c.mu.Unlock()
		return
	}
	c.seen[s.Record.Room] = s.Revision
	var others []*node
	for _, n := range c.all {
		if n != by && !n.deaf {
			others = append(others, n)
		}
	}
	c.mu.Unlock()
	for _, n := range others {
		n.machine.Committed(s)
	}
}

func (c *cluster) add(id string, cfg edge.Config) *node {
	c.t.Helper()
	log := slog.New(slog.DiscardHandler)
	n := &node{id: id, c: c, hub: stream.NewHub(stream.Config{}), machine: status.NewMachine(c.states, status.Config{})}
	n.client = peer.NewClient(id, nodeKey, c)
	cfg.Node = id
	cfg.Locate = func(ctx context.Context, name string) error {
		n.looked.Add(1)
		return n.rooms.Locate(ctx, name)
	}
	n.edges = edge.New(cfg, n.hub, n.client, log)
	var err error
	n.rooms, err = live.New(live.Config{
		Node: id, AutoRoom: true, Edges: n.edges,
		Addresses: address.Base{PublicURL: "http://h", PublicRTMPURL: "rtmp://h", App: "live"},
		PushKeys:  address.Keys{Primary: pushKey}, PlayKeys: address.Keys{Primary: "play_master_key_0003"},
	}, c.rooms, n.machine, n.hub, noGroups{}, noOutbox{}, log)
	if err != nil {
		c.t.Fatal(err)
	}
	n.machine.Watch(func(s status.State) { c.told(n, s) })
	n.pulled = flv.New(flv.Config{KeepAlive: edge.KeepAlive}, n.edges, log)
	n.flv = flv.New(flv.Config{KeepAlive: 200 * time.Millisecond}, n.rooms, log)
	peers := peer.NewServer(id, nodeKey, log)
	peers.Handle("GET "+edge.Path+"{stream}", n.pulled)
	mux := http.NewServeMux()
	mux.Handle(peer.Prefix, peers)
	mux.Handle("/live/", n.flv)
	n.server = httptest.NewServer(mux)
	c.setURL(id, n.server.URL)
	c.mu.Lock()
	c.all = append(c.all, n)
	c.mu.Unlock()

	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{n.edges.Run, n.rooms.Run, n.flv.Run, n.pulled.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	n.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		n.server.CloseClientConnections()
		n.server.Close()
		n.client.Close()
	})
	c.t.Cleanup(n.stop)
	return n
}

// room makes one that anybody may watch.
func (c *cluster) room(id string) {
	c.t.Helper()
	if _, err := c.all[0].rooms.Create(c.t.Context(), live.Draft{ID: id, PlayAuth: live.PlayNone}); err != nil {
		c.t.Fatal(err)
	}
}

// push begins a push to a node.
func (n *node) push(name string) *live.Push {
	n.c.t.Helper()
	secret, at := address.Sign(pushKey, name, time.Now().Add(time.Hour))
	q := url.Values{"txSecret": {secret}, "txTime": {at}}
	p, err := n.rooms.Publish(n.c.t.Context(), stream.Request{Protocol: stream.RTMP, App: "live", Name: name, Query: []string{q.Encode()}, Remote: "192.0.2.1:5"})
	if err != nil {
		n.c.t.Fatal(err)
	}
	return p
}

// Payloads of the tags that tests send.
var (
	avcHeader = []byte{0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f}
	aacHeader = []byte{0xaf, 0, 0x12, 0x10}
	metadata  = []byte("\x02\x00\x0aonMetaData\x08\x00\x00\x00\x02\x00\x0caudiocodecid\x00\x40\x24\x00\x00\x00\x00\x00\x00\x00\x0cvideocodecid\x00\x40\x1c\x00\x00\x00\x00\x00\x00\x00\x00\x09")
)

// encoder is what pushes: GOPs of 10 pictures, 40 ms apart, each with a sound, each of which has a number of its own.
type encoder struct {
	t  *testing.T
	p  *live.Push
	ms uint32
	n  uint32
}

func encode(t *testing.T, p *live.Push, first uint32) *encoder {
	t.Helper()
	e := &encoder{t: t, p: p, n: first}
	e.write(stream.Script, metadata)
	e.write(stream.Video, avcHeader)
	e.write(stream.Audio, aacHeader)
	return e
}

func (e *encoder) write(kind stream.Kind, payload []byte) {
	e.t.Helper()
	buf := stream.NewBuffer(len(payload))
	copy(buf[stream.HeaderBytes:], payload)
	if err := e.p.Write(kind, e.ms, buf); err != nil {
		e.t.Fatalf("write: %v", err)
	}
}

// gop sends one GOP.
func (e *encoder) gop() {
	e.t.Helper()
	for i := range 10 {
		b := byte(0x27)
		if i == 0 {
			b = 0x17
		}
		e.n++
		e.write(stream.Video, binary.BigEndian.AppendUint32([]byte{b, 1, 0, 0, 0}, e.n))
		e.write(stream.Audio, binary.BigEndian.AppendUint32([]byte{0xaf, 1}, e.n))
		e.ms += 40
	}
}

// viewer reads a stream over HTTP-FLV.
type viewer struct {
	t    *testing.T
	resp *http.Response
	in   *flv.Reader
	done func()

	last [2]uint32 // times
}

func (n *node) watch(name string) *viewer {
	n.c.t.Helper()
	ctx, cancel := context.WithTimeout(n.c.t.Context(), time.Minute)
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, n.server.URL+"/live/"+name+".flv", nil)
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		n.c.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(resp.Body)
		n.c.t.Fatalf("viewer is answered %d %s", resp.StatusCode, body)
	}
	v := &viewer{t: n.c.t, resp: resp, done: sync.OnceFunc(func() { cancel(); _ = resp.Body.Close() })}
	n.c.t.Cleanup(v.done)
	return v
}

// got is a tag that a viewer read.
type got struct {
	kind stream.Kind
	ms   uint32
	data []byte
}

// next reads a tag that is no sign of life. Times of sound and of pictures never go back.
func (v *viewer) next() (got, error) {
	g, err := v.raw()
	if err == nil && g.kind != stream.Script && g.data[1] == 1 {
		i := g.kind & 1
		if g.ms < v.last[i] {
			v.t.Errorf("%v went back from %d to %d", g.kind, v.last[i], g.ms)
		}
		v.last[i] = g.ms
	}
	return g, err
}

// raw reads a tag of any kind that is no sign of life.
func (v *viewer) raw() (got, error) {
	if v.in == nil {
		var err error
		if v.in, err = flv.NewReader(v.resp.Body, 0); err != nil {
			return got{}, err
		}
	}
	for {
		kind, ms, buf, err := v.in.Next()
		if err != nil {
			return got{}, err
		}
		if g := (got{kind, ms, buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]}); len(g.data) > 0 {
			return g, nil
		}
	}
}

// life reads up to a sign of life.
func (v *viewer) life() {
	v.t.Helper()
	for {
		_, _, buf, err := v.in.Next()
		if err != nil {
			v.t.Fatalf("no sign of life: %v", err)
		}
		if len(buf) == stream.HeaderBytes+stream.TrailerBytes {
			return
		}
	}
}

// until reads up to the picture with a number and returns the numbers of all pictures read.
func (v *viewer) until(number uint32) (pictures []uint32) {
	v.t.Helper()
	for {
		g, err := v.next()
		if err != nil {
			v.t.Fatalf("before picture %d: %v (read %v)", number, err, pictures)
		}
		if g.kind != stream.Video || g.data[1] != 1 {
			continue
		}
		n := binary.BigEndian.Uint32(g.data[5:])
		if pictures = append(pictures, n); n == number {
			return pictures
		}
	}
}

// eventually waits for something to become so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("never: %s", what)
		}
	}
}

// host is a URL's host and port.
func host(u string) string { return strings.TrimPrefix(u, "http://") }

// wantRow fails unless numbers are those from first to last, each once.
func wantRow(t *testing.T, numbers []uint32, first, last uint32) {
	t.Helper()
	for i, n := range numbers {
		if n != first+uint32(i) {
			t.Fatalf("pictures %v, want %d to %d", numbers, first, last)
		}
	}
	if len(numbers) != int(last-first+1) {
		t.Fatalf("pictures %v, want %d to %d", numbers, first, last)
	}
}

// raw asks a node as another one does.
func raw(t *testing.T, by *node, to, query string) (int, string) {
	t.Helper()
	resp, err := by.client.Get(t.Context(), to, edge.Path+"x.flv", query)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	return resp.StatusCode, string(bytes.TrimSpace(body))
}

// closed is an address where nothing listens.
func closed(t *testing.T) string { return "http://" + redistest.FreeAddr(t) }
