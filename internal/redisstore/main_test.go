package redisstore

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"liveroom/internal/redistest"
)

func TestMain(m *testing.M) {
	code := redistest.Main(m)
	if err := checkKeys(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// opened numbers the Stores of tests, so that each has keys of its own.
var opened atomic.Uint64

// openPrefix is what the keys of a test begin with; each call returns another.
func openPrefix(t testing.TB) string {
	return strings.ReplaceAll(t.Name(), "/", ".") + "-" + strconv.FormatUint(opened.Add(1), 10) + ":"
}

// onBoth runs a test on one Redis and on a cluster; open returns a Store without any keys each time it is called.
func onBoth(t *testing.T, run func(t *testing.T, open func(t *testing.T) *Store)) {
	onBothURLs(t, func(t *testing.T, url string) {
		run(t, func(t *testing.T) *Store { return open(t, url) })
	})
}

// onBothURLs is onBoth for what opens Stores that share their keys.
func onBothURLs(t *testing.T, run func(t *testing.T, url string)) {
	for _, on := range []struct {
		name string
		url  func(t testing.TB) string
	}{
		{"one", func(t testing.TB) string { return redistest.Shared(t).URL() }},
		{"cluster", func(t testing.TB) string { return redistest.SharedCluster(t).URL() }},
	} {
		t.Run(on.name, func(t *testing.T) { run(t, on.url(t)) })
	}
}
