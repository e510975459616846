package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"liveroom/internal/redistest"
)

// testCluster is some nodes over one Redis. Each node has a proxy, through which the others reach it.
type testCluster struct {
	t     *testing.T
	url   string            // of the Redis
	redis *redistest.Server // nil where that is more than one server
	proxy *redistest.Proxy  // between all nodes and Redis, where the test takes that away
	nodes []*node
	keys  Secrets

	steady bool // nobody takes Redis away
}

// patience is how long nodes wait for a Redis that nobody takes away: not as they do in production, since on a machine that
// is busy with other tests anything may take its time.
const patience = "10s"

// startCluster starts n nodes, named n1, n2 …, over a Redis of their own, which stays, and waits until they are ready and know
// each other. All are stopped with the test. The flags are those of every node; redis are arguments of the server.
func startCluster(t *testing.T, n int, redis []string, flags ...string) *testCluster {
	t.Helper()
	c := prepareCluster(t, n, redis, flags...)
	c.start()
	return c
}

// prepareCluster is startCluster whose nodes are not started.
func prepareCluster(t *testing.T, n int, redis []string, flags ...string) *testCluster {
	t.Helper()
	takePlace(t, clusterPlace)
	c := &testCluster{t: t, redis: redistest.Start(t, redis...), keys: newSecrets(), steady: true}
	c.url = c.redis.URL()
	return c.of(n, flags...)
}

// startClusterOver is startCluster over the Redis of a URL.
func startClusterOver(t *testing.T, n int, url string, flags ...string) *testCluster {
	t.Helper()
	takePlace(t, clusterPlace)
	c := (&testCluster{t: t, url: url, keys: newSecrets(), steady: true}).of(n, flags...)
	c.start()
	return c
}

// shakyCluster is prepareCluster over a Redis that the test takes away: nodes reach it through a proxy, and have no more patience
// with it than in production.
func shakyCluster(t *testing.T, n int, redis []string, flags ...string) *testCluster {
	t.Helper()
	takePlace(t, clusterPlace)
	c := &testCluster{t: t, redis: redistest.Start(t, redis...), keys: newSecrets()}
	c.proxy = redistest.Through(t, c.redis.Addr)
	c.url = c.proxy.URL()
	return c.of(n, flags...)
}

// shakyClusterOver is shakyCluster over the Redis of a URL, without a proxy.
func shakyClusterOver(t *testing.T, n int, url string, flags ...string) *testCluster {
	t.Helper()
	takePlace(t, clusterPlace)
	return (&testCluster{t: t, url: url, keys: newSecrets()}).of(n, flags...)
}

// of is the cluster with n nodes more, which are not started.
func (c *testCluster) of(n int, flags ...string) *testCluster {
	c.t.Helper()
	for range n {
		c.add(flags...)
	}
	return c
}

// start starts all nodes and waits until they know each other.
func (c *testCluster) start() {
	c.t.Helper()
	for _, n := range c.nodes {
		n.start()
	}
	c.meet()
}

// add prepares another node, which is not started.
func (c *testCluster) add(flags ...string) *node {
	c.t.Helper()
	name := "n" + strconv.Itoa(len(c.nodes)+1)
	n := &node{
		t: c.t, data: filepath.Join(c.t.TempDir(), name), env: c.keys.environment(), log: &logBuffer{},
		http: freeAddr(c.t), rtmp: freeAddr(c.t), ops: freeAddr(c.t), secrets: c.keys, shared: true,
	}
	if c.steady {
		n.env = append(n.env, withPatience+"="+patience)
	}
	n.inner = redistest.Through(c.t, n.http)
	n.flags = append([]string{"--redis", c.url, "--node", name, "--internal-url", "http://" + n.inner.Addr}, flags...)
	c.t.Cleanup(func() {
		n.goOn()
		n.stop()
		if c.t.Failed() {
			c.t.Logf("log of %s:\n%s", name, n.log)
		}
	})
	c.nodes = append(c.nodes, n)
	return n
}

// meet waits until all nodes that run know each other, and nobody else: a killed one is known for a lease.
func (c *testCluster) meet() {
	c.t.Helper()
	running := 0
	for _, n := range c.nodes {
		if n.cmd != nil {
			running++
		}
	}
	for _, n := range c.nodes {
		if n.cmd != nil {
			n.eventually(fmt.Sprintf("it knows %d nodes", running), func() bool { return len(n.about().Nodes) == running })
		}
	}
}

// environment is the whole set as variables.
func (s *Secrets) environment() []string {
	env := []string{envSDKAppID + "=" + strconv.FormatUint(s.SDKAppID, 10)}
	for _, f := range s.fields() {
		if *f.value != "" {
			env = append(env, f.env+"="+*f.value)
		}
	}
	return env
}

// clusterHealth is what a node tells its operator.
type clusterHealth struct {
	Status string
	Checks []struct {
		Name   string
		OK     bool
		Detail string
	}
	Node  struct{ ID, Name string }
	Nodes []struct{ ID, Name, URL string }
	Leads []string
	Redis map[string]string

	OtherSettings map[string][]string
}

// is says whether a check is passed.
func (h clusterHealth) is(check string) bool {
	for _, c := range h.Checks {
		if c.Name == check {
			return c.OK
		}
	}
	return false
}

// about asks a node's operators' port; it is empty while the node does not answer.
func (n *node) about() (h clusterHealth) {
	client := http.Client{Timeout: 5 * time.Second} // it may stand still
	resp, err := client.Get("http://" + n.ops + "/health")
	if err != nil {
		return h
	}
	defer func() { _ = resp.Body.Close() }()
	_ = json.NewDecoder(resp.Body).Decode(&h)
	return h
}

// freeze lets the process stand still, as a machine that swaps does; goOn lets it go on.
func (n *node) freeze() { n.signal(syscall.SIGSTOP) }
func (n *node) goOn()   { n.signal(syscall.SIGCONT) }

func (n *node) signal(s os.Signal) {
	if n.cmd != nil {
		_ = n.cmd.Process.Signal(s)
	}
}
