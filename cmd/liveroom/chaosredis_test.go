package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/internal/chaos"
	"liveroom/internal/redistest"
)

// afterFailover is what a fail-over excuses whose replica had not got everything: what was answered in the last moments is lost,
// and a message that was not answered may be sent again.
var afterFailover = chaos.Rules{ChatMayRepeat: true, Except: []string{chaos.NothingLost, chaos.Answered, chaos.NewestKept}}

// failover lets a replica take the place of a master, without what that answered in the last moments.
func failover(master, replica *redistest.Server) {
	replica.Pause()
	time.Sleep(500 * time.Millisecond)
	master.Kill()
	replica.Resume()
}

// TestChaosOverARedisCluster has the master of the control plane fail, under load.
func TestChaosOverARedisCluster(t *testing.T) {
	t.Parallel()
	redis := redistest.StartCluster(t)
	answer, err := redistest.Command(redis.Servers[0].Addr, "CLUSTER", "KEYSLOT", "{lr}")
	slot, err2 := strconv.Atoi(strings.TrimPrefix(answer, ":"))
	if err != nil || err2 != nil {
		t.Fatal(answer, err, err2)
	}
	master := redis.Servers[slot*3/16384]
	replica := redis.AddReplica(t, master)
	c := shakyClusterOver(t, 3, redis.URL(), chaosLimits...)
	c.start()
	run := newChaos(t, 7, c.nodes)
	run.rules = afterFailover
	run.while(true, func() {
		for range scale() {
			time.Sleep(3 * time.Second) // of work
			replica.AwaitFollowing(t)
			failover(master, replica)
			replica.AwaitLeading(t)
			time.Sleep(3 * time.Second) // of work
			if err := master.Up(); err != nil {
				t.Error(err)
			}
			master, replica = replica, master
		}
	})
}

// TestChaosOverSentinel has the only master fail, under load.
func TestChaosOverSentinel(t *testing.T) {
	t.Parallel()
	redis := redistest.StartSentinel(t)
	c := shakyClusterOver(t, 3, redis.URL(), chaosLimits...)
	c.start()
	run := newChaos(t, 8, c.nodes)
	run.rules = afterFailover
	run.while(true, func() {
		time.Sleep(3 * time.Second) // of work
		failover(redis.Master, redis.Replica)
		time.Sleep(4 * time.Second)
	})
}

// TestRedisBeginsAnew has Redis come back empty while three nodes go on. Rooms are made anew by who pushes to them, members are
// in them again, and all nodes say the same of them.
func TestRedisBeginsAnew(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 3, redistest.Durable(), chaosLimits...)
	c.start()
	run := newChaos(t, 9, c.nodes)
	run.rules = chaos.Rules{ChatMayRepeat: true, Except: []string{ // of rooms that are made anew
		chaos.NothingLost, chaos.Answered, chaos.NewestKept, chaos.OneEpoch, chaos.OneRecord, chaos.Steps, chaos.EndsByRule,
	}}
	run.while(false, func() {
		for _, room := range chaosRooms { // or nobody has an address to push to
			run.world.Perform(t.Context(), room)
		}
		time.Sleep(3 * time.Second) // of work
		c.redis.Kill()
		if err := os.RemoveAll(filepath.Join(c.redis.Dir(), "appendonlydir")); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		if err := c.redis.Up(); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
	})
}

// TestThoseWhoDoTheWork halts whoever ends rooms for all nodes, in the long run for more than a lease, and also who delivers
// callbacks and who is pushed to; and then kills a node that is pushed to while Redis is away.
func TestThoseWhoDoTheWork(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 3, redistest.Durable(), chaosLimits...)
	c.start()
	run := newChaos(t, 10, c.nodes)
	halt, leases := 2*time.Second, []string{"keeper"}
	if scale() > 1 {
		halt, leases = leaseTime+5*time.Second, []string{"keeper", "courier", ""}
	}
	origin := func() *node { // of the last push
		for _, e := range slices.Backward(run.world.History.Events()) {
			if _, ok := e.What.(chaos.Pushing); ok {
				return c.nodes[e.Node[1]-'1']
			}
		}
		return c.nodes[0]
	}
	run.while(true, func() {
		time.Sleep(3 * time.Second) // of work
		for _, lease := range leases {
			n := origin()
			for _, other := range c.nodes {
				if lease != "" && slices.Contains(other.about().Leads, lease) {
					n = other
				}
			}
			run.world.History.Add("plan", n.http, "", chaos.Fault{Text: "halt " + lease})
			n.freeze()
			time.Sleep(halt)
			n.goOn()
			time.Sleep(time.Second)
		}
		n := origin()
		run.world.History.Add("plan", n.http, "", chaos.Fault{Text: "kill with redis"})
		c.redis.Kill()
		n.kill()
		time.Sleep(2 * time.Second)
		if err := c.redis.Up(); err != nil {
			t.Error(err)
		}
		n.start()
	})
}
