package hls

import (
	"context"
	"time"

	"liveroom/live/stream"
)

// noteFresh is how long what was noted of a stream's list answers for it: nobody adds to it.
const noteFresh = 2 * time.Second

// note is what the last origin of a stream has noted of its list.
type note struct {
	at         time.Time // when it was read
	session    string
	node       string // the last origin, which may be gone
	generation uint64
	list       *timeline // nil where nothing is noted
}

// noted says where the list of a stream is that nobody pushes, by what its last origin has noted: this node has not seen a
// push of the session, as it was started since. It is false where nothing is noted.
func (s *Server) noted(ctx context.Context, name string, at stream.Place) (stream.Place, bool) {
	if t := s.find(name); t != nil && t.named() == at.Session {
		return at, false // it was made here
	}
	m := s.remoteOf(name)
	m.mu.Lock()
	n := m.note
	m.mu.Unlock()
	if n == nil || n.session != at.Session || time.Since(n.at) >= noteFresh {
		v, err := s.remotes.once(ctx, "n "+name+" "+at.Session, func(ctx context.Context) (any, error) { return s.readNote(ctx, name, at) })
		if err != nil {
			return at, false
		}
		n, _ = v.(*note)
		m.mu.Lock()
		m.note = n
		m.mu.Unlock()
	}
	at.Node, at.Generation = n.node, n.generation
	return at, n.list != nil
}

func (s *Server) readNote(ctx context.Context, name string, at stream.Place) (*note, error) {
	n := &note{at: time.Now(), session: at.Session}
	r, err := s.kept(ctx, name)
	if err != nil || r == nil || r.Session != at.Session {
		return n, err
	}
	ctx, stop := context.WithTimeout(ctx, askedTimeout)
	defer stop()
	_, known := s.know(ctx, r, r.Generation, name)
	if known != nil {
		r.complete(known)
	}
	s.remoteOf(name).inherited(r)
	n.node, n.generation = r.Origins[r.Generation], r.Generation
	n.list = newTimeline(&s.cfg, s.signer, name).of(at.Session, at.Start)
	n.list.adopt(r, r.Generation+1, func(recorded) bool { return false })
	return n, nil
}

// noted is the list as its last origin has noted it; nil if this node never had to know.
func (m *remote) noted(app string, session string) *body {
	m.mu.Lock()
	n := m.note
	m.mu.Unlock()
	if n == nil || n.session != session || n.list == nil {
		return nil
	}
	return n.list.playlist(app, time.Now(), false, false)
}
