package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// How a worker reads. While nothing comes it naps outside of epoll: who waits inside is woken by the server's write, and
// on one machine the server pays for that.
const (
	workerNap    = time.Millisecond
	workerBuffer = 1 << 20
	workerScan   = 5 * time.Millisecond // between two looks at who should come back or takes too long
	slowBuffer   = 4 << 10              // the receive buffer of who will not read
	slowSegment  = 1400                 // loopback's long segments would let the kernel keep megabytes for such a one
	bindNoPort   = 24                   // IP_BIND_ADDRESS_NO_PORT (linux/in.h): ports are shared between sources
)

// listeners are all who listen, on a few threads. A connection has no goroutine and no buffer of its own.
type listeners struct {
	crowdCounts
	run     *chatRun
	target  netip.AddrPort
	upgrade []byte
	workers []*worker
}

// worker reads its share of the listeners, on one thread.
type worker struct {
	tally
	all    *listeners
	window *window
	epoll  int
	mine   []*listener
	byFD   []*listener
	memos  []memo // of each room
	buf    []byte

	begun      int64
	next       int // to be dialled for the first time
	unfinished int // joins under way
	away       []*listener
	offNow     bool
}

func newListeners(ctx context.Context, r *chatRun) (*listeners, error) {
	target, host, path, err := resolve(ctx, r.plan.Address)
	if err != nil {
		return nil, err
	}
	all := &listeners{run: r, target: target, upgrade: upgradeRequest(host, path)}
	threads := max(1, min(runtime.GOMAXPROCS(0)/2, 8, r.plan.Connections))
	for range threads {
		fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
		if err != nil {
			all.close()
			return nil, os.NewSyscallError("epoll_create", err)
		}
		all.workers = append(all.workers, &worker{
			all: all, window: r.window, epoll: fd, memos: make([]memo, len(r.rooms)), buf: make([]byte, workerBuffer),
		})
	}
	slow := int(r.plan.Slow*float64(r.plan.Connections) + 0.5)
	for i := range r.plan.Connections {
		w := all.workers[i%threads]
		l := &listener{w: w, room: r.rooms[i%len(r.rooms)], id: i, fd: -1}
		l.slow = slow > 0 && i*slow/r.plan.Connections != (i+1)*slow/r.plan.Connections // spread evenly
		w.mine = append(w.mine, l)
	}
	return all, nil
}

// resolve finds where an address leads.
func resolve(ctx context.Context, address string) (target netip.AddrPort, host, path string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return target, "", "", bare(err)
	}
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return target, "", "", fmt.Errorf("port %q is no number", port)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return target, "", "", err
	}
	ip := found[0].Unmap()
	for _, other := range found { // localhost is both; IPv4 has many sources
		if other.Unmap().Is4() {
			ip = other.Unmap()
			break
		}
	}
	return netip.AddrPortFrom(ip, uint16(number)), u.Host, u.RequestURI(), nil
}

// rampTime is how long the joins take by plan.
func (all *listeners) rampTime() time.Duration {
	if all.run.plan.JoinRate == 0 {
		return 0
	}
	return time.Duration(float64(all.run.plan.Connections) / all.run.plan.JoinRate * float64(time.Second))
}

// settled is how many are in, or never will be.
func (all *listeners) settled() int64 { return all.in.Load() + all.failed.Load() }

// start lets them come, until ctx ends.
func (all *listeners) start(ctx context.Context, load *sync.WaitGroup) {
	for _, w := range all.workers {
		load.Go(func() { w.run(ctx) })
	}
}

// close gives everything back; no worker runs any more.
func (all *listeners) close() {
	for _, w := range all.workers {
		for _, l := range w.mine {
			if l.fd >= 0 {
				_ = syscall.Close(l.fd)
			}
		}
		_ = syscall.Close(w.epoll)
	}
}

func (w *worker) run(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]syscall.EpollEvent, 512)
	nap := syscall.NsecToTimespec(int64(workerNap))
	w.begun = time.Now().UnixNano()
	scanned := w.begun
	for ctx.Err() == nil {
		now := time.Now().UnixNano()
		w.dialMore(now)
		if now-scanned > int64(workerScan) {
			scanned = now
			w.scan(now)
		}
		n, err := syscall.EpollWait(w.epoll, events, 0)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			w.all.notes.add(Reason{Code: "error", Detail: "epoll: " + err.Error()})
			return
		}
		if n <= 0 {
			_ = syscall.Nanosleep(&nap, nil)
			continue
		}
		for _, e := range events[:n] {
			if l := w.byFD[e.Fd]; l != nil {
				w.event(l, e.Events)
			}
		}
	}
}

// dialMore begins joins that are due.
func (w *worker) dialMore(now int64) {
	plan := w.all.run.plan
	most := max(1, plan.Joining/len(w.all.workers))
	rate := plan.JoinRate / float64(len(w.all.workers))
	for w.next < len(w.mine) && w.unfinished < most {
		if rate > 0 && float64(w.next) > rate*float64(now-w.begun)/1e9 {
			return
		}
		w.dial(w.mine[w.next], now)
		w.next++
	}
}

// scan looks who may come back, who takes too long to join, and whether slow ones stop or read again.
func (w *worker) scan(now int64) {
	most := max(1, w.all.run.plan.Joining/len(w.all.workers))
	waiting := w.away
	w.away = w.away[:0]
	for _, l := range waiting {
		if l.nextAt <= now && w.unfinished < most {
			w.dial(l, now) // a failure appends behind what is read already
		} else {
			w.away = append(w.away, l)
		}
	}
	if off := w.all.part.Load() == 1; off != w.offNow {
		w.offNow = off
		w.rest(off)
	}
	if w.unfinished == 0 {
		return
	}
	for _, l := range w.mine {
		if !l.joined && l.state != chatIdle && l.state != chatClosed && now-l.dialAt > int64(joinLimit) {
			w.end(l, fmt.Errorf("not in after %s", joinLimit))
		}
	}
}

// rest lets the slow ones stop reading, or read again.
func (w *worker) rest(off bool) {
	for _, l := range w.mine {
		if !l.slow || l.fd < 0 || l.off == off {
			continue
		}
		op := syscall.EPOLL_CTL_ADD
		if off {
			op = syscall.EPOLL_CTL_DEL
		}
		l.off = off
		w.watch(l, op, syscall.EPOLLIN)
	}
}

func (w *worker) watch(l *listener, op int, events uint32) {
	e := syscall.EpollEvent{Events: events, Fd: int32(l.fd)} //nolint:gosec // a descriptor
	if err := syscall.EpollCtl(w.epoll, op, l.fd, &e); err != nil {
		w.end(l, os.NewSyscallError("epoll_ctl", err))
	}
}

// dial begins to connect.
func (w *worker) dial(l *listener, now int64) {
	w.unfinished++
	l.dialAt, l.state, l.joined, l.off = now, chatConnecting, false, false
	family := syscall.AF_INET
	if !w.all.target.Addr().Is4() {
		family = syscall.AF_INET6
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		w.end(l, os.NewSyscallError("socket", err))
		return
	}
	l.fd = fd
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) // only slower without
	if l.slow {
		_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, slowBuffer)
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, slowSegment)
	}
	if err := w.connect(l); err != nil {
		w.end(l, err)
		return
	}
	for len(w.byFD) <= fd {
		w.byFD = append(w.byFD, make([]*listener, 1024)...)
	}
	w.byFD[fd] = l
	w.watch(l, syscall.EPOLL_CTL_ADD, syscall.EPOLLIN|syscall.EPOLLOUT)
}

// connect begins the connection, from one of many loopback addresses where it goes to one.
func (w *worker) connect(l *listener) error {
	ip, port := w.all.target.Addr(), int(w.all.target.Port())
	var to syscall.Sockaddr = &syscall.SockaddrInet6{Port: port, Addr: ip.As16()}
	if ip.Is4() {
		to = &syscall.SockaddrInet4{Port: port, Addr: ip.As4()}
	}
	if ip.Is4() && ip.IsLoopback() {
		from := [4]byte{127, 0, 0, byte(1 + l.id%w.all.run.plan.Sources)} //nolint:gosec // at most mostSources
		_ = syscall.SetsockoptInt(l.fd, syscall.IPPROTO_IP, bindNoPort, 1)
		if err := syscall.Bind(l.fd, &syscall.SockaddrInet4{Addr: from}); err != nil {
			return os.NewSyscallError("bind", err)
		}
	}
	if err := syscall.Connect(l.fd, to); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return os.NewSyscallError("connect", err)
	}
	return nil
}

// end notes that a connection is no more.
func (w *worker) end(l *listener, why error) {
	if l.state == chatClosed {
		return
	}
	w.all.notes.add(reasonOf(why))
	if l.fd >= 0 {
		if l.fd < len(w.byFD) {
			w.byFD[l.fd] = nil
		}
		_ = syscall.Close(l.fd) // leaves the epoll set with it
		l.fd = -1
	}
	l.part, l.frag, l.state = nil, nil, chatClosed
	if l.joined {
		l.joined = false
		w.all.in.Add(-1)
		w.all.closed.Add(1)
		if w.outageAt == 0 {
			w.outageAt = time.Now().UnixNano()
		}
	} else {
		w.unfinished--
		if !l.everIn && !w.all.run.plan.Reconnect {
			w.all.failed.Add(1)
		}
	}
	if w.all.run.plan.Reconnect {
		l.nextAt = time.Now().UnixNano() + int64(backoff(l.attempt))
		l.attempt++
		w.away = append(w.away, l)
	}
}

// write sends something short; a socket that doesn't take it is lost.
func (w *worker) write(l *listener, b []byte) error {
	n, err := syscall.Write(l.fd, b)
	if err == nil && n != len(b) {
		err = syscall.EAGAIN
	}
	return os.NewSyscallError("write", err)
}

// event handles what happened on a connection.
func (w *worker) event(l *listener, events uint32) {
	if l.state == chatConnecting {
		if events&(syscall.EPOLLERR|syscall.EPOLLHUP) != 0 {
			code, _ := syscall.GetsockoptInt(l.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
			w.end(l, os.NewSyscallError("connect", syscall.Errno(code))) //nolint:gosec // an errno
			return
		}
		if events&syscall.EPOLLOUT == 0 {
			return
		}
		l.state = chatUpgrading
		w.watch(l, syscall.EPOLL_CTL_MOD, syscall.EPOLLIN)
		if err := w.write(l, w.all.upgrade); err != nil {
			w.end(l, err)
		}
		return
	}
	if err := w.read(l); err != nil {
		w.end(l, err)
	}
}

// read takes what came: whole frames at once, and keeps the rest.
func (w *worker) read(l *listener) error {
	if len(l.part) >= len(w.buf) { // a frame longer than the buffer
		w.buf = make([]byte, 2*len(l.part))
	}
	kept := copy(w.buf, l.part)
	n, err := syscall.Read(l.fd, w.buf[kept:])
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return nil
	case err != nil:
		return err
	case n == 0:
		return reasonClosed
	}
	now := time.Now().UnixNano()
	w.all.bytes.Add(int64(n))
	b := w.buf[:kept+n]
	if l.state == chatUpgrading {
		end, err := upgraded(b)
		if err != nil {
			return err
		}
		if end > 0 {
			b, l.state = b[end:], chatOpen
			if err := w.write(l, l.hello()); err != nil {
				return err
			}
		}
	}
	for l.state == chatOpen {
		f, size, err := parseFrame(b)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		b = b[size:]
		if err := w.frame(l, f, now); err != nil {
			return err
		}
	}
	l.part = append(l.part[:0], b...)
	return nil
}

// frame takes one frame.
func (w *worker) frame(l *listener, f wsFrame, now int64) error {
	switch {
	case f.op == wsPing:
		return w.write(l, appendFrame(nil, wsPong, f.payload))
	case f.op == wsPong:
		return nil
	case f.op == wsClose:
		return reasonClosed
	case !f.fin || f.op == wsContinuation:
		l.frag = append(l.frag, f.payload...)
		if !f.fin {
			return nil
		}
		f.payload = l.frag
		l.frag = l.frag[:0]
	}
	return l.text(f.payload, now)
}
