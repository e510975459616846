package hls

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"liveroom/live/stream"
)

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
		if key.own && !own && l != nil {
			break // it begins with what was left out for this player: a list must not begin earlier than before
		}
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
