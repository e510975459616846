package main

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/address"
)

// flvViewer reads an HTTP-FLV play address and counts media tags; it skips sequence headers and script data.
type flvViewer struct {
	t    *testing.T
	body io.ReadCloser
	tags atomic.Int64
	at   atomic.Int64 // timestamp of the newest, ms on the session's clock
	done chan struct{}
}

func openFLV(t *testing.T, rawURL string) *flvViewer {
	t.Helper()
	resp, err := http.Get(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(resp.Body)
		t.Fatalf("GET flv: %s %s", resp.Status, raw)
	}
	v := &flvViewer{t: t, body: resp.Body, done: make(chan struct{})}
	t.Cleanup(v.close)
	go v.read()
	return v
}

func (v *flvViewer) read() {
	defer close(v.done)
	r := bufio.NewReader(v.body)
	if _, err := io.ReadFull(r, make([]byte, 13)); err != nil { // FLV header and first previous-tag size
		return
	}
	head := make([]byte, 11)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		size := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
		payload := make([]byte, size+4)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		if (head[0] == 8 || head[0] == 9) && size > 1 && payload[1] != 0 {
			v.at.Store(int64(head[7])<<24 | int64(head[4])<<16 | int64(head[5])<<8 | int64(head[6]))
			v.tags.Add(1)
		}
	}
}

func (v *flvViewer) media() int64 { return v.tags.Load() }

func (v *flvViewer) waitMedia(atLeast int64) {
	v.t.Helper()
	from := v.media()
	eventually(v.t, "the viewer gets media", func() bool { return v.media() >= from+atLeast })
}

// settled waits until what was under way has come, and returns the count.
func (v *flvViewer) settled() int64 {
	for {
		at := v.media()
		time.Sleep(300 * time.Millisecond) // silence is what is being waited for
		if v.media() == at {
			return at
		}
	}
}

func (v *flvViewer) close() { _ = v.body.Close(); <-v.done }

func mustReadWSFLV(t *testing.T, rawURL string) {
	t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial(rawURL, nil)
	if err != nil {
		t.Fatalf("dial: %v %v", err, resp)
	}
	defer func() { _ = conn.Close() }()
	var got []byte
	for len(got) < 20_000 {
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		kind, raw, err := conn.ReadMessage()
		if err != nil || kind != websocket.BinaryMessage {
			t.Fatalf("after %d bytes: kind %d, %v", len(got), kind, err)
		}
		got = append(got, raw...)
	}
	if !strings.HasPrefix(string(got), "FLV\x01") {
		t.Fatalf("begins with %x", got[:9])
	}
}

// copyTo lets ffmpeg copy a play address into a file, packet by packet, and returns how large the file is now.
func copyTo(t *testing.T, rawURL string) (size func() int64) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "copy.ts")
	cmd := exec.Command("ffmpeg", "-loglevel", "error", "-i", rawURL, "-c", "copy", "-flush_packets", "1", "-f", "mpegts", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return func() int64 {
		info, err := os.Stat(file)
		if err != nil {
			return 0 // nothing came yet
		}
		return info.Size()
	}
}

// get reads a URL that must answer 200.
func get(t *testing.T, rawURL string) string {
	t.Helper()
	resp, err := http.Get(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v %s", rawURL, resp.Status, err, raw)
	}
	return string(raw)
}

// mediaPlaylist follows a play address to the URL of its media playlist.
func (n *node) mediaPlaylist(playURL string) string {
	n.t.Helper()
	base, err := url.Parse(playURL)
	if err != nil {
		n.t.Fatal(err)
	}
	for line := range strings.Lines(get(n.t, playURL)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			ref, err := base.Parse(line)
			if err != nil {
				n.t.Fatal(err)
			}
			return ref.String()
		}
	}
	n.t.Fatal("the multivariant playlist names no other")
	return ""
}

// expired is the address signed anew, rightly, but for a minute ago.
func (n *node) expired(t *testing.T, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	key := n.secrets.PlayKey
	push := address.New(address.Keys{Primary: n.secrets.PushKey}, 0)
	name := strings.TrimSuffix(strings.TrimSuffix(u.Path[strings.LastIndex(u.Path, "/")+1:], ".flv"), ".m3u8")
	if push.Check(name, []string{u.RawQuery}, time.Now()) == nil {
		key = n.secrets.PushKey
	}
	secret, at := address.Sign(key, name, time.Now().Add(-time.Minute))
	u.RawQuery = url.Values{"txSecret": {secret}, "txTime": {at}}.Encode()
	return u.String()
}

func (n *node) metrics() string {
	n.t.Helper()
	return get(n.t, "http://"+n.ops+"/metrics")
}
