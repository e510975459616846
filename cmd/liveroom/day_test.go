package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"liveroom/live/flv"
	"liveroom/live/hls"
	"liveroom/live/rtmp"
	"liveroom/live/stream"
)

// TestDayOnEveryOutput pushes a day of one session over RTMP, in a bubble's time, and watches it over RTMP, HTTP-FLV and
// HLS: half an hour in `make test`, all of it from LIVEROOM_SCALE=10 on. Each frame says in plain text which moment of
// the session it belongs to. On the way the input's timestamps wrap at 2^32 ms, and the session's leave the 24 bits of
// FLV and RTMP headers.
func TestDayOnEveryOutput(t *testing.T) {
	length := 30 * time.Minute
	if scale() > 1 {
		length = min(24*time.Hour, 144*time.Minute*time.Duration(scale()))
	}
	synctest.Test(t, func(t *testing.T) {
		d := newDay(t)
		d.age = max((1<<24)*time.Millisecond-length/2, 0)
		d.push(uint32(1<<32 - length.Milliseconds()*2/3))
		d.feed(5 * time.Second)
		d.watchRTMP()
		d.watchFLV()
		d.feed(length / 4)
		before := d.footprint()
		for i := range time.Duration(3) {
			d.feed(length/4 + length/4*(i+1))
			d.checkHLS()
			after := d.footprint()
			t.Logf("after %v: heap %d kB, %d goroutines; %d frames over RTMP, %d over FLV, %d pushed",
				time.Since(d.began).Round(time.Second), after.heap>>10, after.goroutines, d.rtmp.frames.Load(), d.flv.frames.Load(), d.frames)
			if after.heap > before.heap+2<<20 || after.goroutines > before.goroutines {
				t.Errorf("it grows: %+v, at first %+v", after, before)
			}
		}
		for name, v := range map[string]*counted{"RTMP": &d.rtmp, "FLV": &d.flv} {
			if missing := int64(d.frames) - v.frames.Load() - v.before; v.wrong.Load() > 0 || missing != 0 {
				t.Errorf("over %s %d frames are missing and %d at a wrong time", name, missing, v.wrong.Load())
			}
		}
		d.stop()
	})
}

// day is the media side of the program in one bubble: its real servers behind pipes instead of sockets.
type day struct {
	t        *testing.T
	hub      *stream.Hub
	rtmpDoor *pipes
	webDoor  *pipes
	web      *http.Client
	age      time.Duration
	began    time.Time
	up       *rtmpPeer
	raw      uint32
	pictures int64
	sounds   int64
	frames   int
	rtmp     counted
	flv      counted
	closers  []func()
}

// counted is what a viewer saw.
type counted struct {
	frames atomic.Int64
	wrong  atomic.Int64
	before int64 // pushed before the first frame it got
	once   sync.Once
}

// see takes a frame at its timestamp in ms, as the protocol has it.
func (v *counted) see(t *testing.T, name string, at uint32, body []byte) {
	ms, err := strconv.ParseInt(string(body[max(0, len(body)-16):]), 10, 64)
	if err != nil {
		return // a header
	}
	v.frames.Add(1)
	if at != uint32(ms) {
		if v.wrong.Add(1) < 5 {
			t.Errorf("over %s the frame of %d ms comes at %d, want %d", name, ms, at, uint32(ms))
		}
	}
}

// anyone may push and play.
type anyone struct{ d *day }

func (a anyone) Publish(context.Context, stream.Request) (rtmp.Push, error) {
	p, err := a.d.hub.Publish("demo", stream.PublishOptions{Generation: 1, Offset: a.d.age})
	return unrefused{p}, err
}

// unrefused is a push that its door has no reason to refuse.
type unrefused struct{ *stream.Publisher }

func (unrefused) Refuse(*stream.Refusal) {}

func (a anyone) Play(_ context.Context, r stream.Request) (*stream.Subscriber, error) {
	return a.d.hub.Subscribe("demo", r.Protocol, stream.SubscribeOptions{}), nil
}

func (a anyone) Authorize(context.Context, stream.Request) error { return nil }

func (a anyone) Enter(context.Context, stream.Request) (func(), error) { return func() {}, nil }

func (a anyone) Reenter(context.Context, stream.Request, bool) (func(), error) { return func() {}, nil }

func newDay(t *testing.T) *day {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	d := &day{t: t, hub: stream.NewHub(stream.Config{}), rtmpDoor: newPipes(), webDoor: newPipes()}
	door, err := rtmp.New(rtmp.Config{}, anyone{d}, log)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := hls.New(hls.Config{NodeKey: make([]byte, 16), PlayKey: []byte("k")}, d.hub, anyone{d}, log)
	if err != nil {
		t.Fatal(err)
	}
	tags := flv.New(flv.Config{}, anyone{d}, log)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".flv") {
			tags.ServeHTTP(w, r)
		} else {
			lists.ServeHTTP(w, r)
		}
	})}
	ctx, cancel := context.WithCancel(context.Background())
	d.run(func() error { return door.Serve(ctx, d.rtmpDoor) })
	d.run(func() error { return lists.Run(ctx) })
	d.run(func() error { return tags.Run(ctx) })
	d.run(func() error { return web.Serve(d.webDoor) })
	transport := &http.Transport{DialContext: d.webDoor.dial, DisableCompression: true}
	d.web = &http.Client{Transport: transport}
	d.closers = append([]func(){cancel, transport.CloseIdleConnections, func() { _ = web.Close() }}, d.closers...)
	synctest.Wait()
	return d
}

// run starts what ends when the day does.
func (d *day) run(f func() error) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	d.closers = append(d.closers, func() {
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrServerClosed) {
			d.t.Error(err)
		}
	})
}

func (d *day) stop() {
	_ = d.up.Close()
	for _, f := range d.closers {
		f()
	}
}

// push connects an encoder whose first timestamp is raw.
func (d *day) push(raw uint32) {
	d.t.Helper()
	d.raw, d.up = raw, d.shake()
	if code, words, err := d.up.publish(); code != "NetStream.Publish.Start" || err != nil {
		d.t.Fatal(code, words, err)
	}
	go func() { _, _ = io.Copy(io.Discard, d.up.in) }() // what the server says; it ends with the connection
	d.began = time.Now()
	d.media(rtmpVideo, 0, append([]byte{0x17, 0, 0, 0, 0}, daySets...))
	d.media(rtmpAudio, 0, []byte{0xaf, 0, 0x14, 0x08}) // AAC, 16 kHz, mono
}

// daySets are the parameter sets of some H.264 encoder.
var daySets = append(append([]byte{1, 0x42, 0xc0, 0x28, 0xff, 0xe1, 0, 25},
	0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00,
	0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20), 1, 0, 4, 0x68, 0xcb, 0x8c, 0xb2)

// shake connects to the RTMP door up to where publish or play can be asked for.
func (d *day) shake() *rtmpPeer {
	d.t.Helper()
	p, err := dialRTMP("rtmp://pipe/live/demo", func(string) (net.Conn, error) { return d.rtmpDoor.dial(d.t.Context(), "", "") })
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *day) media(kind byte, ms int64, body []byte) {
	d.t.Helper()
	if err := d.up.send(mediaTag{kind, d.raw + uint32(ms), body}); err != nil {
		d.t.Fatal(err)
	}
}

// feed pushes in real pace until the push has lasted that long: ten pictures a second, a keyframe each two seconds.
func (d *day) feed(until time.Duration) {
	for {
		picture, sound := d.pictures*100, d.sounds*64
		next := min(picture, sound)
		if next >= until.Milliseconds() {
			break
		}
		time.Sleep(time.Until(d.began.Add(time.Duration(next) * time.Millisecond)))
		stamp := fmt.Sprintf("%016d", d.age.Milliseconds()+next)
		if next == picture {
			kind, nal := byte(0x27), byte(0x41)
			if d.pictures%20 == 0 {
				kind, nal = 0x17, 0x65
			}
			d.media(rtmpVideo, next, append([]byte{kind, 1, 0, 0, 0, 0, 0, 0, 17, nal}, stamp...))
			d.pictures++
		} else {
			d.media(rtmpAudio, next, append([]byte{0xaf, 1}, stamp...))
			d.sounds++
		}
		d.frames++
	}
	time.Sleep(time.Until(d.began.Add(until)))
	synctest.Wait()
}

func (d *day) watchRTMP() {
	d.t.Helper()
	p := d.shake()
	if code, words, err := p.play(); code != "NetStream.Play.Start" || err != nil {
		d.t.Fatal(code, words, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			m, err := p.next()
			if err != nil {
				return
			}
			d.first(&d.rtmp, m.payload)
			d.rtmp.see(d.t, "RTMP", m.time, m.payload)
		}
	}()
	d.closers = append([]func(){func() { _ = p.Close(); <-done }}, d.closers...)
	synctest.Wait()
}

// first notes how much was pushed before the first frame a viewer gets.
func (d *day) first(v *counted, body []byte) {
	ms, err := strconv.ParseInt(string(body[max(0, len(body)-16):]), 10, 64)
	if err != nil {
		return
	}
	v.once.Do(func() {
		ms -= d.age.Milliseconds()
		v.before = (ms+99)/100 + (ms+63)/64
	})
}

func (d *day) watchFLV() {
	d.t.Helper()
	resp, err := d.web.Get("http://pipe/live/demo.flv")
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatal(resp, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err := flv.NewReader(resp.Body, 0)
		for err == nil {
			var kind stream.Kind
			var at uint32
			var buf []byte
			if kind, at, buf, err = r.Next(); err == nil && kind != stream.Script {
				body := buf[stream.HeaderBytes : len(buf)-stream.TrailerBytes]
				d.first(&d.flv, body)
				d.flv.see(d.t, "FLV", at, body)
			}
		}
	}()
	d.closers = append([]func(){func() { _ = resp.Body.Close(); <-done }}, d.closers...)
	synctest.Wait()
}

var (
	lastSegment = regexp.MustCompile(`(?m)^/live/demo/p/\S+\.m4s$`)
	initSegment = regexp.MustCompile(`#EXT-X-MAP:URI="([^"]+)"`)
)

// checkHLS compares decode times in the newest segment with the moments its frames carry.
func (d *day) checkHLS() {
	d.t.Helper()
	list := d.read(firstURI(d.read("/live/demo.m3u8")))
	all := lastSegment.FindAllString(list, -1)
	header := initSegment.FindStringSubmatch(list)
	if len(all) == 0 || header == nil {
		d.t.Fatalf("playlist:\n%s", list)
	}
	var init fmp4.Init
	var parts fmp4.Parts
	if err := errors.Join(init.Unmarshal(strings.NewReader(d.read(header[1]))), parts.Unmarshal([]byte(d.read(all[len(all)-1])))); err != nil {
		d.t.Fatal(err)
	}
	seen := 0
	for _, part := range parts {
		for _, track := range part.Tracks {
			scale := int64(init.Tracks[0].TimeScale)
			if track.ID != init.Tracks[0].ID {
				scale = int64(init.Tracks[1].TimeScale)
			}
			body := track.Samples[0].Payload
			ms, err := strconv.ParseInt(string(body[max(0, len(body)-16):]), 10, 64)
			if got := int64(track.BaseTime) * 1000 / scale; err != nil || got < ms-2 || got > ms+2 {
				d.t.Errorf("over HLS the frame of %d ms lies at %d ms", ms, got)
			}
			seen++
		}
	}
	if age := time.Since(d.began) + d.age; seen < 2 {
		d.t.Errorf("%d tracks after %v", seen, age)
	}
}

// firstURI is the first line of a playlist that is no tag.
func firstURI(list string) string {
	for line := range strings.Lines(list) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func (d *day) read(path string) string {
	d.t.Helper()
	resp, err := d.web.Get("http://pipe" + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s %s %v", path, resp.Status, raw, err)
	}
	return string(raw)
}

type footprint struct {
	heap       uint64
	goroutines int
}

func (d *day) footprint() footprint {
	d.web.CloseIdleConnections()
	synctest.Wait()
	runtime.GC()
	runtime.GC() // what pools kept over the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{m.HeapAlloc, runtime.NumGoroutine()}
}

// pipes is a listener whose connections are pipes in memory, so that a bubble's time goes on while they wait.
type pipes struct {
	conns chan net.Conn
	gone  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), gone: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	mine, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return mine, nil
	case <-p.gone:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.gone:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.gone) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
