package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"liveroom/internal/redisstore"
	"liveroom/web"
	"liveroom/web/peer"
)

// nodePath is where other nodes ask how this one is.
const nodePath = "/internal/node"

// Bounds of asking the other nodes.
const (
	nodeTimeout  = time.Second
	nodesAsked   = 32 // at a time
	maxNodeBytes = 64 << 10
)

// installation is which nodes there are (web.Nodes).
type installation struct {
	p     *program
	id    string
	began time.Time
}

// joinNodes lets the API, and other nodes, ask how this node is.
func (p *program) joinNodes() web.Nodes {
	if p.cluster != nil {
		p.cluster.peers.Handle("GET "+nodePath, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(p.web.Node(r.Context())) // made later; the other node may be gone
		}))
	}
	return installation{p, p.nodeID(), time.Now()}
}

// Store implements web.Nodes.
func (i installation) Store() string {
	if i.p.cluster != nil {
		return "redis"
	}
	return "folder"
}

// Self implements web.Nodes.
func (i installation) Self() web.NodeFigures {
	p := i.p
	f := web.NodeFigures{
		ID: i.id, StartedAt: i.began, Pushes: p.hub.Stats().Publishers + p.rooms.Delayed().Pushes.Publishers,
		Viewers: p.playing().Total(), Members: p.chat.Stats().Members,
	}
	if p.cluster != nil {
		me := p.cluster.nodes.Me()
		f.URL, f.StartedAt, f.SeenAt = me.URL, me.StartedAt, p.cluster.nodes.SeenAt(me.ID)
	}
	return f
}

// Others implements web.Nodes: each is asked itself, all at once.
func (i installation) Others(ctx context.Context) []web.NodeBody {
	if i.p.cluster == nil {
		return nil
	}
	c := i.p.cluster
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	var others []redisstore.Node
	for _, n := range c.nodes.Alive() {
		if n.ID != c.nodes.Me().ID {
			others = append(others, n)
		}
	}
	told := make([]web.NodeBody, len(others))
	var asking errgroup.Group
	asking.SetLimit(nodesAsked)
	for i, n := range others {
		asking.Go(func() error {
			told[i] = c.askNode(ctx, n)
			return nil
		})
	}
	_ = asking.Wait() // nobody fails
	return told
}

// askNode has a node say how it is. Who it is, and when it was last seen, is what this one knows.
func (c *cluster) askNode(ctx context.Context, n redisstore.Node) web.NodeBody {
	body, err := c.answerOf(ctx, n.ID)
	if err != nil {
		body = web.NodeBody{State: web.NodeSilent, Detail: silence(err)}
	}
	if body.Checks == nil {
		body.Checks = []web.NodeCheck{}
	}
	body.ID, body.Self, body.URL, body.Version = n.ID, false, n.URL, n.Version
	body.StartedAt, body.LastSeenAt = web.Time{Time: n.StartedAt}, web.Time{Time: c.nodes.SeenAt(n.ID)}
	return body
}

func (c *cluster) answerOf(ctx context.Context, id string) (body web.NodeBody, err error) {
	resp, err := c.ask.Get(ctx, id, nodePath, "")
	if err != nil {
		return body, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return body, fmt.Errorf("it answers %d", resp.StatusCode)
	}
	return body, json.NewDecoder(io.LimitReader(resp.Body, maxNodeBytes)).Decode(&body)
}

// silence says why nothing is known of a node.
func silence(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer within a second"
	case errors.Is(err, peer.ErrRefused):
		return "it refuses this node: their clocks differ by more than 30 s, or it was just started anew"
	case errors.Is(err, peer.ErrUnknown):
		return "it has just gone"
	default:
		return "it can't be asked: " + err.Error()
	}
}
