package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// PeerPath is where other nodes are asked for the bytes of a file: PeerPath + id.
const PeerPath = "/internal/file/"

// Peers asks other nodes.
type Peers interface {
	// Get asks a node, by its name, for a path between nodes. The caller closes the body.
	Get(ctx context.Context, node, path, query string) (*http.Response, error)
}

// Bounds of what is fetched from other nodes: at a time, and how slowly it may come.
const (
	maxFetches     = 32
	fetchTimeout   = 10 * time.Second
	slowestFetched = 1 << 20 // bytes a second
)

// elsewhere is what a node of a cluster knows of bytes: those it has, and those it fetches. Service.mu guards it.
type elsewhere struct {
	held     map[string]Held      // files whose bytes are here; nil where this node is alone
	copies   map[string]time.Time // of them, those of other nodes, and when they were last wanted
	copied   int64                // their bytes
	fetching map[string]*fetch
}

// fetch is a copy on its way, for all who wait for it.
type fetch struct {
	done chan struct{}
	err  error
}

func newElsewhere(cfg Config) elsewhere {
	if cfg.Node == "" {
		return elsewhere{}
	}
	return elsewhere{held: map[string]Held{}, copies: map[string]time.Time{}, fetching: map[string]*fetch{}}
}

// shared says whether other nodes take files too.
func (s *Service) shared() bool { return s.cfg.Node != "" }

// hold notes that the bytes of a file are here, and since when. The mutex is held.
func (s *Service) hold(f Info, made time.Time) {
	s.files++
	if !s.shared() {
		return
	}
	s.held[f.ID] = Held{f.ID, f.Size, made}
	if f.Node != s.cfg.Node {
		s.copies[f.ID] = time.Now()
		s.copied += f.Size
	}
}

// letGo notes that the bytes of a file are no longer here, if they were. The mutex is held.
func (s *Service) letGo(f Info) {
	if s.shared() {
		if _, here := s.held[f.ID]; !here {
			return
		}
		delete(s.held, f.ID)
		if _, copied := s.copies[f.ID]; copied {
			delete(s.copies, f.ID)
			s.copied -= f.Size
		}
	}
	s.files--
	s.used -= f.Size
}

// open finds the bytes of a file: here, or on the node that took it, of which a copy is then kept here.
func (s *Service) open(ctx context.Context, f Info) (Reader, error) {
	r, err := s.blobs.Open(f.ID)
	if !errors.Is(err, fs.ErrNotExist) || !s.shared() || f.Node == s.cfg.Node {
		s.wanted(f.ID)
		return r, err
	}
	if err := s.copyOnce(ctx, f); err != nil {
		return nil, err
	}
	return s.blobs.Open(f.ID)
}

// wanted notes that somebody wants a copy.
func (s *Service) wanted(id string) {
	if !s.shared() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, copied := s.copies[id]; copied {
		s.copies[id] = time.Now()
	}
}

// copyOnce fetches a file for all who want it at the same time. It goes on when who asked first has left.
func (s *Service) copyOnce(ctx context.Context, f Info) error {
	s.mu.Lock()
	c := s.fetching[f.ID]
	if c == nil && len(s.fetching) >= maxFetches {
		s.mu.Unlock()
		return ErrUnavailable
	}
	if c != nil {
		s.mu.Unlock()
		select {
		case <-c.done:
			return c.err
		case <-ctx.Done():
			return ErrUnavailable
		}
	}
	c = &fetch{done: make(chan struct{}), err: ErrUnavailable} // if fetching panics
	s.fetching[f.ID] = c
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.fetching, f.ID)
		s.mu.Unlock()
		close(c.done)
	}()
	c.err = s.fetch(context.WithoutCancel(ctx), f)
	return c.err
}

// fetch copies a file from the node that took it.
func (s *Service) fetch(ctx context.Context, f Info) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout+time.Duration(f.Size)*time.Second/slowestFetched)
	defer cancel()
	resp, err := s.cfg.Peers.Get(ctx, f.Node, PeerPath+f.ID, "")
	if err != nil {
		s.log.Warn("file can't be had from its node", "file", f.ID, "node", f.Node, "err", err)
		return ErrUnavailable
	}
	defer func() { _ = resp.Body.Close() }()
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return ErrNotFound
	case resp.StatusCode != http.StatusOK || resp.ContentLength != f.Size:
		s.log.Warn("node does not give a file as its record says", "file", f.ID, "node", f.Node, "status", resp.StatusCode, "bytes", resp.ContentLength, "want", f.Size)
		return ErrUnavailable
	}
	if !s.makeRoom(f.Size) {
		return ErrUnavailable
	}
	if err := s.keep(resp.Body, f); err != nil {
		s.release(f.Size)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letGo(f) // bytes that were known and are not there any more
	s.hold(f, time.Now())
	return nil
}

// keep writes down what another node gives.
func (s *Service) keep(from io.Reader, f Info) error {
	blob, err := s.blobs.Create(f.ID)
	if err != nil {
		return s.blobError(err, "create")
	}
	defer blob.Discard()
	if n, err := io.Copy(blob, io.LimitReader(from, f.Size)); err != nil || n != f.Size {
		s.log.Warn("file broke off on its way between nodes", "file", f.ID, "node", f.Node, "err", err)
		return ErrUnavailable
	}
	if err := blob.Commit(); err != nil {
		return s.blobError(err, "commit")
	}
	return nil
}

// ServePeer gives other nodes the bytes of what this one has; they know its record.
func (s *Service) ServePeer(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Path[len(PeerPath):]
	if !ValidID(id) {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	blob, err := s.blobs.Open(id)
	if err != nil {
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	defer func() { _ = blob.Close() }() // it was only read
	size, err := blob.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = blob.Seek(0, io.SeekStart)
	}
	if err != nil {
		http.Error(w, "the file can't be read", http.StatusInternalServerError)
		return
	}
	limit := fetchTimeout + time.Duration(size)*time.Second/slowestFetched
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit)) // a recorder in a test has none
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	_, _ = io.Copy(w, blob) // the other node may be gone
}

// makeRoom takes room for bytes, or says that there is not so much. Copies that nobody has wanted for longest give way.
func (s *Service) makeRoom(size int64) bool {
	for {
		s.mu.Lock()
		if s.used+size <= s.cfg.Quota {
			s.used += size
			s.mu.Unlock()
			return true
		}
		oldest, at := "", time.Time{}
		for id, wanted := range s.copies {
			if oldest == "" || wanted.Before(at) {
				oldest, at = id, wanted
			}
		}
		f := Info{ID: oldest, Size: s.held[oldest].Size}
		if oldest != "" {
			s.letGo(f)
		}
		s.mu.Unlock()
		if oldest == "" {
			return false
		}
		if err := s.blobs.Remove(oldest); err != nil {
			s.log.Error("copy of a file can't be removed; the next start will", "file", oldest, "err", err)
		}
	}
}

// tidy removes bytes whose record another node has removed or withdrawn.
func (s *Service) tidy(ctx context.Context) error {
	s.mu.Lock()
	here := slices.Collect(maps.Values(s.held))
	s.mu.Unlock()
	for _, h := range here {
		_, fate, err := s.fateOf(ctx, h)
		if err != nil {
			return s.storeError(err, "find")
		}
		if fate == removed {
			s.forget(Info{ID: h.ID, Size: h.Size})
		}
	}
	return nil
}
