package rtmp

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/yutopp/go-rtmp/message"
)

// ClientConfig says how to reach other servers. Zero fields take their defaults.
type ClientConfig struct {
	// Dial connects; it decides which addresses may be connected to, after names were looked up. Default: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS is used for rtmps. Default: the system's roots.
	TLS *tls.Config
	// Open is the time from dialling to the start of a publish or play, in all. Default 10 s.
	Open time.Duration
	// Write is the longest one write may take. Default 10 s.
	Write time.Duration
	// Silent is how long a server may send no media of what is played. Default 10 s.
	Silent time.Duration
	// MaxMessageBytes is the largest media message of what is played. Default 8 MiB.
	MaxMessageBytes int
}

func (c ClientConfig) withDefaults() ClientConfig {
	if c.Dial == nil {
		c.Dial = (&net.Dialer{}).DialContext
	}
	for _, d := range []*time.Duration{&c.Open, &c.Write, &c.Silent} {
		if *d <= 0 {
			*d = 10 * time.Second
		}
	}
	if c.MaxMessageBytes <= 0 {
		c.MaxMessageBytes = 8 << 20
	}
	return c
}

// Bounds of what a server may say that nothing is played from: what it needs for acknowledgements and pings, and much more.
const (
	chatterBytes     = 256 << 10 // from the beginning
	chatterPerSecond = 16 << 10
	maxAnswers       = 256 // messages before the start
)

// clientChunkBytes is the chunk size of what is published: what encoders use, for not every server takes larger ones.
const clientChunkBytes = 4096

// clientBufferMs is the buffer that a player says it has.
const clientBufferMs = 1000

// link is one connection to another server. What it reads belongs to one goroutine.
type link struct {
	cfg ClientConfig
	url URL
	nc  net.Conn
	in  *chunkReader
	at  time.Time // connected

	stream    uint32 // message stream of the publish or play
	calls     float64
	received  uint64
	acked     uint64
	window    uint64
	announced uint32
	chatty    bool   // it may say much: something is played
	doing     string // what is waited for, in words

	mu       sync.Mutex    // held while writing; guards what follows
	size     int           // chunk size of what is sent
	until    time.Time     // when opening must be done; zero: it is
	patience time.Duration // of one write
}

// openLink connects, greets, connects to the app and begins what is wanted, all within ClientConfig.Open.
func openLink(ctx context.Context, cfg ClientConfig, u URL, begin func(l *link) error) (*link, error) {
	until := time.Now().Add(cfg.Open)
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	nc, err := dialLink(ctx, cfg, u)
	if err != nil {
		return nil, err
	}
	l := &link{cfg: cfg, url: u, nc: nc, at: time.Now(), size: defaultChunkSize, until: until, patience: cfg.Write, doing: "the handshake"}
	l.in = newChunkReader(bufio.NewReaderSize(l, smallReadBytes), tight(), l.acknowledge)
	stop := context.AfterFunc(ctx, func() { _ = nc.Close() })
	err = nc.SetReadDeadline(until)
	for _, step := range []func() error{l.greet, l.connect, func() error { return begin(l) }, func() error { return nc.SetReadDeadline(time.Time{}) }} {
		if err == nil {
			err = step()
		}
	}
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = nc.Close()
		return nil, l.failure(ctx, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Time{}
	return l, nil
}

// dialLink connects, with TLS where the address says so.
func dialLink(ctx context.Context, cfg ClientConfig, u URL) (net.Conn, error) {
	nc, err := cfg.Dial(ctx, "tcp", u.address())
	if err != nil {
		return nil, dialFailure(ctx, err, cfg.Open)
	}
	if !u.secure {
		return nc, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLS != nil {
		config = cfg.TLS.Clone()
	}
	config.ServerName = u.host
	secure := tls.Client(nc, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = nc.Close()
		return nil, tlsFailure(ctx, err, cfg.Open)
	}
	return secure, nil
}

// Read implements io.Reader: it counts, and bounds what a server says that has nothing to say.
func (l *link) Read(p []byte) (int, error) {
	n, err := l.nc.Read(p)
	l.received += uint64(n) //nolint:gosec // never negative
	if allowed := chatterBytes + uint64(time.Since(l.at)/time.Second)*chatterPerSecond; !l.chatty && l.received > allowed {
		return 0, protocolError("it sends more than it has to say")
	}
	return n, err
}

// greet does the client's side of the handshake, without digests: servers want those of players that are long gone.
func (l *link) greet() error {
	hello := make([]byte, 1+shakeBytes)
	hello[0] = shakeVersion
	_, _ = rand.Read(hello[9:]) // never fails; time and version stay zero
	if err := l.write(hello); err != nil {
		return err
	}
	version, err := l.in.r.ReadByte()
	if err != nil {
		return err
	}
	if version != shakeVersion {
		return failed(FailForeign, nil, "the server does not speak RTMP at this port")
	}
	var s1 [shakeBytes]byte
	if _, err := io.ReadFull(l.in.r, s1[:]); err != nil {
		return err
	}
	if err := l.write(s1[:]); err != nil {
		return err
	}
	_, err = l.in.r.Discard(shakeBytes) // what S2 repeats proves nothing
	return err
}

// connect names the app.
func (l *link) connect() error {
	l.doing = "connect"
	r := l.reply()
	l.calls++
	r.command("connect", l.calls, amfProps{
		{"app", l.url.app},
		{"type", "nonprivate"},
		{"flashVer", "FMLE/3.0 (compatible; liveroom)"},
		{"tcUrl", l.url.base()},
		{"fpad", false},
		{"capabilities", 15},
		{"audioCodecs", 4071},
		{"videoCodecs", 252},
		{"videoFunction", 1},
		{"objectEncoding", 0},
		{"fourCcList", amfList{"av01", "hvc1", "vp09", "Opus"}},
	})
	if err := l.send(r); err != nil {
		return err
	}
	_, err := l.answer(l.calls)
	return err
}

// createStream makes the message stream; other calls may go ahead of it, whose answers do not matter.
func (l *link) createStream(r *reply, before ...string) error {
	name := l.url.name
	for _, call := range before {
		l.calls++
		r.command(call, l.calls, nil, name)
	}
	l.calls++
	r.command("createStream", l.calls, nil)
	if err := l.send(r); err != nil {
		return err
	}
	l.doing = "create a stream"
	args, err := l.answer(l.calls)
	if err != nil {
		return err
	}
	if len(args) < 2 {
		return protocolError("createStream without its result")
	}
	id, ok := args[1].(float64)
	if !ok || !(id >= 0 && id < 1<<31) {
		return protocolError("createStream without its result")
	}
	l.stream = uint32(id)
	return nil
}

// answer waits for the result of a call.
func (l *link) answer(call float64) (args []any, err error) {
	for range maxAnswers {
		cmd, err := l.nextCall()
		switch {
		case err != nil:
			return nil, err
		case cmd.name == "_result" && cmd.transaction == call:
			if errorStatus(cmd) {
				return nil, l.rejected(cmd.args)
			}
			return cmd.args, nil
		case cmd.name == "_error" && cmd.transaction == call, errorStatus(cmd), cmd.name == "close":
			return nil, l.rejected(cmd.args)
		}
	}
	return nil, protocolError("more than %d messages before an answer", maxAnswers)
}

// statusOf is what an onStatus says; empty for other commands.
func statusOf(cmd call) (level, code string) {
	if len(cmd.args) < 2 {
		return "", ""
	}
	info, ok := cmd.args[1].(amfProps)
	if m, isMap := cmd.args[1].(amfMap); isMap {
		info, ok = amfProps(m), true
	}
	if !ok {
		return "", ""
	}
	return info.text("level"), info.text("code")
}

// errorStatus says whether a command carries an error.
func errorStatus(cmd call) bool {
	level, _ := statusOf(cmd)
	return level == levelError && (cmd.name == "onStatus" || cmd.name == "_result")
}

// nextCall waits for a command. What else comes is obeyed or left out.
func (l *link) nextCall() (call, error) {
	for range maxAnswers {
		p, err := l.in.next()
		if err != nil {
			return call{}, err
		}
		cmd, err := l.obey(p)
		if err != nil || cmd.name != "" {
			return cmd, err
		}
	}
	return call{}, protocolError("more than %d messages before an answer", maxAnswers)
}

// obey does what a control message asks for, and returns a command.
func (l *link) obey(p packet) (call, error) {
	switch p.kind {
	case message.TypeIDCommandMessageAMF0:
		return parseAnswer(p.body)
	case message.TypeIDCommandMessageAMF3:
		return parseAnswer(skipAMF3(p.body))
	case message.TypeIDUserCtrl:
		return call{}, l.userControl(p.body)
	case message.TypeIDSetChunkSize, message.TypeIDAbortMessage, message.TypeIDWinAckSize, message.TypeIDSetPeerBandwidth:
	default:
		return call{}, nil
	}
	if len(p.body) < 4 {
		return call{}, protocolError("control message of type %d has %d bytes", p.kind, len(p.body))
	}
	n := binary.BigEndian.Uint32(p.body)
	switch p.kind {
	case message.TypeIDSetChunkSize:
		return call{}, l.in.setSize(n)
	case message.TypeIDAbortMessage:
		l.in.abort(n)
	case message.TypeIDWinAckSize:
		l.window = uint64(max(n, ackFloorBytes))
	case message.TypeIDSetPeerBandwidth:
		if n == l.announced {
			return call{}, nil
		}
		l.announced = n
		r := l.reply()
		r.number(message.TypeIDWinAckSize, n)
		return call{}, l.send(r)
	}
	return call{}, nil
}

// parseAnswer is parseCall for what servers say: ffmpeg's onFCPublish is a name and nothing else.
func parseAnswer(body []byte) (call, error) {
	values, err := decodeAMF(body)
	if err != nil || len(values) == 0 {
		return call{}, err
	}
	name, ok := values[0].(string)
	if !ok {
		return call{}, protocolError("command without name")
	}
	cmd := call{name: name}
	if len(values) > 1 {
		cmd.transaction, _ = values[1].(float64)
		cmd.args = values[2:]
	}
	return cmd, nil
}

// userControl answers pings. The end of a stream is an io.EOF.
func (l *link) userControl(body []byte) error {
	const streamEOF, pingRequest = 1, 6
	if len(body) < 6 {
		return nil
	}
	switch binary.BigEndian.Uint16(body) {
	case pingRequest:
		r := l.reply()
		r.event(&message.UserCtrlEventPingResponse{Timestamp: binary.BigEndian.Uint32(body[2:])})
		return l.send(r)
	case streamEOF:
		if l.chatty {
			return errStreamOver
		}
	}
	return nil
}

// errStreamOver says that the other server ended what is played.
var errStreamOver = errors.New("the stream is over")

// acknowledge tells the server how much was received, as often as it asked for.
func (l *link) acknowledge() error {
	if l.window == 0 || l.received-l.acked < l.window {
		return nil
	}
	l.acked = l.received
	r := l.reply()
	r.number(message.TypeIDAck, uint32(l.received)) //nolint:gosec // the sequence number wraps
	return l.send(r)
}

// reply collects what this side says.
func (l *link) reply() *reply {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &reply{size: l.size}
}

// send sends what was collected, and makes its chunk size the one in force.
func (l *link) send(r *reply) error {
	l.mu.Lock()
	l.size = r.size
	l.mu.Unlock()
	if len(r.buf) == 0 {
		return nil
	}
	return l.write(r.buf)
}

// write sends bytes, within the patience there is.
func (l *link) write(b []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	due := time.Now().Add(l.patience)
	opening := !l.until.IsZero()
	if opening && l.until.Before(due) {
		due = l.until
	}
	if err := l.nc.SetWriteDeadline(due); err != nil {
		return err
	}
	_, err := l.nc.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) && !opening {
		return errSlow
	}
	return err
}
