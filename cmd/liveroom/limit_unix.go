//go:build unix

package main

import (
	"math"
	"syscall"
)

// descriptors is how many files and connections this process may have open.
func descriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxUint64 // unknown is not little
	}
	return uint64(limit.Cur) // signed on some systems
}
