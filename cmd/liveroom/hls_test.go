package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/status"
)

// lowLatency is a low-latency player's side of one HTTP/2 connection.
type lowLatency struct {
	t     *testing.T
	web   *http.Client
	dials atomic.Int64
	base  *url.URL // of the media playlist
}

func newLowLatency(t *testing.T, files *pair) *lowLatency {
	t.Helper()
	raw, err := os.ReadFile(files.cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(raw)
	l := &lowLatency{t: t}
	tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		l.dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	l.web = &http.Client{Transport: tr, Timeout: 20 * time.Second}
	return l
}

// get reads what must be there, over HTTP/2.
func (l *lowLatency) get(target string) (string, error) {
	u, err := l.base.Parse(target)
	if err != nil {
		return "", err
	}
	resp, err := l.web.Get(u.String())
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || resp.Proto != "HTTP/2.0") {
		err = fmt.Errorf("%s %s %s: %s", target, resp.Proto, resp.Status, raw)
	}
	return string(raw), err
}

func (l *lowLatency) must(target string) string {
	l.t.Helper()
	body, err := l.get(target)
	if err != nil {
		l.t.Fatal(err)
	}
	return body
}

// tags are the values of a playlist's lines that begin like this.
func tags(list, prefix string) (values []string) {
	for line := range strings.Lines(list) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), prefix); ok {
			values = append(values, rest)
		}
	}
	return values
}

// next are the numbers of the segment and the part that a playlist does not have yet.
func next(t *testing.T, list string) (segment uint64, part int) {
	t.Helper()
	first := tags(list, "#EXT-X-MEDIA-SEQUENCE:")
	if len(first) != 1 {
		t.Fatalf("playlist:\n%s", list)
	}
	n, err := strconv.ParseUint(first[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, skipped := range tags(list, "#EXT-X-SKIP:SKIPPED-SEGMENTS=") {
		m, err := strconv.ParseUint(skipped, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	open := list
	if i := strings.LastIndex(list, "#EXTINF"); i >= 0 {
		open = list[i:]
	}
	return n + uint64(strings.Count(list, "#EXTINF")), strings.Count(open, "#EXT-X-PART:")
}

var quotedURI = regexp.MustCompile(`URI="([^"]+)"`)

// TestLowLatencyHLSOverHTTP2 is what an iPhone needs: TLS with HTTP/2, and on one connection blocking reloads beside
// parts, preload hints that are answered when their part is made, and delta updates.
func TestLowLatencyHLSOverHTTP2(t *testing.T) {
	files := newPair(t, "one")
	https := freeAddr(t)
	n := startNode(t, "--https", https, "--tls-cert", files.cert, "--tls-key", files.key)
	n.createRoom(map[string]any{"id": "r1"})
	a := n.addresses("r1")
	push(t, a.Push.RTMP)
	n.waitStatus("r1", status.Live)

	l := newLowLatency(t, files)
	play := strings.Replace(a.Play.HLS, "http://"+n.http, "https://"+https, 1)
	var err error
	if l.base, err = url.Parse(play); err != nil {
		t.Fatal(err)
	}
	var media string
	eventually(t, "the stream can be played", func() bool {
		body, err := l.get(play)
		media = firstURI(body)
		return err == nil && media != ""
	})
	list := l.must(media)
	if !strings.Contains(list, "CAN-BLOCK-RELOAD=YES") || !strings.Contains(list, "PART-HOLD-BACK=") {
		t.Fatalf("no low latency:\n%s", list)
	}

	var player sync.WaitGroup // another player meanwhile: ffmpeg, over TLS too
	player.Go(func() { decodeTLS(t, play) })
	defer player.Wait()

	t.Run("blocking reloads beside files", func(t *testing.T) { l.multiplexed(t, media) })
	t.Run("part by part", func(t *testing.T) { l.parts(t, media) })
	t.Run("delta updates", func(t *testing.T) { l.deltas(t, media) })
	if d := l.dials.Load(); d != 1 {
		t.Errorf("%d connections", d)
	}
}

// multiplexed has a reload wait for a whole segment while files and other reloads come on the same connection.
func (l *lowLatency) multiplexed(t *testing.T, media string) {
	list := l.must(media)
	segment, part := next(t, list)
	files := quotedURI.FindAllStringSubmatch(list, -1)
	var wg sync.WaitGroup
	var reloaded atomic.Bool
	wg.Go(func() { // two segments ahead: it takes more than two seconds
		body, err := l.get(fmt.Sprintf("%s?_HLS_msn=%d", media, segment+1))
		reloaded.Store(true)
		if got, _ := next(t, body); err != nil || got <= segment+1 {
			t.Errorf("blocked for segment %d: next is %d, %v", segment+1, got, err)
		}
	})
	for i, f := range files[:len(files)-1] { // the last is the hint
		if body := l.must(f[1]); len(body) == 0 {
			t.Errorf("%s is empty", f[1])
		}
		if i == 0 && reloaded.Load() {
			t.Error("the reload did not wait, or the first file did")
		}
	}
	bodies := make([]string, 8) // as eight players: one answer for all
	for i := range bodies {
		wg.Go(func() {
			body, err := l.get(fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", media, segment, part))
			if err != nil {
				t.Error(err)
			}
			bodies[i] = body
		})
	}
	wg.Wait()
	for _, b := range bodies {
		if s, p := next(t, b); s < segment || s == segment && p <= part {
			t.Errorf("blocked for %d.%d, got up to %d.%d", segment, part, s, p)
		}
	}
}

// parts follows the stream for two seconds: each hint is asked for before its part is made, and is the part that is
// listed next.
func (l *lowLatency) parts(t *testing.T, media string) {
	list := l.must(media)
	for range 6 {
		hint := tags(list, "#EXT-X-PRELOAD-HINT:TYPE=PART,")
		if len(hint) != 1 {
			t.Fatalf("hints %q in\n%s", hint, list)
		}
		uri := quotedURI.FindStringSubmatch(hint[0])[1]
		var wg sync.WaitGroup
		var early string
		wg.Go(func() {
			var err error
			if early, err = l.get(uri); err != nil {
				t.Error(err)
			}
		})
		segment, part := next(t, list)
		list = l.must(fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", media, segment, part))
		wg.Wait()
		if !strings.Contains(list, uri) {
			t.Errorf("%s was hinted, now there is\n%s", uri, list)
		}
		if late := l.must(uri); late != early || len(late) < 100 {
			t.Errorf("%s has %d bytes as a hint and %d as a part", uri, len(early), len(late))
		}
	}
}

// deltas waits until the list is long enough to leave something out, and puts it together again.
func (l *lowLatency) deltas(t *testing.T, media string) {
	var whole, delta string
	eventually(t, "a delta update leaves something out", func() bool {
		whole, delta = l.must(media), l.must(media+"?_HLS_skip=YES")
		return strings.Contains(delta, "#EXT-X-SKIP:")
	})
	a, _ := next(t, whole)
	b, _ := next(t, delta)
	if b < a || b > a+1 {
		t.Errorf("the next segment is %d, by the delta update %d", a, b)
	}
	if len(delta) >= len(whole) {
		t.Errorf("the delta update has %d bytes, the whole list %d", len(delta), len(whole))
	}
	for _, f := range quotedURI.FindAllStringSubmatch(delta, -1) {
		if strings.Contains(f[1], "init") && !strings.Contains(whole, f[1]) {
			t.Errorf("%s is only in the delta update", f[1])
		}
	}
}

// decodeTLS has ffmpeg play two seconds over TLS, and fails on any complaint.
func decodeTLS(t *testing.T, rawURL string) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "error", "-tls_verify", "0", "-i", rawURL,
		"-t", "2", "-map", "0:v", "-map", "0:a", "-f", "null", "-")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Errorf("ffmpeg: %v: %s", err, said.String())
	}
}
