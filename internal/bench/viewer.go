package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a viewer may get nothing before that is a stall; HLS adds the duration of a segment.
const patience = 2 * time.Second

// Refusal is a server's answer to a push or play that it does not want.
type Refusal struct {
	Status int    // of HTTP; 0 for RTMP
	Code   string // of the problem document or in the status; http_404 and the like without one
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Detail }

// window is the time that is measured, in Unix ns. Before it begins, from is at the end of all time.
type window struct{ from, to atomic.Int64 }

func newWindow() *window {
	w := &window{}
	w.from.Store(math.MaxInt64)
	w.to.Store(math.MaxInt64)
	return w
}

func (w *window) has(at int64) bool { return at >= w.from.Load() && at <= w.to.Load() }

// crowd is the viewers of one protocol and what they saw.
type crowd struct {
	protocol Protocol
	viewers  []*viewer
	window   *window
	first    histogram // connecting to first media
	latency  histogram // sending to arrival, of the sampled
	checked  atomic.Int64
	lost     atomic.Int64 // pictures missing at the sampled

	mu      sync.Mutex // guards reasons
	reasons reasons
}

// states of a viewer.
const (
	waiting int32 = iota // for its first media
	watching
	refused
	dead
	never // ended without any media, and not refused
)

// viewer is one player. Its reader writes; the reporter reads.
type viewer struct {
	crowd   *crowd
	run     *run
	address string
	sampled bool
	begun   time.Time

	state   atomic.Int32
	bytes   atomic.Int64 // received, headers of all kinds included
	lastAt  atomic.Int64 // of the last bytes of media, Unix ns
	stalls  atomic.Int32
	longest atomic.Int64 // silence in the window, ns
	patient atomic.Int64 // how long it waits before that is a stall, ns

	number uint32 // of the last picture
	spoken int64  // bytes acknowledged over RTMP; time of the last pong in a WebSocket
	window int64  // acknowledge after so many; RTMP only
	pieces pieces // HLS only
}

// pieces are the segments or parts that a viewer of HLS got in the window. What comes in pieces of seconds can't be
// measured by the bytes between two moments.
type pieces struct {
	mu    sync.Mutex
	from  int64 // when the first would have begun to come, had it come as a stream, Unix ns
	bytes int64
	media time.Duration // of all, and of those that were gone before they were loaded
}

func (p *pieces) add(now, bytes int64, media time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from == 0 {
		p.from = now - int64(media)
	}
	p.bytes, p.media = p.bytes+bytes, p.media+media
}

// missed adds what was gone before it was loaded.
func (p *pieces) missed(media time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from != 0 {
		p.media += media
	}
}

// rate is that of the media, in bit/s; or what came since the first piece, if the viewer is further behind than patient.
func (p *pieces) rate(end, patient int64) (rate float64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := max(int64(p.media), end-p.from-patient)
	if p.from == 0 || took <= 0 {
		return 0, false
	}
	return float64(p.bytes) * 8e9 / float64(took), true
}

// counted counts what a viewer reads.
type counted struct {
	net.Conn
	v *viewer
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.v.got(int64(n), time.Now().UnixNano())
	}
	return n, err
}

// got counts bytes of a connection that carries media alone.
func (v *viewer) got(n, now int64) {
	v.bytes.Add(n)
	v.alive(now)
}

// alive notes that media came, and how long it did not.
func (v *viewer) alive(now int64) {
	last := v.lastAt.Swap(now)
	if last == 0 || v.state.Load() != watching {
		return
	}
	silence := now - last
	if silence > v.patient.Load() {
		v.stalls.Add(1)
	}
	if v.crowd.window.has(now) {
		atLeast(&v.longest, silence)
	}
}

// started notes the first media.
func (v *viewer) started() {
	if v.state.CompareAndSwap(waiting, watching) {
		v.crowd.first.add(time.Since(v.begun))
	}
}

// media takes one tag of audio or video. It says whether the rest may be drained.
func (v *viewer) media(kind byte, body []byte) (drain bool) {
	if len(body) < 2 || kind != flvAudio && kind != flvVideo || isHeader(kind, body) {
		return false
	}
	v.started()
	if v.sampled && kind == flvVideo {
		v.look(body, time.Now().UnixNano())
	}
	return !v.sampled
}

// isHeader says whether a tag configures a decoder: AVC and AAC, and the enhanced ones.
func isHeader(kind byte, body []byte) bool {
	switch {
	case kind == flvVideo && body[0]&0x80 != 0, kind == flvAudio && body[0]>>4 == 9:
		return body[0]&0x0f == 0
	case kind == flvVideo:
		return body[0]&0x0f == 7 && body[1] == 0
	default:
		return body[0]>>4 == 10 && body[1] == 0
	}
}

// look finds the marks in media that came now.
func (v *viewer) look(media []byte, now int64) {
	for {
		m, rest, ok := findMark(media)
		if !ok {
			return
		}
		media = rest
		v.crowd.checked.Add(1)
		if hole := m.number - v.number; v.number != 0 && hole > 1 && hole < 1<<31 {
			v.crowd.lost.Add(int64(hole - 1))
		}
		v.number = m.number
		if v.crowd.window.has(m.sentAt) && v.crowd.window.has(now) { // not what a cache replayed
			v.crowd.latency.add(time.Duration(now - m.sentAt))
		}
	}
}

// watch plays until ctx ends or the server ends it. Where the rest of a connection may be drained, it returns early.
func (v *viewer) watch(ctx context.Context) {
	v.begun = time.Now()
	var conn net.Conn
	var err error
	switch v.crowd.protocol {
	case FLV:
		conn, err = v.watchFLV(ctx)
	case WSFLV:
		conn, err = v.watchWebSocket(ctx)
	case RTMP:
		conn, err = v.watchRTMP(ctx)
	case HLS, LLHLS:
		err = v.watchHLS(ctx)
	}
	if conn != nil {
		if v.run.drain.take(v, conn) {
			return
		}
		err = v.discard(ctx, conn)
	}
	v.ended(ctx, err)
}

// discard reads what can't be drained otherwise, TLS for example.
func (v *viewer) discard(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer func() { _ = conn.Close() }()
	buf := make([]byte, 8<<10)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		v.got(int64(n), time.Now().UnixNano())
		if beat := v.beat(); beat != nil {
			if _, err := conn.Write(beat); err != nil {
				return err
			}
		}
	}
}

// pong is an unasked one (RFC 6455, 5.5.3), masked with zeros: a server that pings hears that its viewer lives.
var pong = []byte{0x8a, 0x80, 0, 0, 0, 0}

const pongEvery = int64(10 * time.Second)

// beat is what a viewer has to say to its server from time to time, nil for nothing.
func (v *viewer) beat() []byte {
	switch v.crowd.protocol {
	case RTMP:
		if got := v.bytes.Load(); v.window > 0 && got-v.spoken >= v.window/2 {
			v.spoken = got
			return acknowledgement(got)
		}
	case WSFLV:
		if now := v.lastAt.Load(); now-v.spoken >= pongEvery {
			v.spoken = now
			return pong
		}
	case FLV, HLS, LLHLS:
	}
	return nil
}

// ended notes why a viewer is no more. The end of the measurement is no reason.
func (v *viewer) ended(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	state := never
	if v.state.Load() == watching {
		state = dead
	}
	reason := reasonOf(err)
	if _, ok := errors.AsType[*Refusal](err); ok && state == never {
		state = refused
	}
	v.state.Store(state)
	v.crowd.mu.Lock()
	defer v.crowd.mu.Unlock()
	v.crowd.reasons.add(reason)
}

// Reason is why viewers or publishers were refused or lost, and how many. Of refusals with one code, the detail is that
// of the first: they often name the stream.
type Reason struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Count  int    `json:"count"`

	refusal bool
}

// reasonOf puts an error in a code and words, without addresses, so that like ones are counted together.
func reasonOf(err error) Reason {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return Reason{Code: r.Code, Detail: r.Detail, refusal: true}
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return Reason{Code: codeClosed, Detail: "the server closed the connection"}
	}
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return Reason{Code: codeClosed, Detail: "the server reset the connection"}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		code := "network"
		if op.Op == "dial" {
			code = "connect"
		}
		return Reason{Code: code, Detail: fmt.Sprintf("%s: %v", op.Op, op.Err)}
	}
	return Reason{Code: "error", Detail: bare(err).Error()}
}

// codeClosed is the code of a connection that the server closed without a word.
const codeClosed = "closed"

// reasons are counted, most of them by name.
type reasons []Reason

const (
	maxReasons = 20
	maxDetail  = 300 // bytes
)

func (r *reasons) add(reason Reason) {
	if len(reason.Detail) > maxDetail {
		reason.Detail = strings.ToValidUTF8(reason.Detail[:maxDetail], "")
	}
	for i := range *r {
		if known := &(*r)[i]; known.Code == reason.Code && (known.Detail == reason.Detail || known.refusal && reason.refusal) {
			known.Count++
			return
		}
	}
	if len(*r) >= maxReasons {
		(*r)[maxReasons-1].Code, (*r)[maxReasons-1].Detail = "other", "reasons beyond those listed"
		(*r)[maxReasons-1].Count++
		return
	}
	reason.Count = 1
	*r = append(*r, reason)
}
