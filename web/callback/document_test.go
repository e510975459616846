package callback

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the examples of docs/callbacks.md anew")

const document = "../../docs/callbacks.md"

var example = regexp.MustCompile("(?s)```json ([A-Za-z0-9_.]+)\n(.*?)```\n")

// TestDocumentedBodies: the examples of the contract are what is sent, byte for byte but for white space; each event of
// each format has one.
func TestDocumentedBodies(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, names := range Known() {
		missing = append(missing, names...)
	}
	text = example.ReplaceAllFunc(text, func(block []byte) []byte {
		found := example.FindSubmatch(block)
		command, documented := string(found[1]), found[2]
		body := sampleBody(command)
		if body == nil {
			t.Errorf("%s is documented, and no event", command)
			return block
		}
		missing = slices.DeleteFunc(missing, func(name string) bool { return name == command })
		if *update {
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, body, "", " "); err != nil {
				t.Fatal(err)
			}
			return append(append(append([]byte("```json "+command+"\n"), folded(pretty.Bytes())...), '\n'), "```\n"...)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, documented); err != nil || compact.String() != string(body) {
			t.Errorf("%s: documented is\n%s\nand sent\n%s\n%v (-update writes it anew)", command, compact.String(), body, err)
		}
		return block
	})
	if len(missing) > 0 {
		t.Errorf("without an example: %v", missing)
	}
	if *update {
		if err := os.WriteFile(document, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// folded puts what stands inside the fields of an indented object onto their lines.
func folded(pretty []byte) []byte {
	return regexp.MustCompile(`\n {2,}|\n (]|})`).ReplaceAll(pretty, []byte("$1"))
}

// sampleBody is the body of an event's sample, as it is sent.
func sampleBody(command string) []byte {
	at := time.UnixMilli(1790000000123).UTC()
	for _, format := range []Format{FormatIM, FormatCSS, FormatStatus, FormatEvents} {
		if e, ok := Sample(1400000001, format, command, at); ok {
			if format == FormatCSS {
				return signedCSS("callback_key_0005", command, e.Body, at)
			}
			return e.Body
		}
	}
	return nil
}
