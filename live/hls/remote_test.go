package hls

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// nodes are the servers of a cluster in a bubble, which ask each other without a network. The stream is "demo".
type nodes struct {
	mu    sync.Mutex // guards what follows
	place stream.Place
	known bool
	moved chan struct{}
	byHub map[*stream.Hub]string
	all   map[string]*Server
	down  map[string]bool
	hung  map[string]bool   // those that take questions and say nothing
	since map[string]uint64 // the newest push of which a node has not heard, as it was started later
	kept  []byte            // the newest record
	stops map[string]func() // of the origins: as by SIGTERM

	asked atomic.Int64
}

// seat is what one node sees of the others.
type seat struct {
	*nodes
	self string
}

var errDown = errors.New("no such node")

func (s seat) Where(context.Context, string) (stream.Place, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.place
	if s.since[s.self] >= at.Generation {
		at.Node, at.Generation = "", 0
	}
	at.Here, at.Changed = at.Node == s.self, s.moved
	return at, s.known
}

func (s seat) Get(ctx context.Context, node, path, query string) (*http.Response, error) {
	s.mu.Lock()
	to := s.all[node]
	if s.down[node] {
		to = nil
	}
	hung := s.hung[node]
	s.mu.Unlock()
	if hung {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	if to == nil {
		return nil, errDown
	}
	s.asked.Add(1)
	rec := httptest.NewRecorder()
	to.ServePeer(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, path+"?"+query, nil))
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return rec.Result(), nil
}

func (s seat) Keep(_ context.Context, _, _ string, generation uint64, record []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var old struct {
		Generation uint64 `json:"g"`
	}
	if s.kept == nil || json.Unmarshal(s.kept, &old) == nil && old.Generation <= generation {
		s.kept = record
	}
	return nil
}

func (s seat) Kept(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept, nil
}

func (s seat) Others() (all []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.all {
		if id != s.self {
			all = append(all, id)
		}
	}
	return all
}

// move says that the stream is pushed to the node of a hub now.
func (n *nodes) move(to *stream.Hub, generation uint64, began time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.place, n.known = stream.Place{Node: n.byHub[to], Generation: generation, Session: "01J", Start: began}, true
	close(n.moved)
	n.moved = make(chan struct{})
}

func (n *nodes) setDown(node string, down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[node] = down
}

// newRemoteShow is a show whose players are at a node that makes nothing itself. Pushes go to w.hub, which is one of the
// origins returned.
func newRemoteShow(t *testing.T, cfg Config, origins int) (*show, []*stream.Hub) {
	t.Helper()
	n := &nodes{moved: make(chan struct{}), byHub: map[*stream.Hub]string{}, all: map[string]*Server{}, down: map[string]bool{}, hung: map[string]bool{}, since: map[string]uint64{}, stops: map[string]func(){}}
	var hubs []*stream.Hub
	for i := range origins {
		id := string(rune('a' + i))
		cfg.Upstream, cfg.Node = seat{n, id}, id
		o := newShow(t, cfg)
		n.byHub[o.hub], n.all[id] = id, o.s
		hubs, n.stops[id] = append(hubs, o.hub), sync.OnceFunc(o.stop)
	}
	cfg.Upstream, cfg.Node = seat{n, "edge"}, "edge"
	w := newShow(t, cfg)
	n.all["edge"] = w.s
	own := w.stop
	w.cluster, w.hub = n, hubs[0]
	w.stop = func() {
		own()
		for _, stop := range n.stops {
			stop()
		}
	}
	return w, hubs
}

// TestPlaylistsKeepTheRulesOnAnotherNode is TestPlaylistsKeepTheRules for players at a node that only passes on.
func TestPlaylistsKeepTheRulesOnAnotherNode(t *testing.T) {
	length := 30 * time.Second * scale()
	for _, tt := range []struct {
		name string
		cfg  Config
		play func(w *show, origins []*stream.Hub)
	}{
		{"30 pictures a second", Config{}, func(w *show, _ []*stream.Hub) { w.follow(usual, false, length) }},
		{"reconnects to one node", Config{}, func(w *show, _ []*stream.Hub) { w.reconnects(length) }},
		{"pauses", Config{}, func(w *show, _ []*stream.Hub) { w.pauses(length) }},
		{"whole segments only", Config{Latency: NormalLatency}, func(w *show, _ []*stream.Hub) { w.follow(usual, false, length) }},
		{"MPEG-TS", Config{Container: MPEGTS}, func(w *show, _ []*stream.Hub) { w.follow(usual, false, length) }},
		{"the push moves", Config{}, func(w *show, origins []*stream.Hub) { w.wanders(origins, length) }},
		{"the push moves, whole segments only", Config{Latency: NormalLatency}, func(w *show, origins []*stream.Hub) { w.wanders(origins, length) }},
		{"the push moves, MPEG-TS", Config{Container: MPEGTS}, func(w *show, origins []*stream.Hub) { w.wanders(origins, length) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, origins := newRemoteShow(t, tt.cfg, 2)
				tt.play(w, origins)
				w.stop()
			})
		})
	}
}

// wanders has the encoder come back to another node each time.
func (w *show) wanders(origins []*stream.Hub, length time.Duration) {
	w.moves = true
	p := w.follow(usual, false, 10*time.Second)
	for i, end := 0, time.Now().Add(length); time.Now().Before(end); i++ {
		p.p.Close("")
		time.Sleep([]time.Duration{time.Second, 200 * time.Millisecond, 25 * time.Second}[i%3])
		w.hub = origins[(i+1)%len(origins)]
		p = w.publish(usual)
		p.until(time.Duration(15+i%4*4) * time.Second)
	}
	w.hub.End("demo", nil)
	time.Sleep(5 * time.Second)
}

// inRemoteShow has a push run for a while at a node that players of another watch.
func inRemoteShow(t *testing.T, cfg Config, play func(w *show, origins []*stream.Hub, p *feeding)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w, origins := newRemoteShow(t, cfg, 2)
		p := w.publish(usual)
		p.until(12 * time.Second)
		play(w, origins, p)
		w.stop()
	})
}

func TestManyPlayersAskOnce(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, _ []*stream.Hub, p *feeding) {
		const many = 100 // each alone would ask for some hundred things
		var wg sync.WaitGroup
		for range many {
			wg.Go(func() {
				uri := w.enter()
				_, body := w.get(w.t.Context(), uri)
				list, _ := readList(body)
				for range 12 {
					_, body = w.get(w.t.Context(), fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", uri, list.next(), len(list.open.parts)))
					if list, _ = readList(body); list == nil || len(list.segments) == 0 {
						t.Error("no list: " + body)
						return
					}
					for _, f := range uris.FindAllString(body, -1) {
						if code, _ := w.get(w.t.Context(), f); code != http.StatusOK {
							t.Errorf("%s: %d", f, code)
						}
					}
				}
			})
		}
		p.again(6 * time.Second)
		wg.Wait()
		if n := w.s.Viewers("demo"); n != many {
			t.Errorf("%d viewers counted, want %d", n, many)
		}
		st := w.s.Stats()
		// A playlist and a file for each part, and what was there at first.
		if got := w.cluster.asked.Load(); got > 150 || st.Asked != uint64(got) {
			t.Errorf("%d players asked %d questions (%d counted)", many, got, st.Asked)
		}
		if st.CacheHits < many || st.CacheBytes == 0 || st.Streams != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestOriginGoneWithoutAWord(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, _ *feeding) {
		uri := w.enter()
		_, before := w.get(w.t.Context(), uri)
		list, _ := readList(before)
		var files []string
		for _, s := range list.segments {
			files = append(files, s.uri, s.mapURI)
		}
		for _, f := range files {
			w.get(w.t.Context(), f)
		}
		time.Sleep(waitedFresh)
		w.cluster.setDown("a", true)
		code, rest := w.get(w.t.Context(), uri+"?_HLS_msn=99999999")
		if code != http.StatusOK || strings.Contains(rest, "CAN-BLOCK-RELOAD") || strings.Contains(rest, "PRELOAD-HINT") {
			t.Errorf("playlist of a node that is gone: %d\n%s", code, rest)
		}
		if w.enter() == "" {
			t.Error("no newcomer may come")
		}
		for _, f := range files {
			if code, body := w.get(w.t.Context(), f); code != http.StatusOK || body == "" {
				t.Errorf("%s, which was asked for before: %d", f, code)
			}
		}
		newest := list.segments[len(list.segments)-1]
		missing := newest.uri[:strings.LastIndex(newest.uri, "/")] + "/1-1.m4s"
		if code, _ := w.get(w.t.Context(), missing); code != http.StatusServiceUnavailable {
			t.Errorf("a file of the push that may come back: %d, want 503", code)
		}
		w.hub = origins[1]
		p := w.publish(usual)
		if code, _ := w.get(w.t.Context(), missing); code != http.StatusNotFound {
			t.Errorf("a file that nobody has: %d, want 404", code)
		}
		if code, body := w.get(w.t.Context(), uri); code != http.StatusOK || !strings.Contains(body, newest.uri) {
			t.Errorf("before the first segment of the next push: %d\n%s", code, body)
		}
		p.again(5 * time.Second)
		code, body := w.get(w.t.Context(), uri)
		now, _ := readList(body)
		if code != http.StatusOK || !strings.Contains(body, "EXT-X-DISCONTINUITY\n") || now.next() <= list.next() || !strings.Contains(body, newest.uri) {
			t.Errorf("after it: %d\n%s", code, body)
		}
		if code, _ := w.get(w.t.Context(), files[len(files)-1]); code != http.StatusOK {
			t.Errorf("a kept file of the push before: %d", code)
		}
	})
}

// TestOriginHangs has a node take questions and not answer, as one that stands still does until its lease is over.
func TestOriginHangs(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, _ []*stream.Hub, _ *feeding) {
		uri := w.enter()
		_, before := w.get(w.t.Context(), uri)
		list, _ := readList(before)
		time.Sleep(waitedFresh)
		w.cluster.mu.Lock()
		w.cluster.hung["a"] = true
		w.cluster.mu.Unlock()
		began := time.Now()
		code, rest := w.get(w.t.Context(), uri)
		if took := time.Since(began); code != http.StatusOK || !strings.Contains(rest, list.segments[0].uri) || took > askTimeout {
			t.Errorf("who does not ask to wait is answered after %v: %d\n%s", took, code, rest)
		}
	})
}

func TestWaitingPlayersLearnThatThePushMoved(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, p *feeding) {
		uri := w.enter()
		_, body := w.get(w.t.Context(), uri)
		list, _ := readList(body)
		came := make(chan string)
		go func() {
			_, body := w.get(w.t.Context(), fmt.Sprintf("%s?_HLS_msn=%d", uri, list.next()+1))
			came <- body
		}()
		synctest.Wait()
		w.hub = origins[1]
		w.publish(usual).until(4 * time.Second)
		if body := <-came; !strings.Contains(body, "/2-") && !strings.Contains(body, "/1-") {
			t.Errorf("who waited was told\n%s", body)
		}
	})
}

func TestFormerOriginPassesOn(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, p *feeding) {
		former := w.cluster.all["a"]
		w.hub = origins[1]
		p.p.Close("")
		w.publish(usual).until(6 * time.Second)
		w.s = former // players of the node that had the push before
		_, body := w.get(w.t.Context(), w.enter())
		if !strings.Contains(body, "/2-") || strings.Contains(body, "/1-") {
			t.Errorf("the former origin answers\n%s", body)
		}
		list, _ := readList(body)
		for _, s := range list.segments {
			if code, _ := w.get(w.t.Context(), s.uri); code != http.StatusOK {
				t.Errorf("%s: %d", s.uri, code)
			}
		}
		resp, err := seat{w.cluster, "edge"}.Get(w.t.Context(), "a", PeerPath+"demo/media", "app=live&session=01J")
		if err != nil || resp.StatusCode != http.StatusConflict {
			t.Errorf("asked as an origin it says %v %v, want 409", resp.StatusCode, err)
		}
		time.Sleep(3 * time.Minute)
		if former.Stats().Streams != 0 {
			t.Error("the old segments are kept for ever")
		}
	})
}

// TestNobodyGoesBackToAnEarlierPush: until the node that has the push now has a segment of it, players go on with the list of the
// push before, not with an earlier one that some node has, and they get what it names. So do those of the node that had the
// push before, and of the one that has it now, which had it earlier too.
func TestNobodyGoesBackToAnEarlierPush(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, p *feeding) {
		edge := w.s
		at := map[string]*Server{"a": w.cluster.all["a"], "b": w.cluster.all["b"], "edge": edge}
		uris, before := map[string]string{}, map[string]*mediaList{}
		for id, s := range at {
			w.s = s
			uris[id] = w.enter()
			if _, body := w.get(w.t.Context(), uris[id]); !strings.Contains(body, "/1-") {
				t.Fatalf("the list of the first push at %s:\n%s", id, body)
			}
		}
		p.p.Close("")
		w.hub = origins[1]
		p = w.publish(usual)
		p.until(6 * time.Second)
		for id, s := range at {
			w.s = s
			_, body := w.get(w.t.Context(), uris[id])
			if before[id], _ = readList(body); !strings.Contains(body, "/2-") {
				t.Fatalf("the list of the second push at %s:\n%s", id, body)
			}
		}
		time.Sleep(time.Second)
		p.p.Close("")
		w.hub = origins[0]
		p = w.publish(usual)
		for id, s := range at {
			w.s = s
			code, body := w.get(w.t.Context(), uris[id])
			list, _ := readList(body)
			if code != http.StatusOK || list.sequence < before[id].sequence || list.next() < before[id].next() {
				t.Fatalf("at %s before the first segment of the next push: %d\n%s", id, code, body)
			}
			for _, s := range list.segments {
				for _, f := range []string{s.mapURI, s.uri} {
					if code, _ := w.get(w.t.Context(), f); f != "" && code != http.StatusOK {
						t.Errorf("at %s, %s: %d", id, f, code)
					}
				}
			}
		}
		p.again(6 * time.Second)
		for id, s := range at {
			w.s = s
			if _, body := w.get(w.t.Context(), uris[id]); !strings.Contains(body, "/3-") || strings.Contains(body, "/1-") {
				t.Errorf("at %s after the first segment:\n%s", id, body)
			}
			newest := before[id].segments[len(before[id].segments)-1].uri
			if code, _ := w.get(w.t.Context(), newest); code != http.StatusOK {
				t.Errorf("at %s, a file of the push before: %d", id, code)
			}
		}
		w.s = edge
	})
}

func TestRefusalsOnAnotherNode(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, _ []*stream.Hub, p *feeding) {
		uri := w.enter()
		_, body := w.get(w.t.Context(), uri)
		file := uris.FindString(body)
		before := w.cluster.asked.Load()
		dir := file[:strings.LastIndex(file, "/")]
		for _, tt := range []struct {
			target string
			code   int
		}{
			{strings.Replace(uri, "/h/", "/h/A", 1), 403},
			{uri + "?_HLS_msn=x", 400},
			{strings.Replace(file, "/p/", "/p/A", 1), 403},
			{dir + "/x", 404},
			{dir + "/0-01.m4s", 404},
			{dir + "/9-1.m4s", 404},
		} {
			if code, _ := w.get(w.t.Context(), tt.target); code != tt.code {
				t.Errorf("%s: %d, want %d", tt.target, code, tt.code)
			}
		}
		if n := w.cluster.asked.Load() - before; n != 0 {
			t.Errorf("the origin was asked %d times for what can't be", n)
		}
		if code, _ := w.get(w.t.Context(), dir+"/1-1.m4s"); code != 404 {
			t.Errorf("a file that is gone: %d", code)
		}
		if code, _ := w.get(w.t.Context(), uri+"?_HLS_msn=99999"); code != 400 {
			t.Errorf("too far ahead: %d", code)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	c := newRemotes(100)
	now := time.Now()
	put := func(key string, size int, age time.Duration) {
		c.put(key, file{parts: []*part{{data: make([]byte, size)}}, bytes: size}, age, now)
	}
	has := func(key string, at time.Time) bool {
		_, ok := c.get(key, at)
		return ok
	}
	put("a", 40, time.Minute)
	put("b", 40, time.Minute)
	if !has("a", now) {
		t.Error("a is gone")
	}
	put("c", 40, time.Minute) // b was used least
	put("large", 101, time.Minute)
	put("stale", 1, 0)
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "large": false, "stale": false} {
		if has(key, now) != want {
			t.Errorf("%s is kept: %t, want %t", key, !want, want)
		}
	}
	put("a", 10, time.Hour)
	c.sweep(now.Add(2 * time.Minute))
	if !has("a", now) || has("c", now) || c.bytes != 10 || len(c.byName) != 1 {
		t.Errorf("%d bytes of %d files are left", c.bytes, len(c.byName))
	}
	if has("a", now.Add(time.Hour)) || c.bytes != 0 {
		t.Error("a is kept too long")
	}
}

func TestQuestionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newRemotes(100)
		hold := make(chan struct{})
		var wg sync.WaitGroup
		for i := range maxFlights {
			wg.Go(func() {
				_, _ = c.once(t.Context(), fmt.Sprint(i), func(context.Context) (any, error) { <-hold; return i, nil })
			})
		}
		synctest.Wait()
		if _, err := c.once(t.Context(), "more", func(context.Context) (any, error) { return nil, nil }); !errors.Is(err, errStalled) {
			t.Errorf("one more: %v, want errStalled", err)
		}
		late, cancel := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := c.once(late, "1", nil); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(hold)
		wg.Wait()
		if len(c.flights) != 0 {
			t.Errorf("%d questions are left", len(c.flights))
		}
	})
}

func TestMaxAge(t *testing.T) {
	for header, want := range map[string]time.Duration{
		fileCaching: time.Hour, "max-age=5": 5 * time.Second, "no-store": 0, "": 0, "max-age=-1": 0, "max-age=99999999999999": 0,
	} {
		if got := maxAge(http.Header{"Cache-Control": {header}}); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func TestAtRest(t *testing.T) {
	list := "#EXTM3U\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.000\n#EXTINF:2.000,\n/x\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"/y\"\n"
	want := "#EXTM3U\n#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.000\n#EXTINF:2.000,\n/x\n" + nothingMore
	if got := atRest([]byte(list)); string(got) != want {
		t.Errorf("got %s", got)
	}
	if again := atRest([]byte(want)); !bytes.Equal(again, []byte(want)) {
		t.Errorf("again: %s", again)
	}
}

// TestPlayersOfTheNewOriginKeepTheirList when its node is gone: they were given none of what the node had taken over, and a list
// that begins with it would begin earlier than the one before.
func TestPlayersOfTheNewOriginKeepTheirList(t *testing.T) {
	list := func(number uint64) *remoteList { return &remoteList{body: &body{}, number: number} }
	for _, tc := range []struct {
		own          bool
		whole, since uint64 // the newest segments of the lists with what was taken over, and without; 0: it is not known
		want         uint64
	}{
		{own: true, whole: 46, since: 45, want: 45},
		{own: true, whole: 46, want: 46}, // better than nothing
		{own: false, whole: 45, since: 46, want: 46},
		{own: false, since: 45, want: 45},
		{own: true, want: 0},
	} {
		m := &remote{lists: map[listKey]*remoteList{}}
		if tc.whole != 0 {
			m.lists[listKey{app: "live"}] = list(tc.whole)
		}
		if tc.since != 0 {
			m.lists[listKey{app: "live", own: true}] = list(tc.since)
		}
		for _, delta := range []bool{false, true} {
			if _, got := m.resting(listKey{app: "live", own: tc.own, delta: delta}); got != tc.want {
				t.Errorf("own %t, of lists up to %d and %d: up to %d, want %d", tc.own, tc.whole, tc.since, got, tc.want)
			}
		}
	}
}

// TestPlaylistsNeverGoBackWhereThePushWas moves the push to and fro between nodes that have players, and have known older
// playlists: of their own, and of each other.
func TestPlaylistsNeverGoBackWhereThePushWas(t *testing.T) {
	inRemoteShow(t, Config{}, func(w *show, origins []*stream.Hub, p *feeding) {
		type player struct {
			node, uri string
			next      uint64
		}
		var players []*player
		for node, s := range w.cluster.all {
			w.s = s
			players = append(players, &player{node: node, uri: w.enter()})
		}
		var mu sync.Mutex
		ask := func(o *player, query string) {
			rec := httptest.NewRecorder()
			w.cluster.all[o.node].ServeHTTP(rec, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, o.uri+query, nil))
			if rec.Code != http.StatusOK {
				return // it comes back
			}
			list, why := readList(rec.Body.String())
			mu.Lock()
			defer mu.Unlock()
			if list == nil || list.next() < o.next {
				t.Errorf("the playlist at %s goes back from %d: %v\n%s", o.node, o.next, why, rec.Body)
			}
			o.next = list.next()
		}
		for i, to := range []int{1, 0, 1, 1, 0, 0, 1, 0, 1} {
			for _, o := range players {
				ask(o, "")
			}
			var waiting sync.WaitGroup
			for _, o := range players {
				waiting.Go(func() { ask(&player{o.node, o.uri, o.next}, fmt.Sprintf("?_HLS_msn=%d", o.next)) })
			}
			synctest.Wait()
			p.p.Close("")
			w.hub = origins[to]
			w.cluster.move(w.hub, w.pushes+1, w.began) // the news are faster than the push
			for _, o := range players {
				waiting.Go(func() { ask(&player{o.node, o.uri, o.next}, "") })
			}
			synctest.Wait()
			p = w.publish(usual)
			for until := 100 * time.Millisecond; until < []time.Duration{8 * time.Second, 3 * time.Second, 500 * time.Millisecond}[i/3]; until += 100 * time.Millisecond {
				p.until(until)
				for _, o := range players {
					ask(o, "")
				}
			}
			waiting.Wait()
		}
	})
}
