package hls

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite golden files")

// noon is when the session of these tests began.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// newTestTimeline returns a timeline whose session began at noon, and a function that adds a segment by its generation,
// begin and end in ms.
func newTestTimeline(t testing.TB, cfg Config) (*timeline, func(gen uint64, from, to int64, o ...func(*draft)) bool) {
	t.Helper()
	cfg = cfg.withDefaults()
	tl := newTimeline(&cfg, newSigner(testNode, []byte("primary")), "demo")
	inits := map[uint64]*initFile{}
	return tl, func(gen uint64, from, to int64, o ...func(*draft)) bool {
		now := noon.Add(time.Duration(to) * time.Millisecond)
		tl.seen(gen, from, noon.Add(time.Duration(from)*time.Millisecond))
		if inits[gen] == nil {
			inits[gen] = &initFile{
				name: fmt.Sprintf("%d-0-init.mp4", gen), data: []byte("init"),
				video: &video{name: "avc1.64001f", width: 1280, height: 720}, audio: &audio{name: "mp4a.40.2"},
			}
		}
		d := &draft{
			generation: gen, init: inits[gen], start: from, end: from,
		}
		d.add(&part{data: make([]byte, (to-from)*250), duration: to - from, independent: true}, int(to-from)*30/1000)
		for _, f := range o {
			f(d)
		}
		return tl.finish(d, now)
	}
}

// plain is a server of whole segments.
var plain = Config{Latency: NormalLatency}

func broken(d *draft) { d.breaks = true }

func TestGoldenPlaylists(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   int64 // when the playlist is asked for, in s
		fill func(t *testing.T, tl *timeline, add func(uint64, int64, int64, ...func(*draft)) bool)
	}{
		{"first", 3, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			add(1, 40, 2040)
		}},
		{"window", 30, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			for i := range int64(15) {
				add(1, i*2000, i*2000+2000)
			}
		}},
		{"reconnect", 60, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			for i := range int64(5) {
				add(1, i*2000, i*2000+2000)
			}
			add(2, 47_500, 49_533, broken)
			add(2, 49_533, 51_533)
		}},
		{"discontinuity-slid-out", 60, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			add(1, 0, 2000)
			for i := range int64(8) {
				if i == 0 {
					add(2, 4000, 6000, broken)
				} else {
					add(2, 4000+i*2000, 6000+i*2000)
				}
			}
		}},
		{"came-from-another-node", 3700, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			add(4, 3_600_250, 3_602_250)
			add(4, 3_602_250, 3_604_250)
		}},
		{"ended", 12, func(_ *testing.T, tl *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			add(1, 0, 2000)
			add(1, 2000, 4000)
			add(1, 4000, 4700)
			tl.end(noon.Add(10 * time.Second))
		}},
		{"long-first-gop", 30, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			add(1, 0, 8333)
			add(1, 8333, 10_333)
			add(1, 10_333, 19_400) // a stall of the encoder: it may not say more than TARGETDURATION
		}},
		{"hour-change", 3606, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			for i := int64(1798); i < 1803; i++ {
				add(1, i*2000, i*2000+2000)
			}
		}},
		{"paused-for-hours", 3 * 3600, func(_ *testing.T, _ *timeline, add func(uint64, int64, int64, ...func(*draft)) bool) {
			add(1, 0, 2000)
			add(1, 2000, 4000)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tl, add := newTestTimeline(t, plain)
			tt.fill(t, tl, add)
			now := noon.Add(time.Duration(tt.at) * time.Second)
			got := tl.media("live", now)
			if !bytes.Equal(got, tl.media("live", now)) {
				t.Error("the second viewer gets other bytes")
			}
			got = append(got, tl.multivariant("/live/demo/h/SID/v0.m3u8")...)
			path := filepath.Join("testdata", tt.name+".m3u8")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("playlist differs (-want +got):\n%s", d)
			}
			reachable(t, tl, got, now)
		})
	}
}

var uris = regexp.MustCompile(`/live/demo/p/([^/]+)/([^"\n]+)`)

// reachable checks that all the playlist names is there and opens with the capability it names.
func reachable(t *testing.T, tl *timeline, playlist []byte, now time.Time) {
	t.Helper()
	all := uris.FindAllSubmatch(playlist, -1)
	if len(all) < 2 {
		t.Errorf("%d addresses in the playlist", len(all))
	}
	for _, m := range all {
		if !tl.allows(string(m[1]), now) {
			t.Errorf("capability of %s is refused", m[0])
		}
		if _, ok, _ := tl.find(string(m[2])); !ok {
			t.Errorf("%s is not there", m[2])
		}
	}
}

func TestNumbering(t *testing.T) {
	type step struct {
		gen      uint64
		from, to int64
		want     uint64 // 0: not published
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"one generation", []step{{1, 0, 2000, 40}, {1, 2000, 4000, 41}, {1, 4000, 8000, 42}}},
		{"reconnect here goes on", []step{{1, 0, 2000, 40}, {2, 60_000, 62_000, 41}, {3, 70_000, 72_000, 42}}},
		{"after a restart", []step{{7, 3_600_900, 3_602_900, 3880}, {7, 3_602_900, 3_604_900, 3881}}},
		{"another node had generation 2", []step{{1, 0, 2000, 40}, {3, 60_000, 62_000, 180}, {3, 62_000, 64_000, 181}}},
		{"short rests in the first second", []step{{1, 0, 500, 40}, {1, 500, 900, 0}, {1, 900, 2900, 41}}},
		{"second that crosses a whole one", []step{{1, 900, 1100, 40}, {1, 1100, 1900, 41}, {1, 1900, 1950, 0}}},
		{"short rest later", []step{{1, 0, 2000, 40}, {1, 2000, 4000, 41}, {1, 4000, 4100, 42}}},
		{"many rests", []step{{1, 0, 2000, 40}, {1, 2000, 2100, 41}, {1, 2100, 2200, 42}, {1, 2200, 2300, 0}, {2, 2300, 2400, 43}, {3, 2400, 2500, 44}}},
		{"generations without a segment", []step{{1, 0, 2000, 40}, {2, 2000, 2001, 41}, {3, 2001, 2002, 42}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tl, add := newTestTimeline(t, Config{})
			for i, s := range tt.steps {
				got := uint64(0)
				if add(s.gen, s.from, s.to) {
					got = tl.last
				}
				if got != s.want {
					t.Fatalf("step %d: number %d, want %d", i, got, s.want)
				}
			}
		})
	}
}

// TestNumbersNeverGoBack lets pushes of one session wander over nodes that know nothing of each other, with encoders
// that run ahead of the clock, rests of every length and nodes that restart.
func TestNumbersNeverGoBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		type node struct {
			tl  *timeline
			add func(uint64, int64, int64, ...func(*draft)) bool
		}
		fresh := func() *node {
			tl, add := newTestTimeline(t, Config{})
			return &node{tl, add}
		}
		nodes := []*node{fresh(), fresh(), fresh()}
		var clock int64                          // ms, of the store
		var number, discontinuity, lastAt uint64 // seen by viewers, over all nodes
		for gen := uint64(1); gen < 12; gen++ {
			i := rapid.IntRange(0, len(nodes)-1).Draw(r, "node")
			if rapid.IntRange(0, 4).Draw(r, "restart") == 0 {
				nodes[i] = fresh()
			}
			n := nodes[i]
			at := clock
			if e := n.tl.segments; len(e) > 0 { // a node never goes below what it knows itself
				at = max(at, e[len(e)-1].start+e[len(e)-1].duration)
			}
			for range rapid.IntRange(0, 6).Draw(r, "segments") {
				length := rapid.Int64Range(1, 5000).Draw(r, "length")
				if n.add(gen, at, at+length) {
					s := n.tl.segments[len(n.tl.segments)-1]
					if s.number <= number || s.discontinuity < discontinuity {
						t.Fatalf("generation %d: %d after %d, discontinuity %d after %d, at %d ms after %d",
							gen, s.number, number, s.discontinuity, discontinuity, at, lastAt)
					}
					number, discontinuity = s.number, s.discontinuity
				}
				at += length
				lastAt = uint64(at)
			}
			clock = max(clock, at-rapid.Int64Range(0, (margin-2)*1000).Draw(r, "burst"))
		}
	})
}

// TestPlaylistOnlyMovesForward checks each playlist against the one before: what a player relies on (RFC 8216 §6.2.2).
func TestPlaylistOnlyMovesForward(t *testing.T) {
	tl, add := newTestTimeline(t, Config{})
	var before []string
	var beforeSequence, target int
	at, gen := int64(0), uint64(1)
	for i := range 60 {
		if i%9 == 8 {
			gen++
			at += 3000
		}
		add(gen, at, at+2000)
		at += 2000
		body := tl.media("live", noon.Add(time.Duration(at)*time.Millisecond))
		var names []string
		for _, m := range regexp.MustCompile(`(?m)^/.*/(.*\.m4s)$`).FindAllSubmatch(body, -1) {
			names = append(names, string(m[1]))
		}
		sequence, _ := strconv.Atoi(string(regexp.MustCompile(`MEDIA-SEQUENCE:(\d+)`).FindSubmatch(body)[1]))
		td, _ := strconv.Atoi(string(regexp.MustCompile(`TARGETDURATION:(\d+)`).FindSubmatch(body)[1]))
		if i > 0 {
			shift := sequence - beforeSequence
			if shift < 0 || shift > 1 {
				t.Fatalf("media sequence %d after %d", sequence, beforeSequence)
			}
			if d := cmp.Diff(before[shift:], names[:len(names)-1]); d != "" {
				t.Fatalf("what stays listed differs:\n%s", d)
			}
			if td != target {
				t.Fatalf("TARGETDURATION changed from %d to %d", target, td)
			}
		}
		before, beforeSequence, target = names, sequence, td
	}
}

func TestBounds(t *testing.T) {
	t.Run("bytes", func(t *testing.T) {
		tl, add := newTestTimeline(t, Config{StreamBytes: 3_000_000, SegmentBytes: 1 << 20})
		for i := range int64(20) {
			add(1, i*2000, i*2000+2000) // 500,000 bytes each
			if tl.held() > 3_000_000 {
				t.Fatalf("%d bytes held", tl.held())
			}
		}
		if n := len(tl.segments); n != 6 {
			t.Errorf("%d segments kept, want 6", n)
		}
	})
	t.Run("count", func(t *testing.T) {
		tl, add := newTestTimeline(t, plain)
		for i := range int64(100) {
			add(1, i*2000, i*2000+2000)
		}
		if kept, listed := len(tl.segments), len(tl.listed()); kept != 15 || listed != 7 {
			t.Errorf("%d kept and %d listed, want 15 and 7", kept, listed)
		}
		if _, ok, _ := tl.find("1-124.m4s"); ok {
			t.Error("a segment is there long after its time")
		}
		if _, ok, _ := tl.find("1-125.m4s"); !ok {
			t.Error("the eighth segment before the listed ones is gone")
		}
	})
	t.Run("after long segments", func(t *testing.T) {
		tl, add := newTestTimeline(t, Config{})
		for i := range int64(10) {
			add(1, i*10_000, i*10_000+10_000)
		}
		for i := range int64(30) {
			add(1, 100_000+i*2000, 102_000+i*2000)
		}
		if _, ok, _ := tl.find("1-44.m4s"); !ok {
			t.Error("a segment that a playlist of a minute ago names is gone")
		}
	})
	t.Run("tiny ones", func(t *testing.T) {
		tl, add := newTestTimeline(t, Config{KeepSize: 9})
		for i := range int64(100) {
			add(1, i*2000, i*2000+2000)
		}
		if kept := len(tl.segments); kept != 9 {
			t.Errorf("%d kept, want 9", kept)
		}
	})
	t.Run("bodies", func(t *testing.T) {
		tl, add := newTestTimeline(t, Config{})
		add(1, 0, 2000)
		for i := range 1000 {
			tl.media(strconv.Itoa(i), noon)
		}
		if n := len(tl.bodies); n > maxBodies {
			t.Errorf("%d bodies kept", n)
		}
	})
}

func TestFrameRate(t *testing.T) {
	for _, tt := range []struct {
		frames, ms int64
		want       string
	}{
		{60, 2000, "30.000"},
		{60, 2002, "29.970"},
		{50, 2000, "25.000"},
		{48, 2002, "23.976"},
		{120, 2000, "60.000"},
		{119, 2000, "59.500"},
		{15, 1000, "15.000"},
		{1, 10_000, "0.100"},
	} {
		if got := frameRate(tt.frames, tt.ms); got != tt.want {
			t.Errorf("%d frames in %d ms: %s, want %s", tt.frames, tt.ms, got, tt.want)
		}
	}
}
