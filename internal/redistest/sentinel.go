package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Sentinel is a master and its replica, watched by one sentinel, which makes the replica the master when the other is gone.
type Sentinel struct {
	Master, Replica *Server

	addr string
}

// StartSentinel runs them until the test ends. It returns when the replica has what the master has.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Master: Start(t, "--repl-diskless-sync-delay", "0")}
	host, p, _ := net.SplitHostPort(s.Master.Addr)
	s.Replica = Start(t, "--replicaof", host+" "+p)
	s.addr = FreeAddr(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	conf := fmt.Sprintf("port %s\nsentinel monitor room %s %s 1\nsentinel down-after-milliseconds room 300\nsentinel failover-timeout room 3000\n", port(s.addr), host, p)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", file, "--sentinel")
	cmd.SysProcAttr = DieWithParent()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	await(t, "the replica follows", func() bool {
		answer, err := ask(s.Master.Addr, "INFO", "replication")
		return err == nil && strings.Contains(answer, "state=online")
	})
	await(t, "the sentinel knows the replica", func() bool {
		answer, err := ask(s.addr, "INFO", "sentinel")
		return err == nil && strings.Contains(answer, "slaves=1")
	})
	return s
}

// URL is how liveroom is told of them.
func (s *Sentinel) URL() string { return "redis+sentinel://" + s.addr + "?master_name=room" }
