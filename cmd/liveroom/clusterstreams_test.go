package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/live/flv"
	"liveroom/live/stream"
	"liveroom/status"
)

// TestOriginIsKilled kills the node that a stream is pushed to. The encoder comes back to another node, as a balancer leads
// it, and who watches on a third one stays: by FLV on its connection, by HLS with its session.
func TestOriginIsKilled(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil)
	a, b, third := c.nodes[0], c.nodes[1], c.nodes[2]
	third.createRoom(map[string]any{"id": "r1"})
	first := push(t, a.addresses("r1").Push.RTMP)
	live := third.waitStatus("r1", status.Live)

	pictures := followFLV(t, third.addresses("r1").Play.FLV)
	segments := followHLS(t, third.addresses("r1").Play.HLS)
	// A picture that was uploaded to the first node is read on the third, and is there when the first is not.
	address, content := a.enter("r1", "alice", a.userSig("alice"), nil).sendPicture("r1")
	there := func(n *node) string { return "http://" + n.http + address[strings.Index(address, "/files/"):] }
	mustServe(t, there(third), content)
	third.eventually("both viewers see something", func() bool { return pictures.seen.Load() > 25 && segments.seen.Load() > 1 })

	for _, n := range c.nodes { // each tells the anchor how the push does
		var in struct {
			Publishing bool
			Generation uint64
			Remote     string
			Video      struct {
				Codec string
				Width int
			}
		}
		n.call(http.MethodGet, "/api/v1/rooms/r1/ingest", nil, &in)
		if !in.Publishing || in.Generation != 1 || in.Video.Codec != "h264" || in.Video.Width != 320 || !strings.HasPrefix(in.Remote, "127.0.0.1:") {
			t.Errorf("a node tells of the push %+v", in)
		}
	}
	a.kill()
	first.wait()
	mustServe(t, there(third), content)
	if code := b.statusOf(there(b)); code != http.StatusServiceUnavailable {
		t.Errorf("a file whose node is gone: %d, want 503", code)
	}
	push(t, b.addresses("r1").Push.RTMP)
	if r := third.waitStatus("r1", status.Live); r.Session != live.Session {
		t.Errorf("the session is another: %+v, before %+v", r, live)
	}
	before, listed := pictures.seen.Load(), segments.seen.Load()
	third.eventually("both viewers go on", func() bool { return pictures.seen.Load() > before+50 && segments.seen.Load() > listed+2 })
	mustDecode(t, third.addresses("r1").Play.HLS)
	mustDecode(t, third.addresses("r1").Play.RTMP)
	mustDecode(t, third.addresses("r1").Play.FLV)
	var in struct{ Samples []struct{ BitsPerSecond int } }
	third.eventually("how the push did is known on another node", func() bool {
		third.call(http.MethodGet, "/api/v1/rooms/r1/ingest?samples=15m", nil, &in)
		return len(in.Samples) > 0 && in.Samples[len(in.Samples)-1].BitsPerSecond > 0
	})
	third.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
	pictures.over()
	segments.over()
	if n := segments.breaks.Load(); n != 1 {
		t.Errorf("the playlists had %d discontinuities, want 1", n)
	}
}

// TestRoomMadeAnewAfterLoss has Redis forget a room whose pushes all nodes know. One of the same name begins anew, and nobody
// takes its pushes for old ones.
func TestRoomMadeAnewAfterLoss(t *testing.T) {
	t.Parallel()
	c := shakyCluster(t, 2, nil)
	c.start()
	a, b := c.nodes[0], c.nodes[1]
	for range 2 {
		a.createRoom(map[string]any{"id": "r1"})
		var newest *pusher
		for range 2 {
			older := newest
			newest = push(t, a.addresses("r1").Push.RTMP)
			b.waitStatus("r1", status.Live)
			if older != nil {
				older.wait()
			}
			address := b.addresses("r1").Play.FLV
			b.eventually("its node lets viewers in", func() bool { return mayWatch(address) })
			pictures := followFLV(t, address)
			b.eventually("a viewer at the other node sees something", func() bool { return pictures.seen.Load() > 25 })
		}
		b.call(http.MethodPost, "/api/v1/rooms/r1/end", map[string]any{}, nil)
		newest.wait()
		c.redis.Kill()
		for _, n := range c.nodes {
			n.eventually("redis is missed", func() bool { return !n.about().is("redis") })
		}
		if err := c.redis.Up(); err != nil {
			t.Fatal(err)
		}
		for _, n := range c.nodes {
			n.eventually("redis is back", func() bool { return n.about().is("redis") })
		}
	}
}

// mayWatch says whether a viewer is let in now.
func mayWatch(address string) bool {
	resp, err := http.Head(address)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// onlooker is what a viewer has seen.
type onlooker struct {
	t      *testing.T
	seen   atomic.Int64 // pictures or segments
	breaks atomic.Int64 // discontinuities
	ended  atomic.Bool
	wait   func()
}

// over waits for the viewer to be told that the stream has ended.
func (w *onlooker) over() {
	w.t.Helper()
	w.wait()
	if !w.ended.Load() {
		w.t.Error("the viewer was not told of the end")
	}
}

// watchAside runs a viewer until it is over, or the test is.
func watchAside(t *testing.T, watch func(ctx context.Context, w *onlooker) error) *onlooker {
	t.Helper()
	w := &onlooker{t: t}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := watch(ctx, w); err != nil && ctx.Err() == nil {
			t.Errorf("viewer: %v", err)
		}
	})
	w.wait = wg.Wait
	t.Cleanup(func() { cancel(); wg.Wait() })
	return w
}

// followFLV is a viewer over one connection, for whom time does not go back.
func followFLV(t *testing.T, address string) *onlooker {
	return watchAside(t, func(ctx context.Context, w *onlooker) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		in, err := flv.NewReader(resp.Body, 0)
		if err != nil {
			return err
		}
		last := map[stream.Kind]uint32{}
		for {
			kind, ms, buf, err := in.Next()
			if err == io.EOF {
				w.ended.Store(true)
				return nil
			}
			if err != nil {
				return err
			}
			if kind == stream.Script || buf[stream.HeaderBytes+1] != 1 {
				continue
			}
			if ms < last[kind] {
				return fmt.Errorf("%v goes back from %d to %d ms", kind, last[kind], ms)
			}
			if last[kind] = ms; kind == stream.Video {
				w.seen.Add(1)
			}
		}
	})
}

var (
	sequenceTag = regexp.MustCompile(`#EXT-X-MEDIA-SEQUENCE:(\d+)`)
	segmentLine = regexp.MustCompile(`(?m)^/\S+/p/\S+$`)
	entryURI    = regexp.MustCompile(`(?m)^/\S+/v0\.m3u8\S*$`)
	breakTag    = regexp.MustCompile(`#EXT-X-DISCONTINUITY\n(?s:.)*?\n(/\S+/p/\S+)`)
)

// followHLS is a player that loads each segment once, and whose playlist never goes back.
func followHLS(t *testing.T, address string) *onlooker {
	base, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	at := func(p string) string { return base.Scheme + "://" + base.Host + p }
	return watchAside(t, func(ctx context.Context, w *onlooker) error {
		media := ""
		for media == "" {
			_, body, err := fetchText(ctx, address)
			if err != nil {
				return err
			}
			media = entryURI.FindString(body)
		}
		last, loaded, broken := 0, map[string]bool{}, map[string]bool{}
		for {
			query := ""
			if last > 0 {
				query = "?_HLS_msn=" + strconv.Itoa(last+1)
			}
			code, body, err := fetchText(ctx, at(media)+query)
			if err != nil {
				return err
			}
			if code != http.StatusOK {
				if code != http.StatusServiceUnavailable && code != http.StatusNotFound {
					return fmt.Errorf("playlist: %d %s", code, body)
				}
				time.Sleep(200 * time.Millisecond)
				continue
			}
			first, _ := strconv.Atoi(sequenceTag.FindStringSubmatch(body)[1])
			listed := segmentLine.FindAllString(body, -1)
			if first+len(listed)-1 < last {
				return fmt.Errorf("the playlist goes back from %d:\n%s", last, body)
			}
			last = first + len(listed) - 1
			for _, m := range breakTag.FindAllStringSubmatch(body, -1) {
				if !broken[m[1]] {
					broken[m[1]] = true
					w.breaks.Add(1)
				}
			}
			for _, s := range listed {
				if name := path.Base(s); !loaded[name] {
					loaded[name] = true
					if code, data, err := fetchText(ctx, at(s)); err != nil || code == http.StatusOK && len(data) == 0 {
						return fmt.Errorf("segment %s: %d, %w", name, code, err)
					} else if code == http.StatusOK {
						w.seen.Add(1)
					}
				}
			}
			if strings.Contains(body, "#EXT-X-ENDLIST") {
				w.ended.Store(true)
				return nil
			}
			if !strings.Contains(body, "CAN-BLOCK-RELOAD") {
				time.Sleep(200 * time.Millisecond)
			}
		}
	})
}

func fetchText(ctx context.Context, address string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}
