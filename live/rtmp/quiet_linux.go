package rtmp

import (
	"io"
	"net"
	"os"
	"syscall"
)

// quietBytes is how much must wait in the kernel before it wakes the process for a hushed connection. It is so much less
// than a receive buffer that the kernel leaves the buffer and its window as they are.
const quietBytes = 32 << 10

// quietReader reads what a TCP connection has without waiting for more.
type quietReader struct {
	raw     syscall.RawConn
	hushed  bool
	buf     []byte // of the present read
	n       int
	err     error
	attempt func(fd uintptr) bool // kept, so that a read allocates nothing
}

// newQuietReader returns nil for other connections than TCP.
func newQuietReader(nc net.Conn) *quietReader {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	q := &quietReader{raw: raw}
	q.attempt = q.try
	return q
}

// hush makes the kernel wake the process no more for a little data, or for any again. A kernel that refuses wakes it in
// vain, no more.
func (q *quietReader) hush(on bool) {
	if q.hushed == on {
		return
	}
	q.hushed = on
	low := 1
	if on {
		low = quietBytes
	}
	_ = q.raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, low) })
}

// read returns 0 and no error when there is nothing.
func (q *quietReader) read(p []byte) (int, error) {
	q.buf, q.n, q.err = p, 0, nil
	err := q.raw.Read(q.attempt)
	q.buf = nil
	if err != nil {
		return 0, err // closed, or past its deadline
	}
	return q.n, q.err
}

// try is one system call. The socket does not block, so Go's scheduler need not be told.
func (q *quietReader) try(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), q.buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
		case err != nil:
			q.err = os.NewSyscallError("read", err)
		case n == 0 && len(q.buf) > 0:
			q.err = io.EOF
		default:
			q.n = n
		}
		return true
	}
}
