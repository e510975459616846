package web_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"liveroom/web/callback/delivery"
)

// description is /openapi.yaml as a program reads it.
type description struct {
	OpenAPI string `yaml:"openapi"`
	Paths   map[string]map[string]struct {
		OperationID string           `yaml:"operationId"`
		Summary     string           `yaml:"summary"`
		Tags        []string         `yaml:"tags"`
		Responses   map[string]any   `yaml:"responses"`
		Security    []map[string]any `yaml:"security"`
	} `yaml:"paths"`
	Components struct {
		Schemas map[string]any `yaml:"schemas"`
	} `yaml:"components"`
}

func (b *bench) description() (d description, raw string) {
	b.t.Helper()
	a := b.do(200, "GET", "/openapi.yaml", "", nil)
	must(b.t, yaml.Unmarshal([]byte(a.raw), &d))
	return d, a.raw
}

func TestDescriptionAndServerAgree(t *testing.T) {
	b := newBench(t, nil)
	d, raw := b.description()
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("openapi: %s", d.OpenAPI)
	}
	var described []string
	ids := map[string]bool{}
	for path, calls := range d.Paths {
		for method, call := range calls {
			described = append(described, strings.ToUpper(method)+" "+path)
			if call.OperationID == "" || ids[call.OperationID] || call.Summary == "" || len(call.Tags) != 1 || len(call.Responses) < 2 {
				t.Errorf("%s %s is described poorly: %+v", method, path, call)
			}
			ids[call.OperationID] = true
		}
	}
	slices.Sort(described)
	if served := b.server.Routes(); !slices.Equal(described, served) {
		t.Errorf("described:\n%s\nserved:\n%s", strings.Join(described, "\n"), strings.Join(served, "\n"))
	}
	// Every reference leads somewhere.
	for _, ref := range regexp.MustCompile(`#/components/schemas/(\w+)`).FindAllStringSubmatch(raw, -1) {
		if d.Components.Schemas[ref[1]] == nil {
			t.Errorf("no schema %s", ref[1])
		}
	}
}

// TestDescribedSecurityHolds asks every call without credentials: what is described as closed must be.
func TestDescribedSecurityHolds(t *testing.T) {
	b := newBench(t, nil)
	b.createRoom("demo")
	d, _ := b.description()
	for path, calls := range d.Paths {
		for method, call := range calls {
			a := b.request(strings.ToUpper(method), strings.ReplaceAll(path, "{room}", "demo"), "", nil)
			if closed := len(call.Security) > 0; closed != (a.status == 401) {
				t.Errorf("%s %s: described as closed %v, answered %d", method, path, closed, a.status)
			}
		}
	}
}

func TestDocsPageNeedsNoScript(t *testing.T) {
	b := newBench(t, nil)
	page := b.do(200, "GET", "/docs", "", nil)
	policy := page.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy = %q", policy)
	}
	if strings.Contains(page.raw, "<script") || regexp.MustCompile(`(src|href)="(https?:)?//`).MatchString(page.raw) {
		t.Error("the page needs a script or another server")
	}
	d, _ := b.description()
	for path, calls := range d.Paths {
		for _, call := range calls {
			if !strings.Contains(page.raw, `id="`+call.OperationID+`"`) {
				t.Errorf("the page lacks %s %s", call.OperationID, path)
			}
		}
	}
	if a := b.do(200, "GET", "/docs/style.css", "", nil); !strings.HasPrefix(a.header.Get("Content-Type"), "text/css") {
		t.Errorf("style = %s", a.header.Get("Content-Type"))
	}
}

// example is one call of docs/api.md and the answer shown under it.
type example struct {
	method, path, auth string
	headers            []string
	body               any
	status             int
	answer             string
}

var exampleBlock = regexp.MustCompile("(?s)```http\n(.*?)```\n+```(?:json|text) (\\d+)\n(.*?)```")

func examples(t *testing.T) []example {
	t.Helper()
	return examplesOf(t, "../docs/api.md")
}

func examplesOf(t *testing.T, doc string) (out []example) {
	t.Helper()
	text, err := os.ReadFile(doc)
	must(t, err)
	for _, m := range exampleBlock.FindAllStringSubmatch(string(text), -1) {
		head, body, _ := strings.Cut(m[1], "\n\n")
		lines := strings.Split(strings.TrimSpace(head), "\n")
		e := example{answer: strings.TrimSpace(m[3])}
		e.method, e.path, _ = strings.Cut(lines[0], " ")
		must(t, json.Unmarshal([]byte(m[2]), &e.status))
		for _, line := range lines[1:] {
			key, value, _ := strings.Cut(line, ": ")
			if key == "Authorization" {
				e.auth = strings.TrimPrefix(value, "Bearer ")
			} else {
				e.headers = append(e.headers, key, value)
			}
		}
		if body = strings.TrimSpace(body); body != "" {
			e.body = body
		}
		out = append(out, e)
	}
	return out
}

// TestDocumentedExamplesWork replays docs/api.md from top to bottom against one server. Values and objects shown as "…" may be anything.
func TestDocumentedExamplesWork(t *testing.T) {
	b := newBench(t, nil)
	all := examples(t)
	if len(all) < 10 {
		t.Fatalf("found %d examples", len(all))
	}
	credentials := map[string]string{"": "", "API_TOKEN": apiToken, "ANCHOR_USERSIG": b.userSig("alice")}
	var epoch string
	kept := map[string]string{"API_TOKEN": apiToken} // what later calls need of earlier answers
	fill := func(text string) string {
		for name, value := range kept {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	for _, e := range all {
		auth, known := credentials[e.auth]
		if !known {
			t.Fatalf("%s %s: who is %q?", e.method, e.path, e.auth)
		}
		path := strings.ReplaceAll(e.path, "EPOCH", epoch)
		path = strings.ReplaceAll(path, "SIGNATURE", benchCovers().SignAt("demo", time.Now()))
		if e.method == "GET" && strings.Contains(path, "/dead?") {
			b.dies("backend", "1")
		}
		for i := 1; i < len(e.headers); i += 2 {
			e.headers[i] = fill(e.headers[i])
		}
		if text, ok := e.body.(string); ok {
			e.body = fill(text)
		}
		a := b.request(e.method, path, auth, e.body, e.headers...)
		if csrf, ok := a.json["csrf"].(string); ok && e.method == "POST" {
			kept["CSRF"] = csrf
			kept["SESSION"], _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Set-Cookie"), "liveroom="), ";")
		}
		if link, ok := a.json["url"].(string); ok && strings.Contains(link, "#code=") {
			_, kept["CODE"], _ = strings.Cut(link, "#code=")
		}
		if strings.HasSuffix(path, "/dead/replay") { // it is refused again
			eventually(t, "the replayed event is dead again", func() bool { return b.queues.Stats().Queued[delivery.People] == 0 })
		}
		if a.status != e.status {
			t.Errorf("%s %s = %d %s, documented %d", e.method, e.path, a.status, a.raw, e.status)
			continue
		}
		if status, ok := a.json["epoch"].(string); ok {
			epoch = status
		}
		if e.answer == "" {
			if a.raw != "" {
				t.Errorf("%s %s answers %s, documented nothing", e.method, e.path, a.raw)
			}
			continue
		}
		var want, got any
		must(t, json.Unmarshal([]byte(e.answer), &want))
		must(t, json.Unmarshal([]byte(a.raw), &got))
		if where := differs(want, got, ""); where != "" {
			t.Errorf("%s %s: %s\n got %s\nwant %s", e.method, e.path, where, a.raw, e.answer)
		}
	}
}

// differs says where got is not what was documented, empty when it is.
func differs(want, got any, at string) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return at + ": other fields"
		}
		for key := range w {
			if _, ok := g[key]; !ok {
				return at + "." + key + " is missing"
			}
			if where := differs(w[key], g[key], at+"."+key); where != "" {
				return where
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return at + ": other length"
		}
		for i := range w {
			if where := differs(w[i], g[i], at+"[]"); where != "" {
				return where
			}
		}
	case string:
		switch got.(type) {
		case float64, map[string]any:
			if w == "…" {
				return ""
			}
		}
		g, ok := got.(string)
		before, after, open := strings.Cut(w, "…")
		if !ok || (!open && g != w) || (open && (!strings.HasPrefix(g, before) || !strings.HasSuffix(g, after))) {
			return at + ": another text"
		}
	default:
		if want != got {
			return at + ": another value"
		}
	}
	return ""
}

func TestEveryCallHasAnExample(t *testing.T) {
	b := newBench(t, nil)
	d, _ := b.description()
	shown := []string{"GET /api/v1/events"} // a stream; it has its own place in the document
	for _, e := range append(examples(t), examplesOf(t, "../docs/messages.md")...) {
		path, _, _ := strings.Cut(e.path, "?")
		shown = append(shown, e.method+" "+path)
	}
	parameter := regexp.MustCompile(`\{\w+\}`)
	for path, calls := range d.Paths {
		for method := range calls {
			key := strings.ToUpper(method) + " " + path
			call := regexp.MustCompile("^" + parameter.ReplaceAllString(key, `[^/]+`) + "$")
			if !slices.ContainsFunc(shown, call.MatchString) {
				t.Errorf("docs/api.md has no example of %s", key)
			}
		}
	}
}
