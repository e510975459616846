package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Message types of RTMP beside those of media.
const (
	rtmpChunkSize = 1
	rtmpAbort     = 2
	rtmpAck       = 3
	rtmpEvent     = 4
	rtmpWindow    = 5
	rtmpCommand   = 20
)

// Chunk streams that this client writes on, and bounds of what it reads.
const (
	chunkControl = 2
	chunkCommand = 3
	chunkSound   = 4
	chunkPicture = 6
	chunkStream  = 8

	handshakeBytes  = 1536
	outChunkBytes   = 4096
	maxMessageBytes = 16 << 20
	maxChunkStreams = 64
	believedBytes   = 64 << 10 // of a length that the server only announced
	defaultWindow   = 2_500_000
)

// rtmpAddress is a push or play address taken apart. The query goes with the stream's name, as OBS sends it.
type rtmpAddress struct{ app, name, tcURL string }

func parseRTMP(u *url.URL) (rtmpAddress, error) {
	app, name, ok := strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
	if !ok || app == "" || name == "" {
		return rtmpAddress{}, errors.New("the address must be rtmp://host/app/stream")
	}
	if u.RawQuery != "" {
		name += "?" + u.RawQuery
	}
	return rtmpAddress{app, name, u.Scheme + "://" + u.Host + "/" + app}, nil
}

// rtmpMessage is one message. What was read is good until the next read.
type rtmpMessage struct {
	kind   byte
	stream uint32
	at     uint32 // ms
	body   []byte
}

// chunks is the state of one chunk stream that is read.
type chunks struct {
	at, delta, length, stream uint32
	kind                      byte
	extended                  bool
	body                      []byte
}

// rtmpConn is the client's side of an RTMP connection: handshake, chunks and commands. One goroutine reads and one writes.
type rtmpConn struct {
	conn    net.Conn
	in      *bufio.Reader
	streams map[uint32]*chunks
	inSize  int
	outSize int
	stream  uint32 // message stream of the publish or play
	window  uint32 // bytes after which the peer wants an acknowledgement
	call    float64
	out     []byte // reused
}

// openRTMP does the handshake and connects to the app.
func openRTMP(conn net.Conn, a rtmpAddress) (*rtmpConn, error) {
	c := &rtmpConn{
		conn: conn, in: bufio.NewReaderSize(conn, 16<<10), streams: map[uint32]*chunks{},
		inSize: 128, outSize: 128, window: defaultWindow,
	}
	hello := make([]byte, 1+handshakeBytes)
	hello[0] = 3
	for i := 9; i < len(hello); i++ {
		hello[i] = byte(i * 31) // any bytes will do
	}
	if _, err := conn.Write(hello); err != nil {
		return nil, err
	}
	answer := make([]byte, 1+2*handshakeBytes)
	if _, err := io.ReadFull(c.in, answer[:1+handshakeBytes]); err != nil {
		return nil, err
	}
	if _, err := conn.Write(answer[1 : 1+handshakeBytes]); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(c.in, answer[1+handshakeBytes:]); err != nil {
		return nil, err
	}
	_, err := c.ask("connect", object{
		{"app", a.app},
		{"type", "nonprivate"},
		{"flashVer", "FMLE/3.0 (compatible; liveroom bench)"},
		{"tcUrl", a.tcURL},
		{"fpad", false},
		{"capabilities", 15.0},
		{"audioCodecs", 4071.0},
		{"videoCodecs", 252.0},
		{"videoFunction", 1.0},
		{"objectEncoding", 0.0},
	})
	return c, err
}

// command sends a command on a message stream.
func (c *rtmpConn) command(chunk byte, stream uint32, values ...any) error {
	return c.write(chunk, rtmpMessage{kind: rtmpCommand, stream: stream, body: appendAMF(nil, values...)})
}

// ask sends a call and waits for its result.
func (c *rtmpConn) ask(name string, values ...any) ([]any, error) {
	c.call++
	call := c.call
	if err := c.command(chunkCommand, 0, append([]any{name, call}, values...)...); err != nil {
		return nil, err
	}
	for {
		values, err := c.readCommand()
		if err != nil {
			return nil, err
		}
		if len(values) < 2 || values[1] != call {
			continue
		}
		switch values[0] {
		case "_result":
			return values, nil
		case "_error":
			return nil, statusOf(values)
		}
	}
}

// readCommand waits for a command; an error status of the peer is an error.
func (c *rtmpConn) readCommand() ([]any, error) {
	for {
		m, err := c.read()
		if err != nil {
			return nil, err
		}
		if m.kind == rtmpCommand {
			values := readAMF(m.body)
			return values, errorStatus(values)
		}
	}
}

// errorStatus is the refusal in an onStatus, if it is one.
func errorStatus(values []any) error {
	if len(values) < 4 || values[0] != "onStatus" {
		return nil
	}
	if info, ok := values[3].(map[string]any); ok && info["level"] == "error" {
		return statusOf(values)
	}
	return nil
}

// codeAhead is how liveroom begins the description of a refusal.
var codeAhead = regexp.MustCompile(`^([a-z][a-z0-9]*(?:_[a-z0-9]+)*): (.+)$`)

// statusOf is a refusal in the words of the peer.
func statusOf(values []any) *Refusal {
	r := &Refusal{Code: "error"}
	for _, v := range values {
		info, ok := v.(map[string]any)
		if !ok {
			continue
		}
		if code, ok := info["code"].(string); ok {
			r.Code = code
		}
		if text, ok := info["description"].(string); ok {
			r.Detail = text
		}
	}
	if m := codeAhead.FindStringSubmatch(r.Detail); m != nil {
		r.Code, r.Detail = m[1], m[2]
	}
	return r
}

// createStream makes the message stream that publish and play need.
func (c *rtmpConn) createStream() error {
	values, err := c.ask("createStream", nil)
	if err != nil {
		return err
	}
	if len(values) > 3 {
		if id, ok := values[3].(float64); ok && id >= 0 && id < 1<<31 {
			c.stream = uint32(id)
		}
	}
	return nil
}

// play asks for a stream; its media follow.
func (c *rtmpConn) play(name string) error {
	if err := c.write(chunkControl, rtmpMessage{kind: rtmpWindow, body: binary.BigEndian.AppendUint32(nil, defaultWindow)}); err != nil {
		return err
	}
	if err := c.createStream(); err != nil {
		return err
	}
	if err := c.command(chunkStream, c.stream, "play", 0.0, nil, name, -2000.0); err != nil {
		return err
	}
	buffer := binary.BigEndian.AppendUint32([]byte{0, 3}, c.stream) // set buffer length: 1 s
	return c.write(chunkControl, rtmpMessage{kind: rtmpEvent, body: binary.BigEndian.AppendUint32(buffer, 1000)})
}

// publish asks to publish and waits until that is accepted.
func (c *rtmpConn) publish(name string) error {
	if err := c.write(chunkControl, rtmpMessage{kind: rtmpChunkSize, body: binary.BigEndian.AppendUint32(nil, outChunkBytes)}); err != nil {
		return err
	}
	c.outSize = outChunkBytes
	for _, call := range []string{"releaseStream", "FCPublish"} {
		c.call++
		if err := c.command(chunkCommand, 0, call, c.call, nil, name); err != nil {
			return err
		}
	}
	if err := c.createStream(); err != nil {
		return err
	}
	if err := c.command(chunkStream, c.stream, "publish", 0.0, nil, name, "live"); err != nil {
		return err
	}
	for {
		values, err := c.readCommand()
		if err != nil {
			return err
		}
		if len(values) > 3 && values[0] == "onStatus" {
			return nil
		}
	}
}

// unpublish says goodbye.
func (c *rtmpConn) unpublish(name string) {
	c.call++
	_ = c.command(chunkCommand, 0, "FCUnpublish", c.call, nil, name) // the connection ends anyway
	_ = c.command(chunkCommand, 0, "deleteStream", 0.0, nil, float64(c.stream))
}

// write sends a message in one write.
func (c *rtmpConn) write(chunk byte, m rtmpMessage) error {
	short, n := min(m.at, 0xffffff), len(m.body)
	b := append(c.out[:0], chunk, byte(short>>16), byte(short>>8), byte(short), byte(n>>16), byte(n>>8), byte(n), m.kind)
	b = binary.LittleEndian.AppendUint32(b, m.stream)
	for rest := m.body; ; {
		if short == 0xffffff {
			b = binary.BigEndian.AppendUint32(b, m.at)
		}
		k := min(len(rest), c.outSize)
		b, rest = append(b, rest[:k]...), rest[k:]
		if len(rest) == 0 {
			break
		}
		b = append(b, 0xc0|chunk)
	}
	c.out = b
	_, err := c.conn.Write(b)
	return err
}

// read returns the next message, after it did what protocol control messages ask.
func (c *rtmpConn) read() (rtmpMessage, error) {
	for {
		s, err := c.readChunk()
		if err != nil {
			return rtmpMessage{}, err
		}
		if s == nil || len(s.body) < int(s.length) {
			continue
		}
		m := rtmpMessage{s.kind, s.stream, s.at, s.body}
		s.body = s.body[:0]
		return m, c.obey(m)
	}
}

// obey does what a protocol control message asks.
func (c *rtmpConn) obey(m rtmpMessage) error {
	if len(m.body) < 4 {
		return nil
	}
	number := binary.BigEndian.Uint32(m.body)
	switch {
	case m.kind == rtmpChunkSize:
		if c.inSize = int(number & 0x7fffffff); c.inSize == 0 {
			return errors.New("the server announced chunks of no size")
		}
	case m.kind == rtmpAbort:
		if s := c.streams[number]; s != nil {
			s.body = s.body[:0]
		}
	case m.kind == rtmpWindow && number > 0:
		c.window = number
	case m.kind == rtmpEvent && len(m.body) >= 6 && m.body[0] == 0 && m.body[1] == 6: // ping
		return c.write(chunkControl, rtmpMessage{kind: rtmpEvent, body: append([]byte{0, 7}, m.body[2:6]...)})
	}
	return nil
}

// readChunk reads one chunk into its chunk stream.
func (c *rtmpConn) readChunk() (*chunks, error) {
	format, s, err := c.readBasic()
	if err != nil {
		return nil, err
	}
	var h [11]byte
	if _, err := io.ReadFull(c.in, h[:[]int{11, 7, 3, 0}[format]]); err != nil {
		return nil, err
	}
	stamp := uint32(h[0])<<16 | uint32(h[1])<<8 | uint32(h[2])
	if format < 3 {
		if len(s.body) > 0 {
			return nil, errors.New("the server began a message inside another of the same chunk stream")
		}
		s.extended = stamp == 0xffffff
	}
	if format < 2 {
		s.length, s.kind = uint32(h[3])<<16|uint32(h[4])<<8|uint32(h[5]), h[6]
		if s.length > maxMessageBytes-1 {
			return nil, fmt.Errorf("the server sent a message of %d bytes", s.length)
		}
	}
	if format == 0 {
		s.stream = binary.LittleEndian.Uint32(h[7:])
	}
	if s.extended {
		if _, err := io.ReadFull(c.in, h[:4]); err != nil {
			return nil, err
		}
		stamp = binary.BigEndian.Uint32(h[:])
	}
	switch {
	case format == 0:
		s.at, s.delta = stamp, 0
	case format < 3:
		s.at, s.delta = s.at+stamp, stamp
	case len(s.body) == 0:
		s.at += s.delta
	}
	return s, c.fill(s)
}

// fill reads a chunk's part of the message.
func (c *rtmpConn) fill(s *chunks) error {
	for left := min(int(s.length)-len(s.body), c.inSize); left > 0; {
		have, take := len(s.body), min(left, believedBytes)
		s.body = slices.Grow(s.body, take)[:have+take]
		if _, err := io.ReadFull(c.in, s.body[have:]); err != nil {
			return err
		}
		left -= take
	}
	return nil
}

// readBasic reads a chunk's basic header.
func (c *rtmpConn) readBasic() (format byte, s *chunks, err error) {
	first, err := c.in.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	format, id := first>>6, uint32(first&63)
	if id < 2 { // the id follows in one byte, or in two
		var more [2]byte
		if _, err := io.ReadFull(c.in, more[:id+1]); err != nil {
			return 0, nil, err
		}
		id = 64 + uint32(more[0]) + uint32(more[1])<<8
	}
	if s = c.streams[id]; s == nil {
		if format != 0 || len(c.streams) >= maxChunkStreams {
			return 0, nil, fmt.Errorf("the server's chunk stream %d begins without a full header, or is one too many", id)
		}
		s = &chunks{}
		c.streams[id] = s
	}
	return format, s, nil
}

// acknowledgement is a whole message that acknowledges n bytes.
func acknowledgement(n int64) []byte {
	head := []byte{chunkControl, 0, 0, 0, 0, 0, 4, rtmpAck, 0, 0, 0, 0}
	return binary.BigEndian.AppendUint32(head, uint32(n)) //nolint:gosec // wraps as RTMP's counter does
}

// watchRTMP plays over RTMP.
func (v *viewer) watchRTMP(ctx context.Context) (net.Conn, error) {
	u, err := url.Parse(v.address)
	if err != nil {
		return nil, err
	}
	a, err := parseRTMP(u)
	if err != nil {
		return nil, err
	}
	conn, err := v.dial(ctx, u)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	handed, err := v.playRTMP(conn, a)
	if stop(); handed {
		return conn.Conn, nil
	}
	_ = conn.Close() // read enough of it
	return nil, err
}

// playRTMP reads until the connection ends, or until it may be handed over.
func (v *viewer) playRTMP(conn net.Conn, a rtmpAddress) (handed bool, err error) {
	c, err := openRTMP(conn, a)
	if err != nil {
		return false, err
	}
	if err := c.play(a.name); err != nil {
		return false, err
	}
	for {
		m, err := c.read()
		if err != nil {
			return false, err
		}
		if m.kind == rtmpCommand {
			if err := errorStatus(readAMF(m.body)); err != nil {
				return false, err
			}
		}
		v.window = int64(c.window)
		if ack := v.beat(); ack != nil {
			if _, err := conn.Write(ack); err != nil {
				return false, err
			}
		}
		if v.media(m.kind, m.body) {
			return true, nil
		}
	}
}
