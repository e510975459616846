package web_test

import (
	"flag"
	"os"
	"regexp"
	"testing"
)

var update = flag.Bool("update", false, "write web/openapi.yaml anew")

// perServer is what one server's description says of itself.
var perServer = regexp.MustCompile(`(?m)^(  version: .*|servers:\n(  .*\n)+)`)

// TestDescriptionIsKept holds the file that the pages' client is made from to what the server says. It is also where a
// change of the API is seen in a review.
func TestDescriptionIsKept(t *testing.T) {
	b := newBench(t, nil)
	_, raw := b.description()
	raw = perServer.ReplaceAllStringFunc(raw, func(s string) string {
		if s[0] == 's' {
			return ""
		}
		return "  version: \"1\""
	})
	if *update {
		must(t, os.WriteFile("openapi.yaml", []byte(raw), 0o644))
	}
	kept, err := os.ReadFile("openapi.yaml")
	must(t, err)
	if string(kept) != raw {
		t.Error("web/openapi.yaml is not what the server says of its API: go test ./web -run TestDescriptionIsKept -update")
	}
}
