package redistest

import (
	"os"
	"sync"
	"testing"
)

// shared are the server and the cluster that all tests of a package use, made for the first who asks.
var shared struct {
	sync.Mutex
	dirs    []string
	server  *Server
	cluster *Cluster
}

// Shared is a server that all tests of a package use, without persistence; nobody may end or stop it, and each has keys of
// its own. The package needs Main.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		shared.server = launch(t, sharedDir(t))
	}
	return shared.server
}

// SharedCluster is a cluster as Shared is a server.
func SharedCluster(t testing.TB) *Cluster {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		shared.cluster = startCluster(t, false, func(args ...string) *Server { return launch(t, sharedDir(t), args...) })
	}
	return shared.cluster
}

func sharedDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		t.Fatal(err)
	}
	shared.dirs = append(shared.dirs, dir)
	return dir
}

// Main runs the tests of a package, and ends what they shared. Its result is for os.Exit.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.Kill()
	}
	if shared.cluster != nil {
		for _, s := range shared.cluster.Servers {
			s.Kill()
		}
	}
	for _, dir := range shared.dirs {
		_ = os.RemoveAll(dir)
	}
	return code
}
