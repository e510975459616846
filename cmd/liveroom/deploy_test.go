package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"liveroom/internal/redistest"
	"liveroom/status"
)

// deployed reads a file of docs/deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// startBalancer runs nginx with the configuration of the documentation in front of three nodes, and returns how to reach it
// as if it were one.
func startBalancer(c *testCluster) *node {
	c.t.Helper()
	front := *c.nodes[0]
	front.http, front.rtmp = freeAddr(c.t), freeAddr(c.t)
	dir := c.t.TempDir()
	conf := strings.NewReplacer(
		"node1:8080", c.nodes[0].http, "node2:8080", c.nodes[1].http, "node3:8080", c.nodes[2].http,
		"node1:1935", c.nodes[0].rtmp, "node2:1935", c.nodes[1].rtmp, "node3:1935", c.nodes[2].rtmp,
		"listen 8080;", "listen "+front.http+";", "listen 1935;", "listen "+front.rtmp+";",
		"/tmp/", dir+"/",
	).Replace(deployed(c.t, "nginx.conf"))
	if strings.Contains(conf, "node1") {
		c.t.Fatal("a name of a node is left in the configuration")
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		c.t.Fatal(err)
	}
	global := "daemon off; master_process off;"
	if module := "/usr/lib/nginx/modules/ngx_stream_module.so"; fileExists(module) { // Debian's is not built in
		global += " load_module " + module + ";"
	}
	cmd := exec.Command("nginx", "-c", file, "-g", global)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &out, &out, redistest.DieWithParent()
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("nginx: %s", out.String())
		}
	})
	eventually(c.t, "nginx answers", func() bool { return front.readyz() == http.StatusOK })
	return &front
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestBalancer is a cluster as its users see it: by one address, whichever node answers.
func TestBalancer(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3, nil, "--trusted-proxies", "127.0.0.0/8", "--grace", "60s")
	front := startBalancer(c)
	front.createRoom(map[string]any{"id": "r1"})

	if resp, _ := front.request(http.MethodGet, "/internal/x", nil, ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("/internal/ answers %d", resp.StatusCode)
	}
	for range 6 { // each node in turn
		if r := front.status("r1"); r.Code != status.Waiting {
			t.Fatalf("%+v", r)
		}
	}
	m := front.enter("r1", "alice", "", nil)
	defer m.leave()

	a := front.addresses("r1")
	through := func(url string) string {
		for _, n := range c.nodes {
			url = strings.NewReplacer(n.http, front.http, n.rtmp, front.rtmp).Replace(url)
		}
		return url
	}
	p := push(t, through(a.Push.RTMP))
	live := front.waitStatus("r1", status.Live)
	m.waitVersion(live.Version)
	for _, url := range []string{a.Play.FLV, a.Play.HLS, a.Play.RTMP} {
		mustDecode(t, through(url))
	}
	p.kill()
	paused := front.waitStatus("r1", status.Paused)
	m.waitVersion(paused.Version)

	c.nodes[1].kill()
	for range 6 {
		if r := front.status("r1"); r.Code != status.Paused {
			t.Fatalf("%+v", r)
		}
	}
}

// TestAlertsAndBoardsAskForWhatIsServed holds the files for Prometheus and Grafana, and the variables in the compose file, to
// the program.
func TestAlertsAndBoardsAskForWhatIsServed(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, nil)
	c.nodes[0].createRoom(map[string]any{"id": "r1"})
	served := get(t, "http://"+c.nodes[0].ops+"/metrics") + startNode(t).metrics() +
		"# TYPE liveroom_refusals_total" // comes with the first refusal
	for _, name := range []string{"alerts.yml", "grafana-liveroom.json"} {
		found := regexp.MustCompile(`liveroom_[a-z_]+`).FindAllString(deployed(t, name), -1)
		if len(found) < 10 {
			t.Errorf("%s asks for %d metrics only", name, len(found))
		}
		for _, metric := range found {
			if metric == "liveroom_" || strings.HasSuffix(metric, "_panics_total") { // a pattern
				continue
			}
			if !regexp.MustCompile(`(?m)^(# TYPE )?` + strings.TrimSuffix(metric, "_bucket") + `\b`).MatchString(served) {
				t.Errorf("%s asks for %s, which is not served", name, metric)
			}
		}
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for i := range reflect.TypeFor[Settings]().NumField() {
		known[reflect.TypeFor[Settings]().Field(i).Tag.Get("env")] = true
	}
	for _, name := range regexp.MustCompile(`\bLIVEROOM_[A-Z_]+`).FindAllString(string(raw), -1) {
		if !known[name] {
			t.Errorf("docker-compose.yml sets %s, which nobody reads", name)
		}
	}
}
