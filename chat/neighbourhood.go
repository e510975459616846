package chat

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"
)

// Neighbourhood is a cluster in one process, for tests and for domain time under synctest: Node is the Neighbours of each
// of its nodes.
type Neighbourhood struct {
	lease time.Duration

	mu      sync.Mutex // guards what follows, and all nodes
	away    bool
	renewed map[string]time.Time // when each node was seen last
	nodes   map[string]*MemoryNeighbours
	users   map[string]*registered
	counts  map[string]map[string]Headcount
	banned  map[barred]time.Time // when it is over
}

// barred is one name that may not watch in a group.
type barred struct{ group, user, watch string }

// registered is what is known of a user, by node.
type registered struct {
	at    map[string]Whereabouts
	ended time.Time
}

// MemoryNeighbours is one node of a Neighbourhood.
type MemoryNeighbours struct {
	all  *Neighbourhood
	name string

	dead   bool
	cut    bool
	heard  chan struct{} // has a token when queue was empty
	queue  []heard
	missed bool
}

type heard struct {
	from string
	news json.RawMessage
}

var _ Neighbours = (*MemoryNeighbours)(nil)

var errNeighbourhood = errors.New("the neighbourhood is away")

// NewNeighbourhood is one without nodes, in which a node that does not renew its lease for so long is dead.
func NewNeighbourhood(lease time.Duration) *Neighbourhood {
	return &Neighbourhood{
		lease: lease, renewed: make(map[string]time.Time), nodes: make(map[string]*MemoryNeighbours),
		users: make(map[string]*registered), counts: make(map[string]map[string]Headcount),
		banned: make(map[barred]time.Time),
	}
}

// Node is the node of a name that none had before.
func (n *Neighbourhood) Node(name string) *MemoryNeighbours {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := &MemoryNeighbours{all: n, name: name, heard: make(chan struct{}, 1)}
	n.nodes[name], n.renewed[name] = m, time.Now()
	return m
}

// SetAway lets every operation fail, as a store that does not answer, or work again. What is said meanwhile is lost.
func (n *Neighbourhood) SetAway(away bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.away = away; away {
		return
	}
	for _, m := range n.nodes {
		m.missed = true
		m.wake()
	}
}

// Kill lets a node do and hear nothing any more: it dies when its lease is over.
func (m *MemoryNeighbours) Kill() {
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	m.dead = true
}

// SetCut lets every operation of a node fail, and it hear nothing, as one whose connection is cut, or work again.
func (m *MemoryNeighbours) SetCut(cut bool) {
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	if m.cut = cut; !cut {
		m.missed = true
		m.wake()
	}
}

// Attend implements Neighbours. It renews the node's lease.
func (m *MemoryNeighbours) Attend(ctx context.Context, l Listener) error {
	renew := time.NewTicker(m.all.lease / 5)
	defer renew.Stop()
	l.Missed()
	for {
		select {
		case <-ctx.Done():
			m.resign()
			return context.Cause(ctx)
		case <-renew.C:
			m.renew()
		case <-m.heard:
			missed, queue := m.take()
			for _, h := range queue {
				l.Told(h.from, h.news)
			}
			if missed {
				l.Missed()
			}
		}
	}
}

func (m *MemoryNeighbours) renew() {
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	if !m.dead && !m.all.away && !m.cut {
		m.all.renewed[m.name] = time.Now()
	}
}

func (m *MemoryNeighbours) resign() {
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	if !m.all.away {
		delete(m.all.renewed, m.name)
	}
}

func (m *MemoryNeighbours) take() (missed bool, queue []heard) {
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	if m.dead {
		return false, nil
	}
	missed, queue = m.missed, m.queue
	m.missed, m.queue = false, nil
	return missed, queue
}

// wake lets Attend look. The lock is held.
func (m *MemoryNeighbours) wake() {
	select {
	case m.heard <- struct{}{}:
	default:
	}
}

// enter takes the lock, unless nothing works.
func (m *MemoryNeighbours) enter() error {
	m.all.mu.Lock()
	if m.all.away || m.dead || m.cut {
		m.all.mu.Unlock()
		return errNeighbourhood
	}
	return nil
}

// lives says whether a node holds its lease. The lock is held.
func (n *Neighbourhood) lives(node string) bool {
	at, known := n.renewed[node]
	return known && time.Since(at) < n.lease
}

// Node implements Neighbours.
func (m *MemoryNeighbours) Node() string { return m.name }

// Others implements Neighbours.
func (m *MemoryNeighbours) Others() (others []string) {
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	for name := range m.all.nodes {
		if name != m.name && m.all.lives(name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return others
}

// Tell implements Neighbours.
func (m *MemoryNeighbours) Tell(_ context.Context, node string, news json.RawMessage) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.all.mu.Unlock()
	for name, other := range m.all.nodes {
		if other != m && !other.cut && (node == "" || node == name) {
			other.queue = append(other.queue, heard{m.name, news})
			other.wake()
		}
	}
	return nil
}

// PutUsers implements Registry.
func (m *MemoryNeighbours) PutUsers(_ context.Context, here map[string]Whereabouts) (map[string]Elsewhere, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.all.mu.Unlock()
	out := make(map[string]Elsewhere, len(here))
	for user, w := range here {
		u := m.all.user(user)
		if u.at[m.name] = w; w.Nowhere() {
			delete(u.at, m.name)
		}
		out[user] = m.elsewhere(user)
	}
	return out, nil
}

// user finds a user, or makes him. The lock is held.
func (n *Neighbourhood) user(name string) *registered {
	u := n.users[name]
	if u == nil {
		u = &registered{at: make(map[string]Whereabouts)}
		n.users[name] = u
	}
	return u
}

// elsewhere is where else a user is. The lock is held.
func (m *MemoryNeighbours) elsewhere(user string) (e Elsewhere) {
	u := m.all.users[user]
	if u == nil {
		return e
	}
	for node, w := range u.at {
		if node != m.name && m.all.lives(node) {
			if e.Nodes == nil {
				e.Nodes = make(map[string]Whereabouts)
			}
			e.Nodes[node] = w
		}
	}
	if ago := time.Since(u.ended); !u.ended.IsZero() && ago < EndedAge {
		e.Ended = max(ago, 1)
	}
	return e
}

// Users implements Registry.
func (m *MemoryNeighbours) Users(_ context.Context, users []string) (map[string]Elsewhere, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.all.mu.Unlock()
	out := make(map[string]Elsewhere)
	for _, user := range users {
		if e := m.elsewhere(user); len(e.Nodes) > 0 || e.Ended > 0 {
			out[user] = e
		}
	}
	return out, nil
}

// EndUser implements Registry.
func (m *MemoryNeighbours) EndUser(_ context.Context, user string, ago time.Duration) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.all.mu.Unlock()
	if u, at := m.all.user(user), time.Now().Add(-ago); at.After(u.ended) {
		u.ended = at
	}
	return nil
}

// Inherit implements Registry.
func (m *MemoryNeighbours) Inherit(context.Context) (map[string]Whereabouts, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.all.mu.Unlock()
	left := make(map[string]Whereabouts)
	for user, u := range m.all.users {
		for node, w := range u.at {
			if node != m.name && !m.all.lives(node) {
				one := left[user]
				one.Seats = append(one.Seats, w.Seats...)
				left[user] = one
				delete(u.at, node)
			}
		}
	}
	return left, nil
}

// PutCounts implements Neighbours.
func (m *MemoryNeighbours) PutCounts(_ context.Context, counts map[string]Headcount) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.all.mu.Unlock()
	own := maps.Clone(m.all.counts[m.name])
	if own == nil {
		own = make(map[string]Headcount)
	}
	for group, n := range counts {
		if own[group] = n; n == (Headcount{}) {
			delete(own, group)
		}
	}
	m.all.counts[m.name] = own
	return nil
}

// Counts implements Neighbours.
func (m *MemoryNeighbours) Counts(context.Context) (map[string]map[string]Headcount, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.all.mu.Unlock()
	others := make(map[string]map[string]Headcount)
	for node, counts := range m.all.counts {
		if node != m.name && m.all.lives(node) {
			others[node] = counts
		}
	}
	return others, nil
}

// PutBanished implements Neighbours.
func (m *MemoryNeighbours) PutBanished(_ context.Context, b Banishment) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.all.mu.Unlock()
	for _, watch := range b.Watches {
		m.all.banned[barred{b.Group, b.User, watch}] = b.End(time.Now())
	}
	return nil
}

// Banished implements Neighbours.
func (m *MemoryNeighbours) Banished(context.Context) ([]Banishment, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.all.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(m.all.banned, func(_ barred, until time.Time) bool { return !now.Before(until) })
	var all []Banishment
	for who, until := range m.all.banned {
		all = append(all, Banishment{who.group, who.user, []string{who.watch}, until})
	}
	return all, nil
}

// Pardon implements Neighbours.
func (m *MemoryNeighbours) Pardon(_ context.Context, group string, users []string) error {
	if err := m.enter(); err != nil {
		return err
	}
	defer m.all.mu.Unlock()
	maps.DeleteFunc(m.all.banned, func(who barred, _ time.Time) bool { return who.group == group && slices.Contains(users, who.user) })
	return nil
}

// Nowhere says whether there is nothing to know.
func (w Whereabouts) Nowhere() bool { return len(w.Devices)+len(w.Seats) == 0 }
