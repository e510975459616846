package hls

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"liveroom/live/stream"
)

// allows says whether a capability opens the session's files.
func (m *remote) allows(capability string, now time.Time) bool {
	in := m.server.signer.period(now)
	m.mu.Lock()
	session, known := m.place.Session, m.good.has(capability, in)
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
		m.good.keep(capability, in)
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
