package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Node is one process of the cluster.
type Node struct {
	ID        string    `json:"id"` // Name and an incarnation, which is new at each start
	Name      string    `json:"name"`
	URL       string    `json:"url"` // where other nodes reach it
	Version   string    `json:"version"`
	StartedAt time.Time `json:"startedAt"` // by its own clock

	Settings string `json:"settings,omitempty"` // what it wants others to compare with their own
}

// nodeLease is the default of how long a node that says nothing counts as alive, and nodeRenewals how often it says something
// in that time.
const (
	nodeLease    = 15 * time.Second
	nodeRenewals = 5
)

var scriptNodesRenew = load("nodes_renew")

// Nodes knows which nodes there are. It is safe for concurrent use.
type Nodes struct {
	s     *Store
	me    Node
	lease time.Duration

	forgot chan struct{} // see Forgot; capacity 1

	mu   sync.Mutex
	all  map[string]Node // me among them
	seen map[string]time.Time
	was  chan struct{} // closed once Redis knew this node
	keep time.Time     // until then nodes stay that Redis does not know: it forgot them, or is not told again yet
	err  error         // of the last renewal
}

// Nodes makes a node of this process, with a new incarnation. Others know it while Run runs. A lease of 0 means 15 s.
func (s *Store) Nodes(name, url, version string, lease time.Duration) *Nodes {
	if lease == 0 {
		lease = nodeLease
	}
	me := Node{
		ID: name + "-" + strings.ToLower(rand.Text()[:8]), Name: name, URL: url, Version: version,
		StartedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	return &Nodes{s: s, me: me, lease: lease, all: map[string]Node{me.ID: me}, seen: map[string]time.Time{}, was: make(chan struct{}), forgot: make(chan struct{}, 1)}
}

// Show has the others know Settings of this node. It is called before Run.
func (n *Nodes) Show(settings string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.me.Settings = settings
	n.all[n.me.ID] = n.me
}

// Me is this node.
func (n *Nodes) Me() Node { return n.me }

// Alive are the nodes that have a lease, this one always among them, by id. It does not ask Redis: what it says is a fifth of a
// lease old, and while Redis is away it is what was true before.
func (n *Nodes) Alive() []Node {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.SortedFunc(maps.Values(n.all), func(a, b Node) int { return cmp.Compare(a.ID, b.ID) })
}

// Node is one of Alive.
func (n *Nodes) Node(id string) (Node, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	node, ok := n.all[id]
	return node, ok
}

// Run renews this node's lease five times in a lifetime until ctx ends, and gives it up then. Others learn of a node, and of
// its end, with their next renewal; of one that was killed, when its lease is over.
func (n *Nodes) Run(ctx context.Context) error {
	defer func() { _, _, _ = n.renew(context.WithoutCancel(ctx), 0) }() // else it lapses
	tick := time.NewTicker(n.lease / nodeRenewals)
	defer tick.Stop()
	for {
		_, changed := n.s.Watch()
		had, alive, err := n.renew(ctx, n.lease)
		if err == nil {
			n.took(had, alive)
		}
		n.note(err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		case <-changed: // Redis is back, perhaps
		}
	}
}

// Joined waits until Redis has taken this node in, so that the others learn of it.
func (n *Nodes) Joined(ctx context.Context) error {
	select {
	case <-n.was:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Forgot receives when Redis no longer knew this node: it was flushed, perhaps, and forgot all else as well. One receives.
func (n *Nodes) Forgot() <-chan struct{} { return n.forgot }

// renew tells Redis of this node, and answers whether it was known and who has a lease.
func (n *Nodes) renew(ctx context.Context, lease time.Duration) (had bool, alive []Node, err error) {
	said, err := json.Marshal(n.me)
	if err != nil {
		return false, nil, err
	}
	answer, err := n.s.run(ctx, scriptNodesRenew, []string{n.s.key("lr", "nodes"), n.s.key("lr", "nodes", "info")},
		n.me.ID, said, lease.Milliseconds()).Slice()
	if err != nil || len(answer) == 0 {
		return false, nil, away(err)
	}
	seen := map[string]time.Time{}
	for rest := answer[1:]; len(rest) >= 2; rest = rest[2:] {
		var node Node
		text, _ := rest[0].(string)
		left, _ := rest[1].(int64)
		if json.Unmarshal([]byte(text), &node) == nil && node.ID != "" {
			alive = append(alive, node)
			seen[node.ID] = time.Now().Add(time.Duration(left)*time.Millisecond - n.lease)
		}
	}
	n.saw(seen)
	return answer[0] == int64(1), alive, nil
}

// saw notes when nodes renewed their leases.
func (n *Nodes) saw(seen map[string]time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = seen
}

// SeenAt is when a node renewed its lease, by this node's clock, as far as this one knows: zero where it does not.
func (n *Nodes) SeenAt(id string) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[id]
}

func (n *Nodes) note(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
}

// Err says why this node's lease could not be renewed when that was tried last, a fifth of a lease ago at most: Redis may
// answer and store nothing, as one whose memory is full. Nil: it could.
func (n *Nodes) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// took notes who has a lease. If Redis did not know this node any more, it has been away for long or forgot everything, and the
// others come back to it as this one does: they are believed to live for one lease more.
func (n *Nodes) took(had bool, alive []Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.was:
		if !had {
			n.keep = time.Now().Add(n.lease)
			select {
			case n.forgot <- struct{}{}:
			default:
			}
		}
	default:
		close(n.was)
	}
	all := map[string]Node{n.me.ID: n.me}
	if time.Now().Before(n.keep) {
		maps.Copy(all, n.all)
	}
	for _, node := range alive {
		all[node.ID] = node
	}
	n.all = all
}

// URL is where a node that is alive is reached by others.
func (n *Nodes) URL(id string) (string, bool) {
	node, ok := n.Node(id)
	return node.URL, ok
}
