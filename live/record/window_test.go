package record_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// shiftNode is a node that keeps a time shift, until it is stopped.
type shiftNode struct {
	*record.Service
	cancel context.CancelFunc
	done   chan struct{}
}

func (n *shiftNode) stop() { n.cancel(); <-n.done }

// TestSegmentsKeepTheirNumbers: a push moves between two nodes and they restart; both count the segments of a time shift alike at
// all times, from the age on at which viewers may see them.
func TestSegmentsKeepTheirNumbers(t *testing.T) {
	const seen = 30_000 // ms
	rapid.Check(t, func(rt *rapid.T) {
		moves := rapid.SliceOfN(rapid.SampledFrom([]string{"push", "push", "push", "change", "change", "rest", "move", "restart", "fail"}), 5, 40).Draw(rt, "moves")
		synctest.Test(t, func(*testing.T) {
			store, blobs, room := record.NewMemory(), recordtest.NewBlobs(), &recordtest.Room{}
			room.Set(record.Rule{Shift: time.Minute}, "S")
			start := func() *shiftNode {
				s, err := record.New(record.Config{
					Segment: 4 * time.Second, Rule: room.Rule, RoomRule: room.Rule, Session: room.Session, NewID: status.NewULID,
				}, store, blobs, slog.New(slog.DiscardHandler))
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				n := &shiftNode{s, cancel, make(chan struct{})}
				go func() { defer close(n.done); _ = n.Run(ctx) }()
				synctest.Wait()
				return n
			}
			nodes := [2]*shiftNode{start(), start()}
			defer func() { nodes[0].stop(); nodes[1].stop() }()
			begun, here, generation := time.Now(), 0, uint64(1)
			numbers, last := map[string]string{}, uint64(0)
			check := func() {
				time.Sleep(1100 * time.Millisecond) // what was listed is forgotten
				r, err := nodes[0].Current(context.Background(), "demo")
				if err != nil {
					return // none yet
				}
				for i, n := range nodes {
					x, err := n.Index(context.Background(), r.ID)
					if err != nil {
						rt.Errorf("node %d: %v", i, err)
						continue
					}
					if x.Removed < last {
						rt.Errorf("node %d goes back from %d to %d", i, last, x.Removed)
					}
					number, breaks := x.Removed, x.RemovedBreaks
					last = number
					for _, s := range x.Segments {
						if s.Breaks {
							breaks++
						}
						now := fmt.Sprint(number, " ", breaks)
						if number++; s.End() > time.Since(begun).Milliseconds()-seen {
							break
						}
						if was, ok := numbers[s.File]; ok && was != now {
							rt.Errorf("to node %d %s is %s, and was %s", i, s.File, now, was)
						}
						numbers[s.File] = now
					}
				}
			}
			breaks, changes := false, uint64(0)
			for _, m := range moves {
				switch m {
				case "push", "change": // of the encoder's configuration in between: no break in what is pushed, but one in the index
					for n := range 6 {
						if m == "change" && n == 4 {
							changes++
						}
						time.Sleep(2 * time.Second)
						nodes[here].Take(record.Piece{
							Stream: "demo", Session: "S", Zero: begun, Generation: generation, Start: time.Since(begun).Milliseconds() - 2000, Duration: 2000,
							Breaks: breaks, Init: fmt.Append(nil, "init", (generation+changes)%3), Parts: [][]byte{{1}},
						})
						breaks = false
					}
				case "rest":
					time.Sleep(20 * time.Second)
					breaks = true
				case "move":
					here, breaks = 1-here, true
					generation++
				case "restart":
					nodes[here].stop()
					nodes[here], breaks = start(), true
					generation++
				case "fail": // the next removal
					failed := false
					blobs.Fault(func(op, _ string) error {
						if op == "remove" && !failed {
							failed = true
							return context.DeadlineExceeded
						}
						return nil
					})
				}
				synctest.Wait()
				check()
			}
		})
	})
}
