package web_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"liveroom/chat"
)

// TestMessageTypesDocument replays docs/messages.md: what it says of types that a business registers is so.
func TestMessageTypesDocument(t *testing.T) {
	b := newBench(t, nil)
	b.account("alice")
	credentials := map[string]string{"": "", "API_TOKEN": apiToken, "ANCHOR_USERSIG": b.userSig("alice")}
	all := examplesOf(t, "../docs/messages.md")
	if len(all) < 10 {
		t.Fatalf("found %d examples", len(all))
	}
	for _, e := range all {
		a := b.request(e.method, e.path, credentials[e.auth], e.body, e.headers...)
		if a.status != e.status {
			t.Fatalf("%s %s = %d %s, documented %d", e.method, e.path, a.status, a.raw, e.status)
		}
		if e.answer == "" || e.answer == "…" {
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

// TestReservedTypesAreDocumented: the table of the server's types has them all, and no other.
func TestReservedTypesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/messages.md")
	must(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Of the server\n")
	section, members, _ := strings.Cut(section, "\n## Of members\n")
	members, _, _ = strings.Cut(members, "\n## Of your own\n")
	types := func(section string) (all []string) {
		for line := range strings.Lines(section) {
			if strings.HasPrefix(line, "| `") {
				for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(strings.Split(line, "|")[1], -1) {
					all = append(all, m[1])
				}
			}
		}
		return all
	}
	server := types(section)
	for _, typ := range server {
		if !chat.OfServer(typ) {
			t.Errorf("%s is documented as the server's", typ)
		}
	}
	if n := len(chat.ServerTypes()); n != len(server) {
		t.Errorf("%d types are the server's, %d are documented: %v", n, len(server), chat.ServerTypes())
	}
	for _, typ := range types(members) {
		if chat.OfServer(typ) {
			t.Errorf("%s is documented as one of members", typ)
		}
	}
}
