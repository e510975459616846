package hls

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"liveroom/live/stream"
)

// Upstream knows where streams are that are pushed to other nodes, and asks these.
type Upstream interface {
	// Where says where a stream's HLS is made; false if nowhere. The node is empty where a session goes on and nothing is known
	// of its pushes.
	Where(ctx context.Context, name string) (stream.Place, bool)
	// Get asks a node for a path between nodes. The caller closes the body.
	Get(ctx context.Context, node, path, query string) (*http.Response, error)
	// Others are the nodes there are beside this one.
	Others() []string
	// Keep remembers what a stream's playlist has, for the node that it is pushed to next. What another node has of a later
	// generation of the session stays.
	Keep(ctx context.Context, name, session string, generation uint64, record []byte) error
	// Kept is what was remembered last; nil for nothing.
	Kept(ctx context.Context, name string) ([]byte, error)
}

// errMoved says that a stream is made elsewhere than was thought.
var errMoved = errors.New("hls: the stream is made on another node now")

// errNoAnswer says that a node is gone, or hangs.
var errNoAnswer = errors.New("hls: the node does not answer")

const (
	// listFresh is how old a playlist may be that somebody gets who doesn't say what he waits for.
	listFresh = 300 * time.Millisecond
	// waitedFresh is the same where it has what he waits for.
	waitedFresh = time.Second
	// askTimeout is how long another node may take to answer at once, and waitTimeout for what is yet to come.
	askTimeout  = 3 * time.Second
	waitTimeout = 40 * time.Second
	// maxListBytes bounds a playlist of another node.
	maxListBytes = 1 << 20
	// maxMoves is how often a question is asked anew because the stream moved meanwhile.
	maxMoves = 5
	// maxOrigins is of how many generations it is known which node had them.
	maxOrigins = 8
)

// remote is a stream of another node.
type remote struct {
	server *Server
	name   string

	mu sync.Mutex // guards what follows
	// place is where it is now, origins where the generations before are.
	place   stream.Place
	origins map[uint64]string
	lists   map[listKey]*remoteList // the newest ones
	master  []byte                  // the newest multivariant playlist, up to its address
	at      time.Time               // of master
	good    checked
	used    time.Time
	taken   int64 // that of the newest list
	note    *note // nil before it was needed
}

// elsewhere returns a stream that is made on another node; nil if it is made here, or nowhere.
func (s *Server) elsewhere(ctx context.Context, name string) *remote {
	if s.cfg.Upstream == nil {
		return nil
	}
	at, ok := s.cfg.Upstream.Where(ctx, name)
	if !ok || at.Here {
		return nil
	}
	if at.Node == "" {
		if at, ok = s.noted(ctx, name, at); !ok {
			return nil
		}
	}
	m := s.remoteOf(name)
	m.follow(at)
	return m
}

// remoteOf returns what is known of a stream as it is on other nodes.
func (s *Server) remoteOf(name string) *remote {
	c := s.remotes
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.streams[name]
	if m == nil {
		name = strings.Clone(name) // a part of a request
		m = &remote{server: s, name: name, origins: make(map[uint64]string), lists: make(map[listKey]*remoteList)}
		c.streams[name] = m
	}
	return m
}

// inherited notes which nodes made what a list goes on from.
func (m *remote) inherited(r *record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.place.Session != r.Session {
		m.reset()
		m.place = stream.Place{Session: r.Session, Generation: r.Generation, Node: r.Origins[r.Generation]}
	}
	maps.Copy(m.origins, r.Origins)
	m.used = time.Now()
}

// took says whether a segment of another node is here, in whole.
func (m *remote) took(r *record, s recorded) bool {
	_, ok := m.server.remotes.get(fileKey(m.name, r.Session, stem(s.Generation, s.Number)+m.server.cfg.Container.suffix()), time.Now())
	return ok
}

// has says whether the node that made a segment still has it.
func (m *remote) has(ctx context.Context, r *record, s recorded) bool {
	node := r.Origins[s.Generation]
	if node == "" || node == m.server.cfg.Node {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, askedTimeout)
	defer cancel()
	path := PeerPath + url.PathEscape(m.name) + "/file/" + stem(s.Generation, s.Number) + m.server.cfg.Container.suffix()
	resp, err := m.server.cfg.Upstream.Get(ctx, node, path, url.Values{"session": {r.Session}}.Encode())
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// reset forgets what was of another session. The mutex is held.
func (m *remote) reset() {
	clear(m.origins)
	clear(m.lists)
	m.master, m.good, m.taken = nil, checked{}, 0
}

// follow notes where the stream is now.
func (m *remote) follow(at stream.Place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.Session != m.place.Session {
		m.reset()
	}
	m.place, m.used = at, time.Now()
	if m.origins[at.Generation] = at.Node; len(m.origins) > maxOrigins {
		maps.DeleteFunc(m.origins, func(g uint64, _ string) bool { return g+maxOrigins <= at.Generation })
	}
}

// former is the stream of a timeline as it was while it was pushed to other nodes, before it came here; nil if players here
// never saw that.
func (s *Server) former(ctx context.Context, t *timeline) *remote {
	if s.cfg.Upstream == nil {
		return nil
	}
	s.remotes.mu.Lock()
	m := s.remotes.streams[t.name]
	s.remotes.mu.Unlock()
	if m == nil || m.where().Session != t.named() {
		return nil
	}
	at, ok := s.cfg.Upstream.Where(ctx, t.name)
	if !ok || !at.Here || at.Session != t.named() {
		return nil
	}
	m.follow(at) // else it would end each question, for a move that is over
	return m
}

// idle says whether nobody has asked for the stream for a while.
func (m *remote) idle(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now.Sub(m.used) >= remoteKept
}

// where is where the stream is, as far as this remote knows.
func (m *remote) where() stream.Place {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.place
}

// reply is what a node said.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask asks a node for something of the stream. The error is errMoved once the stream may be elsewhere.
func (m *remote) ask(ctx context.Context, node, what string, query url.Values, timeout time.Duration, limit int) (a reply, err error) {
	at := m.where()
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wg.Go(func() {
		select {
		case <-at.Changed:
			cancel(errMoved)
		case <-ctx.Done():
		}
	})
	defer func() {
		if err != nil && errors.Is(context.Cause(ctx), errMoved) {
			err = errMoved
		}
	}()
	m.server.counts.asked.Add(1)
	query.Set("session", at.Session)
	resp, err := m.server.cfg.Upstream.Get(ctx, node, PeerPath+url.PathEscape(m.name)+"/"+what, query.Encode())
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	a = reply{status: resp.StatusCode, header: resp.Header}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1)); err != nil {
		return a, err
	}
	if len(a.body) > limit {
		return a, fmt.Errorf("hls: node %s answers with more than %d bytes", node, limit)
	}
	if a.status == http.StatusConflict {
		return a, errMoved
	}
	return a, nil
}
