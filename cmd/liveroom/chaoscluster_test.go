package main

import (
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"liveroom/internal/chaos"
	"liveroom/internal/redistest"
	"liveroom/status"
)

// TestChaosOnThreeNodes breaks all there is to break of three nodes and their Redis, which syncs its AOF always: processes are
// killed, stopped and halted, lines cut and stalled, Redis is slowed and made to forget its scripts and subscribers. When
// all is mended everything is as it should be by itself, and nothing that was promised was broken meanwhile.
func TestChaosOnThreeNodes(t *testing.T) {
	t.Parallel()
	for _, seed := range chaosSeeds(t, 6720) {
		c := shakyCluster(t, 3, redistest.Durable(), chaosLimits...)
		c.start()
		run := newChaos(t, seed, c.nodes)
		run.breakCluster(c)
		run.play(time.Duration(scale())*20*time.Second, clusterFaults(scale() > 1))
	}
}

// TestRollingRestart restarts three nodes one after the other under load, as an upgrade does. No message that was answered with
// scope room is lost or comes twice, nobody is told of a gap, and no room ends. How long viewers had to wait is printed.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, redistest.Durable(), chaosLimits...)
	run := newChaos(t, 4, c.nodes)
	run.rules.NoGaps = true
	events := run.while(false, func() {
		for range scale() {
			for _, n := range c.nodes {
				time.Sleep(2 * time.Second) // of work
				n.stop()
				n.start()
			}
		}
	})
	for _, e := range events {
		if saw, ok := e.What.(chaos.Saw); ok && saw.Record.Code == status.Ended {
			t.Errorf("%s saw room %s end: %+v", e.Who, e.Room, saw.Record)
		}
	}
}

// TestPulledPlug takes the network away from one of three nodes, under load, for longer than a lease in the long run: Redis, the
// other nodes and the clients learn nothing of it but by waiting. The node itself goes on, and finds back.
func TestPulledPlug(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		return // a namespace needs root, which CI has; the other tests cut lines with proxies
	}
	far := newNamespace(t) // first: it must outlive its node
	c := shakyCluster(t, 3, append(redistest.Durable(), "--bind", "0.0.0.0", "--protected-mode", "no"), chaosLimits...)
	colon := func(addr string) string { return addr[strings.LastIndex(addr, ":"):] }
	for _, n := range c.nodes[:2] {
		n.flags = append(n.flags, "--http", "0.0.0.0"+colon(n.http), "--internal-url", "http://"+far.host+colon(n.http))
	}
	lone := c.nodes[2]
	lone.within, lone.http, lone.rtmp, lone.ops = far.name, far.peer+colon(lone.http), far.peer+colon(lone.rtmp), far.peer+colon(lone.ops)
	lone.flags = append(lone.flags, "--redis", "redis://"+far.host+colon(c.redis.Addr), "--internal-url", "http://"+lone.http)
	for _, n := range c.nodes {
		n.start()
	}
	c.meet()
	newChaos(t, 5, c.nodes).while(true, func() {
		time.Sleep(3 * time.Second) // of work
		far.pull()
		time.Sleep(time.Duration(min(scale(), 6)) * 7 * time.Second)
		far.plug()
		time.Sleep(time.Second)
	})
}

// clusterFaults are those of a cluster; the long ones last for more than a lease.
func clusterFaults(long bool) []chaos.Kind {
	nodes, redis := []string{"n1", "n2", "n3"}, []string{"redis"}
	kinds := []chaos.Kind{
		{Name: "kill", Targets: nodes, Most: 5 * time.Second, Weight: 4},
		{Name: "terminate", Targets: nodes, Most: 3 * time.Second, Weight: 3},
		{Name: "halt", Targets: nodes, Least: 200 * time.Millisecond, Most: 6 * time.Second, Weight: 2},
		{Name: "cut clients", Targets: nodes, Most: 2 * time.Second, Weight: 2},
		{Name: "stall clients", Targets: nodes, Least: time.Second, Most: 7 * time.Second, Weight: 2},
		{Name: "cut peers", Targets: nodes, Most: 3 * time.Second, Weight: 1},
		{Name: "stall peers", Targets: nodes, Least: time.Second, Most: 5 * time.Second, Weight: 1},
		{Name: "kill", Targets: redis, Most: 4 * time.Second, Weight: 2},
		{Name: "halt", Targets: redis, Least: 200 * time.Millisecond, Most: 4 * time.Second, Weight: 2},
		{Name: "cut", Targets: redis, Most: 3 * time.Second, Weight: 2},
		{Name: "stall", Targets: redis, Least: 200 * time.Millisecond, Most: 4 * time.Second, Weight: 2},
		{Name: "slow", Targets: redis, Least: time.Second, Most: 5 * time.Second, Weight: 1},
		{Name: "forget scripts", Targets: []string{"scripts"}, Weight: 2},
		{Name: "end subscriptions", Targets: []string{"subscriptions"}, Weight: 2},
	}
	if long {
		kinds = append(kinds,
			chaos.Kind{Name: "kill", Targets: nodes, Least: leaseTime, Most: 2 * leaseTime, Weight: 1},
			chaos.Kind{Name: "halt", Targets: nodes, Least: leaseTime, Most: 2 * leaseTime, Weight: 1},
			chaos.Kind{Name: "kill", Targets: redis, Least: leaseTime, Most: 2 * leaseTime, Weight: 1},
			chaos.Kind{Name: "stall", Targets: redis, Least: leaseTime, Most: 2 * leaseTime, Weight: 1})
	}
	return kinds
}

// breakCluster says how each fault is done. The clients reach the nodes through proxies of their own.
func (r *chaosRun) breakCluster(c *testCluster) {
	r.faults = map[string]func(time.Duration){}
	for i, n := range c.nodes {
		node := &r.world.Nodes[i]
		clients := redistest.Through(r.t, n.http)
		node.HTTP = clients.Addr
		mend := func(p *redistest.Proxy, spoil func()) func(time.Duration) {
			return func(d time.Duration) { spoil(); time.Sleep(d); p.Heal() }
		}
		for kind, do := range map[string]func(time.Duration){
			"kill":          func(d time.Duration) { n.kill(); time.Sleep(d); n.start() },
			"terminate":     func(d time.Duration) { n.stop(); time.Sleep(d); n.start() },
			"halt":          func(d time.Duration) { n.freeze(); time.Sleep(d); n.goOn() },
			"cut clients":   mend(clients, clients.Cut),
			"stall clients": mend(clients, clients.Stall),
			"cut peers":     mend(n.inner, n.inner.Cut),
			"stall peers":   mend(n.inner, n.inner.Stall),
		} {
			r.faults[kind+" "+node.Name] = do
		}
	}
	maps.Copy(r.faults, map[string]func(time.Duration){
		"kill redis": func(d time.Duration) {
			c.redis.Kill()
			time.Sleep(d)
			if err := c.redis.Up(); err != nil {
				r.t.Errorf("redis does not come up again: %v", err)
			}
		},
		"halt redis":  func(d time.Duration) { c.redis.Pause(); time.Sleep(d); c.redis.Resume() },
		"cut redis":   func(d time.Duration) { c.proxy.Cut(); time.Sleep(d); c.proxy.Heal() },
		"stall redis": func(d time.Duration) { c.proxy.Stall(); time.Sleep(d); c.proxy.Heal() },
		"slow redis":  func(d time.Duration) { c.proxy.Delay(200 * time.Millisecond); time.Sleep(d); c.proxy.Heal() },
		// These fail where Redis is away; then they are none.
		"forget scripts scripts":          func(time.Duration) { _, _ = redistest.Command(c.redis.Addr, "SCRIPT", "FLUSH") },
		"end subscriptions subscriptions": func(time.Duration) { _, _ = redistest.Command(c.redis.Addr, "CLIENT", "KILL", "TYPE", "pubsub") },
	})
}
