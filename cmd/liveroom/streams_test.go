package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// mediaTag is a piece of a stream, as FLV and RTMP have it.
type mediaTag struct {
	kind    byte
	time    uint32 // ms
	payload []byte
}

// header says whether the tag is a sequence header of AVC or AAC, or no media at all.
func (t mediaTag) header() bool {
	return t.kind != rtmpAudio && t.kind != rtmpVideo || len(t.payload) < 2 || t.payload[1] == 0
}

// text is the value of a property of an AMF object in the payload, empty if there is none.
func (t mediaTag) text(property string) string {
	key := append(binary.BigEndian.AppendUint16(nil, uint16(len(property))), property...)
	_, rest, found := bytes.Cut(t.payload, append(key, 2))
	if !found || len(rest) < 2 {
		return ""
	}
	n := int(binary.BigEndian.Uint16(rest))
	return string(rest[2:min(2+n, len(rest))])
}

// clip is four seconds of H.264 and AAC, a keyframe each second, which costs no encoder to send.
type clip struct {
	file   []byte // FLV
	tags   []mediaTag
	length uint32 // ms
}

var encodeClip = sync.OnceValues(func() (clip, error) {
	cmd := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", "4", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-b:v", "200k",
		"-c:a", "aac", "-b:a", "64k", "-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return clip{}, fmt.Errorf("ffmpeg: %w: %s", err, errs.String())
	}
	c := clip{file: out.Bytes(), length: 4000}
	next := flvTags(bytes.NewReader(c.file))
	for {
		t, err := next()
		if errors.Is(err, errOver) {
			return c, nil
		}
		if err != nil {
			return clip{}, err
		}
		c.tags = append(c.tags, t)
	}
})

func testClip(t *testing.T) clip {
	t.Helper()
	c, err := encodeClip()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pushClip starts an ffmpeg that pushes the clip over and over without encoding.
func pushClip(t *testing.T, rawURL string) *pusher {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clip.flv")
	if err := os.WriteFile(file, testClip(t).file, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &pusher{t: t, log: &logBuffer{}}
	p.cmd = exec.Command("ffmpeg", "-hide_banner", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i", file, "-c", "copy", "-f", "flv", rawURL)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// with is the node as a subtest that runs beside others needs it: what fails, fails there.
func (n *node) with(t *testing.T) *node {
	c := *n
	c.t = t
	return &c
}

// source gives a viewer's tags one by one. It ends with errOver when the viewer was told that the stream is over.
type source func() (mediaTag, error)

// flvTags reads tags from FLV. The end of the file is its end only between two tags.
func flvTags(from io.Reader) source {
	r, begun := bufio.NewReader(from), false
	return func() (mediaTag, error) {
		if !begun {
			var head [13]byte // with the first previous-tag size
			if _, err := io.ReadFull(r, head[:]); err != nil {
				return mediaTag{}, err
			}
			if string(head[:4]) != "FLV\x01" {
				return mediaTag{}, fmt.Errorf("begins with %x", head)
			}
			begun = true
		}
		for {
			var h [11]byte
			if _, err := io.ReadFull(r, h[:]); err != nil {
				if err == io.EOF {
					err = errOver
				}
				return mediaTag{}, err
			}
			body := make([]byte, uint24(h[1:])+4)
			if _, err := io.ReadFull(r, body); err != nil {
				return mediaTag{}, fmt.Errorf("inside a tag: %w", err)
			}
			if t := (mediaTag{h[0], uint24(h[4:]) | uint32(h[7])<<24, body[:len(body)-4]}); t.kind == rtmpAudio || t.kind == rtmpVideo {
				return t, nil
			}
		}
	}
}

// webSocketReader is what comes in binary messages, as one stream. A normal closure is its end.
type webSocketReader struct {
	conn *websocket.Conn
	rest []byte
}

func (r *webSocketReader) Read(b []byte) (int, error) {
	for len(r.rest) == 0 {
		_, raw, err := r.conn.ReadMessage()
		if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		r.rest = raw
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// watcher watches a stream and keeps what it saw.
type watcher struct {
	t    testing.TB
	name string
	done chan struct{}
	hang func() // ends the connection

	mu      sync.Mutex
	media   int      // tags, without headers
	breaks  int      // how often a new push's headers came
	wrong   []string // what should not have been
	high    [2]uint32
	highest uint32 // of all before the newest break
	err     error  // why it ended
}

// watch begins to watch. each, if there is one, sees every tag of media.
func watch(t testing.TB, name string, next source, hang func(), each func(mediaTag)) *watcher {
	w := &watcher{t: t, name: name, done: make(chan struct{}), hang: sync.OnceFunc(hang), breaks: -1}
	go func() {
		defer close(w.done)
		for {
			tag, err := next()
			if err != nil {
				w.mu.Lock()
				w.err = err
				w.mu.Unlock()
				return
			}
			w.saw(tag)
			if each != nil && !tag.header() {
				each(tag)
			}
		}
	}()
	t.Cleanup(func() {
		w.hang()
		<-w.done
	})
	return w
}

// saw checks a tag against those before it: no track goes back, and after a break nothing goes below what was before.
func (w *watcher) saw(tag mediaTag) {
	w.mu.Lock()
	defer w.mu.Unlock()
	track := tag.kind - rtmpAudio
	if tag.header() {
		if tag.kind == rtmpVideo {
			w.breaks++
			w.highest = max(w.high[0], w.high[1])
		}
		return
	}
	w.media++
	if tag.time < w.high[track] || tag.time < w.highest {
		w.wrong = append(w.wrong, fmt.Sprintf("tag %d of kind %d has time %d after %d, %d before the break", w.media, tag.kind, tag.time, w.high[track], w.highest))
	}
	w.high[track] = tag.time
}

// state is what there is to say about a watcher.
func (w *watcher) state() (media, breaks int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.media, w.breaks, w.err
}

// waitMedia waits until each has more media, of a push that began after so many breaks.
func waitMedia(t testing.TB, watchers []*watcher, more, afterBreaks int) {
	t.Helper()
	from := make([]int, len(watchers))
	for i := range from {
		from[i] = -1
	}
	eventually(t, fmt.Sprintf("everyone gets media after %d breaks", afterBreaks), func() bool {
		all := true
		for i, w := range watchers {
			media, breaks, err := w.state()
			if err != nil {
				t.Fatalf("%s ended: %v", w.name, err)
			}
			if from[i] < 0 && breaks >= afterBreaks {
				from[i] = media
			}
			all = all && from[i] >= 0 && media >= from[i]+more
		}
		return all
	})
}

// mustEnd checks that the watcher was told of the end, and saw nothing it should not.
func (w *watcher) mustEnd(breaks int) {
	w.t.Helper()
	select {
	case <-w.done:
	case <-time.After(time.Minute):
		w.t.Fatalf("%s was not told of the end", w.name)
	}
	if _, got, err := w.state(); got != breaks || !errors.Is(err, errOver) {
		w.t.Errorf("%s ended with %d breaks and %v, want %d and to be told", w.name, got, err, breaks)
	}
	w.mustBeSound()
}

func (w *watcher) mustBeSound() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, what := range w.wrong {
		if i == 5 {
			w.t.Errorf("%s: and %d more", w.name, len(w.wrong)-i)
			break
		}
		w.t.Errorf("%s: %s", w.name, what)
	}
}

// watchFLV watches over HTTP-FLV; client may be nil.
func watchFLV(t testing.TB, name, rawURL string, client *http.Client, each func(mediaTag)) *watcher {
	t.Helper()
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Get(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s %s", name, resp.Status, raw)
	}
	return watch(t, name, flvTags(resp.Body), func() { _ = resp.Body.Close() }, each)
}

// watchWSFLV watches over WebSocket-FLV; dialer may be nil.
func watchWSFLV(t testing.TB, name, rawURL string, dialer *websocket.Dialer, each func(mediaTag)) *watcher {
	t.Helper()
	if dialer == nil {
		dialer = websocket.DefaultDialer
	}
	conn, _, err := dialer.Dial(rawURL, nil)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return watch(t, name, flvTags(&webSocketReader{conn: conn}), func() { _ = conn.Close() }, each)
}

// watchRTMP watches over RTMP; dial may be nil.
func watchRTMP(t testing.TB, name, rawURL string, dial rtmpDialer, each func(mediaTag)) *watcher {
	t.Helper()
	p, err := dialRTMP(rawURL, dial)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if code, description, err := p.play(); err != nil || code != "NetStream.Play.Start" {
		t.Fatalf("%s: %s %s %v", name, code, description, err)
	}
	return watch(t, name, p.next, func() { _ = p.Close() }, each)
}

// hlsWatcher follows an HLS stream as a player does, and checks what players rely on (RFC 8216, 6.2.1 and 6.2.2).
type hlsWatcher struct {
	t    testing.TB
	list string
	stop chan struct{}
	done chan struct{}

	mu       sync.Mutex
	first    uint64            // media sequence number of the newest playlist
	numbers  map[string]uint64 // of each segment, by URI
	breaks   map[string]uint64 // discontinuity number of each
	decode   uint64            // where the newest segment begins, in its own clock
	segments int
	over     bool
	wrong    []string
}

// watchHLS begins to follow a stream from its play address.
func (n *node) watchHLS(playURL string) *hlsWatcher {
	n.t.Helper()
	w := &hlsWatcher{
		t: n.t, list: n.mediaPlaylist(playURL), stop: make(chan struct{}), done: make(chan struct{}),
		numbers: map[string]uint64{}, breaks: map[string]uint64{},
	}
	go w.run()
	hang := sync.OnceFunc(func() { close(w.stop) })
	n.t.Cleanup(func() {
		hang()
		<-w.done
	})
	return w
}

func (w *hlsWatcher) run() {
	defer close(w.done)
	for !w.ended() {
		if err := w.poll(); err != nil {
			w.note("%v", err)
			return
		}
		select {
		case <-w.stop:
			return
		case <-time.After(200 * time.Millisecond): // as players poll, only sooner
		}
	}
}

func (w *hlsWatcher) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

func (w *hlsWatcher) ended() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// poll reads the playlist and loads what is new in it.
func (w *hlsWatcher) poll() error {
	body, err := fetchBody(w.list)
	if err != nil {
		return err
	}
	fresh := w.merge(string(body))
	base, err := url.Parse(w.list)
	if err != nil {
		return err
	}
	for _, uri := range fresh {
		ref, err := base.Parse(uri)
		if err != nil {
			return err
		}
		if body, err = fetchBody(ref.String()); err != nil {
			return err
		}
		at, ok := decodeTime(body)
		w.mu.Lock()
		if !ok || w.segments > 0 && at <= w.decode {
			w.wrong = append(w.wrong, fmt.Sprintf("segment %s begins at %d (%v) after %d", uri, at, ok, w.decode))
		}
		w.decode = at
		w.segments++
		w.mu.Unlock()
	}
	return nil
}

// merge compares a playlist with what is known and returns its new segments.
func (w *hlsWatcher) merge(playlist string) (fresh []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var number, discontinuity uint64
	first := true
	for line := range strings.Lines(playlist) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); ok {
			number, _ = strconv.ParseUint(v, 10, 64)
		} else if v, ok := strings.CutPrefix(line, "#EXT-X-DISCONTINUITY-SEQUENCE:"); ok {
			discontinuity, _ = strconv.ParseUint(v, 10, 64)
		}
		switch {
		case line == "#EXT-X-DISCONTINUITY":
			discontinuity++
		case line == "#EXT-X-ENDLIST":
			w.over = true
		case line != "" && !strings.HasPrefix(line, "#"):
			if first && number < w.first {
				w.wrong = append(w.wrong, fmt.Sprintf("the media sequence went from %d to %d", w.first, number))
			}
			if first {
				w.first, first = number, false
			}
			if was, known := w.numbers[line]; !known {
				fresh = append(fresh, line)
			} else if was != number || w.breaks[line] != discontinuity {
				w.wrong = append(w.wrong, fmt.Sprintf("segment %s was %d in stretch %d and is %d in %d", line, was, w.breaks[line], number, discontinuity))
			}
			w.numbers[line], w.breaks[line] = number, discontinuity
			number++
		}
	}
	return fresh
}

// stretches counts what lies between discontinuities.
func (w *hlsWatcher) stretches() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := map[uint64]bool{}
	for _, d := range w.breaks {
		all[d] = true
	}
	return len(all)
}

// waitStretch waits for the first segment of the n-th stretch.
func (w *hlsWatcher) waitStretch(n int) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("HLS shows stretch %d", n), func() bool { return w.stretches() >= n })
}

// mustEnd checks that the playlist was closed after so many stretches, and that nothing was wrong.
func (w *hlsWatcher) mustEnd(stretches int) {
	w.t.Helper()
	select {
	case <-w.done:
	case <-time.After(time.Minute):
		w.t.Fatal("the HLS playlist is not closed")
	}
	if got := w.stretches(); got != stretches || !w.ended() {
		w.t.Errorf("HLS ended (%v) after %d stretches, want %d", w.ended(), got, stretches)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, what := range w.wrong {
		w.t.Errorf("HLS: %s", what)
	}
	if len(w.numbers) != w.segments {
		w.t.Errorf("HLS: %d of %d segments were there", w.segments, len(w.numbers))
	}
}

// decodeTime is where a segment's first fragment begins (ISO 14496-12, 8.8.12).
func decodeTime(segment []byte) (uint64, bool) {
	_, rest, found := bytes.Cut(segment, []byte("tfdt"))
	switch {
	case !found || len(rest) < 12:
		return 0, false
	case rest[0] == 1:
		return binary.BigEndian.Uint64(rest[4:]), true
	default:
		return uint64(binary.BigEndian.Uint32(rest[4:])), true
	}
}

// fetchBody reads a URL that must answer 200.
func fetchBody(rawURL string) ([]byte, error) {
	resp, err := http.Get(rawURL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", resp.Request.URL.Path, resp.Status, raw)
	}
	return raw, err
}

// numbered is a video frame that says who pushed it and which one it is. The first of each 25 is a keyframe.
func numbered(by byte, n uint32, size int) mediaTag {
	b := make([]byte, max(size, 16))
	b[0], b[1], b[9] = 0x27, 1, 0x41
	if n%25 == 0 {
		b[0], b[9] = 0x17, 0x65
	}
	binary.BigEndian.PutUint32(b[5:], uint32(len(b)-9))
	b[10] = by
	binary.BigEndian.PutUint32(b[11:], n)
	return mediaTag{rtmpVideo, n * 40, b}
}

// number reads what numbered wrote.
func (t mediaTag) number() (by byte, n uint32, ok bool) {
	if t.kind != rtmpVideo || t.header() || len(t.payload) < 16 {
		return 0, 0, false
	}
	return t.payload[10], binary.BigEndian.Uint32(t.payload[11:]), true
}

// pushNumbers sends numbered frames of a size, 25 a second, until the connection fails or ctx ends.
func (p *rtmpPeer) pushNumbers(ctx context.Context, c clip, by byte, size int) error {
	if err := p.sendNumbers(c, 0, 0); err != nil {
		return err
	}
	began := time.Now()
	for n := uint32(0); ; n++ {
		t := numbered(by, n, size)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Until(began.Add(time.Duration(t.time) * time.Millisecond))):
		}
		if err := p.send(t); err != nil {
			return err
		}
	}
}

// sendNumbers sends the clip's video header and so many frames of a size, all at once.
func (p *rtmpPeer) sendNumbers(c clip, frames uint32, size int) error {
	for _, t := range c.tags {
		if t.header() && t.kind == rtmpVideo {
			if err := p.send(t); err != nil {
				return err
			}
		}
	}
	for n := range frames {
		if err := p.send(numbered(1, n, size)); err != nil {
			return err
		}
	}
	return nil
}

// counting checks that a viewer gets every number once and in order, from wherever it begins, and of a later push nothing
// after an earlier one's.
type counting struct {
	mu    sync.Mutex
	any   bool
	by    byte
	last  uint32
	wrong []string
}

func (c *counting) saw(t mediaTag) {
	by, n, ok := t.number()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !ok:
		c.wrong = append(c.wrong, "a tag that nobody numbered")
	case c.any && by < c.by:
		c.wrong = append(c.wrong, fmt.Sprintf("frame %d of push %d after push %d had begun", n, by, c.by))
	case c.any && by == c.by && n != c.last+1:
		c.wrong = append(c.wrong, fmt.Sprintf("frame %d of push %d after %d", n, by, c.last))
	}
	c.any, c.by, c.last = true, by, n
}

func (c *counting) mustBeSound(t testing.TB, name string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) > 0 {
		t.Errorf("%s: %d times, first: %s", name, len(c.wrong), c.wrong[0])
	}
}
