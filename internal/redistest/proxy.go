package redistest

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a TCP connection's bad luck: it stands between clients and a server, Redis or a node, and cuts, stalls, slows or
// robs what goes through. At first it does none of it.
type Proxy struct {
	Addr string // host:port that clients are told

	target string
	ln     net.Listener
	wg     sync.WaitGroup

	mu    sync.Mutex
	moved sync.Cond // with mu: cut or stall changed
	cut   bool
	stall bool
	delay time.Duration
	drops int    // replies yet to be lost
	part  []byte // of the requests whose replies are lost
	limit int64  // bytes that clients may send yet before their connections are reset; negative: any number
	links map[*link]bool
}

// link is one connection through the proxy.
type link struct {
	client, server *net.TCPConn

	robbed bool // bytes vanished, so it can't go on; guarded by Proxy.mu
	lose   bool // the next reply is lost; guarded by Proxy.mu
}

// Through runs a proxy to target, host:port, until the test ends.
func Through(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{Addr: FreeAddr(t), target: target, links: map[*link]bool{}, limit: -1}
	p.moved.L = &p.mu
	var err error
	if p.ln, err = net.Listen("tcp", p.Addr); err != nil {
		p.Addr = FreeAddr(t) // another process was faster
		if p.ln, err = net.Listen("tcp", p.Addr); err != nil {
			t.Fatal(err)
		}
	}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = p.ln.Close()
		p.Cut()
		p.wg.Wait()
	})
	return p
}

// Cut resets all connections, and each new one at once.
func (p *Proxy) Cut() {
	p.set(func() {
		p.cut, p.stall = true, false
		p.reset(func(*link) bool { return true })
	})
}

// Stall lets all bytes vanish, both ways, while connections stay and new ones come about: neither side learns of it, nor of
// the other's end, but by waiting in vain.
func (p *Proxy) Stall() { p.set(func() { p.stall = true }) }

// CutAfter lets clients send so many bytes more, all together, and resets their connections then.
func (p *Proxy) CutAfter(bytes int64) { p.set(func() { p.limit = bytes }) }

// Heal ends Cut, CutAfter, Stall, Delay and DropReplies. Connections that lost bytes are reset, the others go on.
func (p *Proxy) Heal() {
	p.set(func() {
		p.cut, p.stall, p.delay, p.drops, p.limit = false, false, 0, 0, -1
		p.reset(func(l *link) bool { return l.robbed })
	})
}

// Delay keeps back all that the server sends by d.
func (p *Proxy) Delay(d time.Duration) { p.set(func() { p.delay = d }) }

// DropReplies lets the next n requests that contain part through, and resets their connections instead of passing on what
// is answered. A part that two packets share is not seen.
func (p *Proxy) DropReplies(n int, part string) { p.set(func() { p.drops, p.part = n, []byte(part) }) }

// Dropped waits until all replies that DropReplies spoke of were lost.
func (p *Proxy) Dropped(t testing.TB) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		p.mu.Lock()
		left := p.drops
		p.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d replies were not asked for", left)
		}
	}
}

func (p *Proxy) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.moved.Broadcast()
}

// reset resets the connections that which chooses; p.mu is held.
func (p *Proxy) reset(which func(*link) bool) {
	for l := range p.links {
		if which(l) {
			l.reset()
		}
	}
}

func (l *link) reset() {
	for _, c := range []*net.TCPConn{l.client, l.server} {
		if c != nil {
			_ = c.SetLinger(0) // RST
			_ = c.Close()
		}
	}
}

func (p *Proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(&link{client: c.(*net.TCPConn)}) })
	}
}

// serve passes on what goes through one connection, until one side or the proxy ends it.
func (p *Proxy) serve(l *link) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, l)
		if p.cut {
			l.reset()
		}
	}()
	p.mu.Lock()
	p.links[l] = true
	cut, stall := p.cut, p.stall
	p.mu.Unlock()
	if cut {
		return
	}
	if stall { // the server never hears of it
		p.set(func() { l.robbed = true })
		l.swallow()
		p.stalled(l)
		_ = l.client.Close()
		return
	}
	c, err := net.DialTimeout("tcp", p.target, 10*time.Second)
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		l.reset()
		return
	}
	p.mu.Lock()
	l.server = c.(*net.TCPConn)
	if p.cut {
		l.reset()
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.requests(l) })
	both.Go(func() { p.replies(l) })
	both.Wait()
	_, _ = l.client.Close(), l.server.Close()
}

// swallow reads what the client sends, for nobody, until the connection ends.
func (l *link) swallow() {
	buf := make([]byte, 4096)
	for {
		if _, err := l.client.Read(buf); err != nil {
			return
		}
	}
}

// stalled waits for the end of a Stall, before one side's end is told to the other.
func (p *Proxy) stalled(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.stall {
		l.robbed = true
		p.moved.Wait()
	}
}

// requests passes on what the client sends.
func (p *Proxy) requests(l *link) {
	buf := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buf)
		if n > 0 && p.request(l, buf[:n]) {
			_, _ = l.server.Write(buf[:n])
		}
		if err != nil {
			p.stalled(l)
			_ = l.server.CloseWrite()
			return
		}
	}
}

// request decides whether what the client sent goes on, and whether its reply will.
func (p *Proxy) request(l *link, b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stall {
		l.robbed = true
		return false
	}
	if p.limit >= 0 {
		if p.limit -= int64(len(b)); p.limit < 0 {
			p.limit = 0
			l.reset()
			return false
		}
	}
	if p.drops > 0 && !l.lose && bytes.Contains(b, p.part) {
		l.lose = true
	}
	return true
}

// chunk is what the server sent at once, and when it is passed on.
type chunk struct {
	at time.Time
	b  []byte
}

// replies passes on what the server sends.
func (p *Proxy) replies(l *link) {
	later := make(chan chunk, 1024) // full: the server waits
	var wg sync.WaitGroup
	wg.Go(func() {
		for c := range later {
			time.Sleep(time.Until(c.at))
			if p.passes(l) {
				_, _ = l.client.Write(c.b)
			}
		}
		p.stalled(l)
		_ = l.client.CloseWrite()
	})
	defer wg.Wait()
	defer close(later)
	buf := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buf)
		if n > 0 {
			at, on := p.reply(l)
			if !on {
				return
			}
			later <- chunk{at, bytes.Clone(buf[:n])}
		}
		if err != nil {
			return
		}
	}
}

// reply decides when what the server sent goes on, and whether the connection does.
func (p *Proxy) reply(l *link) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.lose && p.drops > 0 {
		p.drops--
		l.reset()
		return time.Time{}, false
	}
	l.lose = false
	return time.Now().Add(p.delay), true
}

// passes says whether bytes reach the client.
func (p *Proxy) passes(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stall {
		l.robbed = true
	}
	return !p.stall
}
