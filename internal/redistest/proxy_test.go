package redistest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// client is a connection that says one line and reads one.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// ask sends a line and returns the answer; wait bounds it, for answers that never come.
func (c *client) ask(line string, wait time.Duration) (string, error) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, line+"\r\n"); err != nil {
		return "", err
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(wait))
	return c.r.ReadString('\n')
}

func (c *client) mustAsk(line, want string) {
	c.t.Helper()
	if got, err := c.ask(line, time.Minute); err != nil || got != want+"\r\n" {
		c.t.Fatalf("%s: %q %v", line, got, err)
	}
}

func (c *client) mustFail(line string) {
	c.t.Helper()
	if got, err := c.ask(line, time.Minute); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("%s: %q %v", line, got, err)
	}
}

// refused checks that a new connection is reset, at once or when it is used.
func refused(t *testing.T, addr string) {
	t.Helper()
	if conn, err := net.Dial("tcp", addr); err == nil {
		defer conn.Close()
		(&client{t, conn, bufio.NewReader(conn)}).mustFail("PING")
	}
}

func TestProxy(t *testing.T) {
	server := Start(t)
	p := Through(t, server.Addr)
	a := dial(t, p.Addr)
	a.mustAsk("PING", "+PONG")

	p.Cut()
	a.mustFail("PING")
	refused(t, p.Addr)
	p.Heal()
	a = dial(t, p.Addr)
	a.mustAsk("PING", "+PONG")

	quiet := dial(t, p.Addr)
	quiet.mustAsk("PING", "+PONG")
	p.Stall()
	late := dial(t, p.Addr)
	for _, c := range []*client{a, late} {
		if got, err := c.ask("SET stalled 1", 100*time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("stalled: %q %v", got, err)
		}
	}
	p.Heal()
	a.mustFail("PING")
	late.mustFail("PING")
	quiet.mustAsk("EXISTS stalled", ":0")

	p.Delay(100 * time.Millisecond)
	began := time.Now()
	quiet.mustAsk("PING", "+PONG")
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("delayed by %s only", took)
	}
	p.Heal()

	p.DropReplies(1, "INCR")
	quiet.mustAsk("PING", "+PONG")
	quiet.mustFail("INCR n")
	p.Dropped(t)
	dial(t, p.Addr).mustAsk("INCR n", ":2")

	server.Kill()
	refused(t, p.Addr)
}
