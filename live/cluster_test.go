package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/address"
	"liveroom/live"
	"liveroom/live/stream"
	"liveroom/status"
)

// cluster is some nodes over one store, one of which keeps the rooms.
type cluster struct {
	t      *testing.T
	states *status.Memory
	nodes  []*fixture
	stops  []func()
	found  between      // a room was read by its stream's name
	slow   atomic.Int64 // time.Duration that each reading of a state takes
}

// slowStates is a store of states as slow as its cluster says.
type slowStates struct {
	*status.Memory
	slow *atomic.Int64
}

func (x slowStates) Load(ctx context.Context, room string) (status.State, error) {
	if d := time.Duration(x.slow.Load()); d > 0 {
		time.Sleep(d)
	}
	return x.Memory.Load(ctx, room)
}

// foundRooms is a store of rooms where others may come in between once a room was read.
type foundRooms struct {
	live.Store
	found *between
}

func (x foundRooms) RoomByStream(ctx context.Context, name string) (live.Room, error) {
	r, err := x.Store.RoomByStream(ctx, name)
	x.found.happen()
	return r, err
}

// onNodes runs a test on two nodes, in a bubble of its own.
func onNodes(t *testing.T, run func(t *testing.T, c *cluster, a, b *fixture)) {
	synctest.Test(t, func(t *testing.T) {
		c := &cluster{t: t, states: status.NewMemory()}
		rooms, groups := live.NewMemory(c.states), &fakeGroups{ensured: map[string]live.Room{}}
		for _, name := range []string{"n1", "n2"} {
			c.start(name, foundRooms{rooms, &c.found}, groups)
		}
		defer func() {
			for _, stop := range c.stops {
				stop()
			}
		}()
		synctest.Wait()
		run(t, c, c.nodes[0], c.nodes[1])
	})
}

// start adds a node.
func (c *cluster) start(name string, rooms live.Store, groups *fakeGroups) {
	f := &fixture{t: c.t, states: c.states, hub: stream.NewHub(stream.Config{}), groups: groups}
	states := slowStates{c.states, &c.slow}
	f.machine = status.NewMachine(states, status.Config{Shared: true})
	log := slog.New(slog.DiscardHandler)
	var err error
	f.Service, err = live.New(live.Config{
		Node: name, Shared: states, AutoRoom: true,
		PushKeys: address.Keys{Primary: pushKey}, PlayKeys: address.Keys{Primary: playKey},
	}, rooms, f.machine, f.hub, groups, flushed{}, log)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = f.Run(ctx) })
	if len(c.nodes) == 1 { // the second, so that the first may end
		wg.Go(func() { _ = status.NewKeeper(status.KeeperConfig{}, f.machine, c.states, log).Run(ctx) })
	}
	c.nodes = append(c.nodes, f)
	c.stops = append(c.stops, func() { cancel(); wg.Wait() })
}

// pass lets time pass, and what it brings happen.
func (c *cluster) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// away lets the store be away.
func (c *cluster) away(d time.Duration) {
	c.states.Fail(status.ErrUnavailable)
	c.pass(d)
	c.states.Fail(nil)
}

func running(p *live.Push) bool {
	select {
	case <-p.Done():
		return false
	default:
		return true
	}
}

func TestPushOnAnotherNodeTakesOver(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		old := a.push("r")
		before := a.record("r")
		fresh := b.push("r")
		c.pass(time.Millisecond)
		ended(t, old, stream.ErrTakenOver)
		old.Close(stream.StopLost)
		if after := b.record("r"); after != before {
			t.Errorf("a takeover changed the record:\n%+v\n%+v", before, after)
		}
		c.pass(time.Minute) // both renew what they hold
		if !running(fresh) {
			t.Errorf("the newer push ended: %v", fresh.Err())
		}
		fresh.Close(stream.StopClosed)
		a.want("r", status.Paused, status.ReasonPushClosed)
	})
}

func TestDrivenFromAnotherNode(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		ctx := t.Context()
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		gated := func(want bool) {
			t.Helper()
			c.pass(time.Millisecond)
			if in, _ := a.hub.Info("r"); in.Gated != want {
				t.Errorf("gated: %v", in.Gated)
			}
		}
		_, err := b.Pause(ctx, "r", status.ReasonByAnchor, "")
		must(t, err)
		gated(true)
		_, err = b.Resume(ctx, "r", status.ReasonByAnchor, "")
		must(t, err)
		gated(false)
		_, err = b.Drop(ctx, "r", "")
		must(t, err)
		c.pass(time.Millisecond)
		ended(t, p, live.ErrDropped)
		p.Close(stream.StopLost)
		b.want("r", status.Paused, status.ReasonPushDropped)
		p = a.push("r")
		_, err = b.End(ctx, "r", status.ReasonByAdmin, "")
		must(t, err)
		c.pass(time.Millisecond)
		ended(t, p, live.ErrRoomEnded)
		p.Close(stream.StopLost)
		a.want("r", status.Ended, status.ReasonByAdmin)
	})
}

func TestPushOutlivesManyLeases(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		before := a.record("r")
		c.pass(10 * time.Minute)
		if b.record("r") != before || !running(p) {
			t.Errorf("%+v, %v", b.record("r"), p.Err())
		}
		p.Close(stream.StopClosed)
	})
}

func TestNodeThatDiesLosesItsPushes(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		session := a.record("r").Session
		c.stops[0]() // nothing is reported, like a kill
		c.pass(14 * time.Second)
		b.want("r", status.Live, status.ReasonPushStarted)
		c.pass(3 * time.Second)
		b.want("r", status.Paused, status.ReasonPushLost)
		again := b.push("r")
		if r := b.want("r", status.Live, status.ReasonPushResumed); r.Session != session {
			t.Error("the session is another")
		}
		again.Close(stream.StopClosed)
		p.Close(stream.StopLost)
	})
}

// TestPushGoesOnWhileTheStoreIsAway however long that is, and without a new version if its room has not changed.
func TestPushGoesOnWhileTheStoreIsAway(t *testing.T) {
	for _, d := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 70 * time.Second, time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
				a.create(live.Draft{ID: "r"})
				p := a.push("r")
				before := a.record("r")
				c.pass(30 * time.Second)
				c.away(d)
				c.pass(5 * time.Minute)
				if after := b.record("r"); after != before || !running(p) {
					t.Errorf("%+v, %v", after, p.Err())
				}
				p.Close(stream.StopClosed)
			})
		})
	}
}

// TestPushBelievedLostSpeaksUp: others ended it, while its node could not be heard.
func TestPushBelievedLostSpeaksUp(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		_, err := b.machine.PushStopped(t.Context(), "r", 1, status.ReasonPushLost)
		must(t, err)
		c.pass(4 * time.Second)
		if r := b.want("r", status.Live, status.ReasonPushResumed); r.Version != 4 || !running(p) {
			t.Errorf("%+v, %v", r, p.Err())
		}
		p.Close(stream.StopClosed)
		b.want("r", status.Paused, status.ReasonPushClosed)
		b.create(live.Draft{ID: "s"})
		q := a.push("s")
		_, err = b.machine.PushStopped(t.Context(), "s", 1, status.ReasonPushLost)
		must(t, err)
		_, err = b.End(t.Context(), "s", status.ReasonByAdmin, "")
		must(t, err)
		c.pass(4 * time.Second)
		ended(t, q, live.ErrRoomEnded)
		q.Close(stream.StopLost)
		b.want("s", status.Ended, status.ReasonByAdmin)
	})
}

// TestManyPushesSpeakUp before the rooms' grace is over, though the store is slow.
func TestManyPushesSpeakUp(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		const many = 300
		var pushes []*live.Push
		for i := range many {
			room := fmt.Sprint("r", i)
			a.create(live.Draft{ID: room})
			pushes = append(pushes, a.push(room))
		}
		for i := range many {
			_, err := b.machine.PushStopped(t.Context(), fmt.Sprint("r", i), 1, status.ReasonPushLost)
			must(t, err)
		}
		c.slow.Store(int64(200 * time.Millisecond))
		c.pass(50 * time.Second)
		c.slow.Store(0)
		for i, p := range pushes {
			b.want(fmt.Sprint("r", i), status.Live, status.ReasonPushResumed)
			p.Close(stream.StopClosed)
		}
	})
}

func TestStopWhileTheStoreIsAwayIsReportedLater(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		c.states.Fail(status.ErrUnavailable)
		p.Close(stream.StopClosed)
		c.pass(time.Minute)
		c.states.Fail(nil)
		c.pass(6 * time.Second)
		b.want("r", status.Paused, status.ReasonPushClosed)
	})
}

func TestNewPushWaitsForTheStore(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		c.states.Fail(status.ErrUnavailable)
		time.AfterFunc(3*time.Second, func() { c.states.Fail(nil) })
		p := a.push("r")
		b.want("r", status.Live, status.ReasonPushStarted)
		p.Close(stream.StopClosed)

		c.states.Fail(status.ErrUnavailable)
		begun := time.Now()
		_, err := a.Publish(t.Context(), signed(pushKey, "r"))
		wantRefusal(t, err, "store_unavailable")
		var why *stream.Refusal
		if errors.As(err, &why); !why.Temporary || time.Since(begun) != 5*time.Second {
			t.Errorf("%+v after %v", why, time.Since(begun))
		}
		begun = time.Now()
		bad := signed(playKey, "r")
		_, err = a.Publish(t.Context(), bad)
		wantRefusal(t, err, "bad_signature")
		if time.Since(begun) > 0 {
			t.Error("a stranger could wait")
		}
		c.states.Fail(nil)
	})
}

func TestWatchingGoesOnWhileTheStoreIsAway(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		ctx := t.Context()
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		play := func(f *fixture) error {
			sub, err := f.Play(ctx, signed(playKey, "r"))
			if err == nil {
				sub.Close()
			}
			return err
		}
		c.pass(time.Second)
		must(t, play(b))
		c.states.Fail(status.ErrUnavailable)
		c.pass(time.Minute)
		must(t, play(b))
		c.states.Fail(nil)
		c.pass(time.Minute)
		p.Close(stream.StopClosed)
		_, err := a.End(ctx, "r", status.ReasonByAdmin, "")
		must(t, err)
		c.pass(time.Millisecond)
		wantRefusal(t, play(b), "not_live")
		c.states.Fail(status.ErrUnavailable)
		wantRefusal(t, play(b), "not_live")
		c.states.Fail(nil)
	})
}

// TestLookingForAStreamThatIsNowhere is answered, and no failure: who asks need not ask again at once.
func TestLookingForAStreamThatIsNowhere(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		must(t, a.Locate(t.Context(), "made-up"))
		a.create(live.Draft{ID: "r"})
		c.states.Fail(status.ErrUnavailable)
		if err := a.Locate(t.Context(), "r"); !errors.Is(err, status.ErrUnavailable) {
			t.Errorf("while the store is away: %v", err)
		}
		c.states.Fail(nil)
	})
}

// TestNewsOfRooms: what is known nearby follows changes made elsewhere.
func TestNewsOfRooms(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		ctx := t.Context()
		a.create(live.Draft{ID: "r", Stream: "s"})
		p := a.push("s")
		c.pass(time.Millisecond)
		unsigned := stream.Request{App: "live", Name: "s"}
		wantRefusal(t, b.Authorize(ctx, unsigned), "missing_signature")
		must(t, b.Authorize(ctx, signed(playKey, "s")))
		free := live.PlayNone
		_, err := a.Update(ctx, "r", live.Patch{PlayAuth: &free})
		must(t, err)
		c.pass(time.Millisecond)
		must(t, b.Authorize(ctx, unsigned))
		p.Close(stream.StopClosed)
		must(t, a.Delete(ctx, "r", ""))
		c.pass(time.Millisecond)
		wantRefusal(t, b.Authorize(ctx, signed(playKey, "s")), "unknown_room")
		b.create(live.Draft{ID: "r2", Stream: "s"})
		p = b.push("s")
		c.pass(time.Millisecond)
		must(t, a.Authorize(ctx, signed(playKey, "s")))
		p.Close(stream.StopClosed)
	})
}

// TestOldNewsAreNotRemembered: a room that was read before it was changed elsewhere, and comes late.
func TestOldNewsAreNotRemembered(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		c.pass(time.Second)
		title := "other"
		_, err := a.Update(t.Context(), "r", live.Patch{Title: &title}) // b has to read it again
		must(t, err)
		c.pass(time.Second)
		c.found.set(func() {
			free := live.PlayNone
			_, err := a.Update(t.Context(), "r", live.Patch{PlayAuth: &free})
			must(t, err)
			c.pass(time.Millisecond)
		})
		unsigned := stream.Request{App: "live", Name: "r"}
		wantRefusal(t, b.Authorize(t.Context(), unsigned), "missing_signature")
		must(t, b.Authorize(t.Context(), unsigned))
		p.Close(stream.StopClosed)
	})
}

// TestStoppingNodeGivesItsPushesAway: the room waits for its anchor at once, who may come back to another node.
func TestStoppingNodeGivesItsPushesAway(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		p := a.push("r")
		a.Retire()
		p.Close(stream.StopClosed)
		b.want("r", status.Paused, status.ReasonPushLost)
		_, err := a.Publish(t.Context(), signed(pushKey, "r"))
		wantRefusal(t, err, "stopping")
		b.push("r").Close(stream.StopClosed)
	})
}

func TestTwoNodesMakeOneRoomOfAPush(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		pushes := make([]*live.Push, 8)
		var wg sync.WaitGroup
		for i := range pushes {
			wg.Go(func() {
				p, err := c.nodes[i%2].Publish(t.Context(), signed(pushKey, "auto"))
				var why *stream.Refusal
				if err != nil && (!errors.As(err, &why) || why.Code != "superseded") {
					t.Error(err)
				}
				pushes[i] = p
			})
		}
		wg.Wait()
		c.pass(time.Minute)
		alive := 0
		for _, p := range pushes {
			if p != nil && running(p) {
				alive++
				p.Close(stream.StopClosed)
			}
		}
		page, _, err := a.Rooms(t.Context(), live.ListQuery{})
		if alive != 1 || len(page) != 1 || err != nil {
			t.Errorf("%d pushes run, %d rooms, %v", alive, len(page), err)
		}
	})
}

func TestTwoNodesRemoveARoomOnce(t *testing.T) {
	onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r"})
		var wg sync.WaitGroup
		for range 4 {
			for _, f := range c.nodes {
				wg.Go(func() {
					err := f.Delete(t.Context(), "r", "")
					var e *live.Error
					if err != nil && (!errors.As(err, &e) || e.Code != "not_found") {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
		if len(a.groups.dismissed) != 1 {
			t.Errorf("dismissed: %v", a.groups.dismissed)
		}
	})
}

// TestStoreThatLostChanges gets back what the nodes know, in a new epoch: nobody who was told of a record is told of an
// older one, or of another with its version.
func TestStoreThatLostChanges(t *testing.T) {
	newer := func(t *testing.T, before, after status.Record) {
		t.Helper()
		if after.Epoch <= before.Epoch || after.Version <= before.Version {
			t.Errorf("%s %d came after %s %d", after.Epoch, after.Version, before.Epoch, before.Version)
		}
	}
	t.Run("of a running push", func(t *testing.T) {
		onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
			ctx := t.Context()
			a.create(live.Draft{ID: "r"})
			putBack := c.states.Snapshot()
			p := a.push("r")
			_, err := b.Pause(ctx, "r", status.ReasonByAnchor, "")
			must(t, err)
			before, err := b.Resume(ctx, "r", status.ReasonByAnchor, "")
			must(t, err)
			c.pass(time.Second)
			putBack()
			c.pass(time.Minute)
			newer(t, before, b.want("r", status.Live, status.ReasonResumed))
			if !running(p) {
				t.Errorf("the push ended: %v", p.Err())
			}
			p.Close(stream.StopClosed)
			b.want("r", status.Paused, status.ReasonPushClosed)
		})
	})
	t.Run("of an end", func(t *testing.T) {
		onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
			a.create(live.Draft{ID: "r"})
			a.create(live.Draft{ID: "s"})
			p := a.push("r")
			other := b.record("s")
			c.pass(time.Second)
			putBack := c.states.Snapshot()
			before, err := b.End(t.Context(), "r", status.ReasonByAdmin, "")
			must(t, err)
			c.pass(time.Second)
			p.Close(stream.StopLost)
			putBack()
			c.pass(time.Minute)
			newer(t, before, a.want("r", status.Ended, status.ReasonByAdmin))
			if a.record("s") != other {
				t.Errorf("a room that lost nothing changed: %+v", a.record("s"))
			}
		})
	})
	t.Run("and is slow", func(t *testing.T) {
		onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
			for i := range 100 {
				a.create(live.Draft{ID: fmt.Sprint("other", i)})
			}
			a.create(live.Draft{ID: "r"})
			p := a.push("r")
			before := a.record("r")
			c.pass(time.Second)
			putBack := c.states.Snapshot()
			c.slow.Store(int64(200 * time.Millisecond))
			putBack()
			c.pass(2 * time.Minute) // the leases go on meanwhile
			c.slow.Store(0)
			if after := b.record("r"); after != before || !running(p) {
				t.Errorf("%+v, %v", after, p.Err())
			}
			p.Close(stream.StopClosed)
		})
	})
	t.Run("of a push whose number another has got", func(t *testing.T) {
		onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
			a.create(live.Draft{ID: "r"})
			putBack := c.states.Snapshot()
			p := a.push("r")
			c.pass(time.Second)
			c.slow.Store(int64(200 * time.Millisecond)) // until the other push is there
			putBack()
			blind := status.NewMachine(c.states, status.Config{})
			claim, err := blind.ClaimPush(t.Context(), "r", "n3")
			must(t, err)
			c.slow.Store(0)
			if claim.Generation != p.Generation() {
				t.Fatalf("the other push has generation %d", claim.Generation)
			}
			c.pass(10 * time.Second)
			ended(t, p, stream.ErrTakenOver)
			p.Close(stream.StopLost)
			if r := b.record("r"); r.Code != status.Live || r.Reason != status.ReasonPushStarted {
				t.Errorf("the other push was stopped with it: %+v", r)
			}
		})
	})
	t.Run("and went on without them", func(t *testing.T) {
		onNodes(t, func(t *testing.T, c *cluster, a, b *fixture) {
			a.create(live.Draft{ID: "r"})
			putBack := c.states.Snapshot()
			before, err := a.End(t.Context(), "r", status.ReasonByAdmin, "")
			must(t, err)
			c.pass(time.Second)
			c.slow.Store(int64(200 * time.Millisecond)) // until they went on
			putBack()
			blind := status.NewMachine(c.states, status.Config{})
			_, err = blind.Do(t.Context(), "r", status.Event{Kind: status.PlaybackStart, URL: "u"})
			must(t, err)
			c.slow.Store(0)
			c.pass(time.Minute)
			newer(t, before, b.want("r", status.Playback, status.ReasonPlaybackStarted))
		})
	})
}
