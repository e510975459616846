package setting_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"liveroom/chat/setting"
	"liveroom/chat/setting/settingtest"
)

var update = flag.Bool("update", false, "write the table of docs/operating.md anew")

// documented is where operators read of the switches.
const documented = "../../docs/operating.md"

// line is how a switch stands there.
func line(sw setting.Switch, defaults map[string]json.RawMessage) string {
	values, console := strings.ReplaceAll(sw.Must(), "true or false", "`true`, `false`"), sw.Console
	if len(sw.Choices) > 0 {
		values = "`" + strings.Join(sw.Choices, "`, `") + "`"
	}
	if console == "" {
		console = "–"
	}
	return fmt.Sprintf("| `%s` | `--%s` | %s | `%s` | %s | %s |", sw.Name, sw.Flag, sw.About, strings.Trim(string(defaults[sw.Name]), `"`), values, console)
}

// TestTheTableIsDocumented holds the table of the documentation, and with it every switch's bounds, to the one of the program.
func TestTheTableIsDocumented(t *testing.T) {
	const head, tail = "|---|---|---|---|---|---|\n", "\n\nWhat is not in the table"
	raw, err := json.Marshal(settingtest.Values())
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]json.RawMessage
	if err := json.Unmarshal(raw, &defaults); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, sw := range setting.Table() {
		lines = append(lines, line(sw, defaults))
	}
	raw, err = os.ReadFile(documented)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), "\n## Switches\n")
	intro, rest, foundHead := strings.Cut(rest, head)
	is, after, foundTail := strings.Cut(rest, tail)
	if !found || !foundHead || !foundTail {
		t.Fatal("there is no table of switches")
	}
	want := strings.Join(lines, "\n")
	if *update {
		text := before + "\n## Switches\n" + intro + head + want + tail + after
		if err := os.WriteFile(documented, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if is != want {
		t.Errorf("the table of docs/operating.md is another: go test ./chat/setting -run %s -update\n%s", t.Name(), want)
	}
}
