package live_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// chaos does to a few rooms whatever can be done, from many sides at once.
type chaos struct {
	*fixture
	rooms []string
	held  sync.WaitGroup // pushes and plays
}

// step does one random thing. Refusals are as good as successes here.
func (c *chaos) step(r *rand.Rand) {
	ctx, room := c.t.Context(), c.rooms[r.IntN(len(c.rooms))]
	switch r.IntN(12) {
	case 0, 1, 2:
		if p, err := c.Publish(ctx, signed(pushKey, "s-"+room)); err == nil {
			c.hold(p, r.IntN(3) == 0)
		}
	case 3:
		if sub, err := c.Play(ctx, signed(playKey, "s-"+room)); err == nil {
			c.held.Go(func() {
				defer sub.Close()
				for err == nil {
					_, err = sub.Next(ctx, nil)
				}
			})
		}
	case 4:
		_, _ = c.Pause(ctx, room, status.ReasonByAnchor, "")
	case 5:
		_, _ = c.Resume(ctx, room, status.ReasonByAnchor, "")
	case 6:
		_, _ = c.End(ctx, room, status.ReasonByAnchor, "")
	case 7, 8:
		_, _ = c.Reopen(ctx, room, status.ReasonByAnchor, "")
	case 9:
		_, _ = c.Drop(ctx, room, "")
	case 10:
		_ = c.Delete(ctx, room, "")
	case 11:
		_, _ = c.Create(ctx, live.Draft{ID: room, Stream: "s-" + room})
	}
}

// hold is a connection that pushes: it leaves by itself, or when it is told to.
func (c *chaos) hold(p *live.Push, leaves bool) {
	c.held.Go(func() {
		if !leaves {
			<-p.Done()
		}
		p.Close(stream.StopLost)
	})
}

// amiss compares what runs in this process with what the store says, now that nothing happens; empty when all is well.
func (c *chaos) amiss() string {
	for _, room := range c.rooms {
		st, err := c.states.Load(c.t.Context(), room)
		if err != nil {
			return err.Error()
		}
		in, _ := c.hub.Info("s-" + room)
		running := st.Record.StreamActive && !st.Deleted
		over := st.Deleted || st.Record.Code != status.Live && st.Record.Code != status.Paused
		if in.Publishing != running || running && (in.Generation != st.Generation || in.Gated != st.Gated()) || over && len(in.Viewers) > 0 {
			return fmt.Sprintf("%s is %s, deleted %v, generation %d, stream %v, gated %v; its stream: %+v",
				room, st.Record.Name, st.Deleted, st.Generation, running, st.Gated(), in)
		}
	}
	return ""
}

func TestStreamsFollowTheirRoomsThroughChaos(t *testing.T) {
	c := &chaos{fixture: newFixture(t, func(cfg *live.Config) { cfg.AutoRoom = false }), rooms: []string{"a", "b", "c"}}
	defer c.held.Wait()
	for _, room := range c.rooms {
		c.create(live.Draft{ID: room, Stream: "s-" + room})
	}
	defer func() {
		for _, room := range c.rooms {
			c.hub.End("s-"+room, nil) // also what a mistake left behind
		}
	}()
	for round := range uint64(60) {
		var wg sync.WaitGroup
		for side := range uint64(8) {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(round, side))
				for range 12 {
					c.step(r)
				}
			})
		}
		wg.Wait()
		deadline := time.Now().Add(10 * time.Second) // for those who were sent away to leave
		for why := c.amiss(); why != ""; why = c.amiss() {
			if time.Now().After(deadline) {
				t.Fatalf("after round %d: %s", round, why)
			}
			runtime.Gosched()
		}
	}
}
