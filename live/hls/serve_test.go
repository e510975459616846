package hls

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// get asks the server of a room.
func (r *room) get(method, target string, header ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), method, target, nil)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.s.ServeHTTP(w, req)
	return w
}

// refused checks an answer's status and code.
func refused(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var p struct{ Code, Detail string }
	if w.Code != status || json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Code != code || p.Detail == "" {
		t.Errorf("answer %d %s, want %d %s", w.Code, w.Body, status, code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %s", got)
	}
}

var entryLine = regexp.MustCompile(`(?m)^/live/demo/h/[A-Za-z0-9_-]+/v0\.m3u8.*$`)

// watch begins a session and returns the address of its media playlist.
func (r *room) watch(query string) string {
	r.t.Helper()
	w := r.get("GET", "/live/demo.m3u8"+query)
	if w.Code != http.StatusOK {
		r.t.Fatalf("multivariant playlist: %d %s", w.Code, w.Body)
	}
	uri := entryLine.FindString(w.Body.String())
	if uri == "" {
		r.t.Fatalf("no entry in %s", w.Body)
	}
	return uri
}

// live pushes some segments.
func (r *room) live() encoder {
	e := r.publish(1, 0)
	e.headers()
	e.media(0, 6040, 2000)
	synctest.Wait()
	return e
}

func TestPlaying(t *testing.T) {
	inRoom(t, plain, func(r *room) {
		r.live()
		a, b := r.watch("?txSecret=abc&txTime=def"), r.watch("?txSecret=abc&txTime=def")
		if a == b {
			t.Fatal("two viewers share a session")
		}
		if n := r.s.Viewers("demo"); n != 0 {
			t.Errorf("%d viewers before anybody asked for the media playlist", n)
		}
		first, second := r.get("GET", a), r.get("GET", b)
		if first.Code != http.StatusOK || !bytes.Equal(first.Body.Bytes(), second.Body.Bytes()) {
			t.Errorf("media playlists: %d %s\n%d %s", first.Code, first.Body, second.Code, second.Body)
		}
		if got := first.Header().Get("Content-Type"); got != "application/vnd.apple.mpegurl" {
			t.Errorf("Content-Type %s", got)
		}
		if got := first.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control %s", got)
		}
		if n, all := r.s.Viewers("demo"), r.s.Total(); n != 2 || all != 2 {
			t.Errorf("%d viewers, %d in all, want 2", n, all)
		}
		if strings.Contains(first.Body.String(), "txSecret") {
			t.Error("the signature is in the playlist")
		}
		files := uris.FindAllString(first.Body.String(), -1)
		if len(files) != 4 {
			t.Fatalf("files: %q", files)
		}
		for _, f := range files {
			w := r.get("GET", f)
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "video/mp4" || w.Header().Get("Cache-Control") != "public, max-age=3600, immutable" {
				t.Errorf("%s: %d %v", f, w.Code, w.Header())
			}
			if head := r.get("HEAD", f); head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") != w.Header().Get("Content-Length") {
				t.Errorf("HEAD %s: %d, %d bytes, %v", f, head.Code, head.Body.Len(), head.Header())
			}
			part := r.get("GET", f, "Range", "bytes=4-7")
			if part.Code != http.StatusPartialContent || !bytes.Equal(part.Body.Bytes(), w.Body.Bytes()[4:8]) {
				t.Errorf("range of %s: %d %q", f, part.Code, part.Body)
			}
		}
		if n := r.s.Viewers("demo"); n != 2 {
			t.Errorf("%d viewers after the segments, want 2", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		media := r.watch("")
		file := uris.FindString(r.get("GET", media).Body.String())
		other := strings.Replace(file, "/demo/", "/other/", 1)
		for _, tt := range []struct {
			name, target string
			status       int
			code         string
		}{
			{"no such stream", "/live/nobody.m3u8", 404, "not_live"},
			{"root", "/", 404, "not_found"},
			{"empty app", "//demo.m3u8", 404, "not_found"},
			{"no name", "/live/.m3u8", 404, "not_found"},
			{"too long a name", "/live/" + strings.Repeat("a", 200) + ".m3u8", 404, "not_found"},
			{"too long a query", "/live/demo.m3u8?" + strings.Repeat("a", 5000), 404, "not_found"},
			{"something else", "/live/demo.flv", 404, "not_found"},
			{"another rendition", strings.Replace(media, "/v0.m3u8", "/v1.m3u8", 1), 404, "not_found"},
			{"forged session", strings.Replace(media, "/h/", "/h/A", 1), 403, "bad_signature"},
			{"session of another stream", strings.Replace(media, "/demo/", "/other/", 1), 403, "bad_signature"},
			{"session of another app", strings.Replace(media, "/live/", "/vip/", 1), 403, "bad_signature"},
			{"forged capability", strings.Replace(file, "/p/", "/p/A", 1), 403, "expired"},
			{"stream that is not there", other, 404, "not_live"},
			{"file that is not there", file[:strings.LastIndex(file, "/")] + "/1-999.m4s", 404, "not_found"},
			{"path tricks", file[:strings.LastIndex(file, "/")] + "/..%2f1-40.m4s", 404, "not_found"},
		} {
			t.Log(tt.name) // no t.Run: the bubble is one test
			w := r.get("GET", tt.target)
			refused(t, w, tt.status, tt.code)
			if tt.code == "not_live" && w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		}
	})
}

func TestGatekeeper(t *testing.T) {
	var asked stream.Request
	var answer error
	inRoom(t, Config{}, func(r *room) {
		r.s.admit = gate(func(req stream.Request) error {
			asked = req
			return answer
		})
		r.live()
		for _, tt := range []struct {
			err    error
			status int
			code   string
		}{
			{&stream.Refusal{Code: "bad_signature", Detail: "d"}, 403, "bad_signature"},
			{&stream.Refusal{Code: "expired", Detail: "d"}, 403, "expired"},
			{&stream.Refusal{Code: "missing_signature", Detail: "d"}, 403, "missing_signature"},
			{&stream.Refusal{Code: "forbidden", Detail: "d"}, 403, "forbidden"},
			{&stream.Refusal{Code: "unknown_room", Detail: "d"}, 404, "unknown_room"},
			{&stream.Refusal{Code: "not_live", Detail: "d"}, 404, "not_live"},
			{&stream.Refusal{Code: "store_unavailable", Detail: "d"}, 503, "store_unavailable"},
			{errors.New("secret trouble"), 500, "internal"},
		} {
			answer = tt.err
			w := r.get("GET", "/live/demo.m3u8?txSecret=a&txTime=b")
			refused(t, w, tt.status, tt.code)
			if strings.Contains(w.Body.String(), "secret trouble") {
				t.Errorf("told outside: %s", w.Body)
			}
		}
		answer = nil
		req := httptest.NewRequestWithContext(r.t.Context(), "GET", "http://play.example:8080/live/demo.m3u8?txSecret=a&txTime=b", nil)
		r.s.ServeHTTP(httptest.NewRecorder(), req)
		if asked.Protocol != stream.HLS || asked.Host != "play.example" || asked.App != "live" || asked.Name != "demo" ||
			len(asked.Query) != 1 || asked.Query[0] != "txSecret=a&txTime=b" || asked.Remote != req.RemoteAddr {
			t.Errorf("asked %+v", asked)
		}
	})
}

func TestMethods(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		if w := r.get("OPTIONS", "/live/demo.m3u8"); w.Code != http.StatusNoContent || !strings.Contains(w.Header().Get("Allow"), "GET") {
			t.Errorf("OPTIONS: %d %v", w.Code, w.Header())
		}
		if w := r.get("POST", "/live/demo.m3u8"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
			t.Errorf("POST: %d %v", w.Code, w.Header())
		}
	})
}

// TestFirstViewerWaits asks before the first segment is complete.
func TestFirstViewerWaits(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.publish(1, 0)
		e.headers()
		answer := make(chan *httptest.ResponseRecorder, 2)
		go func() { answer <- r.get("GET", "/live/demo.m3u8") }()
		synctest.Wait()
		time.Sleep(4 * time.Second)
		if len(answer) != 0 {
			t.Fatal("answered without a segment")
		}
		e.media(0, 2040, 2000)
		if w := <-answer; w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("in vain", func(t *testing.T) {
		inRoom(t, Config{}, func(r *room) {
			r.publish(1, 0).headers()
			begin := time.Now()
			w := r.get("GET", "/live/demo.m3u8")
			refused(t, w, 404, "not_live")
			if took := time.Since(begin); took != 6*time.Second || w.Header().Get("Retry-After") == "" {
				t.Errorf("after %v, %v", took, w.Header())
			}
		})
	})
	t.Run("before the push is there", func(t *testing.T) { // a room is live a moment before its stream
		inRoom(t, Config{}, func(r *room) {
			newcomer := r.held("/live/demo.m3u8")
			time.Sleep(20 * time.Millisecond)
			e := r.publish(1, 0)
			e.headers()
			e.media(0, 2040, 2000)
			answered(t, newcomer)
		})
	})
	t.Run("until the end", func(t *testing.T) {
		inRoom(t, Config{}, func(r *room) {
			r.publish(1, 0).headers()
			go func() {
				time.Sleep(time.Second)
				r.hub.End("demo", nil)
			}()
			refused(t, r.get("GET", "/live/demo.m3u8"), 404, "not_live")
		})
	})
}

func TestViewersComeAndGo(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		media := r.watch("?vid=chat-7&txSecret=x")
		if !strings.HasSuffix(media, "?vid=chat-7") {
			t.Errorf("entry %s", media)
		}
		for range 10 {
			if w := r.get("GET", media); w.Code != http.StatusOK {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			time.Sleep(20 * time.Second)
		}
		if got := r.s.Linked("demo"); len(got) != 1 || got[0] != "chat-7" {
			t.Errorf("linked %q", got)
		}
		time.Sleep(70 * time.Second)
		if n := r.s.Viewers("demo"); n != 0 {
			t.Errorf("%d viewers after a minute of silence", n)
		}
		refused(t, r.get("GET", media), 403, "expired")

		media = r.watch("?vid=chat-8")
		r.get("GET", media)
		if n := r.s.Revoke("demo", "chat-8"); n != 1 {
			t.Errorf("%d revoked", n)
		}
		refused(t, r.get("GET", media), 403, "forbidden")
	})
}

// TestSessionWorksOnAnotherNode: the id is checked without a look-up.
func TestSessionWorksOnAnotherNode(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		media := r.watch("")
		other, err := New(Config{NodeKey: testNode, PlayKey: []byte("a play key")}, r.hub, open, r.s.log)
		if err != nil {
			t.Fatal(err)
		}
		one := *r
		one.s = other
		r.stop()
		one.restart()
		time.Sleep(11 * time.Hour)
		e := r.publish(2, 11*time.Hour)
		e.headers()
		e.media(0, 2040, 2000)
		synctest.Wait()
		if w := one.get("GET", media); w.Code != http.StatusOK || other.Viewers("demo") != 1 {
			t.Errorf("%d %s, %d viewers", w.Code, w.Body, other.Viewers("demo"))
		}
		time.Sleep(61 * time.Minute)
		refused(t, one.get("GET", media), 403, "expired")
		r.stop = one.stop
	})
}

func TestEndedPlaylist(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		r.live()
		media := r.watch("")
		r.hub.End("demo", nil)
		synctest.Wait()
		w := r.get("GET", media)
		if w.Code != http.StatusOK || !strings.HasSuffix(w.Body.String(), "#EXT-X-ENDLIST\n") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		file := uris.FindString(w.Body.String())
		time.Sleep(55 * time.Second)
		if w := r.get("GET", file); w.Code != http.StatusOK {
			t.Errorf("a segment of the ended list: %d", w.Code)
		}
		time.Sleep(10 * time.Second)
		refused(t, r.get("GET", media), 404, "not_live")
		refused(t, r.get("GET", file), 404, "not_live")
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{NodeKey: testNode, PlayKey: []byte("k")}
	for _, tt := range []struct {
		field  string
		change func(*Config)
	}{
		{"", func(*Config) {}},
		{"NodeKey", func(c *Config) { c.NodeKey = []byte("short") }},
		{"PlayKey", func(c *Config) { c.PlayKey = nil }},
		{"SegmentDuration", func(c *Config) { c.SegmentDuration = 500 * time.Millisecond }},
		{"SegmentDuration", func(c *Config) { c.SegmentDuration = 1500 * time.Millisecond }},
		{"MaxSegmentDuration", func(c *Config) { c.MaxSegmentDuration = time.Second }},
		{"ListSize", func(c *Config) { c.ListSize = 2 }},
		{"KeepSize", func(c *Config) { c.KeepSize = 6 }},
		{"StreamBytes", func(c *Config) { c.StreamBytes = 1 << 20 }},
		{"Hold", func(c *Config) { c.Hold = -1 }},
		{"MaxSessions", func(c *Config) { c.MaxSessions = -1 }},
	} {
		c := good
		tt.change(&c)
		_, err := New(c, stream.NewHub(stream.Config{}), open, nil)
		if tt.field == "" && err != nil || tt.field != "" && (err == nil || !strings.Contains(err.Error(), tt.field)) {
			t.Errorf("%s: %v", tt.field, err)
		}
	}
}
