package hls

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
)

// follower is a player that reads everything and believes nothing. With low set it asks as a low-latency player:
// blocking reloads, delta updates, parts; otherwise it reloads by the clock.
type follower struct {
	w     *show
	low   bool
	uri   string
	since time.Time // of the session
	v     validator
	m     mediaCheck
	parts map[string][]byte // fetched before their segment was whole
	ahead string            // part that was asked for before it was there
	came  chan answer       // what it was answered
	early sync.WaitGroup    // those who ask ahead
	from  uint64            // segments below are done

	segments, fetched, waited int
	awaited                   int           // parts that were asked for ahead and came
	behind                    time.Duration // largest distance of the newest media from the present, while it flowed
	compared                  int           // reloads, now and then with the whole list
	cancel                    context.CancelFunc
	done                      chan struct{}
}

type answer struct {
	code int
	body string
}

// watch begins to follow the stream once it can be played.
func (w *show) watch(low bool, src source, holes bool) *follower {
	f := &follower{w: w, low: low, uri: w.enter(), parts: map[string][]byte{}, since: time.Now(), done: make(chan struct{})}
	f.v.holes, f.v.moves = holes, w.moves
	f.m = mediaCheck{holes: holes, inits: map[string]*fmp4.Init{}, tracks: map[int]*trackCheck{}}
	if src.frames > 0 {
		f.m.frame = time.Duration(src.per) * time.Second / time.Duration(src.frames)
	}
	var ctx context.Context
	ctx, f.cancel = context.WithCancel(w.t.Context())
	go func() {
		defer close(f.done)
		defer f.early.Wait()
		f.follow(ctx)
	}()
	w.players = append(w.players, f)
	return f
}

// enter begins a viewer's session.
func (w *show) enter() string {
	code, body := w.get(w.t.Context(), "/live/demo.m3u8")
	uri := entryLine.FindString(body)
	if code != http.StatusOK || uri == "" {
		w.t.Errorf("multivariant playlist: %d %s", code, body)
	}
	return uri
}

// leave ends it and reports what it found.
func (f *follower) leave() {
	f.cancel()
	<-f.done
	f.w.t.Helper()
	all := append(f.v.problems, f.m.problems...)
	for i, p := range all {
		if i == 12 {
			f.w.t.Errorf("… and %d more", len(all)-i)
			break
		}
		f.w.t.Errorf("low latency %t: %s", f.low, p)
	}
	f.w.t.Logf("low latency %t: %d segments, %d files, %d pictures, %d sounds, %d parts as hinted, %d asked for ahead, %d deltas, %d blocked; at most %v behind",
		f.low, f.segments, f.fetched, f.m.pictures, f.m.sounds, f.v.hinted, f.awaited, f.v.deltas, f.waited, f.behind)
}

func (f *follower) follow(ctx context.Context) {
	query, waits := "", false
	for ctx.Err() == nil {
		asked := time.Now()
		code, body := f.w.get(ctx, f.uri+query)
		if ctx.Err() != nil {
			return
		}
		if age := time.Since(f.since); code == http.StatusForbidden && age > f.w.s.cfg.SessionAge-5*time.Second {
			f.uri, f.since = f.w.enter(), time.Now() // it is over by its age: a player loads its address again
			continue
		}
		if code != http.StatusOK {
			if !waits || code != http.StatusServiceUnavailable && code != http.StatusNotFound {
				f.v.fault("reload", "%d %s", code, body)
				return
			}
			query, waits = "", false // nothing came in time
			continue
		}
		list := f.v.playlist(time.Now(), body)
		if waits && time.Since(asked) > 0 {
			f.waited++
		}
		f.load(ctx, list)
		f.again(ctx, list.target)
		if list.ended {
			return
		}
		if waits = f.low && list.blocks; waits {
			f.reached(list, query)
			f.compare(ctx, list)
			query = f.ask(list)
			continue
		}
		time.Sleep(list.target / 2)
	}
}

// ask is the query for what comes next.
func (f *follower) ask(l *mediaList) string {
	q := fmt.Sprintf("?_HLS_msn=%d", l.next())
	if l.partTarget > 0 {
		q += fmt.Sprintf("&_HLS_part=%d", len(l.open.parts))
	}
	if l.skipUntil > 0 {
		q += "&_HLS_skip=YES"
	}
	return q
}

// reached checks that a blocking reload was not answered before what it waited for was there.
func (f *follower) reached(l *mediaList, query string) {
	if query == "" || l.ended {
		return
	}
	var msn uint64
	var part int
	_, _ = fmt.Sscanf(strings.NewReplacer("?_HLS_msn=", "", "&_HLS_part=", " ").Replace(query), "%d %d", &msn, &part)
	if l.next() > msn || l.next() == msn && len(l.open.parts) > part {
		return
	}
	f.v.fault("blocking", "%s was answered with %d.%d", query, l.next(), len(l.open.parts))
}

// compare asks for the whole playlist now and then, where a delta update may have come: both must say the same.
func (f *follower) compare(ctx context.Context, l *mediaList) {
	if f.compared++; l.skipUntil == 0 || f.compared%4 != 0 {
		return
	}
	_, body := f.w.get(ctx, f.uri)
	whole, _ := readList(body)
	if whole.next() != l.next() || len(whole.open.parts) != len(l.open.parts) {
		return // it went on meanwhile
	}
	for i, s := range whole.segments {
		if i >= len(l.segments) || !sameSegment(s, l.segments[i]) {
			f.v.fault("SKIP", "the delta update differs: %s", diffLists(whole, l))
			return
		}
	}
	if len(whole.segments) != len(l.segments) || whole.hint != l.hint || whole.sequence != l.sequence {
		f.v.fault("SKIP", "the delta update differs: %s", diffLists(whole, l))
	}
}

// load fetches what is new and looks into it.
func (f *follower) load(ctx context.Context, l *mediaList) {
	for i, s := range l.segments {
		n := l.sequence + uint64(i)
		if n < f.from {
			continue
		}
		f.from = n + 1
		if s.gap {
			continue
		}
		f.mapped(ctx, s.mapURI)
		var parts [][]byte
		for _, p := range s.parts {
			if !f.low {
				continue
			}
			f.part(ctx, p)
			parts = append(parts, f.parts[p.uri])
			delete(f.parts, p.uri)
		}
		f.m.segment(n, s, f.file(ctx, s.uri), parts)
		f.segments++
	}
	defer f.askAhead(ctx, l.hint)
	end := l.open.date
	for _, p := range l.open.parts {
		f.part(ctx, p)
		end = end.Add(p.duration)
	}
	if len(l.open.parts) == 0 && len(l.segments) > 0 {
		s := l.segments[len(l.segments)-1]
		end = s.date.Add(s.duration)
	}
	if f.segments > 0 && !end.IsZero() {
		f.behind = max(f.behind, time.Since(end))
	}
}

func (f *follower) mapped(ctx context.Context, uri string) {
	if uri != "" && f.m.inits[uri] == nil {
		clear(f.m.inits)
		f.m.init(uri, f.file(ctx, uri))
	}
}

func (f *follower) part(ctx context.Context, p listedPart) {
	switch {
	case !f.low || f.parts[p.uri] != nil:
	case p.uri == f.ahead:
		a := <-f.came
		if a.code != http.StatusOK && ctx.Err() == nil {
			f.v.fault("hint", "%s was asked for ahead: %d %s", p.uri, a.code, a.body)
		}
		f.parts[p.uri] = []byte(a.body)
		f.awaited++
	default:
		f.parts[p.uri] = f.file(ctx, p.uri)
	}
}

// askAhead asks for a part that is not there yet.
func (f *follower) askAhead(ctx context.Context, uri string) {
	if !f.low || uri == "" || uri == f.ahead {
		return
	}
	came := make(chan answer, 1)
	f.ahead, f.came = uri, came
	f.early.Go(func() {
		code, body := f.w.get(ctx, uri)
		came <- answer{code, body}
	})
}

// again asks for what was unlisted, shortly before it may be gone.
func (f *follower) again(ctx context.Context, target time.Duration) {
	for _, uri := range f.v.owed(time.Now(), 2*target) {
		if code, _ := f.w.get(ctx, uri); code != http.StatusOK && ctx.Err() == nil {
			f.v.fault("removal", "%s is gone too early: %d", uri, code)
		}
	}
}

func (f *follower) file(ctx context.Context, uri string) []byte {
	code, body := f.w.get(ctx, uri)
	if code != http.StatusOK && ctx.Err() == nil {
		f.v.fault("file", "%s: %d %s", uri, code, body)
	}
	f.fetched++
	return []byte(body)
}

// TestPlaylistsKeepTheRules lets players of both kinds follow streams of every odd sort, in real pace of a bubble's time:
// 20 minutes in all, times LIVEROOM_SCALE.
func TestPlaylistsKeepTheRules(t *testing.T) {
	length := time.Minute * scale()
	plain := func(src source) func(*show) { return func(w *show) { w.follow(src, false, length) } }
	for _, tt := range []struct {
		name string
		cfg  Config
		play func(w *show)
	}{
		{"30 pictures a second", Config{}, plain(usual)},
		{"29.97 with B-frames", Config{}, plain(source{frames: 30000, per: 1001, gop: 60, reorder: true, rate: 48000})},
		{"sound alone", Config{}, plain(alone)},
		{"no sound", Config{}, plain(silent)},
		{"GOP of ten seconds", Config{}, plain(source{frames: 30, per: 1, gop: 300, rate: 44100})},
		{"GOP shorter than a part", Config{}, plain(source{frames: 50, per: 1, gop: 5, rate: 48000})},
		{"jitter", Config{}, plain(source{frames: 30, per: 1, gop: 60, rate: 44100, jitter: 400 * time.Millisecond})},
		{"sound leads", Config{}, plain(source{frames: 30, per: 1, gop: 60, rate: 44100, lead: 700 * time.Millisecond})},
		{"pictures lead", Config{}, plain(source{frames: 30, per: 1, gop: 60, rate: 44100, lead: -700 * time.Millisecond})},
		{"a session of seven weeks: 2^32 ms go by, in the input too", Config{}, func(w *show) {
			w.age = (1<<32 - 40_000) * time.Millisecond
			src := usual
			src.raw = 1<<32 - 60_000
			w.follow(src, false, length)
		}},
		{"sound stays away for a while", Config{}, func(w *show) { w.mutes(length) }},
		{"new picture sizes", Config{}, func(w *show) { w.changes(length) }},
		{"stalls of the encoder", Config{}, func(w *show) { w.stalls(length) }},
		{"reconnects", Config{}, func(w *show) { w.reconnects(length) }},
		{"pauses", Config{}, func(w *show) { w.pauses(length) }},
		{"whole segments only", Config{Latency: NormalLatency}, plain(usual)},
		{"MPEG-TS over the wrap of its 33 bits", Config{Container: MPEGTS}, func(w *show) {
			w.age = (1<<33/90 - 41_000) * time.Millisecond
			w.follow(source{frames: 30, per: 1, gop: 60, reorder: true, rate: 44100}, false, length)
		}},
		{"MPEG-TS with sound alone", Config{Container: MPEGTS}, plain(alone)},
		{"MPEG-TS with reconnects", Config{Container: MPEGTS}, func(w *show) { w.reconnects(length) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newShow(t, tt.cfg)
				tt.play(w)
				w.stop()
			})
		})
	}
}

// follow plays a source to one player of each kind.
func (w *show) follow(src source, holes bool, length time.Duration) *feeding {
	p := w.publish(src)
	p.until(12 * time.Second)
	w.watch(true, src, holes)
	w.watch(false, src, holes)
	p.again(length)
	return p
}

func (w *show) mutes(length time.Duration) {
	p := w.follow(usual, true, 10*time.Second)
	for end := time.Now().Add(length); time.Now().Before(end); p.mute = !p.mute {
		p.again(7300 * time.Millisecond)
	}
}

func (w *show) changes(length time.Duration) {
	p := w.follow(usual, false, 10*time.Second)
	for i, end := byte(0), time.Now().Add(length); time.Now().Before(end); i ^= 1 {
		p.change([]byte{0x68, 0xcb, 0x8c, 0xb3 - i})
		p.again(17700 * time.Millisecond)
	}
}

func (w *show) stalls(length time.Duration) {
	p := w.follow(usual, true, 10*time.Second)
	for i, end := 0, time.Now().Add(length); time.Now().Before(end); i++ {
		p.stall(time.Duration(300+i%5*900) * time.Millisecond)
		p.again(7300 * time.Millisecond)
	}
}

func (w *show) reconnects(length time.Duration) {
	p := w.follow(usual, false, 10*time.Second)
	for i, end := 0, time.Now().Add(length); time.Now().Before(end); i++ {
		p.p.Close("")
		time.Sleep([]time.Duration{time.Second, 200 * time.Millisecond, 25 * time.Second}[i%3])
		p = w.publish(usual)
		p.until(time.Duration(5+i%4*4) * time.Second)
	}
	w.hub.End("demo", nil)
	time.Sleep(5 * time.Second)
}

func (w *show) pauses(length time.Duration) {
	p := w.follow(usual, false, 10*time.Second)
	for end := time.Now().Add(length); time.Now().Before(end); {
		w.hub.Gate("demo", true)
		p.again(13 * time.Second)
		w.hub.Gate("demo", false)
		p.again(20 * time.Second)
	}
}
