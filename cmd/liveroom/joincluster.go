package main

import (
	"context"
	"net"
	"net/http"
	"strings"

	"liveroom/internal/redisstore"
	"liveroom/live"
	"liveroom/live/edge"
	"liveroom/live/flv"
	"liveroom/live/hls"
	"liveroom/status"
	"liveroom/web"
	"liveroom/web/peer"
	"liveroom/web/socket"
)

// meet joins the cluster: it takes the ports, waits for Redis, and opens the stores there.
func (p *program) meet(ctx context.Context, keys Secrets) (err error) {
	if p.cluster, err = newCluster(p.set, keys, p.log); err != nil {
		return err
	}
	if p.ports, err = listen(p.set); err != nil {
		return err
	}
	for _, open := range []net.Listener{p.ports.http, p.ports.ops} {
		ln, ok := open.(limited)
		if !ok { // there is no such port
			continue
		}
		stop, err := whileStarting(ln, p.log)
		if err != nil {
			return err
		}
		defer stop()
	}
	if err = p.cluster.wait(ctx); err != nil {
		return err
	}
	p.stores = p.cluster.stores()
	return nil
}

// nodeID is this node's name and incarnation: a new one at each start.
func (p *program) nodeID() string {
	if p.cluster != nil {
		return p.cluster.nodes.Me().ID
	}
	return p.set.nodeName() + "/" + randomHex(4)
}

// once is run as it is where this node is alone; in a cluster it runs on one node at a time.
func (p *program) once(name string, run func(context.Context) error) func(context.Context) error {
	if p.cluster == nil {
		return run
	}
	return p.cluster.lead(name, func(ctx context.Context, _ uint64) error { return run(ctx) })
}

// joinEdges makes what brings streams here that are pushed to other nodes, and gives them those that are pushed here.
func (p *program) joinEdges() live.Edges {
	if p.cluster == nil {
		return nil
	}
	locate := func(ctx context.Context, name string) error { return p.rooms.Locate(ctx, name) } // made later
	p.edges = edge.New(edge.Config{Node: p.nodeID(), Locate: locate}, p.hub, p.cluster.ask, p.log)
	p.pulled = flv.New(flv.Config{KeepAlive: edge.KeepAlive}, p.edges, p.log)
	p.cluster.peers.Handle("GET "+edge.Path+"{stream}", p.pulled)
	return p.edges
}

// upstream is where HLS is made that players ask this node for.
type upstream struct {
	*edge.Edges
	*peer.Client
	redisstore.Playlists
	nodes *redisstore.Nodes
}

// Others implements hls.Upstream.
func (u upstream) Others() (all []string) {
	for _, n := range u.nodes.Alive() {
		if n.ID != u.nodes.Me().ID {
			all = append(all, n.ID)
		}
	}
	return all
}

// upstream is where the HLS of other nodes' streams comes from; others get what is made here.
func (p *program) upstream() hls.Upstream {
	if p.cluster == nil {
		return nil
	}
	serve := func(w http.ResponseWriter, r *http.Request) { p.hls.ServePeer(w, r) } // made later
	p.cluster.peers.Handle("GET "+hls.PeerPath+"{stream}/{what...}", http.HandlerFunc(serve))
	return upstream{p.edges, p.cluster.ask, p.cluster.redis.Playlists(), p.cluster.nodes}
}

// named asks nodes by their names: what lies on their disks outlives their incarnations.
type named struct {
	nodes *redisstore.Nodes
	ask   *peer.Client
}

// Get implements file.Peers.
func (n named) Get(ctx context.Context, node, path, query string) (*http.Response, error) {
	var newest redisstore.Node // one that was killed and is back is known twice for a while
	for _, alive := range n.nodes.Alive() {
		if alive.Name == node && alive.StartedAt.After(newest.StartedAt) {
			newest = alive
		}
	}
	return n.ask.Get(ctx, newest.ID, path, query)
}

// joinStreams has chat event streams take frames that come to other nodes.
func (p *program) joinStreams(door *socket.Config) {
	if p.cluster == nil {
		return
	}
	door.Node, door.Peers = incarnation(p.nodeID()), incarnations{p.cluster.nodes, p.cluster.ask}
	serve := func(w http.ResponseWriter, r *http.Request) { p.socket.ServePeer(w, r) } // made later
	p.cluster.peers.Handle("POST "+socket.PeerPath+"{key}", http.HandlerFunc(serve))
}

// incarnation is what of a node's id may be told to clients: not its name, which may be a host's.
func incarnation(node string) string { return node[strings.LastIndexByte(node, '-')+1:] }

// incarnations asks nodes by their incarnations.
type incarnations struct {
	nodes *redisstore.Nodes
	ask   *peer.Client
}

// Do implements socket.Peers.
func (i incarnations) Do(ctx context.Context, call peer.Call) (*http.Response, error) {
	for _, alive := range i.nodes.Alive() {
		if incarnation(alive.ID) == call.Node {
			call.Node = alive.ID
			return i.ask.Do(ctx, call)
		}
	}
	return nil, peer.ErrUnknown
}

// edgeMetrics are the streams that come from other nodes.
func (p *program) edgeMetrics() []web.Sample {
	st, made := p.edges.Stats(), p.hls.Stats()
	return []web.Sample{
		gauge("edge_streams", "Streams of other nodes that come here, because they are watched here.", st.Pulling),
		counter("edge_in_bytes_total", "Media received from other nodes.", st.BytesIn),
		counter("edge_pulls_total", "Connections made to other nodes for that.", st.Pulls),
		counter("edge_failures_total", "Of them, those that could not be made, or broke.", st.Failures),
		counter("edge_silences_total", "Of those, the ones over which nothing came any more.", st.Silences),
		counter("edge_moves_total", "Streams that went on at another node, or with another push.", st.Moves),
		gauge("edge_hls_streams", "Streams of other nodes whose HLS is asked for here.", made.Remotes),
		gauge("edge_hls_cache_bytes", "Memory held by their segments.", made.CacheBytes),
		counter("edge_hls_hits_total", "Files of theirs that were there.", made.CacheHits),
		counter("edge_hls_asked_total", "Playlists and files that other nodes were asked for.", made.Asked),
	}
}

// joinCluster makes what a node does for and with the others, once its own parts are made.
func (p *program) joinCluster() {
	p.cluster.news.Watch(redisstore.NewsWords, p.words.Reload)
	p.cluster.news.Watch(redisstore.NewsKinds, p.kinds.Reload)
	p.cluster.news.Watch(redisstore.NewsSettings, p.settings.Reload)
	p.watchKeys()
	p.watchRelays()
	p.watchPulls()
	p.cluster.news.Watch(redisstore.NewsEndpoints, p.callbacks.receivers.Reload)
}

// shared is the store of statuses that other nodes use too; nil: this node is alone.
func (p *program) shared() status.Shared {
	if p.cluster == nil {
		return nil
	}
	return p.cluster.states
}

// keep is what ends rooms whose time is up, and the pushes of nodes that died.
func (p *program) keep() func(context.Context) error {
	if p.cluster == nil {
		return p.deadlines.Run
	}
	keeper := status.NewKeeper(status.KeeperConfig{Lease: leaseTime, Since: p.rooms.FreshSince, Begin: p.rooms.AlignAll}, p.machine, p.cluster.states, p.log)
	return p.once("keeper", keeper.Run)
}
