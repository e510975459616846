package web

import (
	"context"
	"net/http"
	"runtime"
	figures "runtime/metrics"
	"slices"
	"strings"
	"sync"
	"time"
)

// nodeProbe bounds how long a node looks at itself for a list of nodes. Others wait a second for what it says.
const nodeProbe = 800 * time.Millisecond

// Nodes knows the nodes of the installation.
type Nodes interface {
	// Self is what this node says of itself.
	Self() NodeFigures
	// Others are the other nodes of its cluster, those that don't answer too. It must not take long.
	Others(ctx context.Context) []NodeBody
	// Store is where rooms and chat are kept: "folder" or "redis".
	Store() string
}

// NodeFigures are who a node is and how much it has to do.
type NodeFigures struct {
	ID        string
	URL       string // where other nodes reach it; empty: there are none
	StartedAt time.Time
	SeenAt    time.Time // when it last told the others that it lives; zero: it is not among others
	Pushes    int
	Viewers   int
	Members   int
}

// States of a node, in a list of nodes.
const (
	NodeReady    = "ready"
	NodeDegraded = "degraded"
	NodeNotReady = "not_ready"
	NodeSilent   = "no_answer"
)

// NodeBody is a node as another node or an operator is told of it.
type NodeBody struct {
	ID          string      `json:"id" doc:"Its name and an incarnation, which is new at each start." example:"n1-k3v9d2xq"`
	Self        bool        `json:"self" doc:"Whether this node answers."`
	Version     string      `json:"version"`
	StartedAt   Time        `json:"startedAt"`
	LastSeenAt  Time        `json:"lastSeenAt" doc:"When it last told that it lives; a node that is silent for 15 s is in the list no more."`
	State       string      `json:"state" enum:"ready,degraded,not_ready,no_answer" doc:"degraded: it serves, but not everything; not_ready: it begins, or stops, or lacks what it needs; no_answer: nothing below is known."`
	Detail      string      `json:"detail" doc:"Why, in words; empty: all is well."`
	URL         string      `json:"url" doc:"Where other nodes reach it; empty: there are none."`
	Pushes      int         `json:"pushes"`
	Viewers     int         `json:"viewers" doc:"Play sessions."`
	Members     int         `json:"members" doc:"People in chat, summed over rooms."`
	MemoryBytes uint64      `json:"memoryBytes" doc:"What the process has of the system's memory."`
	Goroutines  int         `json:"goroutines"`
	Checks      []NodeCheck `json:"checks" doc:"What it depends on."`
}

// NodeCheck is one thing that a node depends on.
type NodeCheck struct {
	Name   string `json:"name" example:"redis"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail" doc:"What is wrong."`
}

type nodesOut struct {
	Body struct {
		Cluster bool       `json:"cluster" doc:"Whether nodes share their rooms over Redis."`
		Store   string     `json:"store" enum:"folder,redis" doc:"Where rooms and chat are kept."`
		Nodes   []NodeBody `json:"nodes" doc:"In order of id."`
	}
}

func (s *Server) registerNodes() {
	offer(s, s.nodes != nil, s.operation("list-nodes", http.MethodGet, "/nodes", "nodes", "List the nodes, and how they are", tokenHolder), s.listNodes)
}

// listNodes asks the others while this node looks at itself.
func (s *Server) listNodes(ctx context.Context, _ *struct{}) (*nodesOut, error) {
	var others []NodeBody
	var asking sync.WaitGroup
	asking.Go(func() { others = s.nodes.Others(ctx) })
	self := s.Node(ctx)
	self.Self = true
	asking.Wait()
	out := &nodesOut{}
	out.Body.Store = s.nodes.Store()
	out.Body.Cluster = out.Body.Store == "redis"
	out.Body.Nodes = append(others, self)
	slices.SortFunc(out.Body.Nodes, func(a, b NodeBody) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Node is what this node says of itself.
func (s *Server) Node(ctx context.Context) NodeBody {
	ctx, cancel := context.WithTimeout(ctx, nodeProbe)
	defer cancel()
	state, results := s.health.look(ctx)
	f := s.nodes.Self()
	body := NodeBody{
		ID: f.ID, Version: s.health.version, StartedAt: Time{f.StartedAt}, LastSeenAt: Time{f.SeenAt}, State: nodeState(state), URL: f.URL,
		Pushes: f.Pushes, Viewers: f.Viewers, Members: f.Members, MemoryBytes: memory(), Goroutines: runtime.NumGoroutine(), Checks: make([]NodeCheck, len(results)),
	}
	if f.SeenAt.IsZero() {
		body.LastSeenAt = Time{time.Now()}
	}
	var wrong []string
	for i, r := range results {
		body.Checks[i] = NodeCheck{Name: r.Name, OK: r.OK, Detail: r.Detail}
		if !r.OK {
			wrong = append(wrong, r.Name+": "+r.Detail)
		}
	}
	if !s.health.ready.Load() {
		wrong = append(wrong, "it begins, or stops")
	}
	body.Detail = strings.Join(wrong, "; ")
	return body
}

// nodeState puts a state of health into the API's words.
func nodeState(state string) string {
	switch state {
	case stateReady:
		return NodeReady
	case stateDegraded:
		return NodeDegraded
	default:
		return NodeNotReady
	}
}

// memory is how much of the system's memory the process has.
func memory() uint64 {
	samples := []figures.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	figures.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
