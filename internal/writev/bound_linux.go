package writev

import "syscall"

// tcpNotSentLowat is TCP_NOTSENT_LOWAT of linux/tcp.h, which syscall does not name.
const tcpNotSentLowat = 25

func setUnsent(fd, bytes int) error {
	return syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotSentLowat, bytes)
}
