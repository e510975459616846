//go:build race

package writev

// poolForgets says that sync.Pool throws things away at random, as it does under the race detector.
const poolForgets = true
