package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"liveroom/status"
	"liveroom/web"
)

// addPull gives a room a pull and returns its id.
func (n *node) addPull(room string, body map[string]any) string {
	n.t.Helper()
	var b web.PullBody
	n.call(http.MethodPost, "/api/v1/rooms/"+room+"/pulls", body, &b)
	return b.ID
}

// waitPull waits until a room's pull is in a state, for a cause.
func (n *node) waitPull(room, id, state, code string) (p web.PullBody) {
	n.t.Helper()
	n.eventually("pull into "+room+" is "+state+" "+code, func() bool {
		var list struct{ Pulls []web.PullBody }
		n.call(http.MethodGet, "/api/v1/rooms/"+room+"/pulls", nil, &list)
		for _, p = range list.Pulls {
			if p.ID == id {
				return p.State == state && (code == "" && p.Cause == nil || p.Cause != nil && p.Cause.Code == code)
			}
		}
		return false
	})
	return p
}

// TestPullFromAnotherServer: what is pushed to another liveroom is pulled into rooms by RTMP, HTTP-FLV and HLS, goes on after a
// crash, and leaves the room to who pushes there.
func TestPullFromAnotherServer(t *testing.T) {
	t.Parallel()
	near, far := startNode(t, "--relay-private", "127.0.0.0/8,::1/128"), startNode(t)
	far.createRoom(map[string]any{"id": "far", "grace": "1m"})
	push(t, far.addresses("far").Push.RTMP)
	far.waitStatus("far", status.Live)
	play := far.addresses("far").Play
	ids := map[string]string{}
	for room, address := range map[string]string{"rtmp": play.RTMP, "flv": play.FLV, "hls": play.HLS} {
		near.createRoom(map[string]any{"id": room, "grace": "1m"})
		ids[room] = near.addPull(room, map[string]any{"url": address})
	}
	for room, id := range ids {
		near.waitPull(room, id, "running", "")
		mustDecode(t, near.addresses(room).Play.FLV)
	}
	first := near.waitStatus("flv", status.Live)
	near.kill()
	near.start()
	for room, id := range ids {
		near.waitPull(room, id, "running", "")
	}
	if r := near.waitStatus("flv", status.Live); r.Session != first.Session {
		t.Errorf("another session began: %+v", r)
	}

	push(t, near.addresses("flv").Push.RTMP)
	near.waitPull("flv", ids["flv"], "waiting", "taken_over")
	mustDecode(t, near.addresses("flv").Play.FLV)
	near.call(http.MethodDelete, "/api/v1/rooms/rtmp/pulls/"+ids["rtmp"], nil, nil)
	near.waitStatus("rtmp", status.Paused)
	for _, address := range []string{play.RTMP, play.FLV, play.HLS} {
		_, query, _ := strings.Cut(address, "?")
		values, _ := url.ParseQuery(query)
		if secret := values.Get("txSecret"); secret == "" || strings.Contains(near.log.String(), secret) {
			t.Errorf("%q is logged", secret)
		}
	}
}

// makeFiles has ffmpeg make 4 s of picture and sound as HLS of both kinds, and as FLV.
func makeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100", "-t", "4", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-c:a", "aac",
		"-f", "flv", filepath.Join(dir, "a.flv"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, args := range map[string][]string{"ts.m3u8": nil, "mp4.m3u8": {"-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "mp4-init.mp4"}} {
		args = append([]string{
			"-hide_banner", "-loglevel", "error", "-i", filepath.Join(dir, "a.flv"), "-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0",
			"-hls_playlist_type", "vod",
		}, args...)
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(args, filepath.Join(dir, name))...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return dir
}

// TestPullFiles: files are played in the time they last and to their end; what refuses, is none, or leads to a private address is
// told apart.
func TestPullFiles(t *testing.T) {
	t.Parallel()
	dir := makeFiles(t)
	files := http.FileServer(http.Dir(dir))
	other := httptest.NewUnstartedServer(files) // where no address is allowed
	var err error
	if other.Listener, err = net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Fatal(err)
	}
	other.Start()
	t.Cleanup(other.Close)
	playlist, err := os.ReadFile(filepath.Join(dir, "ts.m3u8"))
	if err != nil {
		t.Fatal(err)
	}
	stall := make(chan struct{})
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away.flv":
			http.Redirect(w, r, other.URL+"/a.flv", http.StatusFound)
		case "/elsewhere.m3u8": // its segments are on the other host
			_, _ = w.Write([]byte(strings.ReplaceAll(string(playlist), "\nts", "\n"+other.URL+"/ts")))
		case "/garbage.flv", "/garbage.m3u8":
			_, _ = w.Write([]byte(strings.Repeat("<html>", 1000)))
		case "/stalls.flv":
			_, _ = w.Write([]byte("FLV"))
			w.(http.Flusher).Flush()
			<-stall
		default:
			files.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(source.Close)
	t.Cleanup(func() { close(stall) })
	at := netip.MustParseAddrPort(strings.TrimPrefix(source.URL, "http://"))
	n := startNode(t, "--relay-private", at.Addr().String()+"/32")
	pulls := map[string]string{}
	add := func(room, path, kind string) {
		n.createRoom(map[string]any{"id": room, "grace": "1m"})
		pulls[room] = n.addPull(room, map[string]any{"url": source.URL + path, "kind": kind})
	}
	for room, path := range map[string]string{"flv": "/a.flv", "ts": "/ts.m3u8", "mp4": "/mp4.m3u8"} {
		add(room, path, "vod")
	}
	for room, path := range map[string]string{
		"away": "/away.flv", "elsewhere": "/elsewhere.m3u8", "garbage": "/garbage.flv", "list": "/garbage.m3u8", "none": "/none.flv", "stalls": "/stalls.flv",
	} {
		add(room, path, "live")
	}
	for _, room := range []string{"flv", "ts", "mp4"} {
		p := n.waitPull(room, pulls[room], "ended", "finished")
		if took := p.Since.Sub(p.BegunAt.Time).Seconds(); took < 2.5 {
			t.Errorf("%s: 4 s were played in %v", room, took)
		}
	}
	for room, code := range map[string]string{
		"away": "private_address", "elsewhere": "private_address", "garbage": "bad_format", "list": "bad_format", "none": "denied", "stalls": "silent",
	} {
		n.waitPull(room, pulls[room], "waiting", code)
	}
}
