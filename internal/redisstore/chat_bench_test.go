package redisstore

import (
	"context"
	"fmt"
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
		b.Run(fmt.Sprintf("messages=%d", size), func(b *testing.B) { benchFlush(b, size) })
	}
}

func benchFlush(b *testing.B, size int) {
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
	var flushes, dropped atomic.Int64
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
		if err != nil {
			b.Fatal(err)
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
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			flush()
		}
	})
	after := measured(b, nodes[0])
	n := float64(flushes.Load())
	messages := n*float64(size) - float64(dropped.Load())
	cpu := after["cpu"] - before["cpu"]
	b.ReportMetric(n/b.Elapsed().Seconds(), "flushes/s")
	b.ReportMetric(n/cpu, "flushes/core·s")
	b.ReportMetric(1e6*cpu/n, "redis-µs/flush")
	b.ReportMetric((after["calls"]-before["calls"])/n, "commands/flush")
	b.ReportMetric(n/max(messages, 1), "scripts/message")
	b.ReportMetric((after["in"]-before["in"])/max(messages, 1), "B-in/message")
	b.ReportMetric((after["out"]-before["out"])/max(messages, 1), "B-out/message")
	b.ReportMetric(100*float64(dropped.Load())/(n*float64(size)), "dropped-%")
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
