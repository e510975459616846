package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"liveroom/internal/redisstore"
	"liveroom/web"
	"liveroom/web/peer"
)

// leaseTime is how long what a dead node held stays its own (design §4).
const leaseTime = 15 * time.Second

// waitingSaid is how often the log says what is waited for at the start.
const waitingSaid = 10 * time.Second

// cluster is what a node has in common with others: their Redis, and who they are.
type cluster struct {
	redis  *redisstore.Store
	states *redisstore.Status
	nodes  *redisstore.Nodes
	news   *redisstore.News
	peers  *peer.Server      // what other nodes ask of this one
	ask    *peer.Client      // and this one of others
	sums   map[string]string // fingerprints of the secrets
	leads  []*redisstore.Lead
	log    *slog.Logger
}

// nodeNames are the names that nodes may have.
var nodeNames = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// validInternalURL says why other nodes could not be told of the URL.
func (s *Settings) validInternalURL() error {
	u, err := url.Parse(s.InternalURL)
	if s.InternalURL != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
		return fmt.Errorf("internal-url is %q, must be such as http://10.0.0.5:8080: scheme, host and port alone", redacted(s.InternalURL))
	}
	return nil
}

// mayJoin says what a node of a cluster lacks.
func (s *Settings) mayJoin(keys Secrets) error {
	if s.InternalURL == "" {
		return errors.New("redis needs internal-url: where the other nodes of the cluster reach this one's --http port, such as http://10.0.0.5:8080")
	}
	if s.Node != "" && !nodeNames.MatchString(s.Node) {
		return fmt.Errorf("node is %q, must be 1 to 64 letters, digits, _ . and - in a cluster", s.Node)
	}
	if missing := keys.missing(); len(missing) > 0 {
		return fmt.Errorf("redis: all nodes of a cluster need the same secrets, so none are generated; missing %s (liveroom secrets makes a set)",
			strings.Join(missing, ", "))
	}
	return nil
}

// nodeName is how this node calls itself.
func (s *Settings) nodeName() string {
	if s.Node != "" {
		return s.Node
	}
	if host, err := os.Hostname(); err == nil && nodeNames.MatchString(host) {
		return host
	}
	return "node"
}

// redisTimeout is how long a node waits for an answer of Redis; 0: as long as redisstore does. Tests have more patience, but those
// of a Redis that is away.
var redisTimeout time.Duration

// newCluster prepares the cluster's Redis, without asking it anything.
func newCluster(set Settings, keys Secrets, log *slog.Logger) (*cluster, error) {
	redis, err := redisstore.Open(redisstore.Config{URL: set.Redis, Timeout: redisTimeout}, log)
	if err != nil {
		return nil, err
	}
	nodes := redis.Nodes(set.nodeName(), set.InternalURL, version, leaseTime)
	nodes.Show(set.sums(keys.NodeKey))
	return &cluster{
		redis: redis, states: redis.Status(redisstore.StatusConfig{LogEntries: eventLog, Lease: leaseTime}),
		nodes: nodes, news: redis.News(), log: log, sums: keys.sums(),
		peers: peer.NewServer(nodes.Me().ID, []byte(keys.NodeKey), log), ask: peer.NewClient(nodes.Me().ID, []byte(keys.NodeKey), nodes),
	}, nil
}

// sums are fingerprints of the secrets, by variable, for nodes to compare theirs.
func (s *Secrets) sums() map[string]string {
	sum := func(name, value string) string { return fingerprint(s.NodeKey, "fingerprint", name, value, 16) }
	sums := map[string]string{
		envSDKAppID: sum(envSDKAppID, strconv.FormatUint(s.SDKAppID, 10)), envIMAppID: sum(envIMAppID, strconv.FormatUint(s.IMAppID, 10)),
	}
	for _, f := range s.fields() {
		if f.young && *f.value == "" {
			continue
		}
		sums[f.env] = sum(f.env, *f.value)
	}
	return sums
}

// wait waits until Redis answers, and compares the secrets with those of the cluster.
func (c *cluster) wait(ctx context.Context) error {
	said := time.Time{}
	for {
		err := c.agree(ctx)
		if err == nil {
			c.tell(ctx)
			return nil
		}
		if !errors.Is(err, redisstore.ErrAway) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if time.Since(said) > waitingSaid {
			said = time.Now()
			c.log.Warn("waiting for redis", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// tell logs what was found, and what an operator should change.
func (c *cluster) tell(ctx context.Context) {
	a := c.redis.About(ctx)
	c.log.Info("redis reached", "version", a.Version, "mode", a.Mode, "appendonly", a.AppendOnly, "appendfsync", a.AppendFsync)
	if a.AppendOnly == "no" {
		c.log.Warn("redis keeps nothing over its restart: set appendonly yes")
	}
	if a.Eviction != "" && a.Eviction != "noeviction" {
		c.log.Warn("redis may forget what is stored when its memory is full: set maxmemory-policy noeviction", "policy", a.Eviction)
	}
}

// agree says in what the secrets differ from those of the cluster. Where all of them do, it is the node key.
func (c *cluster) agree(ctx context.Context) error {
	differ, err := c.redis.Agree(ctx, "secrets", c.sums)
	if err != nil || len(differ) == 0 {
		return err
	}
	if len(differ) == len(c.sums) {
		differ = []string{"LIVEROOM_NODE_KEY, and perhaps others"}
	}
	return fmt.Errorf("the cluster's nodes have another %s: all nodes need the same secrets; to change them, delete the key %s in Redis first",
		strings.Join(differ, ", "), c.redis.AgreeKey("secrets"))
}

// restPause is how long work rests that ended by itself before it begins anew.
const restPause = time.Second

// lead is run, on one node of the cluster at a time, under a lease with a name. Work that ends by itself is begun anew, on
// this node or another.
func (c *cluster) lead(name string, run func(ctx context.Context, fence uint64) error) func(context.Context) error {
	return c.leadFor(name, leaseTime, run)
}

// leadFor is lead with a lease of another time.
func (c *cluster) leadFor(name string, ttl time.Duration, run func(ctx context.Context, fence uint64) error) func(context.Context) error {
	l := c.redis.Lead(name, c.nodes.Me().ID, ttl)
	c.leads = append(c.leads, l)
	return func(ctx context.Context) error {
		for {
			err := l.Run(ctx, run)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			c.log.Warn("work that one node does has ended and begins anew", "lease", name, "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(restPause):
			}
		}
	}
}

// lives says whether a node is not known to be dead.
func (c *cluster) lives(node string) bool {
	_, alive := c.nodes.Node(node)
	return alive
}

// actors keep this node among the others. They end after all that may ask another node.
func (c *cluster) actors() []actor {
	return []actor{{"node", c.nodes.Run}, {"news of the cluster", c.news.Run}, {"secrets of the cluster", c.remind}, {"settings of the cluster", c.compare}}
}

// close lets go of the connections.
func (c *cluster) close() error {
	c.ask.Close()
	return c.redis.Close()
}

// remind notes the secrets again each time that Redis comes back, and when it no longer knows this node: it may have forgotten
// everything.
func (c *cluster) remind(ctx context.Context) error {
	for {
		up, changed := c.redis.Watch()
		if up {
			if err := c.agree(ctx); err != nil && !errors.Is(err, redisstore.ErrAway) {
				c.log.Error("this node does not fit the cluster", "err", err)
			}
		}
		select {
		case <-changed:
		case <-c.nodes.Forgot():
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// check says whether Redis is there, and stores what it is told. Watching, and chat on this node, go on without it.
func (c *cluster) check() web.Check {
	return web.Check{Name: "redis", Probe: func(context.Context) error {
		if !c.redis.Up() {
			return redisstore.ErrAway
		}
		return c.nodes.Err()
	}}
}

// facts are what detailed health tells of the cluster.
func (c *cluster) facts(ctx context.Context) map[string]any {
	leads := []string{}
	for _, l := range c.leads {
		if l.Fence() != 0 {
			leads = append(leads, l.Name())
		}
	}
	me := c.nodes.Me()
	me.Settings = ""
	facts := map[string]any{"node": me, "nodes": c.others(), "leads": leads, "redis": c.redis.About(ctx)}
	if unlike := c.unlike(); len(unlike) > 0 {
		facts["otherSettings"] = unlike
	}
	return facts
}

// metrics are what was asked of Redis and by other nodes, and how many nodes there are.
func (c *cluster) metrics() []web.Sample {
	st := c.redis.Stats()
	const commands = "Commands to Redis, by fate: unknown were sent, perhaps, and not answered; skipped were not sent, because it was known to be away."
	fate := func(v string) web.Label { return web.Label{Name: "fate", Value: v} }
	up := 0
	if st.Up {
		up = 1
	}
	out := []web.Sample{
		gauge("redis_up", "Whether Redis answers: 1 or 0.", up),
		counter("redis_commands_total", commands, st.Answered, fate("answered")),
		counter("redis_commands_total", commands, st.Refused, fate("refused")),
		counter("redis_commands_total", commands, st.Unknown, fate("unknown")),
		counter("redis_commands_total", commands, st.Skipped, fate("skipped")),
		{Name: "redis_wait_seconds_total", Help: "Time until answers of Redis, all together; divided by answered and refused commands it is the round trip.", Counter: true, Value: st.Waited.Seconds()},
		{Name: "redis_away_seconds_total", Help: "How long Redis was away.", Counter: true, Value: st.Away.Seconds()},
		gauge("nodes", "Nodes of the cluster that are alive, as far as this one knows.", len(c.nodes.Alive())),
	}
	asked := c.peers.Stats()
	out = append(out, counter("peer_requests_total", "Requests of other nodes.", asked.Served))
	for _, why := range []string{"unsigned", "forged", "time", "body", "other"} {
		out = append(out, counter("peer_refused_total", "Requests between nodes refused, by why: time is a clock that differs by more than 30 s.", asked.Refused[why],
			web.Label{Name: "why", Value: why}))
	}
	for _, l := range c.leads {
		leads := gauge("leads", "Whether this node does now what one node at a time does, by lease.", int(min(l.Fence(), 1)))
		leads.Labels = []web.Label{{Name: "lease", Value: l.Name()}}
		out = append(out, leads)
	}
	return out
}
