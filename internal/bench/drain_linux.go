package bench

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// How a drain works: rounds with a rest between them, so that many arrivals share one wake-up, and as much at once as fits.
const (
	drainRest  = 5 * time.Millisecond
	drainWait  = 100 // ms
	drainBytes = 1 << 20
)

// drain counts and drops what comes on many connections, in one goroutine. The kernel drops it (MSG_TRUNC): nothing is
// copied.
type drain struct {
	epoll int
	busy  atomic.Int64 // ns spent at work

	mu      sync.Mutex // guards viewers and closed
	viewers []*drained
	closed  bool
}

// drained is a viewer and its socket, which is the drain's; -1 when it ended.
type drained struct {
	*viewer
	fd int
}

func newDrain() (*drain, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	return &drain{epoll: fd}, os.NewSyscallError("epoll_create", err)
}

// take makes a plain TCP connection the drain's; it says false for others, and leaves them alone.
func (d *drain) take(v *viewer, conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	fd := -1
	// A descriptor of our own, that Go's poller doesn't look at.
	if err := raw.Control(func(old uintptr) { fd, _ = syscall.Dup(int(old)) }); err != nil || fd < 0 {
		return false
	}
	if !d.add(v, fd) {
		_ = syscall.Close(fd) // was never used
		return false
	}
	_ = tcp.Close() // the duplicate stays
	return true
}

func (d *drain) add(v *viewer, fd int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	syscall.CloseOnExec(fd)
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP, Fd: int32(len(d.viewers))} //nolint:gosec // an index
	if err := syscall.EpollCtl(d.epoll, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		return false
	}
	d.viewers = append(d.viewers, &drained{v, fd})
	return true
}

// run drains until ctx ends, and closes everything.
func (d *drain) run(ctx context.Context) {
	events, scrap := make([]syscall.EpollEvent, 1024), make([]byte, drainBytes)
	for ctx.Err() == nil {
		n, err := syscall.EpollWait(d.epoll, events, drainWait)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			break
		}
		begun := time.Now()
		d.mu.Lock()
		viewers := d.viewers
		d.mu.Unlock()
		for _, e := range events[:max(n, 0)] {
			d.drop(ctx, viewers[e.Fd], scrap)
		}
		d.busy.Add(int64(time.Since(begun)))
		time.Sleep(drainRest)
	}
	d.close()
}

// drop drops what came for one viewer.
func (d *drain) drop(ctx context.Context, v *drained, scrap []byte) {
	if v.fd < 0 {
		return
	}
	n, _, err := syscall.Recvfrom(v.fd, scrap, syscall.MSG_TRUNC|syscall.MSG_DONTWAIT)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
		return
	}
	if err == nil && n > 0 {
		v.got(int64(n), time.Now().UnixNano())
		if beat := v.beat(); beat != nil {
			_, err = syscall.Write(v.fd, beat)
		}
		if err == nil || errors.Is(err, syscall.EAGAIN) {
			return
		}
	}
	_ = syscall.Close(v.fd) // leaves the epoll set with it
	v.fd = -1
	v.ended(ctx, os.NewSyscallError("read", err))
}

func (d *drain) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, v := range d.viewers {
		if v.fd >= 0 {
			_ = syscall.Close(v.fd)
		}
	}
	_ = syscall.Close(d.epoll)
}
