package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/status"
)

// ended waits until a process has ended by itself.
func (n *node) ended() {
	n.t.Helper()
	done := make(chan struct{})
	go func() { _ = n.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		_ = n.cmd.Process.Kill()
		<-done
		n.t.Fatal("the node goes on")
	}
	n.cmd = nil
}

// TestNodeWaitsForRedis: a node that starts before its Redis says so, and serves when Redis is there.
func TestNodeWaitsForRedis(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, nil)
	n := c.nodes[0]
	c.redis.Kill()
	n.launch()
	n.eventually("it says that it is not ready, and why", func() bool {
		return n.readyz() == http.StatusServiceUnavailable && strings.Contains(n.log.String(), "waiting for redis")
	})
	resp, err := http.Get("http://" + n.http + "/healthz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the node does not live: %v %v", resp, err)
	}
	_ = resp.Body.Close()
	if got, raw := n.request(http.MethodGet, "/api/v1/rooms", nil, ""); got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(raw), "store_unavailable") {
		t.Errorf("%s %s", got.Status, raw)
	}
	if got := n.about(); got.Status != "not ready" {
		t.Errorf("%+v", got)
	}
	if err := c.redis.Up(); err != nil {
		t.Fatal(err)
	}
	n.eventually("it is ready", func() bool { return n.readyz() == http.StatusOK })
	n.createRoom(map[string]any{"id": "r1"})
}

// TestRedisGoesAwayAtTheStart: whichever of the things that a node asks at its start is not answered, it asks again.
func TestRedisGoesAwayAtTheStart(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, nil)
	n := c.nodes[0]
	for part, says := range map[string]string{
		"{lr}:words": "beginning again", "{lr}:endpoints": "beginning again", "{lr}:settings": "beginning again", "{lr}:keys": "beginning again", "{lr}:chat.silences": "nobody may come",
	} {
		n.log = &logBuffer{}
		c.proxy.DropReplies(1, part)
		n.launch()
		c.proxy.Dropped(t)
		n.eventually("it is ready", func() bool { return n.readyz() == http.StatusOK })
		if !strings.Contains(n.log.String(), says) {
			t.Errorf("without an answer of %s it does not say that it is %s", part, says)
		}
		n.stop()
	}
}

// TestNodeIsNotReadyBeforeItCanServe: as long as it could not tell Redis of itself, or does not know who is silenced, clients
// are not sent to it.
func TestNodeIsNotReadyBeforeItCanServe(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, nil)
	n := c.nodes[0]
	for i, part := range []string{"{lr}:nodes", "{lr}:chat.silences"} {
		const never = 1 << 30
		c.proxy.DropReplies(never, part)
		n.launch()
		n.eventually("it serves", func() bool {
			resp, err := http.Get("http://" + n.http + "/api/v1/rooms")
			if err != nil {
				return false
			}
			_ = resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
		if got := n.readyz(); got != http.StatusServiceUnavailable {
			t.Errorf("without an answer of %s its readiness is answered with %d", part, got)
		}
		c.proxy.Heal()
		n.eventually("it is ready", func() bool { return n.readyz() == http.StatusOK })
		n.createRoom(map[string]any{"id": "r" + strconv.Itoa(i)})
		n.stop()
	}
}

// TestRedisGoesAwayBeforeTheDemoRoom: the node goes on, and makes the room when it can.
func TestRedisGoesAwayBeforeTheDemoRoom(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, nil, "--demo")
	n := c.nodes[0]
	c.proxy.DropReplies(3, "demo") // an operation is asked for twice
	n.start()
	c.proxy.Dropped(t)
	n.eventually("it says what to do next", func() bool { return strings.Contains(n.log.String(), "liveroom is running") })
	if !strings.Contains(n.log.String(), "the demo room is not there yet") {
		t.Error("it does not say that it tries again")
	}
	n.status("demo")
}

// TestTheDemoRoomCannotBeMade: what no waiting mends is said once, and the node goes on.
func TestTheDemoRoomCannotBeMade(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, nil)
	n := c.nodes[0]
	n.start()
	n.createRoom(map[string]any{"id": "another", "stream": "demo"})
	n.stop()
	n.flags = append(n.flags, "--demo")
	n.start()
	n.eventually("it says that there will be none", func() bool { return strings.Contains(n.log.String(), "there will be no demo room") })
	if strings.Contains(n.log.String(), "trying again") {
		t.Error("it tries again")
	}
	n.status("another")
}

// TestNodeToldToStopWhileItWaits ends at once, without an error.
func TestNodeToldToStopWhileItWaits(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 1, nil)
	c.redis.Kill()
	c.nodes[0].launch()
	c.nodes[0].eventually("it waits", func() bool { return strings.Contains(c.nodes[0].log.String(), "waiting for redis") })
	c.nodes[0].stop()
}

// TestNodesWithOtherSecretsAreRefused: addresses and sessions of one node would be worth nothing on the others.
func TestNodesWithOtherSecretsAreRefused(t *testing.T) {
	t.Parallel()
	c := prepareCluster(t, 4, nil)
	c.nodes[0].start()
	for i, change := range []func(*Secrets){
		func(s *Secrets) { s.PushKey = "another push key" },
		func(s *Secrets) { s.NodeKey = "another key between nodes" },
		func(s *Secrets) { s.CallbackKey = "one more key" },
	} {
		n, keys := c.nodes[i+1], c.keys
		change(&keys)
		n.env = keys.environment()
		n.launch()
		n.ended()
		variable := []string{"LIVEROOM_PUSH_KEY", "LIVEROOM_NODE_KEY", "LIVEROOM_CALLBACK_KEY"}[i]
		if log := n.log.String(); !strings.Contains(log, variable) || !strings.Contains(log, "lr:{lr}:secrets") ||
			strings.Contains(log, keys.PushKey) || strings.Contains(log, keys.NodeKey) || strings.Contains(log, keys.CallbackKey) && keys.CallbackKey != "" {
			t.Errorf("it says:\n%s", log)
		}
	}
	if _, err := redistest.Command(c.redis.Addr, "DEL", "lr:{lr}:secrets"); err != nil {
		t.Fatal(err)
	}
	c.nodes[1].start() // the operator means to change it
}

// TestTwoNodesOfOneName are two nodes.
func TestTwoNodesOfOneName(t *testing.T) {
	t.Parallel()
	c := prepareCluster(t, 2, nil)
	c.nodes[1].flags = append(c.nodes[1].flags, "--node", "n1")
	for _, n := range c.nodes {
		n.start()
	}
	c.meet()
	a, b := c.nodes[0].about(), c.nodes[1].about()
	if a.Node.Name != "n1" || b.Node.Name != "n1" || a.Node.ID == b.Node.ID {
		t.Errorf("%+v and %+v", a.Node, b.Node)
	}
	c.nodes[0].createRoom(map[string]any{"id": "r1"})
	p := push(t, c.nodes[0].addresses("r1").Push.RTMP)
	c.nodes[0].waitStatus("r1", status.Live)
	push(t, c.nodes[1].addresses("r1").Push.RTMP)
	p.wait() // the other took over
}

// TestRedisThatForgotEverything: nodes go on, and so does what is made anew.
func TestRedisThatForgotEverything(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 2, nil)
	c.start()
	a, b := c.nodes[0], c.nodes[1]
	a.createRoom(map[string]any{"id": "r1"})
	c.redis.Kill()
	a.eventually("it is degraded", func() bool { return a.about().Status == "degraded" && a.readyz() == http.StatusOK })
	if got, raw := a.request(http.MethodPost, "/api/v1/rooms", map[string]any{"id": "r2"}, "Bearer "+a.secrets.APIToken); got.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(raw), "store_unavailable") {
		t.Errorf("%s %s", got.Status, raw)
	}
	if err := c.redis.Up(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.nodes {
		n.eventually("it is ready", func() bool { return n.about().Status == "ready" })
	}
	c.meet()
	a.eventually("the room is gone", func() bool {
		got, _ := a.request(http.MethodGet, "/api/v1/rooms/r1", nil, "")
		return got.StatusCode == http.StatusNotFound
	})
	b.createRoom(map[string]any{"id": "r1"})
	b.call(http.MethodPost, "/api/v1/rooms/r1/playback", map[string]any{"url": "https://cdn.example/x.mp4"}, nil)
	a.waitStatus("r1", status.Playback)
	noted := func() bool {
		n, err := redistest.Command(c.redis.Addr, "EXISTS", "lr:{lr}:secrets")
		return err == nil && n == ":1"
	}
	a.eventually("the secrets are noted again", noted)
	if _, err := redistest.Command(c.redis.Addr, "FLUSHALL"); err != nil {
		t.Fatal(err)
	}
	a.eventually("the secrets are noted again, though Redis was there all the time", noted)
}

// TestNodeThatStoodStill finds that another node does what it did, and lets it.
func TestNodeThatStoodStill(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 2, nil)
	c.start()
	still, other := c.awaitCourier()
	still.freeze()
	other.eventually("it took over", func() bool { return slices.Contains(other.about().Leads, "courier") })
	still.goOn()
	still.eventually("it leads no more", func() bool { h := still.about(); return h.Status == "ready" && !slices.Contains(h.Leads, "courier") })
	c.meet()
	other.stop()
	still.eventually("it leads again", func() bool { return slices.Contains(still.about().Leads, "courier") })
}
