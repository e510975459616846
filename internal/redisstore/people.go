package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat"
)

// Keys and channels of people:
//
//	{u:USER}:at           hash: node → where the user is on it; "!" → when he was sent away
//	{n:NODE}:users        set: users of whom the node said something, for whoever takes over after its death
//	{n:NODE}:counts       hash: group → how many are in it on the node
//	{lr}:people           sorted set: node that has people → when it was seen alive last
//	{lr}:people:dying     set: dead nodes whose people are being taken over
//	{lr}:people:banished  sorted set: name, user and group, in lines, of a play session that a ban ended → until when (Unix ms)
//	{lr}:people:all       sharded channel: what a node tells all others
//	{lr}:people:to:NODE   sharded channel: what it tells one
const (
	peopleUsers  = 10 * time.Minute // lifetime of what is said of a user; his node says it again each 3 minutes
	peopleCounts = 30 * time.Second // of a node's counts, said again each 10 s
	peopleIndex  = time.Hour        // of a node's users

	peoplePing    = time.Second     // how long the subscription is silent before it is asked whether it stands
	peopleSilence = 5 * time.Second // after which it does not

	peopleBanished = 10_000 // play sessions of the banned that are remembered: those whose time ends last

	maxCountFields = 1000 // groups in one command
	heirBatch      = 100  // users taken over at once
)

var (
	scriptPeopleUser   = load("people_user")
	scriptPeopleEnd    = load("people_end")
	scriptPeopleHeir   = load("people_heir")
	scriptPeopleCounts = load("people_counts")
	scriptPeopleHere   = load("people_here")
	scriptPeopleDead   = load("people_dead")
)

// People is who is where in the cluster, as one node's chat needs it.
type People struct {
	s     *Store
	nodes *Nodes

	again atomic.Bool // the listener must be told that it missed something

	mu    sync.Mutex
	heard map[string]time.Time // when each node said something last: a new one is known by it before it is by Nodes
	up    time.Time            // when Redis was there last, as far as was looked
}

var _ chat.Neighbours = (*People)(nil)

// People returns the people of a node, whose lease is that of nodes.
func (s *Store) People(nodes *Nodes) *People {
	return &People{s: s, nodes: nodes, heard: make(map[string]time.Time), up: time.Now()}
}

// Node implements chat.Neighbours.
func (p *People) Node() string { return p.nodes.Me().ID }

// Others implements chat.Neighbours. While Redis is away for longer than a lease there are none.
func (p *People) Others() (others []string) {
	now := time.Now()
	alive := p.nodes.Alive()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.s.Up() {
		p.up = now
	} else if now.Sub(p.up) > p.nodes.lease {
		return nil
	}
	known := make(map[string]bool, len(alive))
	for _, n := range alive {
		if known[n.ID] = true; n.ID != p.Node() {
			others = append(others, n.ID)
		}
	}
	for node, at := range p.heard {
		switch {
		case now.Sub(at) > p.nodes.lease/nodeRenewals*2:
			delete(p.heard, node)
		case !known[node]:
			others = append(others, node)
		}
	}
	return others
}

func (p *People) channel(node string) string {
	if node == "" {
		return p.s.key("lr", "people", "all")
	}
	return p.s.key("lr", "people", "to", node)
}

// Tell implements chat.Neighbours.
func (p *People) Tell(ctx context.Context, node string, news json.RawMessage) error {
	return away(p.s.command(ctx, "spublish", p.channel(node), p.Node()+" "+string(news)).Err())
}

// Attend implements chat.Neighbours.
func (p *People) Attend(ctx context.Context, l chat.Listener) error {
	for {
		err := p.listen(ctx, l)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p.s.log.Debug("the subscription to other nodes was lost", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(probePause):
		}
	}
}

// receive waits for what a subscription brings next, and asks it whether it stands while it is silent. heard is when it was heard last.
func receive(ctx context.Context, sub *redis.PubSub, heard *time.Time) (any, error) {
	for {
		got, err := sub.ReceiveTimeout(ctx, peoplePing)
		var silent interface{ Timeout() bool }
		switch {
		case err == nil:
			*heard = time.Now()
			return got, nil
		case !errors.As(err, &silent) || !silent.Timeout() || time.Since(*heard) > peopleSilence:
			return nil, err
		}
		if err := sub.Ping(ctx); err != nil {
			return nil, err
		}
	}
}

// listen is one subscription, from its begin to its end.
func (p *People) listen(ctx context.Context, l chat.Listener) error {
	sub := p.s.rdb.SSubscribe(ctx)
	defer sub.Close()
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	if err := sub.SSubscribe(ctx, p.channel(""), p.channel(p.Node())); err != nil {
		return err
	}
	heard, there := time.Now(), 0
	for {
		got, err := receive(ctx, sub, &heard)
		if err != nil {
			return err
		}
		switch v := got.(type) {
		case *redis.Message:
			p.told(l, v.Payload)
		case *redis.Subscription:
			if v.Kind != "ssubscribe" {
				return errors.New("the channel moved")
			}
			if there++; there == 2 {
				p.again.Store(true)
				_ = p.Tell(ctx, "", json.RawMessage("[]")) // so that others know this node at once
			}
		}
		if there == 2 && p.again.Swap(false) {
			l.Missed()
		}
	}
}

func (p *People) told(l chat.Listener, payload string) {
	node, said, found := strings.Cut(payload, " ")
	if !found || node == p.Node() {
		return
	}
	p.mu.Lock()
	p.heard[node] = time.Now()
	p.mu.Unlock()
	l.Told(node, json.RawMessage(said))
}

// PutCounts implements chat.Neighbours.
func (p *People) PutCounts(ctx context.Context, counts map[string]chat.Headcount) error {
	fresh, err := p.s.run(ctx, scriptPeopleHere, []string{p.s.key("lr", "people"), p.s.key("lr", "people", "dying")}, p.Node()).Int()
	if err != nil {
		return away(err)
	}
	if fresh == 1 {
		p.again.Store(true)
	}
	args := []any{peopleCounts.Milliseconds()}
	put := func() error {
		err := p.s.run(ctx, scriptPeopleCounts, []string{p.s.key("n:"+p.Node(), "counts")}, args...).Err()
		args = args[:1]
		return away(err)
	}
	for group, n := range counts {
		said := []byte{}
		if n != (chat.Headcount{}) {
			if said, err = json.Marshal(n); err != nil {
				return err
			}
		}
		if args = append(args, group, said); len(args) > 2*maxCountFields {
			if err := put(); err != nil {
				return err
			}
		}
	}
	return put() // what is empty renews the lifetime
}

// Counts implements chat.Neighbours.
func (p *People) Counts(ctx context.Context) (map[string]map[string]chat.Headcount, error) {
	ctx, cancel := p.s.within(ctx)
	defer cancel()
	all := make(map[string]map[string]chat.Headcount)
	for _, node := range p.Others() {
		said, err := p.s.rdb.HGetAll(ctx, p.s.key("n:"+node, "counts")).Result()
		if err != nil {
			return nil, away(err)
		}
		all[node] = make(map[string]chat.Headcount, len(said))
		for group, raw := range said {
			var n chat.Headcount
			if json.Unmarshal([]byte(raw), &n) == nil {
				all[node][group] = n
			}
		}
	}
	return all, nil
}

// ended is how long ago a user was sent away, of a script's answer in ms.
func ended(answer any) time.Duration {
	ms, _ := answer.(int64)
	if ms < 0 {
		return 0
	}
	return max(time.Duration(ms)*time.Millisecond, 1)
}

// elsewhere reads an answer of people_user.lua. What nodes said that live no more is left out.
func elsewhere(answer []any, living map[string]bool) (e chat.Elsewhere) {
	if len(answer) == 0 {
		return e
	}
	e.Ended = ended(answer[0])
	for i := 1; i+1 < len(answer); i += 2 {
		node, _ := answer[i].(string)
		raw, _ := answer[i+1].(string)
		var w chat.Whereabouts
		if !living[node] || json.Unmarshal([]byte(raw), &w) != nil {
			continue
		}
		if e.Nodes == nil {
			e.Nodes = make(map[string]chat.Whereabouts)
		}
		e.Nodes[node] = w
	}
	return e
}

func (p *People) living() map[string]bool {
	living := make(map[string]bool)
	for _, node := range p.Others() {
		living[node] = true
	}
	return living
}

func (p *People) userArgs(said string) []any {
	return []any{p.Node(), said, strconv.FormatInt(peopleUsers.Milliseconds(), 10), strconv.FormatInt(chat.EndedAge.Milliseconds(), 10)}
}
