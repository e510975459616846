package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

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

// makeFile has ffmpeg make 4 s of picture and sound in a folder. The last argument is the file.
func makeFile(t *testing.T, dir string, args ...string) {
	t.Helper()
	args = append([]string{
		"-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-t", "4", "-g", "25",
	}, args...)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// makeFLV makes a.flv, of H.264 with pictures out of order and AAC.
func makeFLV(t *testing.T, dir string) {
	t.Helper()
	makeFile(t, dir, "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac", "-f", "flv", "a.flv")
}

// makeFiles makes that, and HLS: of both kinds, of HEVC and Opus, and of AV1 in a list of lists.
func makeFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	makeFLV(t, dir)
	for name, codecs := range map[string][]string{
		"ts":   {"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"},
		"mp4":  {"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"},
		"hevc": {"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1", "-c:a", "libopus"},
		"av1":  {"-c:v", "libsvtav1", "-preset", "12", "-c:a", "aac"},
	} {
		args := append(codecs, "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_playlist_type", "vod")
		if name != "ts" {
			args = append(args, "-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", name+"-init.mp4")
		}
		makeFile(t, dir, append(args, name+".m3u8")...)
	}
	list := "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS=\"av01.0.00M.08, mp4a.40.2\"\nav1.m3u8\n"
	if err := os.WriteFile(filepath.Join(dir, "av1-list.m3u8"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestPullFiles: files are played in the time they last and to their end, whatever their codecs; what refuses, is none, or leads to a
// private address is told apart; backends are told.
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
	told := newReceiver(t)
	n := startNode(t, "--relay-private", at.Addr().String()+"/32", "--callback-private", "127.0.0.0/8", "--hls-segment=1s")
	n.call(http.MethodPost, "/api/v1/callbacks", map[string]any{"id": "css", "url": told.URL + "/css", "format": "css"}, nil)
	pulls := map[string]string{}
	add := func(room, path, kind string, loop bool) {
		n.createRoom(map[string]any{"id": room, "grace": "1m"})
		pulls[room] = n.addPull(room, map[string]any{"url": source.URL + path, "kind": kind, "loop": loop})
	}
	for room, path := range map[string]string{"flv": "/a.flv?key=file-secret", "ts": "/ts.m3u8", "mp4": "/mp4.m3u8"} {
		add(room, path, "vod", false)
	}
	add("hevc", "/hevc.m3u8", "vod", true)
	add("av1", "/av1-list.m3u8", "vod", true)
	for room, path := range map[string]string{
		"away": "/away.flv", "elsewhere": "/elsewhere.m3u8", "garbage": "/garbage.flv", "list": "/garbage.m3u8", "none": "/none.flv?key=file-secret",
		"stalls": "/stalls.flv",
	} {
		add(room, path, "live", false)
	}
	for _, room := range []string{"flv", "ts", "mp4"} {
		p := n.waitPull(room, pulls[room], "ended", "finished")
		if took := p.Since.Sub(p.BegunAt.Time).Seconds(); took < 2.5 {
			t.Errorf("%s: 4 s were played in %v", room, took)
		}
	}
	for room, codecs := range map[string][]string{"hevc": {"hevc", "opus"}, "av1": {"av1", "aac"}} {
		n.waitPull(room, pulls[room], "running", "")
		mustDecode(t, n.addresses(room).Play.HLS, codecs...)
	}
	for room, code := range map[string]string{
		"away": "private_address", "elsewhere": "private_address", "garbage": "bad_format", "list": "bad_format", "none": "denied", "stalls": "silent",
	} {
		n.waitPull(room, pulls[room], "waiting", code)
	}

	from := source.URL + "/….flv"
	wantTold(t, told, n.addressed("flv"), pulls["flv"], from,
		`TaskStart {"task_start_time":T}`, `VodSourceFileStart {"url":"`+from+`","index":0,"duration":0}`,
		`VodSourceFileFinish {"url":"`+from+`","index":0,"duration":0}`, `TaskExit {"task_exit_time":T,"code":"finished","message":"it was played to its end"}`)
	wantTold(t, told, n.addressed("none"), pulls["none"], from,
		`TaskExit {"task_exit_time":T,"code":"denied","message":"the server answers 404"}`, `TaskAlarm {"type":"PullFileFailed"}`)
	told.mu.Lock()
	defer told.mu.Unlock()
	for _, g := range told.got {
		if strings.Contains(g.raw, "file-secret") {
			t.Errorf("a key is told: %s", g.raw)
		}
	}
	if strings.Contains(n.log.String(), "file-secret") {
		t.Error("a key is logged")
	}
}

// addressed is a room's stream, as its addresses name it.
func (n *node) addressed(room string) string {
	n.t.Helper()
	u, err := url.Parse(n.addresses(room).Play.RTMP)
	if err != nil {
		n.t.Fatal(err)
	}
	return path.Base(u.Path)
}

var taskTimes = regexp.MustCompile(`_time":\d{13}`)

// wantTold checks what the receiver is told of a pull, in order: each time the event and its msg, whose times are T.
func wantTold(t *testing.T, told *receiver, stream, id, from string, want ...string) {
	t.Helper()
	told.wait(t, len(want), "/css", "task_id", id)
	all := told.all("/css", "task_id", id)
	for i, text := range want {
		b := all[i].body
		if got := fmt.Sprint(b["callback_event"], " ", taskTimes.ReplaceAllString(fmt.Sprint(b["msg"]), `_time":T`)); got != text {
			t.Errorf("%s: told %s, want %s", stream, got, text)
		}
		if b["event_type"] != 314. || b["stream_id"] != stream || b["source_urls"] != "[\""+from+"\"]\n" || b["to_url"] != "" {
			t.Errorf("%s: told %s", stream, all[i].raw)
		}
	}
}

// TestPullRecordingInALoop: a recording of ours is pulled into another room, where players see its times go on over its end.
func TestPullRecordingInALoop(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeFLV(t, dir)
	source, told := httptest.NewServer(http.FileServer(http.Dir(dir))), newReceiver(t)
	t.Cleanup(source.Close)
	n := startNode(t, "--relay-private=127.0.0.0/8", "--callback-private=127.0.0.0/8", "--hls-segment=1s", "--record-segment=1s")
	n.call(http.MethodPost, "/api/v1/callbacks", map[string]any{"id": "css", "url": told.URL + "/css", "format": "css"}, nil)
	n.createRoom(map[string]any{"id": "once", "recording": map[string]any{"mode": "always"}})
	n.waitPull("once", n.addPull("once", map[string]any{"url": source.URL + "/a.flv", "kind": "vod"}), "ended", "finished")
	n.call(http.MethodPost, "/api/v1/rooms/once/end", map[string]any{}, nil)
	var list struct{ Recordings []shownRecording }
	n.eventually("the recording is done", func() bool {
		n.call(http.MethodGet, "/api/v1/recordings?room=once", nil, &list)
		return len(list.Recordings) == 1 && list.Recordings[0].State == "done"
	})
	r := list.Recordings[0]
	lasts, err := time.ParseDuration(r.Duration)
	if err != nil || lasts < 3*time.Second {
		t.Fatalf("it is of %s, %v", r.Duration, err)
	}
	n.createRoom(map[string]any{"id": "again", "grace": "1m"})
	id := n.addPull("again", map[string]any{"recording": r.ID, "loop": true})
	n.waitPull("again", id, "running", "")
	seconds := lasts.Seconds() + 2
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-read_intervals", fmt.Sprintf("%%+%.1f", seconds), "-show_entries",
		"packet=codec_type,dts_time", "-of", "csv=p=0", n.addresses("again").Play.FLV).Output()
	if err != nil {
		t.Fatal(err)
	}
	first, last := map[string]float64{}, map[string]float64{}
	for line := range strings.Lines(string(out)) {
		kind, at, _ := strings.Cut(strings.TrimSpace(line), ",")
		s, err := strconv.ParseFloat(strings.Trim(at, ","), 64)
		before, there := last[kind]
		switch {
		case err != nil:
			t.Fatalf("%q: %v", line, err)
		case !there:
			first[kind] = s
		case s <= before || s > before+0.2:
			t.Errorf("%s at %f after %f", kind, s, before)
		}
		last[kind] = s
	}
	for _, kind := range []string{"video", "audio"} {
		if last[kind]-first[kind] < lasts.Seconds()+1 {
			t.Errorf("%s from %f to %f, the recording lasts %f", kind, first[kind], last[kind], lasts.Seconds())
		}
	}
	file := fmt.Sprintf(`{"url":"%s","index":0,"duration":%d}`, r.ID, int(lasts.Seconds()))
	wantTold(t, told, n.addressed("again"), id, r.ID, `TaskStart {"task_start_time":T}`, "VodSourceFileStart "+file, "VodSourceFileFinish "+file, "VodSourceFileStart "+file)
}

// TestPullGoesOnOnAnotherNode: where the node that pulls stands still, which to the others is to be dead, another one goes on in the same
// session; when the first wakes up it leaves it to that one.
func TestPullGoesOnOnAnotherNode(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeFLV(t, dir)
	source := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(source.Close)
	c := startCluster(t, 2, nil, "--relay-private=127.0.0.0/8")
	first, other := c.nodes[0], c.nodes[1]
	first.createRoom(map[string]any{"id": "r1", "grace": "2m"})
	id := first.addPull("r1", map[string]any{"url": source.URL + "/a.flv", "kind": "vod", "loop": true})
	if p := first.waitPull("r1", id, "running", ""); strings.HasPrefix(p.Node, "n2") {
		first, other = other, first
	}
	before := other.waitStatus("r1", status.Live)

	first.freeze()
	var after status.Record
	// It waits for the lease of the pulls, that of who looks for lost pushes, and then a while in which an encoder might come back.
	within(t, 2*time.Minute, "the other node pulls", func() bool {
		return other.pulling() == "1" && other.readStatus("r1", &after) && after.Version > before.Version
	})
	if after.Session != before.Session || after.Code != status.Live {
		t.Errorf("before %+v, after %+v", before, after)
	}
	mustDecode(t, other.addresses("r1").Play.FLV)
	first.goOn()
	first.eventually("the first one pulls no more", func() bool { return first.about().Status == "ready" && first.pulling() == "0" })
	var last status.Record
	other.eventually("the room can be read", func() bool { return other.readStatus("r1", &last) })
	if last.Version != after.Version || other.pulling() != "1" {
		t.Errorf("the other one pulls %s, the room was %+v and is %+v", other.pulling(), after, last)
	}
}

// readStatus reads a room's status, if the node can say it now.
func (n *node) readStatus(room string, r *status.Record) bool {
	n.t.Helper()
	resp, raw := n.request(http.MethodGet, "/api/v1/rooms/"+room+"/status", nil, "Bearer "+n.secrets.APIToken)
	return resp.StatusCode == http.StatusOK && json.Unmarshal(raw, r) == nil
}

// pulling is how many pulls a node runs, as its metrics say.
func (n *node) pulling() string {
	n.t.Helper()
	_, rest, _ := strings.Cut(get(n.t, "http://"+n.ops+"/metrics"), "\nliveroom_pulls_running ")
	count, _, _ := strings.Cut(rest, "\n")
	return count
}
