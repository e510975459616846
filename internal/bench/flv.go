package bench

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Kinds of FLV tags and RTMP messages of media; they are the same.
const (
	flvAudio  = 8
	flvVideo  = 9
	flvScript = 18
)

const (
	maxRedirects    = 3
	maxProblemBytes = 16 << 10
)

// errWebSocket is how a WebSocket ends.
var errWebSocket = errors.New("the server closed the WebSocket")

// watchFLV plays HTTP-FLV.
func (v *viewer) watchFLV(ctx context.Context) (net.Conn, error) {
	return v.playHTTP(ctx, http.StatusOK, nil, func(r *http.Response, _ *bufio.Reader) io.Reader { return r.Body })
}

// watchWebSocket plays FLV in a WebSocket.
func (v *viewer) watchWebSocket(ctx context.Context) (net.Conn, error) {
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails
	header := http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {base64.StdEncoding.EncodeToString(key[:])},
	}
	return v.playHTTP(ctx, http.StatusSwitchingProtocols, header, func(_ *http.Response, in *bufio.Reader) io.Reader {
		return &messages{in: in}
	})
}

// playHTTP asks for the stream on a connection of its own, which it returns when it may be drained.
func (v *viewer) playHTTP(ctx context.Context, want int, header http.Header, media func(*http.Response, *bufio.Reader) io.Reader) (net.Conn, error) {
	u, err := url.Parse(v.address)
	if err != nil {
		return nil, err
	}
	for range maxRedirects + 1 {
		conn, err := v.dial(ctx, u)
		if err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		resp, in, err := askHTTP(ctx, conn, u, header)
		if err == nil && resp.StatusCode == want {
			err = v.readFLV(media(resp, in), conn)
			if stop(); err == nil {
				return conn.Conn, nil
			}
			_ = conn.Close()
			return nil, err
		}
		next := redirect(resp, u)
		if err == nil && next == nil {
			err = refusalOf(resp)
		}
		stop()
		_ = conn.Close()
		if err != nil {
			return nil, err
		}
		u = next
	}
	return nil, &Refusal{Code: "redirects", Detail: "too many redirects"}
}

// redirect is where the answer sends the viewer, nil for nowhere.
func redirect(resp *http.Response, from *url.URL) *url.URL {
	if resp == nil || resp.StatusCode/100 != 3 {
		return nil
	}
	to, err := from.Parse(resp.Header.Get("Location"))
	if err != nil {
		return nil
	}
	return to
}

// askHTTP sends the request and reads the head of the answer.
func askHTTP(ctx context.Context, conn net.Conn, u *url.URL, header http.Header) (*http.Response, *bufio.Reader, error) {
	target := *u
	target.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", userAgent)
	req.Close = header == nil // so that the end of the stream is the end of the connection, also where it is drained
	if err := conn.SetDeadline(time.Now().Add(beginTimeout)); err != nil {
		return nil, nil, err
	}
	if err := req.Write(conn); err != nil {
		return nil, nil, err
	}
	in := bufio.NewReaderSize(conn, 16<<10)
	resp, err := http.ReadResponse(in, req)
	if err != nil {
		return nil, nil, err
	}
	return resp, in, conn.SetDeadline(time.Time{})
}

const userAgent = "liveroom-bench"

// refusalOf reads why a request was not served: a problem document (RFC 9457), or the status.
func refusalOf(resp *http.Response) *Refusal {
	r := &Refusal{Status: resp.StatusCode, Code: fmt.Sprintf("http_%d", resp.StatusCode), Detail: http.StatusText(resp.StatusCode)}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		return r
	}
	var problem struct{ Code, Detail, Title string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxProblemBytes)).Decode(&problem); err != nil {
		return r
	}
	if problem.Code != "" {
		r.Code = problem.Code
	}
	if problem.Detail != "" || problem.Title != "" {
		if r.Detail = problem.Detail; r.Detail == "" {
			r.Detail = problem.Title
		}
	}
	return r
}

// readFLV checks and reads a stream of FLV until it ends, or without an error until the rest may be drained.
func (v *viewer) readFLV(in io.Reader, out io.Writer) error {
	var head [13]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	if string(head[:4]) != "FLV\x01" || binary.BigEndian.Uint32(head[5:]) != 9 || binary.BigEndian.Uint32(head[9:]) != 0 {
		return fmt.Errorf("bad FLV header % x", head)
	}
	var body []byte // reused
	for {
		if _, err := io.ReadFull(in, head[:11]); err != nil {
			return err
		}
		kind, n := head[0]&31, int(head[1])<<16|int(head[2])<<8|int(head[3])
		if kind != flvAudio && kind != flvVideo && kind != flvScript {
			return fmt.Errorf("bad FLV: a tag of type %d", kind)
		}
		if cap(body) < n+4 {
			body = make([]byte, n+4)
		}
		body = body[:n+4]
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if before := binary.BigEndian.Uint32(body[n:]); int(before) != n+11 {
			return fmt.Errorf("bad FLV: previous tag size %d after a tag of %d bytes", before, n+11)
		}
		if beat := v.beat(); beat != nil {
			if _, err := out.Write(beat); err != nil {
				return err
			}
		}
		if v.media(kind, body[:n]) {
			return nil
		}
	}
}

// messages reads what the messages of a WebSocket carry (RFC 6455). Pings are answered by viewer.beat, in its own time.
type messages struct {
	in   *bufio.Reader
	left uint64 // of the frame under way
}

func (m *messages) Read(b []byte) (int, error) {
	for m.left == 0 {
		if err := m.next(); err != nil {
			return 0, err
		}
	}
	n, err := m.in.Read(b[:min(uint64(len(b)), m.left)])
	m.left -= uint64(n) //nolint:gosec // not negative
	return n, err
}

// next reads the head of a frame; control frames are passed over.
func (m *messages) next() error {
	var head [10]byte
	if _, err := io.ReadFull(m.in, head[:2]); err != nil {
		return err
	}
	kind, size := head[0]&15, uint64(head[1]&127)
	if head[0]&0x70 != 0 || head[1]&128 != 0 {
		return errors.New("bad WebSocket frame: masked, or with an extension")
	}
	switch size {
	case 126:
		if _, err := io.ReadFull(m.in, head[2:4]); err != nil {
			return err
		}
		size = uint64(binary.BigEndian.Uint16(head[2:]))
	case 127:
		if _, err := io.ReadFull(m.in, head[2:10]); err != nil {
			return err
		}
		size = binary.BigEndian.Uint64(head[2:])
	}
	switch kind {
	case 0, 2:
		m.left = size
		return nil
	case 8:
		return errWebSocket
	case 9, 10:
		_, err := m.in.Discard(int(min(size, 125))) //nolint:gosec // small
		return err
	}
	return fmt.Errorf("bad WebSocket frame: type %d", kind)
}
