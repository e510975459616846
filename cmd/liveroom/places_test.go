package main

import (
	"strings"
	"sync"
	"testing"
)

// place is what a test takes a place for: one node, or a cluster of them. More of either on two cores take each other for dead,
// or wait for nothing but each other: singleNodes run at a time, and clustersBeside them. As long as fewNodes run at most,
// clusters, which mostly wait for time to pass, may be clustersAlone.
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
)

// places are those that are taken, and by which tests of the top level.
type places struct {
	mu    sync.Mutex
	freed sync.Cond
	taken map[string]place
	of    [2]int
}

var placed = func() *places {
	p := &places{taken: map[string]place{}}
	p.freed.L = &p.mu
	return p
}()

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
	for !p.free(kind) {
		p.freed.Wait()
	}
	p.taken[test] = kind
	p.of[kind]++
	return true
}

func (p *places) free(kind place) bool {
	nodes, clusters := p.of[nodePlace], p.of[clusterPlace]
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
