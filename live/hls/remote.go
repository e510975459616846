package hls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
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

// listKey is what the bytes of a playlist depend on that a node keeps for another one's stream.
type listKey struct {
	app   string
	delta bool
	own   bool // without what the node took over from another
}

// remoteList is a media playlist of another node.
type remoteList struct {
	body   *body
	rest   *body // the same while nothing is coming; made when needed
	node   string
	number uint64 // of its last finished segment
	whole  int    // its parts
	parts  int    // of the one after that
	waits  bool   // more is coming
	taken  int64  // when the node took it over from another, Unix seconds; 0: it did not
	at     time.Time
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

// multivariant is the multivariant playlist, with the media playlist at uri.
func (m *remote) multivariant(ctx context.Context, uri string) ([]byte, error) {
	at := m.where()
	m.mu.Lock()
	master := m.master
	if time.Since(m.at) > waitedFresh {
		master = nil
	}
	m.mu.Unlock()
	if master == nil {
		v, err := m.server.remotes.once(ctx, "m "+m.name+" "+at.Session+" "+at.Node, func(ctx context.Context) (any, error) {
			a, err := m.ask(ctx, at.Node, "multivariant", url.Values{}, m.server.cfg.Hold+askTimeout, maxListBytes)
			switch {
			case err != nil:
				return nil, err
			case a.status != http.StatusOK:
				return nil, errNotLive
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			m.master, m.at = a.body, time.Now()
			return a.body, nil
		})
		if errors.Is(err, errMoved) {
			return nil, err
		}
		if err != nil { // what was true before the node went away is better than nothing: the room goes on
			m.mu.Lock()
			master = m.master
			m.mu.Unlock()
		} else {
			master, _ = v.([]byte)
		}
	}
	if master == nil {
		return nil, errNotLive
	}
	return append(append(bytes.Clone(master), uri...), '\n'), nil
}

// playlist is the media playlist, as soon as it has what d asks for, for a session that began at start.
func (m *remote) playlist(ctx context.Context, app string, d directives, start time.Time) (b *body, waited bool, err error) {
	own := m.after(start)
	if b, waited, err = m.list(ctx, listKey{app: app, delta: d.delta, own: own}, d, start); err == nil && m.after(start) != own { // now it is known
		return m.list(ctx, listKey{app: app, delta: d.delta, own: !own}, d, start)
	}
	return b, waited, err
}

// after says whether a session began after the stream's node had taken it over, as far as is known.
func (m *remote) after(start time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.taken != 0 && start.Unix() >= m.taken
}

// list is one of the two playlists that playlist chooses from.
func (m *remote) list(ctx context.Context, key listKey, d directives, start time.Time) (b *body, waited bool, err error) {
	app, now := key.app, time.Now()
	at := m.where()
	m.mu.Lock()
	l := m.lists[key]
	m.mu.Unlock()
	if l != nil && l.node == at.Node && l.answers(d, now) {
		return l.body, false, nil
	}
	name := fmt.Sprintf("l %s %s %s %s %t %t %t %d %d", m.name, at.Session, at.Node, url.PathEscape(app), d.delta, key.own, d.blocks, d.number, d.part)
	v, err := m.server.remotes.once(ctx, name, func(ctx context.Context) (any, error) {
		m.mu.Lock()
		l := m.lists[key]
		m.mu.Unlock()
		if l != nil && l.node == at.Node && l.answers(d, time.Now()) { // it came meanwhile
			return l, nil
		}
		timeout := askTimeout
		if d.blocks {
			timeout = waitTimeout
		}
		query := d.query(app)
		if key.own {
			query.Set("own", "1")
		}
		a, err := m.ask(ctx, at.Node, "media", query, timeout, maxListBytes)
		if err != nil {
			return nil, err
		}
		if err := refusalOf(a.status); err != nil {
			return nil, err
		}
		return m.keep(key, at.Node, a)
	})
	why, refused := errors.AsType[*stream.Refusal](err)
	switch {
	case err == nil:
		if l, _ = v.(*remoteList); l.number >= m.reached(key, at) {
			return l.body, true, nil
		}
	case errors.Is(err, errMoved), ctx.Err() != nil:
		return nil, true, err
	case refused && why != errNotLive:
		return nil, true, err
	}
	// The node is gone, or its list has no segment yet, or none but of an earlier push: players go on with what there was, and
	// don't wait for more.
	last := uint64(0)
	b, last = m.resting(key)
	if t := m.made(at); t != nil && t.newest() >= last {
		b = nil // a list of its own that was newer may be gone
		if own := t.playlist(app, time.Now(), d.delta, t.after(start)).text(); own != nil {
			b = &body{plain: atRest(own)}
		}
	}
	if b == nil {
		b = m.noted(app, at.Session)
	}
	if b == nil {
		return nil, true, errNotLive
	}
	return b, true, nil
}

// reached is the newest segment that players of this node know of.
func (m *remote) reached(key listKey, at stream.Place) uint64 {
	_, last := m.resting(key)
	if t := m.made(at); t != nil {
		last = max(last, t.newest())
	}
	return last
}

// made is what this node made of the session, while the stream was pushed here; nil if it did not, or forgot it.
func (m *remote) made(at stream.Place) *timeline {
	t := m.server.find(m.name)
	if t == nil || at.Session == "" || t.named() != at.Session {
		return nil
	}
	return t
}

// query is what d asks for, as another node is asked.
func (d directives) query(app string) url.Values {
	q := url.Values{"app": {app}}
	if d.blocks {
		q.Set("_HLS_msn", strconv.FormatUint(d.number, 10))
		if d.part != entire {
			q.Set("_HLS_part", strconv.Itoa(d.part))
		}
	}
	if d.delta {
		q.Set("_HLS_skip", "YES")
	}
	return q
}

// refusalOf is what a node's refusal of a playlist means to a player.
func refusalOf(status int) error {
	switch status {
	case http.StatusOK:
		return nil
	case http.StatusBadRequest:
		return errTooFar
	case http.StatusNotFound:
		return errNotLive
	}
	return errStalled
}

// keep remembers a node's playlist, if it is not older than the one that is known.
func (m *remote) keep(key listKey, node string, a reply) (*remoteList, error) {
	l := &remoteList{body: &body{plain: a.body}, node: node, at: time.Now()}
	if _, err := fmt.Sscanf(a.header.Get(stateHeader), "%d %d %d %t %d", &l.number, &l.whole, &l.parts, &l.waits, &l.taken); err != nil {
		return nil, fmt.Errorf("hls: node %s does not say what its playlist has", node)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.lists[key]; old == nil || !old.after(l) {
		if len(m.lists) >= maxBodies {
			clear(m.lists)
		}
		m.lists[key], m.taken = l, l.taken
	}
	return l, nil
}

// after says whether a playlist has more than another of the same session.
func (l *remoteList) after(o *remoteList) bool {
	return l.number > o.number || l.number == o.number && l.parts > o.parts
}

// answers says whether the playlist is good enough for d.
func (l *remoteList) answers(d directives, now time.Time) bool {
	age := now.Sub(l.at)
	switch {
	case !d.blocks || !l.waits:
		return age < listFresh
	case d.number < l.number || d.number == l.number && (d.part < l.whole || l.parts > 0) || d.number == l.number+1 && d.part != entire && d.part < l.parts:
		return age < waitedFresh
	}
	return false
}

// resting is the newest playlist while its node says nothing more, and the number of its last segment; nil if there is none.
func (m *remote) resting(key listKey) (*body, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lists[key]
	for _, own := range []bool{key.own, !key.own} { // whole ones, which any player understands
		if whole := m.lists[listKey{app: key.app, own: own}]; l == nil || whole != nil && whole.number > l.number {
			l = whole
		}
	}
	if l == nil {
		return nil, 0
	}
	if l.rest == nil {
		l.rest = &body{plain: atRest(l.body.plain)}
	}
	return l.rest, l.number
}

// atRest makes a playlist say that nothing is coming for now.
func atRest(list []byte) []byte {
	out := make([]byte, 0, len(list)+32)
	hinted := false
	for line := range bytes.Lines(list) {
		switch {
		case bytes.HasPrefix(line, []byte("#EXT-X-PRELOAD-HINT:")):
			hinted = true
			continue
		case bytes.HasPrefix(line, []byte("#EXT-X-SERVER-CONTROL:")):
			line = bytes.Replace(line, []byte("CAN-BLOCK-RELOAD=YES,"), nil, 1)
		}
		out = append(out, line...)
	}
	if hinted {
		out = append(out, nothingMore...)
	}
	return out
}

// allows says whether a capability opens the session's files.
func (m *remote) allows(capability string, now time.Time) bool {
	hour := hourOf(now)
	m.mu.Lock()
	session, known := m.place.Session, m.good.has(capability, hour)
	m.mu.Unlock()
	if known {
		return true
	}
	if session == "" || !m.server.signer.checkCap(capability, m.name, session, now) {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.place.Session == session {
		m.good.keep(capability, hour)
	}
	return true
}

// file is a segment, a part or an init segment, by its name. The part to come next is waited for.
func (m *remote) file(ctx context.Context, name string) (file, error) {
	generation, ok := generationOf(name, m.server.cfg.Container.suffix())
	if !ok {
		return file{}, errGone
	}
	m.mu.Lock()
	at, node := m.place, m.origins[generation]
	m.mu.Unlock()
	if f, ok := m.server.remotes.get(fileKey(m.name, at.Session, name), time.Now()); ok {
		return f, nil
	}
	if t := m.made(at); t != nil && generation < at.Generation {
		if f, found, _ := t.find(name); found {
			return f, nil
		}
	}
	timeout, gone := waitTimeout, error(errStalled)
	switch {
	case generation > at.Generation:
		return file{}, errGone
	case generation < at.Generation: // what that node has no longer is nowhere
		timeout, gone = askTimeout, errGone
	}
	switch {
	case node == "" && at.Here, at.Here && node == at.Node:
		return file{}, errGone
	case node == "":
		node = at.Node
	}
	f, err := m.fetched(ctx, at, node, name, timeout)
	if !errors.Is(err, errNoAnswer) {
		return f, err
	}
	for _, other := range m.server.cfg.Upstream.Others() { // it gave them what it had when it stopped
		if other == node {
			continue
		}
		if f, err := m.fetched(ctx, at, other, name, askTimeout); err == nil {
			return f, nil
		}
	}
	return file{}, gone
}

// fetched is a file of a node, which is kept. The error is errNoAnswer where the node can't be asked.
func (m *remote) fetched(ctx context.Context, at stream.Place, node, name string, timeout time.Duration) (file, error) {
	key := fileKey(m.name, at.Session, name)
	v, err := m.server.remotes.once(ctx, "f "+node+" "+key, func(ctx context.Context) (any, error) {
		if f, ok := m.server.remotes.get(key, time.Now()); ok { // it came meanwhile
			return f, nil
		}
		a, err := m.ask(ctx, node, "file/"+name, url.Values{}, timeout, m.server.cfg.SegmentBytes+maxListBytes)
		switch {
		case errors.Is(err, errMoved):
			return nil, err
		case err != nil:
			return nil, errNoAnswer
		case a.status != http.StatusOK:
			return nil, errGone
		}
		f := file{
			parts: []*part{{data: a.body}}, bytes: len(a.body),
			kind: m.server.cfg.Container.contentType(), tag: "\"" + at.Session + "." + name + "\"",
		}
		now := time.Now()
		m.server.remotes.put(key, f, maxAge(a.header), now)
		return f, nil
	})
	f, _ := v.(file)
	return f, err
}

// fileKey is what a file of a session of a stream is kept by.
func fileKey(stream, session, file string) string { return stream + "/" + session + "/" + file }

// generationOf reads the generation in a file's name.
func generationOf(name, suffix string) (uint64, bool) {
	if n, ok := parseName(name, suffix); ok {
		return n.generation, true
	}
	head, rest, ok := strings.Cut(name, "-")
	number, ok2 := strings.CutSuffix(rest, "-init.mp4")
	generation, good := canonical(head, 64)
	_, goodNumber := canonical(number, 31)
	return generation, ok && ok2 && good && goodNumber
}

// maxAge is how long an answer may be kept.
func maxAge(h http.Header) time.Duration {
	for part := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		if age, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			if s, ok := canonical(age, 31); ok {
				return time.Duration(s) * time.Second //nolint:gosec // 31 bits
			}
		}
	}
	return 0
}
