//go:build unix

package socket

import (
	"io"
	"net"
	"os"
	"syscall"

	"liveroom/internal/writev"
)

// bareInput reads from a TCP connection, and borrows a buffer only when there is something to read.
type bareInput struct {
	raw syscall.RawConn
	try func(fd uintptr) bool // kept, so that a read allocates nothing
	f   *frames               // of the read under way
	err error
}

// newInput returns an input that reads from conn.
func newInput(conn net.Conn) input {
	if tcp := writev.TCP(conn); tcp != nil {
		if raw, err := tcp.SyscallConn(); err == nil {
			in := &bareInput{raw: raw}
			in.try = in.attempt
			return in
		}
	}
	return anyInput{conn}
}

func (in *bareInput) read(f *frames) error {
	in.f, in.err = f, nil
	err := in.raw.Read(in.try)
	in.f = nil
	if err == nil {
		err = in.err
	}
	return err
}

// attempt reads, which ends the wait, or finds nothing, which goes on with it.
func (in *bareInput) attempt(fd uintptr) bool {
	if in.f.buf == nil {
		in.f.borrow()
	}
	b := in.f.buf
	n, err := syscall.Read(int(fd), roomIn(b))
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), roomIn(b))
	}
	switch {
	case err == syscall.EAGAIN:
		if len(*b) == 0 {
			in.f.release()
		}
		return false
	case err != nil:
		in.err = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", err)}
	case n == 0:
		in.err = io.EOF
	default:
		*b = (*b)[:len(*b)+n]
	}
	return true
}
