package hls

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"liveroom/live/stream"
)

const (
	// handOverTime bounds what a node that stops waits until the others have what was made there.
	handOverTime = 2 * time.Second
	// handOverFiles bounds what they are told of one list.
	handOverFiles = 64
	// askedLately is how long after the last player has asked for a list there is nobody to hand it over for.
	askedLately = 30 * time.Second
)

// handOver has the other nodes fetch what players have yet to come for, as nobody can when this node has ended. Without
// that they stall for as long as what they lack.
func (s *Server) handOver(ctx context.Context) {
	if s.cfg.Upstream == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, handOverTime)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	places := make(chan struct{}, maxKeeping)
	for name, t := range s.timelines() {
		files := t.ahead(time.Now())
		if len(files) == 0 {
			continue
		}
		query := url.Values{"session": {t.named()}, "node": {s.cfg.Node}, "files": {strings.Join(files, ",")}}.Encode()
		for _, node := range s.cfg.Upstream.Others() {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-places }()
				if resp, err := s.cfg.Upstream.Get(ctx, node, PeerPath+url.PathEscape(name)+"/take", query); err == nil {
					_ = resp.Body.Close()
				}
			})
		}
	}
}

// timelines are all lists made here, by stream.
func (s *Server) timelines() map[string]*timeline {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]*timeline, len(s.streams))
	for name, e := range s.streams {
		all[name] = e.timeline
	}
	return all
}

// ahead names the files that players who are where they should be have not come for, the newest first; none if nobody plays.
func (t *timeline) ahead(now time.Time) (files []string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if now.Sub(time.UnixMilli(t.asked.Load())) > askedLately {
		return nil
	}
	away := int64(0)
	for i, s := range slices.Backward(t.listed()) {
		if s.elsewhere || s.gap || away >= holdBackTargets*t.target*1000 || len(files) >= handOverFiles {
			break
		}
		away += s.listed
		files = append(files, s.file(t.cfg.Container))
		if t.partTarget > 0 && i == len(t.listed())-1 { // where players for low latency are
			for part := range s.parts {
				files = append(files, s.partFile(part))
			}
		}
		if s.init != nil && s.init.name != "" && !slices.Contains(files, s.init.name) {
			files = append(files, s.init.name)
		}
	}
	return files[:min(len(files), handOverFiles)]
}

// peerTake fetches files of a node that stops, and answers when they are here.
func (s *Server) peerTake(w http.ResponseWriter, r *http.Request, name, session string) error {
	files := strings.Split(r.URL.Query().Get("files"), ",")
	if len(files) > handOverFiles {
		return errNotFound
	}
	// Of no remote that is known: the stream moves just now, and this is of the node that it leaves.
	m := &remote{server: s, name: name, place: stream.Place{Session: session, Node: r.URL.Query().Get("node")}}
	for _, file := range files {
		if _, ok := generationOf(file, s.cfg.Container.suffix()); !ok {
			return errNotFound
		}
		_, _ = m.fetched(r.Context(), m.place, m.place.Node, file, handOverTime) // what is missing will be a gap
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
