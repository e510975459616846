package rtmp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

const (
	smallReadBytes = 4 << 10  // read buffer of every connection
	pushReadBytes  = 64 << 10 // read buffer of a push
	lingerTime     = 2 * time.Second
	lingerBytes    = 4 << 20
	silentSteps    = 100 // the silence deadline moves in steps of a hundredth of Config.Silent
)

// Why a connection ends, beside errors of the network, errProtocol and errAMF.
var (
	errDone  = errors.New("done")             // everything was said; the peer may read it before the connection closes
	errOver  = errors.New("push ended")       // by others than the publisher, who is told
	errSlow  = errors.New("write timed out")  // no deadline error, for those mean that nothing was received
	errPanic = errors.New("connection panic") // a mistake of this program
)

// phase is how far a connection has come.
type phase uint8

const (
	phaseShake     phase = iota // handshake
	phaseNew                    // only connect is allowed
	phaseConnected              // publish or play may be asked for
	phasePublish
	phasePlay
)

// conn is one connection. All fields belong to the goroutine in run, except as noted.
type conn struct {
	srv  *Server
	nc   net.Conn
	out  *writer // safe for both goroutines
	in   *chunkReader
	at   time.Time // accepted
	side sync.WaitGroup

	plainLog *slog.Logger
	log      *slog.Logger // says what is pushed or played, too; only changed while nothing is

	phase    phase
	app      application
	size     int // chunk size of what is sent
	commands int
	streams  int

	received  uint64 // bytes
	acked     uint64 // value of received at the last acknowledgement
	announced uint32 // the window the peer was told last
	window    uint64 // acknowledge after so many; 0: the peer did not ask

	counted     bool // as a push of its address
	push        Push
	unwatch     context.CancelFunc
	silentAt    time.Time // when the read deadline of the push is due
	play        *player
	mute, blind bool // the player wants no audio, no video
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{
		srv: s, nc: nc, at: time.Now(), size: defaultChunkSize,
		out:      newWriter(nc, s.cfg.Write, &s.count.bytesOut),
		plainLog: s.log.With("protocol", stream.RTMP, "remote", nc.RemoteAddr().String()),
	}
	c.log = c.plainLog
	c.in = newChunkReader(
		bufio.NewReaderSize(&countingReader{c: c, quiet: newQuietReader(nc)}, smallReadBytes),
		tight(),
		c.acknowledge,
	)
	return c
}

// run lives as long as the connection. ctx ends with the server, and closes the network connection.
func (c *conn) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	err := c.guard(func() error { return c.reason(c.session(ctx)) })
	c.account(ctx, err)
	_ = c.guard(func() error { return c.endPush(err) })
	_ = c.guard(c.endPlay)
	c.uncount()
	cancel()
	if errors.Is(err, errDone) || errors.Is(err, errOver) {
		c.linger()
	}
	_ = c.nc.Close()
	c.side.Wait()
}

// guard runs f and turns a panic into an error; a mistake costs one connection.
func (c *conn) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.srv.count.panics.Add(1)
			c.log.Error("panic in rtmp connection", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return f()
}

// session reads and answers until something ends it.
func (c *conn) session(ctx context.Context) error {
	if err := c.nc.SetDeadline(c.at.Add(c.srv.cfg.Handshake)); err != nil {
		return err
	}
	if err := shake(c.in.r, c.nc); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	c.phase = phaseNew
	if err := c.nc.SetDeadline(c.at.Add(2 * c.srv.cfg.Handshake)); err != nil {
		return err
	}
	for {
		p, err := c.in.next()
		if err != nil {
			return err
		}
		if err := c.dispatch(ctx, p); err != nil {
			return err
		}
	}
}

// reason says why the session really ended: the other goroutine interrupts its reading when it has come to an end.
func (c *conn) reason(err error) error {
	switch {
	case c.phase == phasePublish && isDone(c.push.Done()):
		return errOver
	case c.play != nil && c.play.ended.Load():
		return errDone
	default:
		return err
	}
}

// account counts and logs the end of a connection.
func (c *conn) account(ctx context.Context, err error) {
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case ctx.Err() != nil:
	case c.phase == phaseShake:
		c.srv.count.handshakes.Add(1)
	case errors.Is(err, errProtocol), errors.Is(err, errAMF):
		c.srv.count.protocol.Add(1)
	case late && c.phase == phasePublish:
		c.srv.count.silent.Add(1)
	case late && c.phase < phasePublish:
		c.srv.count.timeouts.Add(1)
	}
	c.log.Debug("rtmp connection ended", "reason", err)
}

// endPush tells the push how it stopped, unless it was told before, and the publisher if others ended it.
func (c *conn) endPush(err error) error {
	if c.phase != phasePublish {
		return nil
	}
	reason := stream.StopLost
	if errors.Is(err, os.ErrDeadlineExceeded) {
		reason = stream.StopSilent
	}
	c.closePush(reason)
	if errors.Is(err, errOver) {
		return c.notice()
	}
	return nil
}

// endPlay gives the subscriber back, which also ends the pump's waiting.
func (c *conn) endPlay() error {
	if c.play != nil {
		c.srv.count.plays.Add(-1)
		c.play.sub.Close()
	}
	return nil
}

// linger lets the peer read what was sent before the connection closes: closing with unread input would reset it. It is
// no matter if the peer does not.
func (c *conn) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || c.nc.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, c.nc, lingerBytes)
}

// send sends what was collected and makes its chunk size the one in force.
func (c *conn) send(r *reply) error {
	c.size = r.size
	if len(r.buf) == 0 {
		return nil
	}
	return c.written(c.out.write(r.buf))
}

// written counts writes that took too long.
func (c *conn) written(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.srv.count.slow.Add(1)
		return errSlow
	}
	return err
}

// interrupt ends a read of the session at once. It is called from beside it.
func (c *conn) interrupt() error { return c.nc.SetReadDeadline(time.Unix(1, 0)) }

func (c *conn) reply() *reply { return &reply{size: c.size} }

// acknowledge tells the peer how much was received, as often as it asked for.
func (c *conn) acknowledge() error {
	if c.window == 0 || c.received-c.acked < c.window {
		return nil
	}
	c.acked = c.received
	r := c.reply()
	r.number(message.TypeIDAck, uint32(c.received)) //nolint:gosec // the sequence number wraps
	return c.send(r)
}

func isDone(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
