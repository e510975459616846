package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"liveroom/web/im"
)

var update = flag.Bool("update", false, "rewrite golden files")

// scene is a group of its own, for one request.
type scene struct {
	*backend
	node  *node
	group string
	seq   string // of a message in it, where a row needs one
}

func (n *node) scene(b *backend) *scene {
	n.t.Helper()
	return &scene{backend: b, node: n, group: b.group()}
}

// enter joins a user to the scene's group until the test ends.
func (s *scene) enter(user string) { s.node.enter(s.group, user, s.userSig(user), nil) }

// body is a request's body with the scene's names.
func (s *scene) body(t *testing.T, b obj) string {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("$group", s.group, "$new", s.group+" new", `"$seq"`, s.seq).Replace(out.String())
}

// TestEveryCommandAnswersAsTencentDoes: the good request, and each that must be refused (spec im-rest §3, §4). What is
// answered in full is in testdata/v4; -update rewrites it.
func TestEveryCommandAnswersAsTencentDoes(t *testing.T) {
	t.Parallel()
	n := startNode(t, "--im-rates=create_group=0,get_appid_group_list=0,send_broadcast_msg=0")
	b := n.backend()
	b.people()
	for _, r := range rows() {
		t.Run(r.command, func(t *testing.T) {
			node, b := n.as(t), b.as(t)
			answers := map[string]any{}
			for _, q := range r.requests() {
				s := node.scene(b)
				if r.before != nil {
					r.before(s)
				}
				var good obj
				if len(r.good) > 0 {
					good = clone(t, r.good[0].body(nil))
				}
				body := s.body(t, q.body(good))
				got := b.send(service(r.command), b.query("administrator", b.sig), body, "Content-Type", "application/json")
				if got.ErrorCode != q.code {
					t.Errorf("%s: %.300s\n\tis answered %.300s, want %d", q.name, body, got.raw, q.code)
				}
				if _, twice := answers[q.name]; twice {
					t.Errorf("two requests are called %s", q.name)
				}
				answers[q.name] = lasting(t, got.raw, s.group)
			}
			sameAsGolden(t, path.Base(r.command), answers)
			r.mustBeAsked(t, b)
		})
	}
}

// requests are all that a row has, each cell's name before its own.
func (r row) requests() []request {
	out := r.good
	for _, c := range []struct {
		name string
		cell cell
	}{{"missing", r.missing}, {"wrong type", r.wrongType}, {"over limit", r.overLimit}, {"unknown group", r.noGroup}, {"refused", r.refused}} {
		for _, q := range c.cell.asked {
			q.name = c.name + ": " + q.name
			out = append(out, q)
		}
	}
	return out
}

// mustBeAsked checks who may do a command: an administrator whose UserSig is valid, and nobody else.
func (r row) mustBeAsked(t *testing.T, b *backend) {
	t.Helper()
	for name, c := range map[string]struct {
		query string
		code  int
	}{
		"not admin": {b.query("u1", b.userSig("u1")), 60010},
		"expired":   {b.query("administrator", b.signedAt("administrator", time.Now().Add(-time.Hour), 60)), 70001},
	} {
		if got := b.send(service(r.command), c.query, "{}"); got.ErrorCode != c.code {
			t.Errorf("%s: %s, want %d", name, got.raw, c.code)
		}
	}
	noJSON := 60003
	if strings.HasPrefix(r.command, "openim/") {
		noJSON = 90001
	}
	if got := b.call(r.command, `{"GroupId":`); got.ErrorCode != noJSON {
		t.Errorf("half a body: %s, want %d", got.raw, noJSON)
	}
}

// TestEveryCellSaysWhatItIs: a kind of request that a command can't be given is named, never left out.
func TestEveryCellSaysWhatItIs(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.command] {
			t.Errorf("%s is in two rows", r.command)
		}
		seen[r.command] = true
		for i, c := range []cell{r.missing, r.wrongType, r.overLimit, r.noGroup, r.refused} {
			if (c.none == "") == (len(c.asked) == 0) {
				t.Errorf("%s, cell %d: both requests and a reason why there are none, or neither", r.command, i)
			}
		}
		if len(r.good) == 0 && len(r.refused.asked) == 0 {
			t.Errorf("%s is never done", r.command)
		}
	}
}

// TestEveryCommandIsInTheTable: what is served is tested, and what is tested is served.
func TestEveryCommandIsInTheTable(t *testing.T) {
	var tested []string
	for _, r := range rows() {
		tested = append(tested, service(r.command))
	}
	slices.Sort(tested)
	if served := im.Commands(); !slices.Equal(tested, served) {
		t.Errorf("served %v\ntested %v", served, tested)
	}
}

func clone(t *testing.T, o obj) obj {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out obj
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// passing are fields of answers that are another each time; what is 0 or empty in them stays.
var passing = map[string]bool{
	"MsgTime": true, "MsgSeq": true, "MsgKey": true, "MsgId": true, "RequestId": true, "MutedUntil": true, "ShuttedUntil": true, "BannedUntil": true, "CreateTime": true, "LastInfoTime": true,
	"LastMsgTime": true, "JoinTime": true, "MsgTimeStamp": true, "MsgRandom": true, "Appid": true, "AppId": true, "Date": true, "Next": true, "TotalCount": true,
}

var (
	madeUp = regexp.MustCompile(`@TGS#a[0-9A-Z]+`)
	others = regexp.MustCompile(`"g\d+( new)?"`)
)

// lasting is an answer without what is another each time.
func lasting(t *testing.T, raw []byte, group string) any {
	t.Helper()
	text := madeUp.ReplaceAllString(string(raw), "@TGS#a…")
	text = others.ReplaceAllString(strings.ReplaceAll(text, `"`+group, `"$group`), `"g…"`)
	var v any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return still(v)
}

func still(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, of := range v {
			if passing[name] && of != "" && fmt.Sprint(of) != "0" {
				v[name] = "…"
				continue
			}
			v[name] = still(of)
		}
	case []any:
		kept := v[:0]
		for _, of := range v {
			if !ofServer(of) {
				kept = append(kept, still(of))
			}
		}
		return kept
	}
	return v
}

// ofServer says whether a list's element is the status of the room, as attribute, custom field or message: the server sets
// it on its own, a moment after the room is made.
func ofServer(v any) bool {
	o, _ := v.(map[string]any)
	return o["key"] == "live_status" || o["Key"] == "live_status" || strings.Contains(fmt.Sprint(o["MsgBody"]), "live_status")
}

// sameAsGolden compares answers with those of testdata/v4/{name}.json.
func sameAsGolden(t *testing.T, name string, answers map[string]any) {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(answers); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "v4", name+".json")
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, out.Bytes()) {
		t.Errorf("the answers differ from %s (-update rewrites it):\n%s", file, firstDifference(string(want), out.String()))
	}
}

// firstDifference shows where two texts part, line by line.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; i < len(w) && i < len(g); i++ {
		if w[i] != g[i] {
			return fmt.Sprintf("line %d\n\twant %s\n\tgot  %s", i+1, w[i], g[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}
