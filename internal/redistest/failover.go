package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Failover is a server, a replica of it, and a sentinel that makes the replica the server when that is gone.
type Failover struct {
	Servers  []*Server // the first is the master at the start
	Sentinel *Server
}

// masterName is what the sentinel calls the server.
const masterName = "liveroom"

// StartFailover runs one until the test ends. The sentinel takes a server that does not answer for half a second for gone.
func StartFailover(t testing.TB, args ...string) *Failover {
	t.Helper()
	f := &Failover{}
	for range 2 {
		f.Servers = append(f.Servers, Start(t, append([]string{"--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"}, args...)...))
	}
	host, port, _ := net.SplitHostPort(f.Servers[0].Addr)
	mustCommand(t, f.Servers[1].Addr, "REPLICAOF", host, port)
	waitFor(t, "the replica follows", func() bool {
		answer, err := ask(f.Servers[1].Addr, "INFO", "replication")
		return err == nil && strings.Contains(answer, "master_link_status:up")
	})
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf") // the sentinel writes into it
	text := fmt.Sprintf("sentinel monitor %s %s %s 1\nsentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 2000\n",
		masterName, host, port, masterName, masterName)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Sentinel = &Server{dir: dir, config: conf, args: []string{"--sentinel"}}
	for try := 0; ; try++ {
		f.Sentinel.Addr = freeAddr(t)
		err := f.Sentinel.Up()
		if err == nil {
			break
		}
		if try == 5 {
			t.Fatalf("sentinel: %v", err)
		}
	}
	t.Cleanup(f.Sentinel.Kill)
	waitFor(t, "the sentinel knows the replica", func() bool {
		answer, err := ask(f.Sentinel.Addr, "INFO", "sentinel")
		return err == nil && strings.Contains(answer, "slaves=1")
	})
	return f
}

// URL is how liveroom is told of it.
func (f *Failover) URL() string {
	return "redis+sentinel://" + f.Sentinel.Addr + "?master_name=" + masterName
}

// waitFor waits until ok holds.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
