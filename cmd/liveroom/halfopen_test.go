package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/status"
)

// asCable makes the test binary connect its stdin and stdout to the address in this variable: in a network namespace it
// is the end of a cable there.
const asCable = "LIVEROOM_TEST_CABLE"

// cable is a way to the server that can be cut without either end being told.
type cable struct {
	dial      rtmpDialer
	cut, mend func()
}

// TestHalfOpenPush cuts a publisher's line in mid-stream. The server cannot know; the anchor's new push must be let in all
// the same, at once, and nothing of the old one may come through again when the line is mended.
func TestHalfOpenPush(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	port := addr[strings.LastIndex(addr, ":"):]
	n := startNode(t, "--rtmp", "0.0.0.0"+port, "--public-rtmp-url", "rtmp://"+addr) // the namespace has its own localhost
	n.rtmp = addr
	t.Run("proxy", func(t *testing.T) {
		n.with(t).halfOpen("proxy", proxyCable(t, addr))
	})
	if os.Getuid() == 0 { // a namespace needs root, which CI has
		t.Run("network namespace", func(t *testing.T) {
			n.with(t).halfOpen("namespace", namespaceCable(t, port))
		})
	}
}

func (n *node) halfOpen(room string, line cable) {
	n.t.Helper()
	n.createRoom(map[string]any{"id": room})
	a, c := n.addresses(room), testClip(n.t)
	idle := n.gauge("liveroom_rtmp_connections")
	before := n.numberPush(a.Push.RTMP, line.dial, c, 1, 2000)
	live := n.waitStatus(room, status.Live)

	counts := map[string]*counting{"FLV": {}, "WebSocket-FLV": {}, "RTMP": {}}
	watchers := []*watcher{
		watchFLV(n.t, "FLV", a.Play.FLV, nil, counts["FLV"].saw),
		watchWSFLV(n.t, "WebSocket-FLV", a.Play.WSFLV, nil, counts["WebSocket-FLV"].saw),
		watchRTMP(n.t, "RTMP", a.Play.RTMP, nil, counts["RTMP"].saw),
	}
	waitMedia(n.t, watchers, 10, 0)
	line.cut()
	if got := n.gauge("liveroom_rtmp_connections"); got != idle+2 {
		n.t.Fatalf("%v RTMP connections, want %v: the server must not know that the line is cut", got, idle+2)
	}
	after := n.numberPush(a.Push.RTMP, nil, c, 2, 2000)
	waitMedia(n.t, watchers, 10, 1)
	n.eventually("the old connection is closed, without its line", func() bool { return n.gauge("liveroom_rtmp_connections") == idle+2 })

	line.mend()
	select {
	case <-before.done:
	case <-time.After(time.Minute):
		n.t.Fatal("the old publisher goes on sending")
	}
	waitMedia(n.t, watchers, 25, 1)
	if r := n.status(room); r.Version != live.Version || r.Session != live.Session {
		n.t.Errorf("the room noticed: %+v, was %+v", r, live)
	}
	if silent := n.gauge("liveroom_rtmp_silent_pushes_total"); silent != 0 {
		n.t.Errorf("%v pushes were closed for their silence: the newer one had to wait for that", silent)
	}
	n.call(http.MethodPost, "/api/v1/rooms/"+room+"/end", map[string]any{}, nil)
	for _, w := range watchers {
		w.mustEnd(1)
		counts[w.name].mustBeSound(n.t, w.name)
	}
	after.stop()
}

// numberPush is a running push of numbered frames.
type numberPush struct {
	done chan struct{}
	stop func()
}

// numberPush starts to push and returns when the server has let the push in.
func (n *node) numberPush(rawURL string, dial rtmpDialer, c clip, by byte, size int) *numberPush {
	n.t.Helper()
	p, err := dialRTMP(rawURL, dial)
	if err != nil {
		n.t.Fatal(err)
	}
	if code, description, err := p.publish(); err != nil || code != "NetStream.Publish.Start" {
		n.t.Fatalf("push %d: %s %s %v", by, code, description, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	out := &numberPush{done: make(chan struct{})}
	go func() {
		defer close(out.done)
		_ = p.pushNumbers(ctx, c, by, size) // how it ends is told by what viewers see
	}()
	out.stop = sync.OnceFunc(func() {
		cancel()
		_ = p.Close() // also ends a write that nobody takes
		<-out.done
	})
	n.t.Cleanup(out.stop)
	return out
}

// proxyCable is a proxy in this process that can stop forwarding.
func proxyCable(t *testing.T, to string) cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		line  sync.RWMutex // held for writing while the line is cut
		wg    sync.WaitGroup
		mu    sync.Mutex
		ends  []net.Conn
		whole = true
	)
	forward := func(from, to net.Conn) {
		defer func() { _, _ = to.Close(), from.Close() }()
		buf := make([]byte, 32<<10)
		for {
			got, err := from.Read(buf)
			line.RLock() // neither bytes nor an end go through a cut line
			_, sent := to.Write(buf[:got])
			line.RUnlock()
			if err != nil || sent != nil {
				return
			}
		}
	}
	wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			mu.Lock()
			ends = append(ends, in, out)
			mu.Unlock()
			wg.Go(func() { forward(in, out) })
			wg.Go(func() { forward(out, in) })
		}
	})
	mend := func() {
		if !whole {
			whole = true
			line.Unlock()
		}
	}
	t.Cleanup(func() {
		mend()
		_ = ln.Close()
		mu.Lock()
		for _, end := range ends {
			_ = end.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return cable{
		dial: func(string) (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) },
		cut:  func() { whole = false; line.Lock() },
		mend: mend,
	}
}

// namespaceCable is a line into a network namespace, where a process connects to a port of the host.
func namespaceCable(t *testing.T, port string) cable {
	t.Helper()
	far := newNamespace(t)
	return cable{
		dial: func(string) (net.Conn, error) { return startCable(t, far.name, far.host+port) },
		cut:  far.pull,
		mend: far.plug,
	}
}

// namespace is a network namespace, and a pair of network interfaces between it and ours. Taking them down is what pulling a
// plug is: no packet says goodbye.
type namespace struct {
	name string
	host string // our address there
	peer string // its own
	pull func()
	plug func()
}

// namespaces counts those of this process.
var namespaces atomic.Int64

// newNamespace makes one for the test, which needs root.
func newNamespace(t *testing.T) namespace {
	t.Helper()
	id, nth := os.Getpid(), int(namespaces.Add(1))
	name, near, far := fmt.Sprintf("liveroom-%d-%d", id, nth), fmt.Sprintf("lr%d-%dn", id, nth), fmt.Sprintf("lr%d-%df", id, nth)
	network := fmt.Sprintf("198.%d.%d.%d", 18+nth%2, id>>6&255, id<<2&255) // for measurements (RFC 2544): nobody's
	host, peer := increment(network, 1), increment(network, 2)
	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	ip("netns", "add", name)
	t.Cleanup(func() {
		_ = exec.Command("ip", "link", "del", near).Run() // gone with the namespace, if that was the last of it
		ip("netns", "del", name)
	})
	ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
	ip("addr", "add", host+"/30", "dev", near)
	ip("link", "set", near, "up")
	ip("-n", name, "addr", "add", peer+"/30", "dev", far)
	ip("-n", name, "link", "set", "lo", "up")
	ip("-n", name, "link", "set", far, "up")
	return namespace{
		name: name, host: host, peer: peer,
		pull: func() { ip("-n", name, "link", "set", far, "down") },
		plug: func() { ip("-n", name, "link", "set", far, "up") },
	}
}

// increment is an IPv4 address that many further on, inside its last byte.
func increment(addr string, by byte) string {
	ip := net.ParseIP(addr).To4()
	ip[3] += by
	return ip.String()
}

// cableEnd is a connection that a process in a namespace holds.
type cableEnd struct {
	r, w *os.File
	cmd  *exec.Cmd
}

// startCable runs the test binary in a namespace as the end of a cable to an address.
func startCable(t *testing.T, namespace, to string) (net.Conn, error) {
	t.Helper()
	in, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	r, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c := &cableEnd{r: r, w: w, cmd: exec.Command("ip", "netns", "exec", namespace, os.Args[0])}
	log := &logBuffer{}
	c.cmd.Env = append(os.Environ(), asCable+"="+to)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = in, out, log
	err = c.cmd.Start()
	_, _ = in.Close(), out.Close() // the process has its own
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		_ = c.Close()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		if t.Failed() {
			t.Logf("the process in the namespace said: %s", log)
		}
	})
	return c, nil
}

// holdCable is the process in the namespace.
func holdCable(to string) error {
	conn, err := net.DialTimeout("tcp", to, 10*time.Second)
	if err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { _, err := io.Copy(conn, os.Stdin); ended <- err }()
	go func() { _, err := io.Copy(os.Stdout, conn); ended <- err }()
	return <-ended // the other one ends with the process
}

func (c *cableEnd) Read(b []byte) (int, error)         { return c.r.Read(b) }
func (c *cableEnd) Write(b []byte) (int, error)        { return c.w.Write(b) }
func (c *cableEnd) Close() error                       { _ = c.w.Close(); return c.r.Close() }
func (c *cableEnd) LocalAddr() net.Addr                { return nil }
func (c *cableEnd) RemoteAddr() net.Addr               { return nil }
func (c *cableEnd) SetReadDeadline(t time.Time) error  { return c.r.SetReadDeadline(t) }
func (c *cableEnd) SetWriteDeadline(t time.Time) error { return c.w.SetWriteDeadline(t) }
func (c *cableEnd) SetDeadline(t time.Time) error {
	if err := c.r.SetReadDeadline(t); err != nil {
		return err
	}
	return c.w.SetWriteDeadline(t)
}
