package redistest

import (
	"net"
	"strings"
	"testing"
	"time"
)

// AddReplica runs a replica of one of the cluster's servers until the test ends, and returns when it has what that has. It
// takes the place of one that is gone for two seconds. All servers must be up.
func (c *Cluster) AddReplica(t testing.TB, of *Server) *Server {
	t.Helper()
	r := Start(t, "--cluster-enabled", "yes", "--cluster-config-file", "replica.conf", "--cluster-port", port(FreeAddr(t)),
		"--cluster-node-timeout", "2000", "--cluster-replica-validity-factor", "0")
	mustCommand(t, of.Addr, "CONFIG", "SET", "repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(of.Addr)
	mustCommand(t, r.Addr, "CLUSTER", "MEET", host, port, of.bus)
	answer, err := ask(of.Addr, "CLUSTER", "MYID")
	if err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(strings.TrimSpace(answer), "\r\n")
	await(t, "the replica knows its server", func() bool {
		answer, err := Command(r.Addr, "CLUSTER", "REPLICATE", id)
		return err == nil && answer == "+OK"
	})
	r.AwaitFollowing(t)
	await(t, "all know the replica", func() bool {
		for _, s := range c.Servers {
			if answer, err := ask(s.Addr, "CLUSTER", "NODES"); err != nil || !strings.Contains(answer, "slave "+id) {
				return false
			}
		}
		return true
	})
	return r
}

// AwaitFollowing waits until the server is a replica and has what its master has.
func (s *Server) AwaitFollowing(t testing.TB) {
	t.Helper()
	s.awaitReplication(t, "it follows a master", "master_link_status:up")
}

// AwaitLeading waits until the server is a master. The one before it must not come back earlier: it would be the master still.
func (s *Server) AwaitLeading(t testing.TB) {
	t.Helper()
	s.awaitReplication(t, "it is the master", "role:master")
}

func (s *Server) awaitReplication(t testing.TB, what, want string) {
	t.Helper()
	await(t, what, func() bool {
		answer, err := ask(s.Addr, "INFO", "replication")
		return err == nil && strings.Contains(answer, want)
	})
}

// await waits until ok holds.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for until := time.Now().Add(time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
