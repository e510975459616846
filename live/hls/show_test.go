package hls

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// scale multiplies how long the long tests run: 1 for `make test`, more for `make check-long` (design §10).
func scale() time.Duration {
	n, err := strconv.Atoi(os.Getenv("LIVEROOM_SCALE"))
	if err != nil || n < 1 {
		return 1
	}
	return time.Duration(n)
}

// show is one session of a room in a synctest bubble: a server with usual bounds, encoders that come and go in real
// pace, and players that hold what they get to the rules.
type show struct {
	t       *testing.T
	hub     *stream.Hub
	s       *Server
	began   time.Time
	age     time.Duration // of the session when the first push begins
	pushes  uint64
	cluster *nodes // nil: the server makes the HLS itself
	moves   bool   // the push goes from node to node
	stop    func()
	players []*follower
}

func newShow(t *testing.T, cfg Config) *show {
	t.Helper()
	cfg.NodeKey, cfg.PlayKey = testNode, []byte("a play key")
	w := &show{t: t, hub: stream.NewHub(stream.Config{}), began: time.Now()}
	var err error
	if w.s, err = New(cfg, w.hub, open, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.s.Run(ctx) }()
	w.stop = func() {
		for _, f := range w.players {
			f.leave()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}
	synctest.Wait() // Run is up
	return w
}

// get asks as a player does.
func (w *show) get(ctx context.Context, uri string) (int, string) {
	rec := httptest.NewRecorder()
	w.s.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, uri, nil))
	return rec.Code, rec.Body.String()
}

// source is a synthetic encoder. Each of its frames says in plain text which moment of the session it belongs to.
type source struct {
	frames, per int64         // pictures in so many seconds; 0: no pictures
	gop         int           // pictures from keyframe to keyframe
	reorder     bool          // B-frames
	rate        int64         // of sound, in Hz; 0: no sound
	lead        time.Duration // how much sooner than its picture sound is sent
	jitter      time.Duration // how much later than its time a frame may be sent
	raw         uint32        // RTMP timestamp of the first frame
	pps         []byte        // its second parameter set, if not the usual
}

var (
	usual  = source{frames: 30, per: 1, gop: 60, rate: 44100}
	alone  = source{rate: 48000}
	silent = source{frames: 25, per: 1, gop: 50}
)

// feeding is a push under way.
type feeding struct {
	w        *show
	p        *stream.Publisher
	src      source
	began    time.Time
	offset   int64 // ms of the session at its first frame
	pictures int64
	sounds   int64
	key      int64 // picture from which keyframes are counted
	mute     bool
	rnd      *rand.Rand
}

// publish begins a push now, as the room does: the session's clock is its offset.
func (w *show) publish(src source) *feeding {
	w.t.Helper()
	w.pushes++
	f := &feeding{w: w, src: src, began: time.Now(), rnd: rand.New(rand.NewPCG(1, w.pushes))}
	if w.pushes == 1 {
		w.began = f.began.Add(-w.age)
	}
	f.offset = f.began.Sub(w.began).Milliseconds()
	var err error
	o := stream.PublishOptions{Generation: w.pushes, Offset: f.began.Sub(w.began)}
	if w.cluster != nil {
		o.Session, o.SessionStart = "01J", w.began
		w.cluster.move(w.hub, w.pushes, w.began)
	}
	f.p, err = w.hub.Publish("demo", o)
	if err != nil {
		w.t.Fatal(err)
	}
	f.headers()
	return f
}

func (f *feeding) headers() {
	if f.src.frames > 0 {
		pps := testPPS
		if f.src.pps != nil {
			pps = f.src.pps
		}
		f.send(stream.Video, 0, append([]byte{0x17, 0, 0, 0, 0}, avcC(4, testSPS, pps)...))
	}
	switch f.src.rate {
	case 0:
	case 16000:
		f.send(stream.Audio, 0, []byte{0xaf, 0, 0x14, 0x08})
	case 44100:
		f.send(stream.Audio, 0, append([]byte{0xaf, 0}, testASC...))
	case 48000:
		f.send(stream.Audio, 0, []byte{0xaf, 0, 0x11, 0x90})
	default:
		f.w.t.Fatalf("no header for %d Hz", f.src.rate)
	}
}

func (f *feeding) send(kind stream.Kind, ms int64, body []byte) {
	buf := stream.NewBuffer(len(body))
	copy(buf[stream.HeaderBytes:], body)
	if err := f.p.Write(kind, f.src.raw+uint32(ms), buf); err != nil {
		f.w.t.Fatalf("write: %v", err)
	}
}

// pictureAt and soundAt are the times of frames on the encoder's clock, in ms.
func (f *feeding) pictureAt(i int64) int64 { return (i*f.src.per*1000 + f.src.frames/2) / f.src.frames }
func (f *feeding) soundAt(i int64) int64   { return (i*1024*1000 + f.src.rate/2) / f.src.rate }

const never = int64(1) << 60

// until feeds the push in real pace until it has lasted that long.
func (f *feeding) until(length time.Duration) {
	for {
		picture, sound := never, never
		if f.src.frames > 0 {
			picture = f.pictureAt(f.pictures)
		}
		if f.src.rate > 0 {
			sound = f.soundAt(f.sounds)
		}
		first := min(picture, sound-f.src.lead.Milliseconds())
		if first >= length.Milliseconds() {
			time.Sleep(time.Until(f.began.Add(length)))
			return
		}
		due := f.began.Add(time.Duration(first) * time.Millisecond)
		if f.src.jitter > 0 {
			due = due.Add(time.Duration(f.rnd.Int64N(int64(f.src.jitter))))
		}
		time.Sleep(time.Until(due))
		if first == picture {
			f.picture(picture)
		} else {
			f.sound(sound)
		}
	}
}

// again is until, counted from now.
func (f *feeding) again(length time.Duration) { f.until(time.Since(f.began) + length) }

func (f *feeding) picture(ms int64) {
	kind, nal := byte(0x27), byte(0x41)
	at := int(f.pictures-f.key) % f.src.gop
	if at == 0 {
		kind, nal = 0x17, 0x65
	}
	composition := int64(0)
	if f.src.reorder { // I P B B P B B: a picture is shown one or three later than it is decoded, or at once
		composition = [3]int64{3, 0, 0}[(at+2)%3]
		if at == 0 {
			composition = 1
		}
	}
	composition = composition * f.src.per * 1000 / f.src.frames
	body := append([]byte{kind, 1, 0, byte(composition >> 8), byte(composition), 0, 0, 0, 17, nal}, f.stamp(ms)...)
	f.send(stream.Video, ms, body)
	f.pictures++
}

func (f *feeding) sound(ms int64) {
	if !f.mute {
		f.send(stream.Audio, ms, append([]byte{0xaf, 1}, f.stamp(ms)...))
	}
	f.sounds++
}

// stamp is the moment of the session in 16 digits.
func (f *feeding) stamp(ms int64) []byte {
	digits := []byte("0000000000000000")
	for n, i := f.offset+ms, len(digits)-1; n > 0; n, i = n/10, i-1 {
		digits[i] = byte('0' + n%10)
	}
	return digits
}

// change sends another configuration: what follows is coded anew from a keyframe on.
func (f *feeding) change(pps []byte) {
	f.src.pps, f.key = pps, f.pictures
	f.headers()
}

// stall lets the encoder stand still; it goes on with a keyframe, on the same clock.
func (f *feeding) stall(length time.Duration) {
	time.Sleep(length)
	for now := time.Since(f.began).Milliseconds(); f.pictureAt(f.pictures) < now; {
		f.pictures++
	}
	for now := time.Since(f.began).Milliseconds(); f.soundAt(f.sounds) < now; {
		f.sounds++
	}
	f.key = f.pictures
}
