//go:build unix

package socket

import "syscall"

// defaultMaxSockets leaves 512 descriptors to files, listeners and the other protocols (design §8).
func defaultMaxSockets() int {
	const most, spare = 20_000, 512
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= most+spare {
		return most
	}
	return max(int(limit.Cur)-spare, 64)
}
