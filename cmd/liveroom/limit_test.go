package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/live/flv"
	"liveroom/live/stream"
)

func TestAutomaticConnections(t *testing.T) {
	for _, c := range []struct {
		name        string
		descriptors uint64
		want        int
	}{
		{"plenty", 1 << 20, 20_000},
		{"without limit", math.MaxUint64, 20_000},
		{"just enough", 20_512, 20_000},
		{"one too few", 20_511, 19_999},
		{"the usual 1024", 1024, 512},
		{"fewer than are spared", 100, 64},
		{"none", 0, 64},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := automaticConnections(c.descriptors); got != c.want {
				t.Errorf("%d connections with %d descriptors, want %d", got, c.descriptors, c.want)
			}
		})
	}
	if descriptors() == 0 {
		t.Error("this process may open nothing")
	}
	s := Settings{MaxConnections: 7}
	if got := s.maxConnections(); got != 7 {
		t.Errorf("max-connections 7 became %d", got)
	}
	if c := s.rtmp(); c.MaxConns != 7 || c.MaxPerAddr != -1 || c.MaxPushesPerAddr != -1 {
		t.Errorf("live/rtmp is told %+v, want 7 in all and no limit per address", c)
	}
	if c := s.web("token"); c.MaxPerAddress != -1 {
		t.Errorf("web is told %d per address, want no limit", c.MaxPerAddress)
	}
	s = Settings{MaxPerAddress: 3, MaxPushes: 5}
	if c := s.rtmp(); c.MaxConns != automaticConnections(descriptors()) || c.MaxPerAddr != 3 || c.MaxPushesPerAddr != 5 {
		t.Errorf("live/rtmp is told %+v", c)
	}
	if c := s.web("token"); c.MaxPerAddress != 3 {
		t.Errorf("web is told %d per address, want 3", c.MaxPerAddress)
	}
}

// TestNodesDoNotUseUpTheirAddress has connections of one address, one after the other, turn out to be another node's.
func TestNodesDoNotUseUpTheirAddress(t *testing.T) {
	l := newLimits(0, 1, nil)
	ln, err := listenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	in := limited{ln.(*net.TCPListener), l}
	accept := func() *limitedConn {
		t.Helper()
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		conn, err := in.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn.(*limitedConn)
	}
	var conns []*limitedConn
	for range 3 {
		c := accept()
		c.Trust()
		c.Trust()
		conns = append(conns, c)
	}
	accept()
	if l.taken() != 4 || l.byAddr[netip.MustParsePrefix("127.0.0.1/32")] != 1 {
		t.Errorf("%d open, %v counted by address", l.taken(), l.byAddr)
	}
	for _, c := range conns {
		_ = c.Close()
		_ = c.Close()
		c.Trust()
	}
	if l.taken() != 1 || l.byAddr[netip.MustParsePrefix("127.0.0.1/32")] != 1 || len(l.byAddr) != 1 {
		t.Errorf("after closing %d open, %v counted by address", l.taken(), l.byAddr)
	}
}

func TestLimitsCountAddresses(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name            string
		all, perAddress int
		from            []string
		want            int // how many of them get in
		full, crowded   uint64
	}{
		{"one address", 0, 2, []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, 2, 0, 1},
		{"two addresses", 0, 1, []string{"192.0.2.1", "192.0.2.2"}, 2, 0, 0},
		{"mapped is the same", 0, 1, []string{"192.0.2.1", "::ffff:192.0.2.1"}, 1, 0, 1},
		{"one IPv6 network", 0, 1, []string{"2001:db8::1", "2001:db8::ffff:2"}, 1, 0, 1},
		{"two IPv6 networks", 0, 1, []string{"2001:db8:0:1::1", "2001:db8:0:2::1"}, 2, 0, 0},
		{"zones are no way around", 0, 1, []string{"fe80::1%eth0", "fe80::2%eth1"}, 1, 0, 1},
		{"proxies have many behind them", 0, 1, []string{"10.1.2.3", "10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "fd00::1"}, 5, 0, 0},
		{"but count in all", 2, 1, []string{"10.1.2.3", "10.1.2.3", "10.1.2.3"}, 2, 1, 0},
		{"in all", 2, 0, []string{"192.0.2.1", "192.0.2.1", "192.0.2.3"}, 2, 1, 0},
		{"no limits", 0, 0, []string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, 3, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLimits(c.all, c.perAddress, proxies)
			var in []netip.Prefix
			for _, a := range c.from {
				if from := l.network(netip.MustParseAddr(a)); l.enter(from) {
					in = append(in, from)
				}
			}
			if len(in) != c.want || l.taken() != c.want || l.full.Load() != c.full || l.crowded.Load() != c.crowded {
				t.Errorf("%d in, %d counted, %d and %d refused; want %d, %d and %d",
					len(in), l.taken(), l.full.Load(), l.crowded.Load(), c.want, c.full, c.crowded)
			}
			for _, from := range in {
				l.leave(from)
			}
			if l.taken() != 0 || len(l.byAddr) != 0 {
				t.Errorf("%d are still counted, of %v", l.taken(), l.byAddr)
			}
		})
	}
	t.Run("an unknown address", func(t *testing.T) {
		l := newLimits(0, 1, nil)
		from := l.network(netip.Addr{})
		for range 2 {
			if !l.enter(from) {
				t.Error("not everyone without an address is the same one")
			}
		}
	})
}

// listenLimited serves h behind a limit of its own.
func listenLimited(t *testing.T, l *limits, h http.Handler, wrap func(net.Listener) net.Listener) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	var outer net.Listener = limited{ln.(*net.TCPListener), l}
	if wrap != nil {
		outer = wrap(outer)
	}
	run := serveHTTP(outer, h, slog.New(slog.DiscardHandler))
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if l.taken() != 0 {
			t.Errorf("%d connections are counted after the end", l.taken())
		}
	})
	return ln.Addr().String()
}

// keepOpen does a request on a connection of its own and keeps it.
func keepOpen(t *testing.T, addr string) (net.Conn, error) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(conn, make([]byte, len("HTTP/1.1 200 OK")))
	return conn, err
}

func TestConnectionsOverTheLimitAreClosedAtOnce(t *testing.T) {
	l := newLimits(2, 0, nil)
	addr := listenLimited(t, l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil)
	first, err := keepOpen(t, addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keepOpen(t, addr); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := keepOpen(t, addr); err == nil {
			t.Fatal("a third connection was answered")
		}
	}
	if l.full.Load() != 3 || l.taken() != 2 {
		t.Errorf("%d refused and %d open, want 3 and 2", l.full.Load(), l.taken())
	}
	_ = first.Close()
	eventually(t, "the place is free again", func() bool { return l.taken() == 1 })
	if _, err := keepOpen(t, addr); err != nil {
		t.Errorf("not answered although there is room: %v", err)
	}
}

func TestClosingTwiceGivesOnePlaceBack(t *testing.T) {
	l := newLimits(0, 0, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	outer := limited{ln.(*net.TCPListener), l}
	defer func() { _ = outer.Close() }()
	var conns []net.Conn
	for range 2 {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		conn, err := outer.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	if err := conns[0].Close(); err != nil {
		t.Error(err)
	}
	if err := conns[0].Close(); err == nil {
		t.Error("closed twice without an error")
	}
	if l.taken() != 1 {
		t.Errorf("%d connections are counted, want 1", l.taken())
	}
	_ = conns[1].Close()
	_ = outer.Close()
	if _, err := outer.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener says %v", err)
	}
}

// countedListener hands out connections that count what is written through them and not past them.
type countedListener struct {
	net.Listener
	writes *atomic.Int64
}

func (l countedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countedConn{conn.(*limitedConn), l.writes}, nil
}

type countedConn struct {
	*limitedConn
	writes *atomic.Int64
}

func (c *countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.limitedConn.Write(b)
}

// admitAll lets everybody play.
type admitAll struct{ hub *stream.Hub }

func (a admitAll) Play(_ context.Context, r stream.Request) (*stream.Subscriber, error) {
	return a.hub.Subscribe(r.Name, r.Protocol, stream.SubscribeOptions{}), nil
}

func (a admitAll) Authorize(context.Context, stream.Request) error { return nil }

// TestMediaIsWrittenPastTheLimit: merged tags go to the kernel as they are, although the connection is a counted one.
func TestMediaIsWrittenPastTheLimit(t *testing.T) {
	hub := stream.NewHub(stream.Config{})
	server := flv.New(flv.Config{}, admitAll{hub}, slog.New(slog.DiscardHandler))
	l, writes := newLimits(0, 0, nil), new(atomic.Int64)
	addr := listenLimited(t, l, server, func(ln net.Listener) net.Listener { return countedListener{ln, writes} })
	defer server.Shutdown()
	push, err := hub.Publish("r1", stream.PublishOptions{})
	if err != nil {
		t.Fatal(err)
	}
	payload := append([]byte{0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65}, bytes.Repeat([]byte{7}, 3000)...)
	send := func(ts uint32) {
		buf := stream.NewBuffer(len(payload))
		copy(buf[stream.HeaderBytes:], payload)
		if err := push.Write(stream.Video, ts, buf); err != nil {
			t.Fatal(err)
		}
	}
	send(0) // the header comes with the first tags
	resp, err := http.Get("http://" + addr + "/live/r1.flv")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	r, err := flv.NewReader(resp.Body, 0)
	if err != nil {
		t.Fatal(err)
	}
	for ts := range uint32(50) {
		if ts > 0 {
			send(ts)
		}
		_, _, tag, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got := tag[stream.HeaderBytes : len(tag)-stream.TrailerBytes]; !bytes.Equal(got, payload) {
			t.Fatalf("tag %d arrived with %d bytes, want %d", ts, len(got), len(payload))
		}
	}
	if n := writes.Load(); n != 0 {
		t.Errorf("%d writes went through the connection, want none", n)
	}
	if l.taken() != 1 {
		t.Errorf("%d connections are counted while one plays", l.taken())
	}
	push.Close(stream.StopClosed)
	_ = resp.Body.Close()
	eventually(t, "the viewer's place is free", func() bool { return l.taken() == 0 })
}

// TestManyConnectionsOfOneAddress does to a real process what a careless or hostile client does.
func TestManyConnectionsOfOneAddress(t *testing.T) {
	n := startNode(t, "--max-per-address", "4")
	http.DefaultClient.CloseIdleConnections()
	n.eventually("idle connections are gone", func() bool { return n.gauge(`liveroom_http_connections{port="public"}`) == 0 })
	var last net.Conn
	for i := range 4 {
		conn, err := keepOpen(t, n.http)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		last = conn
	}
	if _, err := keepOpen(t, n.http); err == nil {
		t.Fatal("a fifth connection was answered")
	}
	if got := n.gauge(`liveroom_http_limited_total{port="public",reason="address"}`); got != 1 {
		t.Errorf("%v refusals are counted, want 1", got)
	}
	if got := n.gauge(`liveroom_http_connections{port="public"}`); got != 4 {
		t.Errorf("%v connections are counted, want 4", got)
	}
	_ = last.Close()
	n.eventually("the place is free again", func() bool { return n.gauge(`liveroom_http_connections{port="public"}`) == 3 })

	rtmp := make([]net.Conn, 5)
	for i := range rtmp {
		conn, err := net.Dial("tcp", n.rtmp)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		rtmp[i] = conn
	}
	n.eventually("the fifth RTMP connection is refused", func() bool { return n.gauge("liveroom_rtmp_limited_total") == 1 })
}

// TestRunningOutOfDescriptors: accepting fails for as long as there are none, and nothing else does.
func TestRunningOutOfDescriptors(t *testing.T) {
	n := startNode(t)
	out, err := exec.Command("prlimit", "--pid", strconv.Itoa(n.cmd.Process.Pid), "--nofile=64:64").CombinedOutput()
	if err != nil {
		t.Fatalf("prlimit: %v %s", err, out)
	}
	var held []net.Conn
	for _, addr := range []string{n.http, n.rtmp} {
		for range 40 {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, conn)
		}
	}
	n.eventually("there are no descriptors left", func() bool { return strings.Contains(n.log.String(), "too many open files") })
	for _, conn := range held {
		_ = conn.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	n.eventually("it answers again", func() bool {
		resp, err := http.Get("http://" + n.http + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	n.createRoom(map[string]any{"id": "r1"})
}
