//go:build !unix

package socket

// defaultMaxSockets is the most a node is meant for (design §8).
func defaultMaxSockets() int { return 20_000 }
