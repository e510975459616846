package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"liveroom/status"
)

// How a visitor leaves.
const (
	leavesPolitely = iota // says goodbye as its protocol does
	leaves                // closes the connection in the middle of the stream
	vanishes              // resets it
	turnsBack             // leaves before it got anything
	waysToLeave
)

// visit is one short session of a protocol. how is one of the ways above.
type visit func(how int) error

// TestManyShortSessions comes and goes over every protocol, 150 times each, in every way there is to leave. Nothing of it
// may be left behind: no goroutine, no descriptor, no memory but the little that is remembered on purpose.
func TestManyShortSessions(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--max-per-address", "0", "--max-pushes-per-address", "0", "--log-level", "warn")
	n.createRoom(map[string]any{"id": "watched"})
	a := n.addresses("watched")
	pushClip(t, a.Push.RTMP)
	n.waitStatus("watched", status.Live)
	plays := map[string]visit{
		"RTMP play": n.rtmpVisit(a.Play.RTMP), "FLV": n.flvVisit(a.Play.FLV), "WebSocket-FLV": n.webSocketVisit(a.Play.WSFLV),
		"HLS": n.hlsVisit(a.Play.HLS, false), "low-latency HLS": n.hlsVisit(a.Play.HLS, true),
	}
	// A HLS session is remembered for hours, so that it counts once.
	n.comeAndGo("plays", plays, 4<<20, 2<<10)
	// A room that waits for its push keeps some seconds of media, and for minutes what its members were told of each push.
	n.comeAndGo("pushes", map[string]visit{"RTMP push": n.pushes(32)}, 16<<20, 2<<10)
	if r := n.status("watched"); r.Code != status.Live {
		t.Errorf("the room that was watched: %+v", r)
	}
}

// comeAndGo makes the visits and checks that nothing stays but some bytes, and some more of each round of them.
func (n *node) comeAndGo(what string, visits map[string]visit, once, each int) {
	n.t.Helper()
	n.visitAll(visits, 40) // what is made once is made
	n.settle()
	goroutines, descriptors, weight := n.gauge("go_goroutines"), n.descriptors(), n.weight()
	rounds := 150 * scale()
	n.visitAll(visits, rounds)
	n.settle()
	n.eventually(fmt.Sprintf("%s: goroutines return to %.0f", what, goroutines), func() bool { return n.gauge("go_goroutines") <= goroutines+5 })
	n.eventually(fmt.Sprintf("%s: descriptors return to %d", what, descriptors), func() bool { return n.descriptors() <= descriptors+3 })
	if grown, most := n.weight()-weight, float64(once+each*rounds); grown > most {
		n.t.Errorf("%s: memory in use grew by %.0f kB, %.1f kB for each round", what, grown/1024, grown/1024/float64(rounds))
	} else {
		n.t.Logf("%s: memory in use grew by %.0f kB, of %.0f at most", what, grown/1024, most/1024)
	}
}

// visitAll makes each visit so many times, some of each at a time.
func (n *node) visitAll(visits map[string]visit, times int) {
	n.t.Helper()
	var wg sync.WaitGroup
	for name, visit := range visits {
		var next atomic.Int64
		for range 6 {
			wg.Go(func() {
				for {
					i := int(next.Add(1)) - 1
					if i >= times {
						return
					}
					if err := visit(i % waysToLeave); err != nil {
						n.t.Errorf("%s, leaving in way %d: %v", name, i%waysToLeave, err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if n.t.Failed() {
		n.t.FailNow()
	}
}

// settle waits until the server knows that everyone has left.
func (n *node) settle() {
	n.t.Helper()
	n.eventually("everyone is gone", func() bool {
		return n.gauge("liveroom_rtmp_connections") == 1 && n.gauge("liveroom_flv_viewers") == 0 && n.gauge("liveroom_stream_publishers") == 1
	})
	http.DefaultClient.CloseIdleConnections()
}

// descriptors counts the open files of the process.
func (n *node) descriptors() int {
	n.t.Helper()
	open, err := os.ReadDir("/proc/" + strconv.Itoa(n.cmd.Process.Pid) + "/fd")
	if err != nil {
		n.t.Fatal(err)
	}
	return len(open)
}

// leave closes a connection as a visitor does who does not say goodbye.
func leave(conn net.Conn, how int) error {
	if tcp, ok := conn.(*net.TCPConn); ok && how == vanishes {
		if err := tcp.SetLinger(0); err != nil {
			return err
		}
	}
	return conn.Close()
}

// pushes are pushes to some rooms in turn. One that follows a push the server still believes in takes over.
func (n *node) pushes(rooms int) visit {
	n.t.Helper()
	c, free := testClip(n.t), make(chan string, rooms)
	for i := range rooms {
		id := "pushed-" + strconv.Itoa(i)
		n.createRoom(map[string]any{"id": id})
		free <- n.addresses(id).Push.RTMP
	}
	return func(how int) error {
		url := <-free
		defer func() { free <- url }()
		p, err := dialRTMP(url, nil)
		if err != nil || how == turnsBack {
			return errors.Join(err, hangUp(p))
		}
		if code, description, err := p.publish(); err != nil || code != "NetStream.Publish.Start" {
			return errors.Join(fmt.Errorf("%s %s %w", code, description, err), p.Close())
		}
		if err := p.sendNumbers(c, 5, 300); err != nil {
			return errors.Join(err, p.Close())
		}
		if how == leavesPolitely {
			return errors.Join(p.goodbye(), p.Close())
		}
		return leave(p.Conn, how)
	}
}

func hangUp(p *rtmpPeer) error {
	if p == nil {
		return nil
	}
	return p.Close()
}

func (n *node) rtmpVisit(rawURL string) visit {
	return func(how int) error {
		p, err := dialRTMP(rawURL, nil)
		if err != nil || how == turnsBack {
			return errors.Join(err, hangUp(p))
		}
		if code, description, err := p.play(); err != nil || code != "NetStream.Play.Start" {
			return errors.Join(fmt.Errorf("%s %s %w", code, description, err), p.Close())
		}
		if err := watchSome(p.next); err != nil {
			return errors.Join(err, p.Close())
		}
		if how == leavesPolitely {
			if _, err := p.Write(appendRTMP(nil, 3, rtmpCommand, 0, amf("deleteStream", 0, nil, 1))); err != nil {
				return errors.Join(err, p.Close())
			}
			return errors.Join(p.gone(), p.Close())
		}
		return leave(p.Conn, how)
	}
}

// watchSome takes some tags of media.
func watchSome(next source) error {
	for range 5 {
		if _, err := next(); err != nil {
			return err
		}
	}
	return nil
}

// askAlone sends a request on a connection of its own. The caller closes it.
func askAlone(rawURL string) (net.Conn, *http.Response, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.DialTimeout("tcp", req.URL.Host, 10*time.Second)
	if err != nil {
		return nil, nil, err
	}
	if err = conn.SetDeadline(time.Now().Add(20 * time.Second)); err == nil {
		err = req.Write(conn)
	}
	var resp *http.Response
	if err == nil {
		resp, err = http.ReadResponse(bufio.NewReader(conn), req)
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		err = fmt.Errorf("%s %s", resp.Status, raw)
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return conn, resp, nil
}

func (n *node) flvVisit(rawURL string) visit {
	return func(how int) error {
		conn, resp, err := askAlone(rawURL)
		if err != nil {
			return err
		}
		if how != turnsBack {
			if err := watchSome(flvTags(resp.Body)); err != nil {
				return errors.Join(err, conn.Close())
			}
		}
		if tcp, ok := conn.(*net.TCPConn); ok && how == leavesPolitely {
			if err := tcp.CloseWrite(); err != nil {
				return errors.Join(err, conn.Close())
			}
			_, _ = io.Copy(io.Discard, resp.Body) // cut wherever the server was
		}
		return leave(conn, how)
	}
}

func (n *node) webSocketVisit(rawURL string) visit {
	return func(how int) error {
		conn, _, err := websocket.DefaultDialer.Dial(rawURL, nil)
		if err != nil {
			return err
		}
		if how != turnsBack {
			if err := watchSome(flvTags(&webSocketReader{conn: conn})); err != nil {
				return errors.Join(err, conn.Close())
			}
		}
		if how == leavesPolitely {
			bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			if err := conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(10*time.Second)); err != nil {
				return errors.Join(err, conn.Close())
			}
			_, _ = io.Copy(io.Discard, conn.NetConn()) // until the server has closed
		}
		return leave(conn.NetConn(), how)
	}
}

// hlsVisit loads playlists and a segment, or waits as a low-latency player does for a part that is not there yet.
func (n *node) hlsVisit(rawURL string, lowLatency bool) visit {
	return func(how int) error {
		list, _, err := loadPlaylist(rawURL)
		if err != nil || how == turnsBack {
			return err
		}
		file, next, err := loadPlaylist(list)
		if err != nil {
			return err
		}
		if lowLatency {
			file = list + "?_HLS_msn=" + strconv.Itoa(next)
			if how != leavesPolitely {
				return giveUp(file, how)
			}
			file += "&_HLS_part=0" // has mostly come
		}
		conn, resp, err := askAlone(file)
		if err != nil {
			return err
		}
		if how == leavesPolitely {
			_, err = io.Copy(io.Discard, resp.Body)
		}
		return errors.Join(err, leave(conn, how))
	}
}

// giveUp asks for what is not there yet, and leaves before it comes.
func giveUp(rawURL string, how int) error {
	host, path, _ := strings.Cut(strings.TrimPrefix(rawURL, "http://"), "/")
	conn, err := net.DialTimeout("tcp", host, 10*time.Second)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "GET /"+path+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
		return errors.Join(err, conn.Close())
	}
	return leave(conn, how)
}

// loadPlaylist returns the last URI that a playlist names, and the media sequence number of what will come.
func loadPlaylist(rawURL string) (last string, next int, err error) {
	conn, resp, err := askAlone(rawURL)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = conn.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", 0, err
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "#EXT-X-MEDIA-SEQUENCE:"); ok {
			next, _ = strconv.Atoi(v)
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		next++
		ref, err := resp.Request.URL.Parse(line)
		if err != nil {
			return "", 0, err
		}
		last = ref.String()
	}
	if last == "" {
		return "", 0, fmt.Errorf("a playlist that names nothing: %s", raw)
	}
	return last, next, nil
}
