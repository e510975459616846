package main

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is what a test takes a place for: one node, or a cluster of them. More of either on two cores take each other for dead,
// or wait for nothing but each other: singleNodes run at a time, and clustersBeside them. As long as fewNodes run at most,
// clusters, which mostly wait for time to pass, may be clustersAlone. Beside atLeast others, whoever is next also waits until the
// cores are not asked for by many more than they can serve, by whomever.
type place int

const (
	nodePlace place = iota
	clusterPlace
)

const (
	singleNodes    = 16
	clustersBeside = 3
	fewNodes       = 4
	clustersAlone  = 5

	atLeast  = 3                      // run at a time, whatever the load
	perCore  = 2                      // processes that run or want to
	startsIn = 500 * time.Millisecond // until a start is felt
	looks    = 50 * time.Millisecond
	lookOver = 20 // looks, about: the mean is over so many
)

// first are tests that go before others who wait: of all these last longest, and the others should not be done before them.
var first = []string{"TestManyShortSessions"}

// places are those that are taken, and by which tests of the top level.
type places struct {
	mu    sync.Mutex
	freed sync.Cond
	taken map[string]place
	of    [2]int
	ahead int       // of those who wait go first
	last  time.Time // one was taken
	busy  float64   // processes that run or want to, in the mean of some looks
}

var placed = func() *places {
	p := &places{taken: map[string]place{}}
	p.freed.L = &p.mu
	return p
}()

// watch looks how busy the machine is, as long as the tests run.
func (p *places) watch() {
	for range time.Tick(looks) {
		now := running()
		p.mu.Lock()
		p.busy += (float64(now) - p.busy) / lookOver
		p.freed.Broadcast()
		p.mu.Unlock()
	}
}

// running is how many threads of the machine run or want to; 0 where that is not told.
func running() int {
	raw, _ := os.ReadFile("/proc/loadavg") // three means, running/all, the last process
	fields := strings.Fields(string(raw))
	if len(fields) < 4 {
		return 0
	}
	n, _, _ := strings.Cut(fields[3], "/")
	count, _ := strconv.Atoi(n)
	return max(count-1, 0) // but for who looks
}

// takePlace waits until the test may run what it needs a place for. One that has a place, of whatever kind, needs no other.
func takePlace(t *testing.T, kind place) {
	t.Helper()
	top, _, _ := strings.Cut(t.Name(), "/")
	if placed.take(top, kind) {
		t.Cleanup(func() { placed.give(top) })
	}
}

// take waits for a place; false: the test has one.
func (p *places) take(test string, kind place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, has := p.taken[test]; has {
		return false
	}
	early := slices.Contains(first, test)
	if early {
		p.ahead++
	}
	for !p.free(kind) || p.ahead > 0 && !early {
		p.freed.Wait()
	}
	if early {
		p.ahead--
	}
	p.taken[test] = kind
	p.of[kind]++
	p.last = time.Now()
	return true
}

func (p *places) free(kind place) bool {
	nodes, clusters := p.of[nodePlace], p.of[clusterPlace]
	if nodes+clusters >= atLeast && (p.busy > perCore*float64(runtime.NumCPU()) || time.Since(p.last) < startsIn) {
		return false
	}
	if kind == nodePlace {
		return nodes < singleNodes
	}
	return clusters < clustersBeside || clusters < clustersAlone && nodes <= fewNodes
}

func (p *places) give(test string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[p.taken[test]]--
	delete(p.taken, test)
	p.freed.Broadcast()
}
