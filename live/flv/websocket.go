package flv

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/internal/writev"
	"liveroom/live/stream"
)

// webSocketOutput writes each merged write as one unmasked binary message, its frame header and the tags' shared bytes
// together. gorilla's writer is not used (it would copy), so control frames go through here too.
type webSocketOutput struct {
	connOutput

	mu    sync.Mutex // the reader answers pings
	frame [10]byte
}

// begin implements output: the upgrade has been answered.
func (o *webSocketOutput) begin() error { return nil }

// send implements output.
func (o *webSocketOutput) send(head []byte, tags []*stream.Tag) error {
	size := flvBytes(head, tags)
	pieces := borrowPieces()
	o.mu.Lock()
	defer o.mu.Unlock()
	*pieces = append(*pieces, frameHeader(o.frame[:], websocket.BinaryMessage, size))
	collect(pieces, head, tags)
	return o.flush(pieces, size)
}

// control writes a control frame; data has at most 125 bytes.
func (o *webSocketOutput) control(opcode int, data []byte) error {
	pieces := borrowPieces()
	o.mu.Lock()
	defer o.mu.Unlock()
	*pieces = append(*pieces, frameHeader(o.frame[:], opcode, len(data)), data)
	return o.flush(pieces, 0)
}

// frameHeader writes the header of a final, unmasked frame (RFC 6455, 5.2) into b and returns it.
func frameHeader(b []byte, opcode, size int) []byte {
	b[0] = 0x80 | byte(opcode)
	switch {
	case size < 126:
		b[1] = byte(size)
		return b[:2]
	case size < 1<<16:
		b[1] = 126
		binary.BigEndian.PutUint16(b[2:], uint16(size))
		return b[:4]
	default:
		b[1] = 127
		binary.BigEndian.PutUint64(b[2:], uint64(size))
		return b[:10]
	}
}

// hijacker lets gorilla take over a connection through wrappers that only say what they wrap.
type hijacker struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(h.ResponseWriter).Hijack()
}

// upgrade takes the connection over as a WebSocket. What goes wrong has been answered.
func (s *Server) upgrade(v *viewer, w http.ResponseWriter, r *http.Request) (play func() error, err error) {
	ws, err := s.ws.Upgrade(hijacker{w}, r, nil)
	if err != nil {
		return nil, fmt.Errorf("upgrade to websocket: %w", err)
	}
	writev.Bound(ws.NetConn(), s.cfg.SendBufferBytes, s.cfg.UnsentBytes)
	return func() error { return s.playWebSocket(v, ws) }, nil
}

// playWebSocket plays on a connection that was taken over, and closes it at the end.
func (s *Server) playWebSocket(v *viewer, ws *websocket.Conn) error {
	conn := ws.NetConn()
	defer conn.Close()
	v.bind(conn)
	defer v.bind(nil)

	out := &webSocketOutput{connOutput: connOutput{v: v, conn: conn, out: writev.New(conn)}}
	ws.SetReadLimit(512)
	var got received
	ws.SetPingHandler(func(data string) error {
		return errors.Join(got.another(), out.control(websocket.PongMessage, []byte(data)))
	})
	ws.SetPongHandler(func(string) error { return got.another() })
	ws.SetCloseHandler(func(int, string) error { return nil })

	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.Close() // before waiting: ends the reader
	wg.Go(func() {
		defer s.recoverPanic("panic while reading from flv viewer")
		v.end(watchWebSocket(ws, &got))
	})

	err := v.play(context.Background(), out) // see playConn
	if out.goodbye(err) && conn.SetReadDeadline(time.Now().Add(lastWriteTimeout)) == nil {
		wg.Wait() // closing before the client's own close frame came could reset the connection under ours
	}
	return err
}

// watchWebSocket returns when the client closes, or sends more than anyone has reason to.
func watchWebSocket(ws *websocket.Conn, got *received) error {
	for {
		_, _, err := ws.NextReader()
		if err = errors.Join(err, got.another()); err != nil {
			return fmt.Errorf("%w: %w", errGone, err)
		}
	}
}

// received counts what a client sends: a ping now and then, if anything. A flood of them would cost a write each.
type received struct {
	since  time.Time
	frames int
}

var errTooMuch = errors.New("flv: viewer sends too much")

// another counts a frame.
func (r *received) another() error {
	const most, within = 100, 10 * time.Second
	if now := time.Now(); now.Sub(r.since) > within {
		*r = received{since: now}
	}
	if r.frames++; r.frames > most {
		return errTooMuch
	}
	return nil
}

// goodbye tells the client why it is closed, if it can still hear that, and says whether it was told.
func (o *webSocketOutput) goodbye(err error) bool {
	code, text := websocket.CloseNormalClosure, ""
	switch {
	case errors.Is(err, stream.ErrEnded):
		text = "ended"
	case errors.Is(err, stream.ErrSlow):
		code, text = websocket.CloseTryAgainLater, "slow_consumer"
	case errors.Is(err, errShutdown):
		code, text = websocket.CloseGoingAway, "stopping"
	case errors.Is(err, errGone):
	default:
		return false // the connection itself failed
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	data := websocket.FormatCloseMessage(code, text)
	if o.conn.SetWriteDeadline(time.Now().Add(lastWriteTimeout)) != nil {
		return false
	}
	_, err = o.conn.Write(append(frameHeader(make([]byte, 10), websocket.CloseMessage, len(data)), data...))
	return err == nil
}
