package callback

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a network of one listener.
type pipes struct {
	conns  chan net.Conn
	closed func()
}

func newPipes() pipes {
	conns := make(chan net.Conn, 1)
	return pipes{conns, sync.OnceFunc(func() { close(conns) })}
}

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours, nil
}

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error { p.closed(); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

// TestPostLeavesNoConnectionBehindThatNeverOpens: a receiver that takes connections and then says nothing costs one for a
// while only.
func TestPostLeavesNoConnectionBehindThatNeverOpens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		c := newClient(network.dial)
		if _, err := c.post(t.Context(), afterTimeout, "https://backend.example.com/", http.Header{}, []byte(`{}`)); why(t, err) != whyTimeout {
			t.Fatal(err)
		}
		theirs := <-network.conns
		_ = theirs.SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := io.Copy(io.Discard, theirs); err != nil {
			t.Errorf("the connection is still there after an hour: %v", err)
		}
		_ = theirs.Close()
	})
}

// deaf is a connection over which nothing comes any more once it is lost, as behind a firewall that forgot it.
type deaf struct {
	net.Conn
	lost *atomic.Bool
}

func (d deaf) Write(p []byte) (int, error) {
	if d.lost.Load() {
		return len(p), nil
	}
	return d.Conn.Write(p)
}

// TestPostGivesUpALostConnection of HTTP/2 too, which outlives the requests that got no answer over it.
func TestPostGivesUpALostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
		_ = srv.Listener.Close()
		srv.Listener, srv.EnableHTTP2 = network, true
		srv.StartTLS()
		defer srv.Close()
		var lost *atomic.Bool
		c := newClient(func(ctx context.Context, name, addr string) (net.Conn, error) {
			conn, err := network.dial(ctx, name, addr)
			lost = &atomic.Bool{}
			return deaf{conn, lost}, err
		})
		defer c.Close()
		c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		post := func() (answer, error) {
			return c.post(t.Context(), afterTimeout, "https://example.com/", http.Header{}, []byte(`{}`))
		}
		if got, err := post(); err != nil || string(got.body) != "HTTP/2.0" {
			t.Fatalf("%v, %s", err, got.body)
		}
		lost.Store(true)
		failed := 0
		for ; failed < 10; failed++ {
			if _, err := post(); err == nil {
				break
			}
			time.Sleep(time.Second)
		}
		if failed == 0 || failed > 3 {
			t.Errorf("%d requests got no answer before there was another connection", failed)
		}
	})
}
