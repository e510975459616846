package main

import (
	"strings"
	"sync"
	"testing"
)

// These are how many tests may run clusters at a time, and how many a single node. More of them on two cores take each other
// for dead, or wait for nothing but each other.
var (
	clusterPlaces = make(chan struct{}, 3)
	nodePlaces    = make(chan struct{}, 16)
)

// placed are the tests of the top level that have a place.
var placed struct {
	mu sync.Mutex
	by map[string]bool
}

// takePlace waits until the test may run what there are places for. One that has a place, of whatever kind, needs no other.
func takePlace(t *testing.T, free chan struct{}) {
	t.Helper()
	top, _, _ := strings.Cut(t.Name(), "/")
	if hasPlace(top) {
		return
	}
	free <- struct{}{}
	havePlace(top, true)
	t.Cleanup(func() {
		havePlace(top, false)
		<-free
	})
}

func hasPlace(test string) bool {
	placed.mu.Lock()
	defer placed.mu.Unlock()
	return placed.by[test]
}

func havePlace(test string, has bool) {
	placed.mu.Lock()
	defer placed.mu.Unlock()
	if placed.by == nil {
		placed.by = map[string]bool{}
	}
	placed.by[test] = has
}
