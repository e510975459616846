package redisstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/chat/chattest"
	"liveroom/internal/redistest"
)

// BenchmarkRedisFlush is what a flush costs Redis, of one message and of a batch as a busy room has them, with two nodes that
// follow each group and a log from which as much goes as comes. The figures that count are those of the server: flushes a second that one core of it carries
// (flushes/core·s), and what a message costs in commands and bytes on the wire.
func BenchmarkRedisFlush(b *testing.B) {
	for _, size := range []int{1, 4} {
		b.Run(fmt.Sprintf("messages=%d", size), func(b *testing.B) { benchFlush(b, size, 0, 16) })
	}
}

// BenchmarkRedisFollowers is what each further node that follows a group costs Redis a flush of one message: with many flushes under
// way, whose writes to a follower Redis puts together, and one after the other, when each is a write of its own.
func BenchmarkRedisFollowers(b *testing.B) {
	for _, atOnce := range []int{16, 0} {
		for _, more := range []int{0, 8, 48, 98} {
			b.Run(fmt.Sprintf("atOnce=%d/more=%d", atOnce, more), func(b *testing.B) { benchFlush(b, 1, more, atOnce) })
		}
	}
}

// BenchmarkRedisReserve is what a message with a Random costs Redis before its flush.
func BenchmarkRedisReserve(b *testing.B) {
	const groups = 2000
	c := chatNode(b, redistest.Start(b).URL(), openPrefix(b))
	for g := range groups {
		if _, _, err := c.CreateGroup(b.Context(), chat.Group{ID: strconv.Itoa(g)}); err != nil {
			b.Fatal(err)
		}
	}
	before := measured(b, c)
	b.ResetTimer()
	for i := range b.N {
		m := busy(strconv.Itoa(i % groups))
		m.Random = uint32(i) + 1 //nolint:gosec // few
		if _, err := c.Reserve(context.Background(), m.Group, chat.DedupKey(m)); err != nil {
			b.Fatal(err)
		}
	}
	after := measured(b, c)
	b.ReportMetric(1e6*(after["cpu"]-before["cpu"])/float64(b.N), "redis-µs/message")
	b.ReportMetric((after["calls"]-before["calls"])/float64(b.N), "commands/message")
}

// benchFlush flushes batches of size messages to groups that two nodes and some more connections follow, so many at once for
// each processor; 0: one after the other.
func benchFlush(b *testing.B, size, more, atOnce int) {
	const groups = 2000 // so many that few messages meet frequency control
	keep := chattest.Keep
	keep.ResumeMessages = 100
	server := redistest.Start(b)
	prefix := openPrefix(b)
	nodes := []*Chat{chatNode(b, server.URL(), prefix), chatNode(b, server.URL(), prefix)}
	ctx := context.Background()
	for g := range groups {
		id := strconv.Itoa(g)
		if _, _, err := nodes[0].CreateGroup(ctx, chat.Group{ID: id}); err != nil {
			b.Fatal(err)
		}
		full := chat.Flush{Limit: 1000, Keep: keep}
		for range keep.ResumeMessages {
			full.Candidates = append(full.Candidates, chat.Candidate{Message: busy(id)})
		}
		if _, err := nodes[0].Flush(ctx, id, full); err != nil {
			b.Fatal(err)
		}
		for _, n := range nodes {
			stop, err := n.Follow(ctx, id, deaf{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(stop)
		}
	}
	for range more {
		listen(b, nodes[0], server.Addr, groups)
	}
	var flushes, dropped, away atomic.Int64
	var key atomic.Uint32
	flush := func() {
		n := flushes.Add(1)
		id := strconv.Itoa(int(n) % groups)
		f := chat.Flush{Limit: 40, DedupAge: 5 * time.Minute, Keep: keep}
		for range size {
			m := busy(id)
			m.Random = key.Add(1)
			f.Candidates = append(f.Candidates, chat.Candidate{Message: m, Key: chat.DedupKey(m)})
		}
		acks, err := nodes[n%2].Flush(ctx, id, f)
		if errors.Is(err, ErrAway) { // a machine that others use, too: what counts is the server's time
			away.Add(1)
			for !nodes[n%2].s.Up() {
				time.Sleep(probePause)
			}
			return
		}
		if err != nil {
			b.Error(err)
			return
		}
		for _, a := range acks {
			if a.Dropped {
				dropped.Add(1)
			}
		}
	}
	time.Sleep(time.Second) // the window of frequency control
	before := measured(b, nodes[0])
	flushes.Store(0)
	b.ResetTimer()
	if atOnce > 0 {
		b.SetParallelism(atOnce)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				flush()
			}
		})
	} else {
		for range b.N {
			flush()
		}
	}
	b.StopTimer()
	after := measured(b, nodes[0])
	n := float64(flushes.Load() - away.Load())
	messages := n*float64(size) - float64(dropped.Load())
	cpu := after["cpu"] - before["cpu"]
	b.ReportMetric(n/b.Elapsed().Seconds(), "flushes/s")
	b.ReportMetric(n/cpu, "flushes/core·s")
	b.ReportMetric(1e6*cpu/n, "redis-µs/flush")
	b.ReportMetric((after["calls"]-before["calls"])/n, "commands/flush")
	b.ReportMetric(n/max(messages, 1), "scripts/message")
	b.ReportMetric((after["in"]-before["in"])/max(messages, 1), "B-in/message")
	b.ReportMetric((after["out"]-before["out"])/max(messages, 1), "B-out/message")
	b.ReportMetric(float64(away.Load()), "not-answered")
	b.ReportMetric(100*float64(dropped.Load())/(n*float64(size)), "dropped-%")
}

// listen follows all groups with a connection that reads what comes and does nothing with it.
func listen(b *testing.B, c *Chat, addr string, groups int) {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	var ask strings.Builder
	for g := range groups {
		fmt.Fprintf(&ask, "SSUBSCRIBE %s\r\n", c.key(strconv.Itoa(g), "feed"))
	}
	ask.WriteString("PING\r\n")
	if _, err := io.WriteString(conn, ask.String()); err != nil {
		b.Fatal(err)
	}
	in := bufio.NewReader(conn)
	for line := ""; !strings.HasPrefix(line, "pong"); {
		if line, err = in.ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, in) // until it is closed
	}()
	b.Cleanup(func() { _ = conn.Close(); <-done })
}

// busy is a message of a busy room.
func busy(group string) *chat.Message {
	m := chattest.Message(group, "user-1234567890", "what a message in a busy room says, more or less", chat.Normal)
	m.Nick = "Somebody"
	return m
}

// deaf is a Follower that does nothing.
type deaf struct{}

func (deaf) Took(chat.Entry) {}
func (deaf) Missed()         {}

// measured reads a server's figures: its CPU time, commands run and bytes since it started.
func measured(b *testing.B, c *Chat) map[string]float64 {
	b.Helper()
	info, err := c.s.rdb.InfoMap(context.Background(), "cpu", "stats", "commandstats").Result()
	if err != nil {
		b.Fatal(err)
	}
	m := map[string]float64{}
	add := func(name, value string) {
		n, _ := strconv.ParseFloat(value, 64)
		m[name] += n
	}
	for _, values := range info {
		for name, value := range values {
			switch {
			case name == "used_cpu_user", name == "used_cpu_sys":
				add("cpu", value)
			case name == "total_net_input_bytes":
				add("in", value)
			case name == "total_net_output_bytes":
				add("out", value)
			case strings.HasPrefix(name, "cmdstat_"):
				_, calls, _ := strings.Cut(value, "calls=")
				calls, _, _ = strings.Cut(calls, ",")
				add("calls", calls)
			}
		}
	}
	return m
}
