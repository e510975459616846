package edge

import (
	"context"
	"strings"
	"time"

	"liveroom/live/stream"
)

// overKept is how long is remembered where a stream was that is over: there its last playlist is.
const overKept = time.Minute

// place is where a stream is. Edges.mu guards its fields.
type place struct {
	name    string
	origin  stream.Origin
	node    string // of the newest push of the session that is known: where its HLS is, also while nobody pushes
	changed chan struct{}
	pulling bool
	overAt  time.Time // when it was over, zero while it is not
}

// foreign says whether there is something to pull for viewers of this node.
func (e *Edges) foreign(o stream.Origin) bool {
	return o.On && !o.Gated && o.Node != "" && o.Node != e.cfg.Node
}

// Follow implements live.Edges.
func (e *Edges) Follow(name string, o stream.Origin) {
	for _, g := range e.follow(name, o) {
		g.sub.Close()
	}
}

// follow takes the news and returns what other nodes may pull from this one no longer.
func (e *Edges) follow(name string, o stream.Origin) []*given {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.nowhere, name)
	p := e.places[name]
	if p == nil {
		if !o.On {
			return nil
		}
		p = &place{name: name, changed: make(chan struct{})}
		e.places[name] = p
	} else if !newer(o, p.origin) {
		return nil
	}
	if o.Session != p.origin.Session {
		p.node = ""
	}
	if o.Node != "" {
		p.node = o.Node
	}
	p.origin, p.overAt = o, time.Time{}
	if !o.On {
		p.overAt = time.Now()
	}
	close(p.changed)
	p.changed = make(chan struct{})
	e.consider(p)
	var over []*given
	for g := range e.given[name] {
		if !o.On || o.Node != e.cfg.Node || o.Generation != g.generation {
			over = append(over, g)
		}
	}
	return over
}

// newer says whether news are newer than others of the same stream. A name may be given to another room once its own is over.
func newer(o, old stream.Origin) bool {
	switch {
	case o.Room != old.Room:
		return o.On || !old.On
	case o.Unknown || old.Unknown:
		return o.On != old.On
	case o.Epoch != old.Epoch:
		return o.Epoch > old.Epoch
	}
	return o.Revision > old.Revision
}

// Watch implements live.Edges.
func (e *Edges) Watch(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.places[name]; p != nil {
		e.consider(p)
	}
}

// consider begins to pull a stream if somebody watches it. The mutex is held.
func (e *Edges) consider(p *place) {
	if p.pulling || !e.foreign(p.origin) || !e.watched(p) {
		return
	}
	p.pulling = true
	e.starting = append(e.starting, p)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// watched says whether a stream has viewers here.
func (e *Edges) watched(p *place) bool {
	n, _ := e.hub.Viewers(p.name)
	return n > 0
}

func (e *Edges) takeStarting() []*place {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.starting
	e.starting = nil
	return all
}

// where is where a stream is now, and what is closed when that changes.
func (e *Edges) where(p *place) (stream.Origin, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return p.origin, p.changed
}

// leave ends a pull, unless there is again something to pull, and somebody for it.
func (e *Edges) leave(p *place) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.pulling = e.foreign(p.origin) && e.watched(p)
	return !p.pulling
}

// sweep forgets what is over.
func (e *Edges) sweep(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, p := range e.places {
		if !p.overAt.IsZero() && now.Sub(p.overAt) >= overKept && !p.pulling {
			delete(e.places, name)
		}
	}
}

// Where says where a stream is; false if it is nowhere. The node is empty where a session goes on that nobody pushes, and of
// which this node has heard no push.
func (e *Edges) Where(ctx context.Context, name string) (stream.Place, bool) {
	if at, ok := e.known(name); ok && at.Node != "" || e.cfg.Locate == nil || !e.mayLocate(name) {
		return at, ok
	}
	defer func() { <-e.locating }()
	err := e.cfg.Locate(ctx, name)
	at, ok := e.known(name)
	if err == nil && at.Node == "" {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.nowhere[strings.Clone(name)] = time.Now() // a part of a request
	}
	return at, ok
}

// Bounds of what anybody who asks for streams that are nowhere may cost the store.
const (
	maxLocating = 16          // look-ups at a time
	nowhereKept = time.Second // how long the answer holds, unless there are news
	maxNowhere  = 4096        // such answers
)

// mayLocate says whether the store may be asked where a stream is, and takes a place for that.
func (e *Edges) mayLocate(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if at, ok := e.nowhere[name]; ok && time.Since(at) < nowhereKept {
		return false
	}
	if len(e.nowhere) >= maxNowhere {
		clear(e.nowhere)
	}
	select {
	case e.locating <- struct{}{}:
		return true
	default:
		return false
	}
}

func (e *Edges) known(name string) (stream.Place, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.places[name]
	if p == nil || p.node == "" && (!p.origin.On || p.origin.Session == "") {
		return stream.Place{}, false
	}
	return stream.Place{
		Here: p.node == e.cfg.Node, Node: p.node, Generation: p.origin.Generation, Session: p.origin.Session,
		Start: p.origin.Start, Changed: p.changed,
	}, true
}
