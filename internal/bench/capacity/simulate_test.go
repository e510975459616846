package capacity_test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"liveroom/internal/bench/capacity"
)

// measuredRow is a row of "Of the chat" in docs/scaling.md.
var measuredRow = regexp.MustCompile(`(?m)^\| ([\d,]+) connections, 40 messages a second \| ([\d.]+) \| (\d+) % \| (\d+) / (\d+) ms \|`)

func scalingPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestSimulationMeetsWhatWasMeasured: what one node was measured to do, the simulation does too: CPU to 20 %, p50 to 10 %, p99
// to 15 %. One constant, the cost of a write, is all that it was fitted by, to the CPU; the times are its own.
func TestSimulationMeetsWhatWasMeasured(t *testing.T) {
	page := scalingPage(t)
	rows := measuredRow.FindAllStringSubmatch(page, -1)
	if len(rows) != 3 {
		t.Fatalf("%d rows of docs/scaling.md: %q", len(rows), rows)
	}
	for _, row := range rows {
		var measured [6]float64
		for i, cell := range row[1:] {
			var err error
			if measured[i], err = strconv.ParseFloat(strings.ReplaceAll(cell, ",", ""), 64); err != nil {
				t.Fatal(err)
			}
		}
		for seed := range uint64(3) {
			s := capacity.Simulate(capacity.Room{Nodes: 1, Members: int(measured[0]), Cores: 1, Rate: 40, For: time.Minute, Seed: seed})
			shown := fmt.Sprintf("| %s | %s / %.2f | %s / %.0f %% | %s / %d ms | %s / %d ms |",
				row[1], row[2], s.PerMillion, row[3], 100*s.CPU, row[4], s.P50.Round(time.Millisecond).Milliseconds(), row[5], s.P99.Round(time.Millisecond).Milliseconds())
			if seed == 1 && !strings.Contains(string(page), shown) {
				t.Errorf("docs/scaling.md does not show %s", shown)
			}
			for _, f := range []struct {
				name      string
				is, must  float64
				tolerance float64
			}{
				{"CPU-s per million deliveries", s.PerMillion, measured[1], .20},
				{"% of a core", 100 * s.CPU, measured[2], .20},
				{"p50, ms", s.P50.Seconds() * 1000, measured[3], .10},
				{"p99, ms", s.P99.Seconds() * 1000, measured[4], .15},
			} {
				if math.Abs(f.is-f.must) > f.tolerance*f.must {
					t.Errorf("%s connections, seed %d: %s: %.2f, measured %.2f", row[1], seed, f.name, f.is, f.must)
				}
			}
		}
	}
}

// TestASecondNodeCostsWhatTheDocumentSays: halving a room's members on nodes does not halve what they cost.
func TestASecondNodeCostsWhatTheDocumentSays(t *testing.T) {
	page := scalingPage(t)
	for nodes, name := range map[int]string{1: "one", 2: "2", 4: "4"} {
		s := capacity.Simulate(capacity.Room{Nodes: nodes, Members: 10_000, Cores: 1, Rate: 40, For: time.Minute, Seed: 1})
		shown := fmt.Sprintf("| on %s | %.0f %% | %d / %d ms |", name, 100*s.CPU, s.P50.Round(time.Millisecond).Milliseconds(), s.P99.Round(time.Millisecond).Milliseconds())
		if !strings.Contains(page, shown) {
			t.Errorf("docs/scaling.md does not show %s", shown)
		}
	}
}

func TestSimulationIsTheSameForTheSameSeed(t *testing.T) {
	room := capacity.Room{Nodes: 7, Members: 30_000, Cores: 2, Rate: 40, For: 20 * time.Second, Seed: 1}
	first := capacity.Simulate(room)
	if again := capacity.Simulate(room); again != first {
		t.Errorf("%+v, and again %+v", first, again)
	}
	if room.Seed = 2; capacity.Simulate(room) == first {
		t.Error("another seed changes nothing")
	}
}

// TestSimulationOfACluster holds against what must be so whatever the constants are.
func TestSimulationOfACluster(t *testing.T) {
	run := func(nodes, members int, rate float64) capacity.Simulated {
		return capacity.Simulate(capacity.Room{Nodes: nodes, Members: members, Cores: 1, Rate: rate, For: 30 * time.Second, Seed: 1})
	}
	alone, two := run(1, 5000, 40), run(2, 10_000, 40)
	if two.P50 <= alone.P50 || two.P99 <= alone.P99 || two.FanOuts < alone.FanOuts {
		t.Errorf("two nodes are not slower than one with as many members: %+v, %+v", two, alone)
	}
	if alone.Redis != 0 || two.Redis <= 0 || two.Flushes > float64(two.Messages)/30 {
		t.Errorf("Redis: %+v, %+v", alone, two)
	}
	if quiet := run(10, 100, 1); quiet.P99 > 100*time.Millisecond || math.Abs(quiet.Flushes*30-float64(quiet.Messages)) > 3 {
		t.Errorf("a quiet room waits for nothing, and each message is a flush: %+v", quiet)
	}
	if many := run(50, 50_000, 40); many.Redis <= two.Redis {
		t.Errorf("more nodes that follow cost Redis nothing: %+v, %+v", many, two)
	}
}
