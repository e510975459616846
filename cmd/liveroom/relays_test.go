package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"liveroom/status"
	"liveroom/web"
)

// addRelay gives a room a relay and returns its id.
func (n *node) addRelay(room, url string) string {
	n.t.Helper()
	var b web.RelayBody
	n.call(http.MethodPost, "/api/v1/rooms/"+room+"/relays", map[string]any{"url": url, "name": "far"}, &b)
	return b.ID
}

// relayed is how a room's relay does.
func (n *node) relayed(room, id string) web.RelayBody {
	n.t.Helper()
	var list struct{ Relays []web.RelayBody }
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/relays", nil, &list)
	for _, r := range list.Relays {
		if r.ID == id {
			return r
		}
	}
	n.t.Fatalf("no relay %s in %+v", id, list)
	return web.RelayBody{}
}

// waitRelay waits until a room's relay is in a state, for a cause.
func (n *node) waitRelay(room, id, state, code string) (r web.RelayBody) {
	n.t.Helper()
	n.eventually("relay of "+room+" is "+state+" "+code, func() bool {
		r = n.relayed(room, id)
		return r.State == state && (code == "" && r.Cause == nil || r.Cause != nil && r.Cause.Code == code)
	})
	return r
}

// TestRelayToOtherServers: a room's stream arrives at another liveroom and at ffmpeg as an RTMP server, goes on after a crash,
// and no private address is connected to unless that is allowed. No key is shown.
func TestRelayToOtherServers(t *testing.T) {
	t.Parallel()
	near, far := startNode(t, "--relay-private", "127.0.0.0/8,::1/128"), startNode(t)
	near.createRoom(map[string]any{"id": "r1", "grace": "1m"})
	far.createRoom(map[string]any{"id": "r2", "grace": "1m"})
	target := far.addresses("r2").Push.RTMP
	id := near.addRelay("r1", target)
	foreign := freeAddr(t)
	other := near.addRelay("r1", "rtmp://"+foreign+"/app/foreign-key?token=foreign-secret")

	a := near.addresses("r1")
	pushing := push(t, a.Push.RTMP)
	first := far.waitStatus("r2", status.Live)
	near.waitRelay("r1", id, "running", "")
	near.waitRelay("r1", other, "waiting", "connection_refused")
	got := frames(t, "-listen", "1", "-i", "rtmp://"+foreign+"/app/foreign-key")
	mustDecode(t, far.addresses("r2").Play.FLV)
	mustDecode(t, a.Play.FLV)
	near.eventually("ffmpeg gets the stream", func() bool { return strings.Count(got.String(), "\n") > 50 })
	near.waitRelay("r1", other, "running", "")

	// What the far server itself may not connect to: the address as such, and a name that resolves to it.
	_, port, _ := net.SplitHostPort(near.rtmp)
	resp, raw := far.request(http.MethodPost, "/api/v1/rooms/r2/relays", map[string]any{"url": "rtmp://127.0.0.1:" + port + "/live/key-key"}, "Bearer "+far.secrets.APIToken)
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(raw), `"private_address"`) || strings.Contains(string(raw), "key-key") {
		t.Errorf("a private address: %s %s", resp.Status, raw)
	}
	far.waitRelay("r2", far.addRelay("r2", "rtmp://localhost:"+port+"/live/key-key"), "waiting", "private_address")

	near.kill()
	pushing.wait()
	near.start()
	push(t, a.Push.RTMP)
	near.waitRelay("r1", id, "running", "")
	if r := far.waitStatus("r2", status.Live); r.Session != first.Session {
		t.Errorf("another session began there: %+v", r)
	}

	shown, _ := json.Marshal(near.relayed("r1", other))
	signature := target[strings.Index(target, "txSecret=")+9:][:32]
	for _, secret := range []string{"foreign-key", "foreign-secret", signature} {
		if strings.Contains(string(shown), secret) || strings.Contains(near.log.String(), secret) {
			t.Errorf("%s is shown or logged: %s", secret, shown)
		}
	}
	near.call(http.MethodDelete, "/api/v1/rooms/r1/relays/"+id, nil, nil)
	far.waitStatus("r2", status.Paused)
	near.call(http.MethodDelete, "/api/v1/rooms/r1", nil, nil)
	near.createRoom(map[string]any{"id": "r1"})
	var list struct{ Relays []web.RelayBody }
	if near.call(http.MethodGet, "/api/v1/rooms/r1/relays", nil, &list); len(list.Relays) != 0 {
		t.Errorf("the new room has %+v", list.Relays)
	}
}

// TestARelayInTroubleIsNotNoticed: a target that refuses, then accepts and stalls, then takes the stream. A viewer of the room misses
// no picture meanwhile.
func TestARelayInTroubleIsNotNoticed(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--relay-private", "127.0.0.0/8,::1/128")
	n.createRoom(map[string]any{"id": "r1"})
	addr := freeAddr(t)
	id := n.addRelay("r1", "rtmp://"+addr+"/app/key")
	a := n.addresses("r1")
	push(t, a.Push.RTMP)
	n.waitStatus("r1", status.Live)
	watched := frames(t, "-i", a.Play.FLV)
	n.waitRelay("r1", id, "waiting", "connection_refused")

	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	var silent []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			silent = append(silent, nc)
		}
	}()
	n.waitRelay("r1", id, "waiting", "no_answer")
	_ = ln.Close()
	<-done
	for _, nc := range silent {
		_ = nc.Close()
	}
	relayed := frames(t, "-listen", "1", "-i", "rtmp://"+addr+"/app/key")
	n.waitRelay("r1", id, "running", "")
	n.eventually("the target gets the stream", func() bool { return strings.Count(relayed.String(), "\n") > 50 })
	before := strings.Count(watched.String(), "\n")
	n.eventually("the viewer's goes on", func() bool { return strings.Count(watched.String(), "\n") > before+50 })

	last, pictures := -1, 0
	text := watched.String()
	for line := range strings.Lines(text[:strings.LastIndexByte(text, '\n')+1]) {
		var track, at int
		if _, err := fmt.Sscanf(line, "%d, %d,", &track, &at); err != nil || track != 0 {
			continue
		}
		if last >= 0 && (at-last < 39 || at-last > 41) {
			t.Errorf("a picture at %d ms comes after one at %d ms", at, last)
		}
		last, pictures = at, pictures+1
	}
	if pictures < 200 {
		t.Errorf("%d pictures", pictures)
	}
}

// frames has ffmpeg list the packets that it reads, one a line with its time in ms.
func frames(t *testing.T, from ...string) *logBuffer {
	t.Helper()
	out := &logBuffer{}
	cmd := exec.Command("ffmpeg", append(append([]string{"-hide_banner", "-loglevel", "error"}, from...), "-c", "copy", "-flush_packets", "1", "-f", "framecrc", "pipe:1")...)
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return out
}

// TestRelayMovesWithThePush: in a cluster the node that has the push relays; every node knows and changes what there is.
func TestRelayMovesWithThePush(t *testing.T) {
	t.Parallel()
	far := startNode(t)
	far.createRoom(map[string]any{"id": "r2", "grace": "1m"})
	c := startCluster(t, 2, nil, "--relay-private", "on")
	n1, n2 := c.nodes[0], c.nodes[1]
	n1.createRoom(map[string]any{"id": "r1", "grace": "1m"})
	a1, a2 := n1.addresses("r1").Push.RTMP, n2.addresses("r1").Push.RTMP
	push(t, a1)
	n1.waitStatus("r1", status.Live)
	id := n2.addRelay("r1", far.addresses("r2").Push.RTMP) // where the push is not
	n2.eventually("n1 relays", func() bool {
		r := n2.relayed("r1", id)
		return r.State == "running" && strings.HasPrefix(r.Node, "n1")
	})
	first := far.waitStatus("r2", status.Live)
	push(t, a2)
	n1.eventually("n2 relays", func() bool {
		r := n1.relayed("r1", id)
		return r.State == "running" && strings.HasPrefix(r.Node, "n2")
	})
	if r := far.waitStatus("r2", status.Live); r.Session != first.Session {
		t.Errorf("another session began there: %+v", r)
	}
	off := map[string]any{"enabled": false}
	n1.call(http.MethodPatch, "/api/v1/rooms/r1/relays/"+id, off, nil)
	far.waitStatus("r2", status.Paused)
}
