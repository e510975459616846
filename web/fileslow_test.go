package web_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"liveroom/web"
)

// slowFiles is a server with short patience.
func slowFiles(t *testing.T) *bench {
	b := newBench(t, func(c *web.Config, _ *web.Deps) {
		c.BodyTimeout, c.AnswerTimeout, c.StallTimeout = 100*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
		c.UploadPace = web.Pace{Idle: 300 * time.Millisecond, Start: 500 * time.Millisecond, Second: 100_000}
	})
	b.createRoom("demo")
	return b
}

// trickle sends a file in pieces, one a pause, and returns the answer.
func trickle(t *testing.T, b *bench, content string, piece int, pause time.Duration) (*http.Response, string) {
	t.Helper()
	g := b.grant("demo", apiToken, "file", "x", len(content))
	conn := dial(t, b.url)
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err := fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", here(t, g.Put.URL), len(content))
	must(t, err)
	answered := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(answered)
	wg.Go(func() {
		for len(content) > 0 {
			n := min(piece, len(content))
			if _, err := io.WriteString(conn, content[:n]); err != nil {
				return // cut off
			}
			content = content[n:]
			select {
			case <-time.After(pause):
			case <-answered:
				return
			}
		}
	})
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the connection is still open, unanswered")
	}
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, string(raw)
}

// TestSlowPhonesUpload: an upload may take longer than other bodies, as long as it goes on.
func TestSlowPhonesUpload(t *testing.T) {
	b := slowFiles(t)
	if resp, raw := trickle(t, b, strings.Repeat("x", 200_000), 10_000, 50*time.Millisecond); resp.StatusCode != http.StatusCreated {
		t.Errorf("%d %s", resp.StatusCode, raw)
	}
}

// TestUploadsThatStandStillAreCut: also one that sends a byte whenever it would be cut.
func TestUploadsThatStandStillAreCut(t *testing.T) {
	b := slowFiles(t)
	for name, c := range map[string]struct {
		piece int
		pause time.Duration
	}{"stops": {1000, time.Minute}, "drips": {1, 20 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			resp, raw := trickle(t, b, strings.Repeat("x", 100_000), c.piece, c.pause)
			if resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(raw, "too_slow") {
				t.Errorf("%d %s", resp.StatusCode, raw)
			}
		})
	}
	if st := b.files.Stats(); st.Running != 0 || st.Files != 0 {
		t.Errorf("left %+v", st)
	}
}

// TestSlowPhonesDownload: an answer may take long, as long as it is taken; one that is not ends.
func TestSlowPhonesDownload(t *testing.T) {
	b := slowFiles(t)
	content := strings.Repeat("0123456789abcdef", 2<<20) // 32 MiB: more than the system holds on the way
	g := b.upload("file", "x", content)
	ask := func() (*bufio.Reader, string) {
		conn := dial(t, b.url)
		must(t, conn.SetReadBuffer(64<<10))
		must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
		_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", here(t, g.URL))
		must(t, err)
		return bufio.NewReader(conn), conn.LocalAddr().String()
	}
	read := func(r *bufio.Reader, pauses int) (int64, error) {
		resp, err := http.ReadResponse(r, nil)
		must(t, err)
		defer func() { _ = resp.Body.Close() }()
		for range pauses {
			if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
				return 0, err
			}
			time.Sleep(50 * time.Millisecond)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		return n + int64(pauses)<<20, err
	}
	r, _ := ask()
	if n, err := read(r, 16); n != int64(len(content)) || err != nil {
		t.Errorf("slowly: %d bytes, %v", n, err)
	}
	r, address := ask()
	eventually(t, "who takes nothing is cut off", func() bool { _, closed := b.closed.Load(address); return closed })
	if n, err := read(r, 0); err == nil {
		t.Errorf("after standing still: all %d bytes", n)
	}
}

// TestFilesOverHTTP2: one connection carries uploads beside all else, and each has its own pace.
func TestFilesOverHTTP2(t *testing.T) {
	b := slowFiles(t)
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = web.NewHTTPServer(b.server, slog.New(slog.DiscardHandler))
	ts.EnableHTTP2 = true
	ts.StartTLS()
	defer ts.Close()
	put := func(content string, body io.Reader) *http.Response {
		g := b.grant("demo", apiToken, "file", "x", len(content))
		req, err := http.NewRequest("PUT", ts.URL+here(t, g.Put.URL), body)
		must(t, err)
		req.ContentLength = int64(len(content))
		resp, err := ts.Client().Do(req)
		must(t, err)
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	content := strings.Repeat("x", 200_000)
	if resp := put(content, strings.NewReader(content)); resp.ProtoMajor != 2 || resp.StatusCode != http.StatusCreated {
		t.Errorf("%s %d", resp.Proto, resp.StatusCode)
	}
	stopped, stop := io.Pipe()
	defer func() { _ = stop.Close() }()
	if resp := put(content, stopped); resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("one that stands still: %d", resp.StatusCode)
	}
}
