package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"liveroom/internal/redistest"
	"liveroom/internal/s3test"
	"liveroom/status"
)

// asLiveroom makes the test binary behave as liveroom itself, so that a test can start and kill a real process.
const asLiveroom = "LIVEROOM_TEST_MAIN"

// withShiftAge is how long ago a time shift may begin in such a process.
const withShiftAge = "LIVEROOM_TEST_SHIFT_AGE"

// withPatience is how long such a process waits for Redis.
const withPatience = "LIVEROOM_TEST_PATIENCE"

func TestMain(m *testing.M) {
	s3test.Serve()
	if os.Getenv(asLiveroom) != "" {
		shiftAge, _ = time.ParseDuration(os.Getenv(withShiftAge))
		redisTimeout, _ = time.ParseDuration(os.Getenv(withPatience))
		main()
		os.Exit(0)
	}
	if to := os.Getenv(asCable); to != "" {
		if err := holdCable(to); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv("GORACE") == "" { // a process under the race detector stays a second longer than it must by itself
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	flag.Parse()
	// Those who run beside others wait for other processes and for time to pass; how many do at a time, their places say.
	_ = flag.Set("test.parallel", "256")
	go placed.watch()
	os.Exit(m.Run())
}

// node is a liveroom process of its own, on free ports, with a data folder that outlives it.
type node struct {
	t       *testing.T
	data    string
	http    string // host:port
	rtmp    string
	ops     string
	env     []string
	flags   []string
	cmd     *exec.Cmd
	log     *logBuffer
	secrets Secrets

	// Of a cluster's nodes only.
	shared bool             // secrets are given, none generated
	inner  *redistest.Proxy // how other nodes reach it
	within string           // the network namespace it lives in; empty: that of the test
}

// logBuffer keeps what a process printed; safe for concurrent use.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startNode starts a node and waits until it is ready. It is stopped with the test.
func startNode(t *testing.T, flags ...string) *node {
	t.Helper()
	return startNodeIn(t, nil, flags...)
}

// startNodeIn is startNode with variables, such as LIVEROOM_PUSH_KEY=…, added to its environment.
func startNodeIn(t *testing.T, env []string, flags ...string) *node {
	t.Helper()
	return startNodeOn(t, filepath.Join(t.TempDir(), "data"), env, flags...)
}

// startNodeOn is startNodeIn with a data folder of the test's own.
func startNodeOn(t *testing.T, data string, env []string, flags ...string) *node {
	t.Helper()
	takePlace(t, nodePlace)
	n := &node{
		t: t, data: data, env: env, flags: flags, log: &logBuffer{},
		http: freeAddr(t), rtmp: freeAddr(t), ops: freeAddr(t),
	}
	t.Cleanup(func() { // first: a node that doesn't get ready must not stay, and its log says why
		n.stop()
		if t.Failed() {
			t.Logf("log of the node:\n%s", n.log)
		}
	})
	n.start()
	return n
}

func (n *node) start() {
	n.t.Helper()
	n.launch()
	n.eventually("the node is ready", func() bool { return n.readyz() == http.StatusOK })
	if n.shared {
		return
	}
	var err error
	if n.secrets, err = readSecrets(secretsFile(n.data)); err != nil {
		n.t.Fatal(err)
	}
}

// readyz is the status that the node's readiness is answered with; 0: there was no answer.
func (n *node) readyz() int {
	resp, err := http.Get("http://" + n.http + "/readyz")
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode
}

// launch starts the process and does not wait for anything.
func (n *node) launch() {
	n.t.Helper()
	args := append([]string{
		"--http", n.http, "--rtmp", n.rtmp, "--ops", n.ops, "--data", n.data, "--log-level", "debug",
		"--public-url", "http://" + n.http, "--public-rtmp-url", "rtmp://" + n.rtmp, "serve",
	}, n.flags...)
	n.cmd = exec.Command(os.Args[0], args...)
	if n.within != "" {
		n.cmd = exec.Command("ip", append([]string{"netns", "exec", n.within, os.Args[0]}, args...)...)
	}
	n.cmd.Env = append(append(os.Environ(), asLiveroom+"=1"), n.env...)
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
}

// stop ends the process as an operator would.
func (n *node) stop() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- n.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			n.t.Errorf("the node did not stop cleanly: %v", err)
		}
	case <-time.After(30 * time.Second):
		n.t.Error("the node did not stop within 30 s")
		_ = n.cmd.Process.Kill()
		<-done
	}
	n.cmd = nil
}

// kill ends the process as a crash would.
func (n *node) kill() {
	n.t.Helper()
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
	n.cmd = nil
}

// freeAddr is an address of which each call has its own, also when nobody listens there for a while.
func freeAddr(t testing.TB) string { return redistest.FreeAddr(t) }

// eventually waits until ok holds, a minute at most.
func (n *node) eventually(what string, ok func() bool) {
	n.t.Helper()
	eventually(n.t, what, ok)
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	within(t, time.Minute, what, ok)
}

func within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	for !ok() {
		waited := time.Since(began)
		if waited > limit {
			t.Fatalf("not within %s: %s", limit, what)
		}
		// Polling another process, less often as time goes by: dozens of tests that wait take it from the process they wait for.
		time.Sleep(min(max(waited/20, 20*time.Millisecond), 100*time.Millisecond))
	}
}

// call does one API request with the token and decodes the answer into out, if there is one.
func (n *node) call(method, path string, body, out any) *http.Response {
	n.t.Helper()
	resp, raw := n.request(method, path, body, "Bearer "+n.secrets.APIToken)
	if resp.StatusCode >= 300 {
		n.t.Fatalf("%s %s: %s\n%s", method, path, resp.Status, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			n.t.Fatalf("%s %s: %v\n%s", method, path, err, raw)
		}
	}
	return resp
}

// request does one API request and returns whatever came back.
func (n *node) request(method, path string, body any, authorization string) (*http.Response, []byte) {
	n.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			n.t.Fatal(err)
		}
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(n.t.Context(), method, "http://"+n.http+path, reader)
	if err != nil {
		n.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp, raw
}

// status reads a room's status record.
func (n *node) status(room string) status.Record {
	n.t.Helper()
	var r status.Record
	n.call(http.MethodGet, "/api/v1/rooms/"+room+"/status", nil, &r)
	return r
}

// waitStatus waits for a room to reach a status and returns the record.
func (n *node) waitStatus(room string, want status.Code) status.Record {
	n.t.Helper()
	var r status.Record
	n.eventually(fmt.Sprintf("room %s is %s", room, want), func() bool {
		r = n.status(room)
		return r.Code == want
	})
	return r
}

// addresses are a room's addresses as the API answers them.
type addresses struct {
	Push struct {
		RTMP string `json:"rtmp"`
		OBS  struct{ Server, StreamKey string }
	} `json:"push"`
	Play struct {
		RTMP  string `json:"rtmp"`
		FLV   string `json:"flv"`
		HLS   string `json:"hls"`
		WSFLV string `json:"wsFlv"`
	} `json:"play"`
}

func (n *node) addresses(room string) addresses {
	n.t.Helper()
	var a addresses
	n.call(http.MethodPost, "/api/v1/rooms/"+room+"/addresses", map[string]any{}, &a)
	return a
}

// pusher is a running ffmpeg that pushes a test picture and a tone.
type pusher struct {
	t   *testing.T
	cmd *exec.Cmd
	log *logBuffer
}

// push starts ffmpeg towards url: 320×180, 25 fps, a keyframe each second.
func push(t *testing.T, url string, more ...string) *pusher {
	t.Helper()
	args := append([]string{
		"-hide_banner", "-loglevel", "warning", "-re",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25", "-b:v", "300k",
		"-c:a", "aac", "-b:a", "64k",
	}, more...)
	p := &pusher{t: t, log: &logBuffer{}, cmd: exec.Command("ffmpeg", append(args, "-f", "flv", url)...)}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends ffmpeg without a goodbye.
func (p *pusher) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}

// quit lets ffmpeg say goodbye.
func (p *pusher) quit() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// wait waits for ffmpeg to end by itself and returns what it printed.
func (p *pusher) wait() string {
	p.t.Helper()
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		p.t.Fatalf("ffmpeg goes on pushing:\n%s", p.log)
	}
	return p.log.String()
}

// probe is what ffprobe found in a play address.
type probe struct {
	Streams []struct {
		Type   string `json:"codec_type"`
		Codec  string `json:"codec_name"`
		Width  int    `json:"width"`
		Frames string `json:"nb_read_frames"`
	} `json:"streams"`
}

// ffprobe reads a play address for some seconds and counts decoded frames.
func ffprobe(t *testing.T, url string) (probe, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffprobe", "-hide_banner", "-loglevel", "error", "-print_format", "json",
		"-show_streams", "-count_frames", "-read_intervals", "%+2", url)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return probe{}, fmt.Errorf("%w: %s", err, strings.TrimSpace(errs.String()))
	}
	var p probe
	return p, json.Unmarshal(out.Bytes(), &p)
}

// mustDecode checks that a play address gives what can be decoded, of H.264 and AAC, or of the codecs given.
func mustDecode(t *testing.T, url string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{"h264", "aac"}
	}
	p, err := ffprobe(t, url)
	if err != nil {
		t.Fatalf("ffprobe %s: %v", url, err)
	}
	codecs := map[string]bool{}
	for _, s := range p.Streams {
		codecs[s.Codec] = s.Frames != "" && s.Frames != "0"
	}
	for _, codec := range want {
		if !codecs[codec] {
			t.Fatalf("ffprobe %s: want decoded %v, got %+v", url, want, p)
		}
	}
}
