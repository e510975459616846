package capacity

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"time"
)

// Ask is what a cluster is to carry, and of what nodes. Members and viewers are spread evenly over rooms and nodes.
type Ask struct {
	Members      int     // of all rooms together
	Rooms        int     // that they are spread over
	Rate         float64 // messages a second in each room
	MessageBytes int     // of a message's MsgBody

	Viewers map[string]int // of the streams, by protocol: flv, rtmp, hls
	Streams int            // each pushed to some node
	Bitrate float64        // of each, in bit/s

	NodeMembers int     // the most that a node may have; 0: as many as were measured, 10,000 a core
	Cores       int     // of a node
	Network     float64 // of a node and of Redis, in bit/s
	Memory      float64 // of a node, in bytes
}

// Bounds of an Ask, so that no arithmetic of it runs over.
const (
	maxPeople = 1_000_000_000
	maxRooms  = 1_000_000
	maxRate   = 10_000
	maxNodes  = 10_000
)

// Validate says what can't be planned.
func (a Ask) Validate() error {
	for _, f := range []struct {
		name     string
		is       float64
		min, max float64
	}{
		{"members", float64(a.Members), 0, maxPeople},
		{"rooms", float64(a.Rooms), 1, maxRooms},
		{"rate", a.Rate, 0.001, maxRate},
		{"message-bytes", float64(a.MessageBytes), 1, 1 << 20},
		{"streams", float64(a.Streams), 0, maxRooms},
		{"bitrate", a.Bitrate, 1e3, 1e9},
		{"node-members", float64(a.NodeMembers), 0, maxPeople},
		{"cores", float64(a.Cores), 1, 1024},
		{"network", a.Network, 1e6, 1e12},
		{"memory", a.Memory, 1 << 28, 1 << 44},
	} {
		if !(f.is >= f.min && f.is <= f.max) {
			return fmt.Errorf("%s is %g, must be from %g to %g", f.name, f.is, f.min, f.max)
		}
	}
	for protocol, n := range a.Viewers {
		if media[protocol] == nil || n < 0 || n > maxPeople {
			return fmt.Errorf("viewers: %d of %q; protocols are flv, rtmp and hls, and %d is the most", n, protocol, maxPeople)
		}
	}
	return nil
}

// Layout is what an Ask needs.
type Layout struct {
	Ask   Ask
	Nodes int
	Node  Node
	Redis Redis // zero for a node alone
	Needs []Need
}

// Need is how many nodes one bound alone asks for.
type Need struct {
	What  string
	Nodes int
	Used  float64 // of it, at the layout's number of nodes
}

// Node is what each of the nodes carries.
type Node struct {
	Members, Viewers float64
	Chat, Media      float64 // cores
	Bits             float64 // out, bit/s
	Bytes            float64 // memory
	Room             Share
}

// Share is one room on one node.
type Share struct {
	Members float64
	Nodes   float64       // on which the room is
	FanOut  time.Duration // handing one batch to them
	Turn    time.Duration // from one turn of the room's loop to the next
	FanOuts float64       // a second
	Flushes float64       // of the node's own messages, a second
}

// Redis is what it carries for all nodes.
type Redis struct {
	Flushes         float64 // a second
	Messages        float64 // of a flush
	Followers       float64 // nodes that a flush goes to
	Alone, Together float64 // of a core: if each flush comes alone, and if many come together
	Nodes           float64 // of a core, and of Together: what nodes tell each other, whoever speaks
	In, Out         float64 // bytes a second
}

// Plan lays an Ask out on the fewest nodes that bear it. It is an error if more than 10,000 would be needed.
func Plan(a Ask) (Layout, error) {
	if a.NodeMembers == 0 {
		a.NodeMembers = membersOfCore * a.Cores
	}
	l := Layout{Ask: a, Nodes: 1}
	for _, b := range bounds {
		need := Need{What: b.what, Nodes: fewest(1, func(nodes int) bool { return b.used(a, nodes) <= 1 })}
		if need.Nodes > maxNodes {
			return l, fmt.Errorf("more than %d nodes would be needed for the %s of a node", maxNodes, b.what)
		}
		l.Needs = append(l.Needs, need)
		l.Nodes = max(l.Nodes, need.Nodes)
	}
	if l.Nodes = fewest(l.Nodes, func(nodes int) bool {
		return !slices.ContainsFunc(bounds, func(b bound) bool { return b.used(a, nodes) > 1 })
	}); l.Nodes > maxNodes {
		return l, fmt.Errorf("no number of nodes up to %d is enough: what one takes off, another adds", maxNodes)
	}
	for i, b := range bounds {
		l.Needs[i].Used = b.used(a, l.Nodes)
	}
	l.Node = a.node(l.Nodes)
	if l.Nodes > 1 {
		l.Redis = a.redis(l.Nodes)
	}
	return l, nil
}

// bound of a node: which share of what may be used it uses, with so many nodes.
type bound struct {
	what string
	used func(a Ask, nodes int) float64
}

var bounds = []bound{
	{"members", func(a Ask, nodes int) float64 {
		return math.Ceil(float64(a.Members)/float64(nodes)) / float64(a.NodeMembers)
	}},
	{"CPU", func(a Ask, nodes int) float64 {
		n := a.node(nodes)
		return (n.Chat + n.Media) / (coreShare * float64(a.Cores))
	}},
	{"network", func(a Ask, nodes int) float64 { return a.node(nodes).Bits / (networkShare * a.Network) }},
	{"memory", func(a Ask, nodes int) float64 { return a.node(nodes).Bytes / (memoryShare * a.Memory) }},
}

// fewest is the least number of nodes, at least from, that is enough; one more than maxNodes if none is. It tries them all: more
// nodes can be worse, as an origin has more edges then.
func fewest(from int, enough func(nodes int) bool) int {
	n := from
	for n <= maxNodes && !enough(n) {
		n++
	}
	return n
}

// node is what each of so many nodes carries.
func (a Ask) node(nodes int) Node {
	all, s := float64(nodes), a.share(nodes)
	rooms := float64(a.Rooms) * s.Nodes / all
	own := a.Rate / max(s.Nodes, 1)
	n := Node{
		Members: float64(a.Members) / all, Room: s,
		Chat: rooms * (s.FanOuts*s.Members*writeCost + own*intakeCost + (a.Rate-own)*hearCost),
		Bits: 8 * rooms * s.Members * (a.Rate*float64(a.MessageBytes+messageOverhead) + s.FanOuts*writeOverhead),
	}
	n.Bytes = nodeBytes + n.Members*memberBytes
	a.addMedia(&n, all)
	return n
}

// addMedia adds what streams take: somebody on each node watches each stream, so it is pushed there or pulled from where it is.
func (a Ask) addMedia(n *Node, nodes float64) {
	gbit := a.Bitrate / 1e9
	for protocol, viewers := range a.Viewers {
		here := float64(viewers) / nodes
		n.Viewers += here
		c := costOf(protocol, here/float64(a.Cores))
		n.Media += here * gbit * c.perGbit
		n.Bytes += here * c.bytes
	}
	n.Bits += n.Viewers * a.Bitrate
	pushed := math.Ceil(float64(a.Streams) / nodes) // to the node that has most
	if n.Viewers == 0 {                             // nobody pulls
		n.Media += pushed * pushCost
		return
	}
	n.Media += float64(a.Streams)*pushCost + pushed*(nodes-1)*gbit*edgeCost
	n.Bits += pushed * (nodes - 1) * a.Bitrate
}

// share is one room on one of the nodes. Its members come to nodes at random, so a small room is not on all. In each turn
// of the loop a node flushes what came here, and hands that out together with what others flushed.
func (a Ask) share(nodes int) (s Share) {
	members, all := float64(a.Members)/float64(a.Rooms), float64(nodes)
	if members == 0 {
		return s
	}
	s.Nodes = all
	if nodes > 1 {
		s.Nodes = all * (1 - math.Pow(1-1/all, members))
	}
	s.Members = members / s.Nodes
	s.FanOut = fanOut(s.Members, a.Cores)
	s.Turn = s.FanOut + Pause(int(s.Members), s.FanOut)
	own := a.Rate / max(s.Nodes, 1)
	some := func(rate float64) float64 { return 1 - math.Exp(-rate*s.Turn.Seconds()) } // that something came in a turn
	s.FanOuts = 1 / (s.Turn.Seconds() + (1-some(a.Rate))/a.Rate)
	s.Flushes = min(s.FanOuts*some(own)/some(a.Rate), own)
	return s
}

// redis is what it carries for so many nodes, each of which tells all others once a second how many are in which group.
func (a Ask) redis(nodes int) (r Redis) {
	all, s := float64(nodes), a.share(nodes)
	rooms, message := float64(a.Rooms), float64(a.MessageBytes)
	messages, told := 0.0, rooms*s.Nodes*countBytes // of all nodes together
	if r.Flushes = rooms * s.Nodes * s.Flushes; r.Flushes > 0 {
		messages = rooms * a.Rate
		r.Messages = messages / r.Flushes
	}
	r.Followers = s.Nodes
	talk := func(c flushCost) float64 { return all*nodeScripts*scriptCost + all*(all-1)*c.follower }
	chat := func(c flushCost) float64 { return r.Flushes*c.of(r.Followers, r.Messages) + messages*reserveCost }
	r.Nodes = talk(flushTogether)
	r.Alone, r.Together = chat(flushAlone)+talk(flushAlone), chat(flushTogether)+r.Nodes
	r.In = r.Flushes*flushIn + messages*(messageIn+message) + 2*told
	r.Out = r.Flushes*(flushOut+r.Followers*publishedOut) + messages*r.Followers*(messageOut+message) + told*(all-1)
	return r
}

// Full is what Redis ends at: one core of it, or its network.
type Full struct {
	Rooms, Nodes int    // the first number of such rooms that is too much, and the nodes they need; 0: more than can be planned
	What         string // "flushes" or "nodes", whichever takes most of the core; or "network"
}

// Full looks for it, with rooms as large as those of the layout, and viewers as many for each.
func (l Layout) Full() (f Full) {
	full := func(rooms int) (f Full, end bool) {
		a := l.Ask
		times := float64(rooms) / float64(a.Rooms)
		a.Rooms, a.Members, a.Streams = rooms, int(float64(a.Members)*times), int(float64(a.Streams)*times)
		a.Viewers = make(map[string]int, len(l.Ask.Viewers))
		for protocol, n := range l.Ask.Viewers {
			a.Viewers[protocol] = int(float64(n) * times)
		}
		p, err := Plan(a)
		switch f = (Full{Rooms: rooms, Nodes: p.Nodes}); {
		case err != nil:
			return Full{}, true
		case p.Redis.Together > coreShare && p.Redis.Nodes > p.Redis.Together/2:
			f.What = "nodes"
		case p.Redis.Together > coreShare:
			f.What = "flushes"
		case 8*p.Redis.Out > networkShare*a.Network:
			f.What = "network"
		}
		return f, f.What != ""
	}
	rooms := 1 + sort.Search(maxRooms, func(i int) bool { _, end := full(i + 1); return end })
	f, _ = full(rooms)
	return f
}

// Simulate simulates one of the layout's rooms, with its members evenly on the nodes where it is.
func (l Layout) Simulate(span time.Duration, seed uint64) Simulated {
	nodes := max(1, int(math.Round(l.Node.Room.Nodes)))
	return Simulate(Room{Nodes: nodes, Members: l.Ask.Members / l.Ask.Rooms, Cores: l.Ask.Cores, Rate: l.Ask.Rate, For: span, Seed: seed})
}
