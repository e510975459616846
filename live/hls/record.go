package hls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// record is what the next node that a stream is pushed to must know of its list, so that players find there what they
// have, followed by what is new. Players made for low latency lose their way where numbers jump (hls.js 1.7).
type record struct {
	Session    string            `json:"s"`
	Generation uint64            `json:"g"` // newest in the list
	Origins    map[uint64]string `json:"o"` // node by generation, of those in the list
	Container  Container         `json:"c,omitempty"`
	Target     int64             `json:"t"`           // EXT-X-TARGETDURATION in seconds
	PartTarget int64             `json:"p,omitempty"` // PART-TARGET in ms, 0: no parts
	Next       uint64            `json:"n"`           // players may know of all numbers below
	Segments   []recorded        `json:"l"`
}

// recorded is a segment of a record.
type recorded struct {
	Number        uint64  `json:"n"`
	Generation    uint64  `json:"g"`
	Discontinuity uint64  `json:"d"`
	Breaks        bool    `json:"b,omitempty"`
	Gap           bool    `json:"x,omitempty"`
	Init          string  `json:"i,omitempty"`
	Start         int64   `json:"s"`           // ms on the session's clock
	Listed        int64   `json:"l"`           // ms
	Hour          int64   `json:"h"`           // of its capability
	Parts         []int64 `json:"p,omitempty"` // ms; negative where decoding can't start
}

const (
	// recordTimeout bounds one exchange with who keeps records, askedTimeout the question whether a former node is there.
	recordTimeout = time.Second
	askedTimeout  = 500 * time.Millisecond
)

// record describes the list; nil where there is none that another node could go on with.
func (t *timeline) record(node string) *record {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.segments) == 0 || t.session == "" {
		return nil
	}
	r := &record{
		Session: t.session, Generation: t.generation, Origins: make(map[uint64]string), Container: t.cfg.Container,
		Target: t.target, PartTarget: t.partTarget, Next: t.last + 1,
	}
	// Who had the list as it was taken over has seen what was made here since; others must not go back before that.
	mine := t.begunHere()
	for _, s := range t.listed() {
		if mine && s.elsewhere {
			continue
		}
		rec := recorded{
			Number: s.number, Generation: s.generation, Discontinuity: s.discontinuity, Breaks: s.breaks, Gap: s.gap,
			Init: s.init.name, Start: s.start, Listed: s.listed, Hour: s.path.hour,
		}
		if t.partTarget > 0 {
			rec.Parts = s.told()
		}
		r.Segments = append(r.Segments, rec)
		r.Origins[s.generation] = node
		if at, ok := t.origins[s.generation]; ok {
			r.Origins[s.generation] = at
		}
	}
	switch {
	case t.partTarget == 0:
	case t.awaited():
		r.Next++ // its parts are told before the next record
	case t.open != nil: // it will not be finished here
		parts := t.open.told()
		r.lose(lengthOf(parts), parts)
		r.Next++
	}
	return r
}

// lengthOf is what parts last, as recorded has them.
func lengthOf(parts []int64) (ms int64) {
	for _, p := range parts {
		ms += max(p, -p)
	}
	return ms
}

var errNonsense = errors.New("hls: a record that makes no sense")

// readRecord reads what another node wrote, of the same settings.
func readRecord(raw []byte, cfg *Config) (*record, error) {
	var r record
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("hls: read record: %w", err)
	}
	lists := (r.PartTarget > 0) == (cfg.Latency == LowLatency) && r.Container == cfg.Container
	if !lists || len(r.Segments) == 0 || r.Target < 1 || r.Target > maxTarget || r.PartTarget < 0 || r.PartTarget > r.Target*1000 {
		return nil, errNonsense
	}
	last := r.Segments[0].Number - 1
	for _, s := range r.Segments {
		if s.Number != last+1 || s.Generation > r.Generation || s.Listed < 0 {
			return nil, errNonsense
		}
		last = s.Number
	}
	if r.Next <= last || r.Next > last+2 {
		return nil, errNonsense
	}
	return &r, nil
}

// known is how far players of a node have got in a stream's list.
type known struct {
	Number uint64  `json:"n"` // of the newest finished segment
	Parts  []int64 `json:"p"` // of the one after that, as recorded has them

	Record json.RawMessage `json:"r,omitempty"` // of the node that made it, which adds nothing any more
}

// further says whether it is more than another.
func (k *known) further(o *known) bool {
	return o == nil || k.Number > o.Number || k.Number == o.Number && len(k.Parts) > len(o.Parts)
}

// know asks the other nodes how far players have got, nil if none of them has players of the stream; and the node that made the
// list for its record, nil if it is gone.
func (s *Server) know(ctx context.Context, r *record, generation uint64, name string) (made *record, most *known) {
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	query := url.Values{"session": {r.Session}, "generation": {strconv.FormatUint(generation, 10)}}.Encode()
	for _, node := range s.cfg.Upstream.Others() {
		wg.Go(func() {
			resp, err := s.cfg.Upstream.Get(ctx, node, PeerPath+url.PathEscape(name)+"/known", query)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			var k known
			if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, maxListBytes)).Decode(&k) != nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if k.further(most) {
				most = &k
			}
			if own, err := readRecord(k.Record, &s.cfg); err == nil && own.Session == r.Session && own.Generation == r.Generation {
				made = own
			}
		})
	}
	wg.Wait()
	return made, most
}

// complete adds what players know of and the record does not have. The node that made it took it along.
func (r *record) complete(k *known) {
	last := r.Segments[len(r.Segments)-1]
	if k == nil || k.Number < last.Number || k.Number > last.Number+2 {
		if r.Next > last.Number+1 { // nobody but viewers of that node knows how much of it there was
			r.lose(r.Target*1000, []int64{r.PartTarget})
		}
		return
	}
	for n := last.Number; n < k.Number; n++ {
		r.lose(r.Target*1000, []int64{r.PartTarget})
	}
	if len(k.Parts) == 0 {
		return
	}
	r.lose(min(lengthOf(k.Parts), r.Target*1000), k.Parts)
}

// lose adds a segment whose bytes went with its node.
func (r *record) lose(length int64, parts []int64) {
	s := r.Segments[len(r.Segments)-1]
	s.Number, s.Start, s.Breaks, s.Gap, s.Listed, s.Parts = s.Number+1, s.Start+s.Listed, false, true, length, nil
	if r.PartTarget > 0 {
		s.Parts = parts
	}
	r.Segments = append(r.Segments, s)
}

// maxTarget is beyond any EXT-X-TARGETDURATION, in seconds.
const maxTarget = 3600

// adopt begins a list with that of the node before, for a push of that generation. What no node has any more is a gap.
func (t *timeline) adopt(r *record, generation uint64, gone func(recorded) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.segments) > 0 || r.Session != t.session || r.Generation >= generation {
		return
	}
	inits := make(map[string]*initFile)
	for _, rec := range r.Segments {
		init := inits[rec.Init]
		if init == nil {
			init = &initFile{name: rec.Init}
			inits[rec.Init] = init
		}
		s := &segment{
			number: rec.Number, generation: rec.Generation, discontinuity: rec.Discontinuity, breaks: rec.Breaks, init: init,
			start: rec.Start, path: t.signer.capability(t.name, t.session, rec.Hour),
			duration: max(rec.Listed, 1), listed: rec.Listed, elsewhere: true, gap: rec.Gap || gone(rec),
		}
		for _, ms := range rec.Parts {
			s.parts, s.shown = append(s.parts, &part{duration: max(ms, -ms), independent: ms > 0}), append(s.shown, max(ms, -ms))
		}
		t.segments, t.last = append(t.segments, s), s.number
	}
	t.target, t.partTarget = r.Target, r.PartTarget
	t.fresh, t.resting, t.generation = false, true, generation-1
	t.origins, t.adopted, t.adoptedAt = r.Origins, t.last, time.Now()
	t.notify()
}

// after says whether a session that began at a time has seen nothing of the list that was taken over.
func (t *timeline) after(start time.Time) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return !t.adoptedAt.IsZero() && start.Unix() >= t.adoptedAt.Unix()
}

// begunHere says whether there is a segment that was made here. t.mu is held.
func (t *timeline) begunHere() bool { return t.last > t.adopted }

// kept is the record of a stream's list; nil for none.
func (s *Server) kept(ctx context.Context, name string) (*record, error) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	raw, err := s.cfg.Upstream.Kept(ctx, name)
	if err != nil || raw == nil {
		return nil, err
	}
	return readRecord(raw, &s.cfg)
}

// inherit has a list that begins go on from that of the node which the stream was pushed to before.
func (s *Server) inherit(ctx context.Context, t *timeline) {
	in, ok := s.hub.Info(t.name)
	session := t.named()
	if s.cfg.Upstream == nil || session == "" || !ok || in.Generation < 2 {
		return
	}
	r, err := s.kept(ctx, t.name)
	if err != nil {
		s.log.Warn("a playlist begins anew: what it was elsewhere is not known", "stream", t.name, "err", err)
		return
	}
	if r == nil || r.Session != session || r.Generation >= in.Generation {
		return
	}
	asked, stop := context.WithTimeout(ctx, askedTimeout)
	defer stop()
	made, known := s.know(asked, r, in.Generation, t.name)
	if made != nil {
		r = made
	}
	m := s.remoteOf(t.name)
	m.inherited(r)
	gone := make(map[uint64]bool)
	for _, rec := range slices.Backward(r.Segments) { // its newest of each node is the one players still want
		if _, known := gone[rec.Generation]; !known && !rec.Gap {
			gone[rec.Generation] = !m.has(ctx, r, rec)
		}
	}
	r.complete(known)
	t.adopt(r, in.Generation, func(rec recorded) bool { return gone[rec.Generation] && !m.took(r, rec) })
}
