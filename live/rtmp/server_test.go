package rtmp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

func TestConnectionLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
	}{{"in all", Config{MaxConns: 2}}, {"per address", Config{MaxPerAddr: 2}}} {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t, tt.cfg, newRoom())
			first := dial(t, d.addr).shake()
			dial(t, d.addr).shake()
			dial(t, d.addr).gone()
			if n := d.Stats().Limited; n != 1 {
				t.Errorf("%d connections counted as over the limit", n)
			}
			_ = first.nc.Close()
			waitFor(t, "a place", func() bool { return d.Stats().Connections == 1 })
			dial(t, d.addr).shake()
		})
	}
}

// failing is a listener whose first Accepts fail as if descriptors were exhausted.
type failing struct {
	net.Listener
	left  int
	times []time.Time
}

func (f *failing) Accept() (net.Conn, error) {
	f.times = append(f.times, time.Now())
	if f.left > 0 {
		f.left--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.Listener.Accept()
}

func TestAcceptBacksOff(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &failing{Listener: ln, left: 5}
	d := openOn(t, Config{}, newRoom(), f)
	dial(t, d.addr).shake()
	d.stop()
	pause := acceptPauseMin
	for i := 1; i <= 5; i++ {
		if took := f.times[i].Sub(f.times[i-1]); took < pause {
			t.Errorf("pause %d was %v, want %v", i, took, pause)
		}
		pause *= 2
	}
	if n := strings.Count(d.log.String(), "cannot accept"); n != 1 {
		t.Errorf("%d log lines for one exhaustion", n)
	}
}

func TestServeEndsWhenTheListenerIsClosed(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom()
	s, err := New(Config{}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(t.Context(), ln) }()
	c := dial(t, ln.Addr().String()).publish("room")
	_ = ln.Close()
	if err := within(t, "Serve", done); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve = %v", err)
	}
	if why := within(t, "the push", r.stops); why != stream.StopLost {
		t.Errorf("stopped %q", why)
	}
	c.gone()
}

func TestOneServerOverTwoListeners(t *testing.T) {
	r := newRoom()
	plain := open(t, Config{}, r)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- plain.Serve(ctx, ln) }()
	secure := func() *client {
		nc, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own certificate
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = nc.Close() })
		return speak(t, nc)
	}
	push := secure().publish("room")
	push.say(message.TypeIDVideoMessage, 0, avcHeader)
	push.say(message.TypeIDVideoMessage, 0, frame(true, 100_000))
	for _, c := range []*client{dial(t, plain.addr).play("room"), secure().play("room")} {
		if c.media(); len(c.media().body) != 100_000 {
			t.Error("the frame is damaged")
		}
	}
	right := func(st Stats) bool {
		return st.Connections == 3 && st.Pushes == 1 && st.Plays == 2 && st.BytesIn >= 100_000 && st.BytesOut >= 200_000
	}
	// Bytes are counted when they are written, which the reader may see first.
	for until := time.Now().Add(time.Minute); !right(plain.Stats()) && time.Now().Before(until); {
		runtime.Gosched()
	}
	if st := plain.Stats(); !right(st) {
		t.Errorf("stats %+v", st)
	}
	cancel()
	if err := within(t, "Serve", done); !errors.Is(err, context.Canceled) {
		t.Errorf("Serve = %v", err)
	}
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(crand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// fragile is a Push that panics where it is told to.
type fragile struct {
	*tags
	inWrite, inClose bool
}

func (f *fragile) Write(kind stream.Kind, time uint32, buf []byte) error {
	if f.inWrite {
		panic("in write")
	}
	return f.tags.Write(kind, time, buf)
}

func (f *fragile) Close(reason stream.StopReason) {
	if f.inClose {
		panic("in close")
	}
	f.tags.Close(reason)
}

func TestPanicEndsOneConnection(t *testing.T) {
	r := newRoom()
	push := func(p Push) func(context.Context, stream.Request) (Push, error) {
		return func(ctx context.Context, req stream.Request) (Push, error) {
			if req.Name != "bad" {
				return r.Publish(ctx, req)
			}
			if p == nil {
				panic("in admission")
			}
			return p, nil
		}
	}
	for _, tt := range []struct {
		name string
		push Push
	}{{"in admission", nil}, {"in write", &fragile{newTags(), true, false}}, {"in close", &fragile{newTags(), false, true}}} {
		t.Run(tt.name, func(t *testing.T) {
			d := open(t, Config{}, doorman{publish: push(tt.push)})
			good := dial(t, d.addr).publish("good")
			bad := dial(t, d.addr).connect("live", "")
			bad.call("publish", nil, "bad", "live")
			bad.say(message.TypeIDAudioMessage, 0, aacHeader)
			if tt.name == "in close" {
				bad.wantStatus("NetStream.Publish.Start")
				_ = bad.nc.Close()
			} else {
				bad.gone()
			}
			waitFor(t, "the bad connection to end", func() bool { return d.Stats().Connections == 1 })
			if n := d.Stats().Panics; n != 1 {
				t.Errorf("%d panics counted", n)
			}
			if !strings.Contains(d.log.String(), "server_test.go") {
				t.Error("the log has no stack")
			}
			good.say(message.TypeIDAudioMessage, 0, aacHeader)
			good.call("deleteStream", nil, 1)
			if why := within(t, "the good push", r.stops); why != stream.StopClosed {
				t.Errorf("the good push stopped %q", why)
			}
			d.stop()
			if len(d.quota.addrs) != 0 {
				t.Error("a place was lost")
			}
		})
	}
}
