package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"time"
)

// RTMP as far as a test needs it (Adobe RTMP 1.0, 5.3 and 7).
const (
	rtmpChunk = 64 << 10 // of what a peer sends

	rtmpSetChunk = 1
	rtmpUser     = 4
	rtmpAudio    = 8
	rtmpVideo    = 9
	rtmpCommand  = 20
)

// errOver ends a viewer that was told that the stream is over, as its protocol tells it.
var errOver = errors.New("told that the stream is over")

// rtmpTarget is an RTMP address taken apart.
type rtmpTarget struct {
	addr, app, tcURL string
	name             string // with the query, as encoders send it
	secure           bool
}

func parseRTMP(rawURL string) rtmpTarget {
	scheme, rest, _ := strings.Cut(rawURL, "://")
	addr, path, _ := strings.Cut(rest, "/")
	app, name, _ := strings.Cut(path, "/")
	return rtmpTarget{addr: addr, app: app, tcURL: scheme + "://" + addr + "/" + app, name: name, secure: scheme == "rtmps"}
}

// rtmpPeer is an RTMP client without a goroutine of its own. Its methods return errors instead of failing a test: hundreds
// of them work beside each other.
type rtmpPeer struct {
	net.Conn
	in    *bufio.Reader
	size  int // of the chunks that come in
	parts map[int]*rtmpPart
	to    rtmpTarget

	eof, unpublished bool // what a player was told at the end
}

// rtmpPart is a message on its way in.
type rtmpPart struct {
	time, delta uint32
	size        int
	kind        byte
	extended    bool
	body        []byte
}

// rtmpDialer makes the connection; nil takes a plain one.
type rtmpDialer func(addr string) (net.Conn, error)

// dialRTMP connects up to where publish or play can be asked for.
func dialRTMP(rawURL string, dial rtmpDialer) (*rtmpPeer, error) {
	return dialTarget(parseRTMP(rawURL), dial)
}

func dialTarget(to rtmpTarget, dial rtmpDialer) (*rtmpPeer, error) {
	if dial == nil {
		dial = func(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, 10*time.Second) }
	}
	conn, err := dial(to.addr)
	if err != nil {
		return nil, err
	}
	if to.secure {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the test's own certificate
	}
	p := &rtmpPeer{Conn: conn, in: bufio.NewReader(conn), size: 128, parts: map[int]*rtmpPart{}, to: to}
	if err := p.hello(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return p, nil
}

// hello does handshake, connect and createStream, within 20 s.
func (p *rtmpPeer) hello() error {
	if err := p.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	c0c1 := make([]byte, 1+1536)
	c0c1[0] = 3
	if _, err := p.Write(c0c1); err != nil {
		return err
	}
	s := make([]byte, 1+2*1536)
	if _, err := io.ReadFull(p.in, s); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	out := append([]byte(nil), s[1:1+1536]...)
	out = appendRTMP(out, 2, rtmpSetChunk, 0, binary.BigEndian.AppendUint32(nil, rtmpChunk))
	out = appendRTMP(out, 3, rtmpCommand, 0, amf("connect", 1, [][2]string{{"app", p.to.app}, {"tcUrl", p.to.tcURL}, {"type", "nonprivate"}}))
	out = appendRTMP(out, 3, rtmpCommand, 0, amf("createStream", 2, nil))
	if _, err := p.Write(out); err != nil {
		return err
	}
	want := amf("_result", 2)
	for {
		m, err := p.message()
		if err != nil {
			return err
		}
		if m.kind == rtmpCommand && strings.HasPrefix(string(m.payload), string(want)) {
			return p.SetDeadline(time.Time{})
		}
	}
}

// publish asks to push to the address's stream; play asks to watch it. code is that of the status that answered,
// description its words.
func (p *rtmpPeer) publish() (code, description string, err error) {
	return p.ask("publish", "live")
}

func (p *rtmpPeer) play() (code, description string, err error) { return p.ask("play", -2) }

func (p *rtmpPeer) ask(what string, last any) (code, description string, err error) {
	if _, err := p.Write(appendRTMP(nil, 3, rtmpCommand, 0, amf(what, 0, nil, p.to.name, last))); err != nil {
		return "", "", err
	}
	return p.answer()
}

// answer hears up to the next status, 20 s at most.
func (p *rtmpPeer) answer() (code, description string, err error) {
	if err := p.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return "", "", err
	}
	for {
		m, err := p.message()
		if err != nil {
			return "", "", err
		}
		if code = m.text("code"); code != "" && code != "NetStream.Play.Reset" {
			return code, m.text("description"), p.SetReadDeadline(time.Time{})
		}
	}
}

// goodbye ends a push as encoders do, and waits for the answer.
func (p *rtmpPeer) goodbye() error {
	out := appendRTMP(nil, 3, rtmpCommand, 0, amf("FCUnpublish", 0, nil, p.to.name))
	out = appendRTMP(out, 3, rtmpCommand, 0, amf("deleteStream", 0, nil, 1))
	if _, err := p.Write(out); err != nil {
		return err
	}
	code, _, err := p.answer()
	if err == nil && code != "NetStream.Unpublish.Success" {
		err = errors.New("the goodbye was answered " + code)
	}
	return err
}

// gone hears out what is left and waits, 20 s at most, until the server has closed.
func (p *rtmpPeer) gone() error {
	if err := p.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, p.in)
	if ne, ok := errors.AsType[net.Error](err); ok && ne.Timeout() {
		return err
	}
	return nil // closed, or reset because something was still under way
}

// send sends one tag.
func (p *rtmpPeer) send(t mediaTag) error {
	_, err := p.Write(appendRTMP(nil, 4, t.kind, t.time, t.payload))
	return err
}

// replay sends a clip over and over at its own pace, until the connection fails or ctx ends.
func (p *rtmpPeer) replay(ctx context.Context, c clip) error {
	began := time.Now()
	for round := uint32(0); ; round++ {
		for _, t := range c.tags {
			if round > 0 && t.header() {
				continue
			}
			t.time += round * c.length
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
}

// next is a source of tags for a viewer that plays.
func (p *rtmpPeer) next() (mediaTag, error) {
	for {
		m, err := p.message()
		switch {
		case err != nil && p.eof && p.unpublished:
			return m, errOver
		case err != nil:
			return m, err
		case m.kind == rtmpAudio || m.kind == rtmpVideo:
			return m, nil
		case m.kind == rtmpUser && len(m.payload) > 1 && m.payload[1] == 1:
			p.eof = true
		case m.text("code") == "NetStream.Play.UnpublishNotify":
			p.unpublished = true
		}
	}
}

// message reads the next whole message and obeys chunk sizes.
func (p *rtmpPeer) message() (mediaTag, error) {
	for {
		part, err := p.chunk()
		switch {
		case err != nil:
			return mediaTag{}, err
		case len(part.body) < part.size:
			continue
		}
		m := mediaTag{part.kind, part.time, part.body}
		part.body = nil
		if m.kind != rtmpSetChunk {
			return m, nil
		}
		p.size = int(binary.BigEndian.Uint32(m.payload))
	}
}

// chunk reads one chunk and returns the message it belongs to.
func (p *rtmpPeer) chunk() (*rtmpPart, error) {
	first, err := p.in.ReadByte()
	if err != nil {
		return nil, err
	}
	id := int(first & 0x3f)
	if id < 2 {
		return nil, fmt.Errorf("chunk stream id of form %d, which this server does not use", id)
	}
	part := p.parts[id]
	if part == nil {
		part = &rtmpPart{}
		p.parts[id] = part
	}
	form := first >> 6
	var h [11]byte
	if _, err := io.ReadFull(p.in, h[:[4]int{11, 7, 3, 0}[form]]); err != nil {
		return nil, err
	}
	if form < 3 {
		part.delta = uint24(h[:])
		part.extended = part.delta == 0xffffff
	}
	if form < 2 {
		part.size, part.kind = int(uint24(h[3:])), h[6]
	}
	if part.extended {
		var x [4]byte
		if _, err := io.ReadFull(p.in, x[:]); err != nil {
			return nil, err
		}
		part.delta = binary.BigEndian.Uint32(x[:])
	}
	if part.body == nil {
		if part.time += part.delta; form == 0 {
			part.time, part.delta = part.delta, 0
		}
		part.body = make([]byte, 0, part.size)
	}
	n := min(part.size-len(part.body), p.size)
	part.body = part.body[:len(part.body)+n]
	_, err = io.ReadFull(p.in, part.body[len(part.body)-n:])
	return part, err
}

// appendRTMP adds a message in chunks of rtmpChunk. Media goes out on message stream 1, the rest too: servers do not mind.
func appendRTMP(out []byte, id, kind byte, at uint32, body []byte) []byte {
	size := len(body)
	short := min(at, 0xffffff)
	out = append(out, id, byte(short>>16), byte(short>>8), byte(short), byte(size>>16), byte(size>>8), byte(size), kind, 1, 0, 0, 0)
	for first := true; first || len(body) > 0; first = false {
		if !first {
			out = append(out, 0xc0|id)
		}
		if short == 0xffffff {
			out = binary.BigEndian.AppendUint32(out, at)
		}
		n := min(len(body), rtmpChunk)
		out = append(out, body[:n]...)
		body = body[n:]
	}
	return out
}

// amf encodes values as AMF0.
func amf(values ...any) []byte {
	var out []byte
	text := func(s string) { out = append(binary.BigEndian.AppendUint16(out, uint16(len(s))), s...) }
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			out = append(out, 5)
		case string:
			out = append(out, 2)
			text(v)
		case int:
			out = binary.BigEndian.AppendUint64(append(out, 0), math.Float64bits(float64(v)))
		case [][2]string:
			out = append(out, 3)
			for _, property := range v {
				text(property[0])
				out = append(out, 2)
				text(property[1])
			}
			out = append(out, 0, 0, 9)
		default:
			panic(fmt.Sprintf("amf of %T", v))
		}
	}
	return out
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }
