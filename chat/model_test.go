package chat_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/chat"
	"liveroom/internal/bench/capacity"
)

// crowd is a session that takes as long for a batch as writing to many members does.
type crowd struct {
	id    string
	round time.Duration

	mu        sync.Mutex // guards what follows
	rounds    int
	latencies []time.Duration
}

func (c *crowd) ID() string                   { return c.id }
func (c *crowd) Direct(string, *chat.Message) {}
func (c *crowd) Left(string, chat.Departure)  {}
func (c *crowd) Close(chat.Closing)           {}

func (c *crowd) Deliver(b *chat.Batch) {
	c.mu.Lock()
	said := false
	for _, item := range b.Items {
		if item.Message == nil {
			continue
		}
		said = true
		sent, _ := strconv.ParseInt(textOf(item.Message), 10, 64)
		for i := range time.Duration(8) {
			c.latencies = append(c.latencies, time.Since(time.Unix(0, sent))+c.round*(2*i+1)/16)
		}
	}
	if said {
		c.rounds++
	}
	c.mu.Unlock()
	if said {
		time.Sleep(c.round)
	}
}

// distant is a store that no two nodes reach in the same moment, though their ticks may be the same.
type distant struct{ *chat.MemoryNode }

func (d distant) Flush(ctx context.Context, group string, f chat.Flush) ([]chat.Ack, error) {
	time.Sleep(time.Duration(rand.Int64N(int64(time.Millisecond)))) //nolint:gosec // no secret
	return d.MemoryNode.Flush(ctx, group, f)
}

// TestCapacityModelDoesWhatRoomsDo: the simulation that `liveroom bench plan` prints and the rooms themselves, on as many nodes,
// find the same delays and the same number of rounds of writes.
func TestCapacityModelDoesWhatRoomsDo(t *testing.T) {
	const (
		rate, span = 40, 60 * time.Second
		members    = 3000                              // of each node: the tick is that of a large room
		round      = members * 10500 * time.Nanosecond // what the model has a write cost
	)
	for _, nodes := range []int{1, 2, 8} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				crowds := runCrowds(t, nodes, round, rate, span)
				var latencies []time.Duration
				rounds := 0
				for _, c := range crowds {
					latencies = append(latencies, c.latencies...)
					rounds += c.rounds
				}
				slices.Sort(latencies)
				model := capacity.Simulate(capacity.Room{Nodes: nodes, Members: nodes * members, Cores: 1, Rate: rate, For: 10 * span, Seed: 1}) // as the ticks of nodes meet by chance
				for _, f := range []struct {
					what     string
					is, must float64
				}{
					{"p50", model.P50.Seconds(), latencies[len(latencies)/2].Seconds()},
					{"p99", model.P99.Seconds(), latencies[len(latencies)*99/100].Seconds()},
					{"rounds a second", model.FanOuts, float64(rounds) / span.Seconds() / float64(nodes)},
				} {
					t.Logf("%d nodes: %s: the model has %.3f, rooms %.3f", nodes, f.what, f.is, f.must)
					if math.Abs(f.is-f.must) > .08*f.must {
						t.Errorf("%s: the model has %.3f, rooms %.3f", f.what, f.is, f.must)
					}
				}
			})
		})
	}
}

// runCrowds lets a room on so many nodes, with a crowd on each, be spoken in at random moments.
func runCrowds(t *testing.T, nodes int, round time.Duration, rate float64, span time.Duration) (crowds []*crowd) {
	t.Helper()
	const tick = 100 * time.Millisecond
	cfg := chat.Config{RatePerSecond: 1 << 20, TickMin: tick, TickMax: tick, CountEvery: time.Hour}
	memory := chat.NewMemory()
	var rooms []*chat.Service
	for i := range nodes {
		store := chat.Store(memory)
		if nodes > 1 {
			store = distant{memory.Node()}
		}
		rooms = append(rooms, start(t, cfg, store))
		if i == 0 {
			create(t, rooms[0], "demo")
		}
		crowds = append(crowds, &crowd{id: fmt.Sprint("crowd", i), round: round})
		enter(t, rooms[i], "demo", named(crowds[i].id), crowds[i])
	}
	time.Sleep(time.Second)
	random := rand.New(rand.NewPCG(7, 7))
	var sends sync.WaitGroup
	for until := time.Now().Add(span); time.Now().Before(until); time.Sleep(time.Duration(random.ExpFloat64() / rate * float64(time.Second))) {
		i := random.IntN(nodes)
		sends.Go(func() {
			m := chat.Message{Group: "demo", Body: text(strconv.FormatInt(time.Now().UnixNano(), 10))}
			if _, err := rooms[i].SendWith(t.Context(), m, named(crowds[i].id), chat.SendOptions{Local: true}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // the moment belongs to this message alone
	}
	sends.Wait()
	time.Sleep(time.Second)
	synctest.Wait()
	return crowds
}
