package callback

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// line is a connection that counts what goes over it.
type line struct {
	net.Conn
	reads, writes atomic.Uint64
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if n > 0 {
		l.reads.Add(1)
	}
	return n, err
}

func (l *line) Write(p []byte) (int, error) {
	l.writes.Add(1)
	return l.Conn.Write(p)
}

// counted makes dial return lines.
func counted(dial func(ctx context.Context, network, addr string) (net.Conn, error)) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &line{Conn: conn}, nil
	}
}

// request sees to it that what is taken for the answer to a request came after it. A receiver that answers one request
// twice leaves its second answer in the buffer of a pooled connection; net/http notices that, but not always before it
// sends the next request, whose answer it would then seem to be: the event would count as delivered, and never was.
type request struct {
	mu            sync.Mutex
	line          *line
	reads, writes uint64 // when it got the line
	before        bool   // an answer was there before it was asked
}

// watch lets ctx tell the request what happens on its line.
func (q *request) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: q.begin, GotFirstResponseByte: q.answered})
}

// begin notes the line that the request is about to go over; another one, where the pool had a dead one first.
func (q *request) begin(info httptrace.GotConnInfo) {
	q.mu.Lock()
	defer q.mu.Unlock()
	conn := info.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	q.before = false
	if q.line, _ = conn.(*line); q.line != nil {
		q.reads, q.writes = q.line.reads.Load(), q.line.writes.Load()
	}
}

// answered looks whether anything was asked, and then read, since the request got the line.
func (q *request) answered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.before = q.line != nil && (q.line.reads.Load() == q.reads || q.line.writes.Load() == q.writes)
}

func (q *request) unasked() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.before
}
