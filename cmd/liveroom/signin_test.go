package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// page is a browser with a page of a node open.
type page struct {
	t            *testing.T
	cookie, csrf string
}

// does makes a call as a page of n would. It may be called from any goroutine.
func (p *page) does(n *node, method, path string, body any) (status int, raw []byte) {
	p.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			p.t.Error(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+n.http+path, reader)
	if err != nil {
		p.t.Error(err)
		return 0, nil
	}
	for key, value := range map[string]string{
		"Origin": "http://" + n.http, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json", "Cookie": p.cookie, "X-CSRF-Token": p.csrf,
	} {
		if value != "" {
			req.Header.Set(key, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Error(err)
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	if raw, err = io.ReadAll(resp.Body); err != nil {
		p.t.Error(err)
	}
	for _, c := range resp.Cookies() {
		p.cookie = c.Name + "=" + c.Value
	}
	return resp.StatusCode, raw
}

// is makes a call that must be answered with a status.
func (p *page) is(want int, n *node, method, path string, body any) []byte {
	p.t.Helper()
	status, raw := p.does(n, method, path, body)
	if status != want {
		p.t.Fatalf("%s %s = %d %s, want %d", method, path, status, raw, want)
	}
	return raw
}

// signIn signs in with a code.
func (p *page) signIn(want int, n *node, code string) {
	p.t.Helper()
	raw := p.is(want, n, "POST", "/api/v1/session", map[string]string{"code": code, "name": "Ming"})
	var in struct{ CSRF string }
	if err := json.Unmarshal(raw, &in); err != nil {
		p.t.Fatal(err)
	}
	p.csrf = in.CSRF
}

// printedCode waits for a link that a node prints, and takes the code out.
func (n *node) printedCode(of string) (code string) {
	n.t.Helper()
	link := regexp.MustCompile(`(?m)^ +` + of + `: +http://` + regexp.QuoteMeta(n.http) + `/(?:admin|anchor)#code=([A-Za-z0-9_-]+)$`)
	n.eventually("it prints a link", func() bool {
		found := link.FindStringSubmatch(n.log.String())
		if found != nil {
			code = found[1]
		}
		return found != nil
	})
	if times := strings.Count(n.log.String(), code); times != 1 {
		n.t.Errorf("the code is in its output %d times", times)
	}
	return code
}

// TestBareInstallIsEnteredByLink: with what the first start prints that finds its ports free, and nothing else, up to a room of
// one's own; a restart signs nobody out.
func TestBareInstallIsEnteredByLink(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	first := exec.CommandContext(t.Context(), os.Args[0], "--http", taken.Addr().String(), "--rtmp", "127.0.0.1:0", "--ops", "", "--data", data, "serve")
	first.Env = append(os.Environ(), asLiveroom+"=1")
	if out, err := first.CombinedOutput(); err == nil || !strings.Contains(string(out), "address already in use") {
		t.Fatalf("on a port of another: %v, %s", err, out)
	}
	_ = taken.Close()
	n := startNodeOn(t, data, nil)
	code := n.printedCode("Admin")
	p := &page{t: t}
	p.signIn(201, n, code)
	(&page{t: t}).signIn(410, n, code)
	p.is(201, n, "POST", "/api/v1/rooms", map[string]string{"id": "first", "anchor": "anna"})
	n.stop()
	n.start()
	if got := string(p.is(200, n, "GET", "/api/v1/session", nil)); !strings.Contains(got, `"name":"Ming"`) {
		t.Errorf("= %s", got)
	}
	p.is(200, n, "PATCH", "/api/v1/rooms/first", map[string]string{"title": "First"})
	(&page{t: t}).signIn(410, n, code)
	if got := strings.Count(n.log.String(), "#code="); got != 1 {
		t.Errorf("%d links were printed", got)
	}
	made := mustCommand(t, "link", "anchor", "--room", "first", "--data", n.data)
	_, code, ok := strings.Cut(strings.TrimSpace(made), "http://localhost:8080/anchor#code=")
	if !ok {
		t.Fatalf("link: %q", made)
	}
	if got := string((&page{t: t}).is(200, n, "POST", "/api/v1/links/redeem", map[string]string{"code": code})); !strings.Contains(got, `"user":"anna"`) {
		t.Errorf("= %s", got)
	}
	made = mustCommand(t, "link", "admin", "--data", n.data, "--public-url", "https://live.example/", "--expires", "24h")
	if _, code, ok = strings.Cut(strings.TrimSpace(made), "https://live.example/admin#code="); !ok {
		t.Fatalf("link: %q", made)
	}
	(&page{t: t}).signIn(201, n, code)
	old := *p
	p.is(204, n, "DELETE", "/api/v1/session", nil)
	old.is(401, n, "GET", "/api/v1/session", nil)
	if strings.Contains(n.log.String(), code) || strings.Contains(n.log.String(), strings.TrimPrefix(old.cookie, "liveroom=")) || strings.Contains(n.log.String(), p.csrf) {
		t.Error("a secret is in the log")
	}
}

// TestNewTokenSignsOut: who got in by the token that was replaced.
func TestNewTokenSignsOut(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	p := &page{t: t}
	p.signIn(201, n, n.printedCode("Admin"))
	p.is(200, n, "GET", "/api/v1/session", nil)
	n.stop()
	n.env = append(n.env, "LIVEROOM_API_TOKEN=lr_another_token_0123456789")
	n.start()
	p.is(401, n, "GET", "/api/v1/session", nil)
}

// TestDemoPrintsLinks at each start.
func TestDemoPrintsLinks(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--demo")
	(&page{t: t}).signIn(201, n, n.printedCode("Admin"))
	anchor := n.printedCode("Anchor of it")
	if got := string((&page{t: t}).is(200, n, "POST", "/api/v1/links/redeem", map[string]string{"code": anchor})); !strings.Contains(got, `"user":"demo"`) || !strings.Contains(got, `"room":"demo"`) {
		t.Errorf("= %s", got)
	}
}

// TestSignInOnTwoNodes: a link opens one of them, once, and the session holds on both.
func TestSignInOnTwoNodes(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, nil)
	a, b := c.nodes[0], c.nodes[1]
	for range 5 {
		var made struct{ URL string }
		a.call("POST", "/api/v1/links", map[string]string{"for": "admin"}, &made)
		_, code, _ := strings.Cut(made.URL, "#code=")
		var (
			wg       sync.WaitGroup
			mu       sync.Mutex
			statuses []int
			in       *page
		)
		for _, n := range []*node{a, b, a, b} {
			wg.Go(func() {
				p := &page{t: t}
				status, raw := p.does(n, "POST", "/api/v1/session", map[string]string{"code": code, "name": "Ming"})
				mu.Lock()
				defer mu.Unlock()
				statuses = append(statuses, status)
				if status == 201 {
					var got struct{ CSRF string }
					if err := json.Unmarshal(raw, &got); err != nil {
						t.Error(err)
					}
					p.csrf, in = got.CSRF, p
				}
			})
		}
		wg.Wait()
		slices.Sort(statuses)
		if !slices.Equal(statuses, []int{201, 410, 410, 410}) {
			t.Fatalf("answered %v", statuses)
		}
		for _, n := range c.nodes {
			in.is(200, n, "GET", "/api/v1/session", nil)
			in.is(200, n, "GET", "/api/v1/audit", nil)
		}
		out := *in
		out.is(204, b, "DELETE", "/api/v1/session", nil)
		in.is(401, a, "GET", "/api/v1/audit", nil)
	}
	for _, n := range c.nodes { // their secrets are given: who has them needs no link
		if strings.Contains(n.log.String(), "#code=") {
			t.Error("a node of a cluster printed a link")
		}
	}
}

func TestLinkCommandsThatCannotBe(t *testing.T) {
	data, _ := keptSecrets(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"link"}, "admin"},
		{[]string{"link", "anchor"}, "--room"},
		{[]string{"link", "anchor", "--room", "a b"}, "a b"},
		{[]string{"link", "admin", "--expires", "25h"}, "--expires"},
		{[]string{"link", "admin", "--expires", "0s"}, "--expires"},
	} {
		mustFail(t, append(c.args, "--data", data), c.says)
	}
	mustFail(t, []string{"link", "admin", "--data", t.TempDir()}, "LIVEROOM_API_TOKEN")
	first, second := mustCommand(t, "link", "admin", "--data", data), mustCommand(t, "link", "admin", "--data", data)
	if first == second {
		t.Error("two links are one")
	}
}
