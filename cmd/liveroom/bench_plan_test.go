package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// shownPlan is a command and its output in docs/scaling.md.
var shownPlan = regexp.MustCompile("(?s)```\n\\$ liveroom (bench plan[^\n]*)\n(.*?)```")

// TestPlansOfTheDocumentAreWhatTheCommandPrints replays docs/scaling.md.
func TestPlansOfTheDocumentAreWhatTheCommandPrints(t *testing.T) {
	page, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := shownPlan.FindAllStringSubmatch(string(page), -1)
	if len(shown) != 4 {
		t.Errorf("%d plans in docs/scaling.md", len(shown))
	}
	for _, one := range shown {
		if got := mustCommand(t, strings.Fields(one[1])...); got != one[2] {
			t.Errorf("liveroom %s prints\n%s\nthe document has\n%s", one[1], got, one[2])
		}
	}
}

func TestBenchPlanFlags(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"members", []string{"--members=-1"}, []string{"--members", "0"}},
		{"rooms", []string{"--rooms", "0"}, []string{"--rooms", "1"}},
		{"no number", []string{"--rate", "NaN"}, []string{"--rate"}},
		{"message", []string{"--message-bytes", "0"}, []string{"--message-bytes"}},
		{"cores", []string{"--cores", "0"}, []string{"--cores"}},
		{"memory", []string{"--memory", "0"}, []string{"--memory"}},
		{"network", []string{"--network", "1"}, []string{"--network"}},
		{"protocol", []string{"--viewers", "quic=3"}, []string{"--viewers", "quic", "rtmp"}},
		{"more nodes than can be", []string{"--members", "1000000000"}, []string{"10000 nodes"}},
		{"a day", []string{"--simulate", "24h"}, []string{"--simulate", "1h"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			mustFail(t, append([]string{"bench", "plan"}, c.args...), c.says...)
		})
	}
	if out := mustCommand(t, "bench", "plan", "--members", "0", "--viewers", "hls=1000", "--streams", "1"); strings.Contains(out, "simulated") || !strings.Contains(out, "1,000 viewers over HLS") {
		t.Errorf("without a chat:\n%s", out)
	}
}
