// Package redistest starts real Redis servers for tests, and ends, stops and cuts them off. A test that can't start one
// fails: .ci/test installs redis-server.
package redistest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Server is one redis-server on a port of its own, with its data in a folder of the test.
type Server struct {
	Addr string // host:port, the same over restarts

	dir  string
	args []string
	bus  string // port that servers of a cluster talk to each other on; empty for a server alone

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start runs a server until the test ends. Without args nothing is persisted; Durable is for AOF that is synced always.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := launch(t, t.TempDir(), args...)
	t.Cleanup(s.Kill)
	return s
}

// launch starts a server that nobody ends.
func launch(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	s := &Server{dir: dir, args: args}
	var err error
	for range 5 { // another process may be faster in taking the port
		s.Addr = FreeAddr(t)
		if err = s.Up(); err == nil {
			return s
		}
	}
	t.Fatalf("redis-server: %v", err)
	return nil
}

// Durable are the arguments of a server that loses nothing it answered.
func Durable() []string { return []string{"--appendonly", "yes", "--appendfsync", "always"} }

// URL is how liveroom is told of the server.
func (s *Server) URL() string { return "redis://" + s.Addr }

// URL is how liveroom is told of a Redis behind the proxy.
func (p *Proxy) URL() string { return "redis://" + p.Addr }

// Up starts the server, again if it was ended, on its old port and data, and waits until it serves.
func (s *Server) Up() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, port, _ := net.SplitHostPort(s.Addr)
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "no", "--daemonize", "no"}, s.args...)
	cmd := exec.Command("redis-server", args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = DieWithParent()
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	s.cmd, s.done = cmd, done
	for until := time.Now().Add(20 * time.Second); time.Now().Before(until); {
		select {
		case <-done:
			return fmt.Errorf("ended at once: %s", out.String())
		case <-time.After(10 * time.Millisecond):
		}
		if answer, err := Command(s.Addr, "PING"); err == nil && answer == "+PONG" {
			return nil
		}
	}
	return fmt.Errorf("not ready: %s", out.String())
}

// Kill ends the server at once, as a crash does, and waits for it.
func (s *Server) Kill() { s.signal(syscall.SIGKILL); s.wait() }

// Stop ends it as an operator does, and waits for it.
func (s *Server) Stop() { s.signal(syscall.SIGTERM); s.wait() }

// Pause lets it stand still: connections stay, nothing is answered. Resume lets it go on.
func (s *Server) Pause()  { s.signal(syscall.SIGSTOP) }
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(sig)
	}
}

func (s *Server) wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		<-s.done
	}
}

// Cluster is a Redis cluster of three masters.
type Cluster struct {
	Servers []*Server
	Proxies []*Proxy // of StartClusterThrough: one before each server, in their order
}

// StartCluster runs one until the test ends.
func StartCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	return startCluster(t, false, starter(t, args))
}

// StartClusterThrough runs one whose clients reach each server through a proxy. Its servers reach each other without.
func StartClusterThrough(t testing.TB, args ...string) *Cluster {
	t.Helper()
	return startCluster(t, true, starter(t, args))
}

func starter(t testing.TB, args []string) func(more ...string) *Server {
	return func(more ...string) *Server { return Start(t, append(more, args...)...) }
}

func startCluster(t testing.TB, through bool, start func(args ...string) *Server) *Cluster {
	t.Helper()
	c := &Cluster{}
	for i := range 3 {
		bus := port(FreeAddr(t)) // by itself Redis takes one that may be another's
		s := start("--cluster-enabled", "yes", "--cluster-config-file", "nodes"+strconv.Itoa(i)+".conf", "--cluster-port", bus, "--cluster-node-timeout", "2000")
		s.bus = bus
		c.Servers = append(c.Servers, s)
	}
	for i, s := range c.Servers {
		if through {
			p := Through(t, s.Addr)
			c.Proxies = append(c.Proxies, p)
			mustCommand(t, s.Addr, "CONFIG", "SET", "cluster-announce-port", port(p.Addr))
			s.args = append(s.args, "--cluster-announce-port", port(p.Addr))
		}
		slots := make([]string, 0, 16384/3+2)
		for slot := i * 16384 / 3; slot < (i+1)*16384/3; slot++ {
			slots = append(slots, strconv.Itoa(slot))
		}
		mustCommand(t, s.Addr, append([]string{"CLUSTER", "ADDSLOTS"}, slots...)...)
		mustCommand(t, s.Addr, "CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
	}
	for _, s := range c.Servers[1:] {
		host, port, _ := net.SplitHostPort(s.Addr)
		mustCommand(t, c.Servers[0].Addr, "CLUSTER", "MEET", host, port, s.bus)
	}
	for _, s := range c.Servers {
		await(t, "the cluster is up", func() bool {
			answer, err := ask(s.Addr, "CLUSTER", "INFO")
			return err == nil && strings.Contains(answer, "cluster_state:ok") && strings.Contains(answer, "cluster_known_nodes:3")
		})
	}
	return c
}

// URL is how liveroom is told of the cluster.
func (c *Cluster) URL() string {
	addrs := make([]string, 0, len(c.Servers))
	for _, s := range c.Servers {
		addrs = append(addrs, s.Addr)
	}
	for i, p := range c.Proxies {
		addrs[i] = p.Addr
	}
	return "redis+cluster://" + addrs[0] + "?addr=" + strings.Join(addrs[1:], "&addr=")
}

func port(addr string) string { _, p, _ := net.SplitHostPort(addr); return p }

func mustCommand(t testing.TB, addr string, args ...string) {
	t.Helper()
	if answer, err := Command(addr, args...); err != nil || answer != "+OK" {
		t.Fatalf("redis %s: %v %s", args[0], err, answer)
	}
}

// Command sends one command on a connection of its own and returns the first line of the answer.
func Command(addr string, args ...string) (string, error) {
	answer, err := ask(addr, args...)
	line, _, _ := strings.Cut(answer, "\r\n")
	return line, err
}

// ask is Command that returns as much of the answer as comes at once.
func ask(addr string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := conn.Write([]byte(b.String())); err != nil {
		return "", err
	}
	buf := make([]byte, 16<<10)
	n, err := conn.Read(buf)
	return string(buf[:n]), err
}

// FreeAddr is a local address that nobody listens on and that nobody else gets, as long as this process runs: its UDP port is
// held for that, since a server may listen later, or again. The port is none that the kernel gives away by itself (on Linux,
// from 32768 on).
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range 2000 {
		port := 10_000 + (os.Getpid()*131+int(ports.tried.Add(1)))%22_000
		addr := "127.0.0.1:" + strconv.Itoa(port)
		hold, err := net.ListenPacket("udp", addr)
		if err != nil {
			continue
		}
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			_ = hold.Close()
			continue
		}
		_ = ln.Close()
		ports.mu.Lock()
		ports.held = append(ports.held, hold)
		ports.mu.Unlock()
		return addr
	}
	t.Fatal("no port is free")
	return ""
}

// ports are those given out.
var ports struct {
	tried atomic.Int64
	mu    sync.Mutex
	held  []net.PacketConn
}

// Dir is the folder a server keeps its files in.
func (s *Server) Dir() string { return filepath.Clean(s.dir) }
