package main

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of linux/tcp.h, which syscall does not name.
const tcpUserTimeout = 18

// setUserTimeout bounds how long the peers of a listener's connections may leave what was sent to them, or the question
// whether they are there, without an answer (tcp(7): accepted sockets inherit it).
func setUserTimeout(fd uintptr, limit time.Duration) error {
	return syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(limit.Milliseconds()))
}
