package edge

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"liveroom/live/stream"
)

// Path is where an origin is asked for a stream: Path + name + ".flv", with the generation in the query.
const Path = "/internal/flv/"

// Play implements flv.Player for other nodes: it gives one generation of what is pushed to this node, and nothing else.
func (e *Edges) Play(_ context.Context, r stream.Request) (*stream.Subscriber, error) {
	generation, err := e.owned(r)
	if err != nil {
		return nil, err
	}
	g := &given{generation: generation}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.places[r.Name]; p != nil && p.origin.Generation > generation {
		return nil, e.superseded(r.Name)
	}
	g.sub = e.hub.Subscribe(r.Name, stream.FLV, stream.SubscribeOptions{
		Internal: true, Generation: generation, OnClose: func() { e.taken(r.Name, g) },
	})
	if e.given[r.Name] == nil {
		e.given[r.Name] = make(map[*given]struct{})
	}
	e.given[r.Name][g] = struct{}{}
	return g.sub, nil
}

// given is what another node pulls from this one.
type given struct {
	generation uint64
	sub        *stream.Subscriber
}

// taken forgets what another node has pulled.
func (e *Edges) taken(name string, g *given) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if delete(e.given[name], g); len(e.given[name]) == 0 {
		delete(e.given, name)
	}
}

// Authorize implements flv.Player.
func (e *Edges) Authorize(_ context.Context, r stream.Request) error {
	_, err := e.owned(r)
	return err
}

// owned says which generation a node asks for, if it is pushed to this one.
func (e *Edges) owned(r stream.Request) (uint64, error) {
	query, _ := url.ParseQuery(strings.Join(r.Query, "&")) // what can't be read is no generation
	generation, err := strconv.ParseUint(query.Get("generation"), 10, 64)
	if err != nil || generation == 0 {
		return 0, &stream.Refusal{Code: "bad_request", Detail: "generation is no number"}
	}
	if in, ok := e.hub.Info(r.Name); !ok || !in.Publishing || in.Relay || in.Generation != generation {
		e.mu.Lock()
		defer e.mu.Unlock()
		return 0, e.superseded(r.Name)
	}
	return generation, nil
}

// superseded says in words who has the push. The mutex is held.
func (e *Edges) superseded(name string) error {
	has := "nobody is known to have it"
	if p := e.places[name]; p != nil && p.origin.Node != "" {
		has = "node " + p.origin.Node + " has generation " + strconv.FormatUint(p.origin.Generation, 10)
	}
	return &stream.Refusal{Code: "superseded", Detail: "the push is not at this node; " + has, Temporary: true}
}
