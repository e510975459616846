package flv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/live/stream"
)

// dialWebSocket opens a stream, after whose name a query may stand, as messages.
func dialWebSocket(t *testing.T, r *rig, name string) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	if tr, ok := r.http.Client().Transport.(*http.Transport); ok {
		dialer.TLSClientConfig = tr.TLSClientConfig
	}
	name, query, _ := strings.Cut(name, "?")
	ws, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(r.http.URL, "http")+"/live/"+name+".flv?"+query,
		http.Header{"Origin": {"https://elsewhere.example"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	t.Cleanup(func() { ws.Close() })
	return ws
}

// message reads one binary message.
func message(t *testing.T, ws *websocket.Conn) []byte {
	t.Helper()
	kind, b, err := ws.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if kind != websocket.BinaryMessage {
		t.Errorf("message of kind %d", kind)
	}
	return b
}

func TestWebSocket(t *testing.T) {
	for _, transport := range []string{"HTTP/1.1", "TLS", "transparent"} {
		t.Run(transport, func(t *testing.T) {
			r := newRig(t, Config{}, transports[transport])
			p := r.publish(t, "x")
			write(t, p, stream.Script, 0, []byte(metadata))
			write(t, p, stream.Video, 0, avcHeader)
			write(t, p, stream.Video, 0, keyframe)
			ws := dialWebSocket(t, r, "x")
			want := slices.Concat(Header(true, true), tag(stream.Script, 0, metadata),
				tag(stream.Video, 0, string(avcHeader)), tag(stream.Video, 0, string(keyframe)))
			if b := message(t, ws); !bytes.Equal(b, want) {
				t.Errorf("header and tags in one message: %x", b)
			}
			for i, size := range []int{100, 200, 1000, 1 << 17} { // all lengths of a frame header
				payload := string(keyframe) + strings.Repeat("x", size)
				write(t, p, stream.Video, uint32(i+1), []byte(payload))
				if b := message(t, ws); !bytes.Equal(b, tag(stream.Video, uint32(i+1), payload)) {
					t.Errorf("message of %d bytes differs", len(b))
				}
			}
			if in, _ := r.hub.Info("x"); in.Viewers[stream.WSFLV] != 1 {
				t.Errorf("viewers %v", in.Viewers)
			}
			r.hub.End("x", nil)
			_, _, err := ws.ReadMessage()
			if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
				t.Errorf("at the end: %v", err)
			}
			r.left(t)
		})
	}
}

func TestWebSocketKeepAliveAndPing(t *testing.T) {
	r := newRig(t, Config{KeepAlive: 20 * time.Millisecond}, nil)
	ws := dialWebSocket(t, r, "x")
	pong := make(chan string, 1)
	ws.SetPongHandler(func(data string) error { pong <- data; return nil })
	if err := ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	message(t, ws)
	for len(pong) == 0 {
		if b := message(t, ws); !bytes.Equal(b, empty(0)) {
			t.Errorf("keep-alive %x", b)
		}
	}
	if data := <-pong; data != "are you there" {
		t.Errorf("pong %q", data)
	}
}

// A viewer who wants only what does not come, and asks all the time whether we are there: signs of life come beside the answers.
func TestWebSocketPingsBesideSignsOfLife(t *testing.T) {
	r := newRig(t, Config{KeepAlive: 20 * time.Millisecond}, nil)
	p := r.publish(t, "x")
	write(t, p, stream.Video, 0, keyframe)
	ws := dialWebSocket(t, r, "x?onlyAudio=1")
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wg.Go(func() {
		for ts := uint32(5); ctx.Err() == nil; ts += 5 {
			time.Sleep(5 * time.Millisecond)
			write(t, p, stream.Video, ts, keyframe)
			if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	message(t, ws) // the header
	for range 3 {
		if b := message(t, ws); len(b) != len(empty(0)) {
			t.Errorf("got %x, want a sign of life", b)
		}
	}
}

// repeat sends a frame a thousand times.
func repeat(ws *websocket.Conn, frame string) error {
	_, err := ws.NetConn().Write([]byte(strings.Repeat(frame, 1000)))
	return err
}

func TestWebSocketViewerLeaves(t *testing.T) {
	for name, leave := range map[string]func(*websocket.Conn) error{
		"says goodbye": func(ws *websocket.Conn) error {
			return ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		},
		"breaks off": func(ws *websocket.Conn) error { return ws.NetConn().Close() },
		"sends too much": func(ws *websocket.Conn) error {
			return ws.WriteMessage(websocket.TextMessage, make([]byte, 2000))
		},
		"pings without end":    func(ws *websocket.Conn) error { return repeat(ws, "\x89\x80mask") },
		"pongs without end":    func(ws *websocket.Conn) error { return repeat(ws, "\x8a\x80mask") },
		"messages without end": func(ws *websocket.Conn) error { return repeat(ws, "\x82\x80mask") },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{}, nil)
			ws := dialWebSocket(t, r, "x")
			if err := leave(ws); err != nil {
				t.Fatal(err)
			}
			if name == "says goodbye" {
				if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
					t.Errorf("answer to the goodbye: %v", err)
				}
				ws.Close()
			}
			if name == "sends too much" {
				ws.Close()
			}
			if strings.HasSuffix(name, "without end") {
				_ = ws.SetReadDeadline(time.Now().Add(time.Minute))
				_, _, err := ws.ReadMessage()
				if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
					t.Error("still served")
				}
				ws.Close()
			}
			r.left(t)
			if st := r.hub.Stats(); st.Subscribers != 0 {
				t.Errorf("%d subscribers left", st.Subscribers)
			}
		})
	}
}

func TestWebSocketShutdown(t *testing.T) {
	r := newRig(t, Config{}, nil)
	ws := dialWebSocket(t, r, "x")
	closed := make(chan error)
	go func() {
		_, _, err := ws.ReadMessage()
		closed <- err
	}()
	r.flv.Shutdown()
	if err := <-closed; !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("closed with %v", err)
	}
}

func TestWebSocketRefusal(t *testing.T) {
	r := newRig(t, Config{}, nil)
	r.flv.admit = admitFunc(func(_ context.Context, q stream.Request) (*stream.Subscriber, error) {
		if q.Protocol != stream.WSFLV {
			t.Errorf("protocol %q", q.Protocol)
		}
		return nil, &stream.Refusal{Code: "bad_signature", Detail: "The signature does not fit the stream."}
	})
	_, resp, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(r.http.URL, "http")+"/live/x.flv", nil)
	if !errors.Is(err, websocket.ErrBadHandshake) {
		t.Fatalf("error %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusForbidden || !bytes.Contains(body, []byte(`"bad_signature"`)) {
		t.Errorf("%s %s %v", resp.Status, body, err)
	}
}

func TestFrameHeader(t *testing.T) {
	for size, want := range map[int]string{
		0: "8200", 125: "827d", 126: "827e007e", 65535: "827effff", 65536: "827f0000000000010000",
	} {
		if got := fmt.Sprintf("%x", frameHeader(make([]byte, 10), websocket.BinaryMessage, size)); got != want {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}
