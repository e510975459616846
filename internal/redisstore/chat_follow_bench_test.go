package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"liveroom/chat"
	"liveroom/internal/redistest"
)

// BenchmarkFollowingNode is what a message costs each node that follows its group and has a member there: reading it, taking
// it into the room, one turn of its loop; not the write to the member. The figure is the CPU time of this process, which flushes
// too: what each node adds counts.
func BenchmarkFollowingNode(b *testing.B) {
	for _, nodes := range []int{0, 4} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) { benchFollowing(b, nodes) })
	}
}

func benchFollowing(b *testing.B, nodes int) {
	const groups = 1000 // so many that each message finds its room at rest
	server, prefix := redistest.Start(b), openPrefix(b)
	store := chatNode(b, server.URL(), prefix)
	for g := range groups {
		if _, _, err := store.CreateGroup(b.Context(), chat.Group{ID: strconv.Itoa(g)}); err != nil {
			b.Fatal(err)
		}
	}
	var heard atomic.Int64
	for range nodes {
		s, err := chat.New(chat.Config{CountEvery: time.Hour}, chatNode(b, server.URL(), prefix), slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { _ = s.Run(ctx) })
		b.Cleanup(func() { stop(); wg.Wait() })
		for g := range groups {
			id := "listener-" + strconv.Itoa(g)
			if _, err := s.Join(b.Context(), strconv.Itoa(g), chat.Identity{User: id}, &counting{id, &heard}, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ResetTimer()
	began := processCPU(b)
	for i := range b.N {
		group := strconv.Itoa(i % groups)
		f := chat.Flush{Limit: 1000, Keep: chat.Retention{ResumeAge: time.Minute, ResumeMessages: 100, ResumeBytes: 1 << 20}, Candidates: []chat.Candidate{{Message: busy(group)}}}
		if _, err := store.Flush(context.Background(), group, f); err != nil {
			b.Fatal(err)
		}
	}
	for heard.Load() < int64(nodes*b.N) {
		time.Sleep(time.Millisecond)
	}
	b.ReportMetric(1e6*(processCPU(b)-began)/float64(b.N), "process-µs/message")
}

// processCPU is the CPU time that this process took, in seconds.
func processCPU(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// counting is a session that counts the messages it gets.
type counting struct {
	id    string
	heard *atomic.Int64
}

func (c *counting) ID() string                 { return c.id }
func (*counting) Direct(string, *chat.Message) {}
func (*counting) Left(string, chat.Departure)  {}
func (*counting) Close(chat.Closing)           {}

func (c *counting) Deliver(batch *chat.Batch) {
	for _, item := range batch.Items {
		if item.Message != nil {
			c.heard.Add(1)
		}
	}
}
