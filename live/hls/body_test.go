package hls

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestTakesGzip(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "br, gzip;q=0.5": true, "GZIP": true, "deflate, br": false, "gzip;q=0": false, "gzip; q=0.000": false,
		"gzip;q=1.0, *;q=0": true, "x-gzip": false, "gzip;q=x": false, "identity;q=1,gzip ;q=0.001": true,
	} {
		if got := takesGzip(accept); got != want {
			t.Errorf("%q: %t", accept, got)
		}
	}
}

// TestCompressedPlaylist: the same text, shared by all who take it.
func TestCompressedPlaylist(t *testing.T) {
	inRoom(t, Config{}, func(r *room) {
		e := r.live()
		media := r.watch("")
		zipped := r.get("GET", media, "Accept-Encoding", "gzip, deflate, br")
		plain := r.get("GET", media)
		z, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if h := zipped.Header(); err != nil || h.Get("Content-Encoding") != "gzip" || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Type") != "application/vnd.apple.mpegurl" {
			t.Errorf("%v %v", err, h)
		}
		if h := plain.Header(); h.Get("Content-Encoding") != "" || h.Get("Vary") != "Accept-Encoding" || !bytes.Equal(text, plain.Body.Bytes()) {
			t.Errorf("%v\n%s\n%s", h, text, plain.Body)
		}
		e.media(6040, 6400, 1<<40)
		if again := r.lowLatency(); again.hint == "" {
			t.Fatal("no hint")
		}
		if w := r.get("GET", media, "Accept-Encoding", "gzip"); bytes.Equal(w.Body.Bytes(), zipped.Body.Bytes()) {
			t.Error("the list of before")
		}
	})
}

// TestVaryIsAdded: what was said before of what an answer depends on still holds.
func TestVaryIsAdded(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Add("Vary", "Origin")
	(&body{plain: []byte("#EXTM3U\n")}).write(w, httptest.NewRequest("GET", "/", nil))
	if got := strings.Join(w.Header().Values("Vary"), ", "); got != "Origin, Accept-Encoding" {
		t.Errorf("Vary: %s", got)
	}
}

// TestCapabilitiesAreRemembered: for their hour, and no longer.
func TestCapabilitiesAreRemembered(t *testing.T) {
	tl, add := newTestTimeline(t, Config{})
	add(1, 0, 2000)
	capability := tl.segments[0].path.token
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute, true}, {time.Hour, true}, {119 * time.Minute, true}, {2 * time.Hour, false}, {time.Minute, true}} {
		if got := tl.allows(capability, noon.Add(tt.after)); got != tt.want {
			t.Errorf("after %v: %t", tt.after, got)
		}
	}
	for range 100 {
		if tl.allows("AAAAAAAAAAAAAAAAAAAAAA", noon) {
			t.Fatal("a forged one opens")
		}
	}
	if n := len(tl.good.tokens); n != 1 {
		t.Errorf("%d are remembered", n)
	}
}

// TestFileOverHTTP sends parts over a real connection, whole and by ranges, past a wrapper as web has one.
func TestFileOverHTTP(t *testing.T) {
	f := file{kind: "video/mp4"}
	for i := range 9 {
		p := &part{data: bytes.Repeat([]byte{byte(i)}, 100_000*i)} // one of them is empty
		f.parts, f.bytes = append(f.parts, p), f.bytes+len(p.data)
	}
	var want []byte
	for _, p := range f.parts {
		want = append(want, p.data...)
	}
	srv := httptest.NewServer(wrapping(f))
	defer srv.Close()
	for range 2 { // the second on the same connection
		res, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !bytes.Equal(got, want) || res.ContentLength != int64(len(want)) {
			t.Errorf("%v: %d bytes of %d, Content-Length %d", err, len(got), len(want), res.ContentLength)
		}
	}
	r := &fileReader{file: f}
	if _, err := r.Seek(350_000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if n, err := r.WriteTo(&rest); err != nil || n != int64(len(want)-350_000) || !bytes.Equal(rest.Bytes(), want[350_000:]) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF { //nolint:errorlint // as io.Reader says
		t.Errorf("after the end: %d, %v", n, err)
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("a seek before the begin")
	}
}

// wrapping answers with a file, behind a wrapper that shows what it wraps.
func wrapping(f file) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(f.bytes))
		send(&wrapper{w}, f)
	})
}

type wrapper struct{ http.ResponseWriter }

func (w *wrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }
