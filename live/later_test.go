package live_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/delay"
	"liveroom/live/stream"
	"liveroom/status"
)

// later is a node in virtual time, that runs, with the room r1 and somebody who watches its stream.
type later struct {
	*fixture
	begun time.Time
	edges *origins

	mu    sync.Mutex
	seen  []string
	shown []string // as Config.Shown was told
}

// origins notes where a node believes streams to be.
type origins struct {
	mu    sync.Mutex
	begun time.Time
	seen  []string
}

func (o *origins) Follow(_ string, at stream.Origin) {
	o.mu.Lock()
	defer o.mu.Unlock()
	line := fmt.Sprintf("g%d on=%v gated=%v", at.Generation, at.On, at.Gated)
	if n := len(o.seen); n == 0 || o.seen[n-1][len(o.seen[n-1])-len(line):] != line {
		o.seen = append(o.seen, fmt.Sprintf("%.1f ", time.Since(o.begun).Seconds())+line)
	}
}

func (o *origins) Watch(string) {}

func onLaterNode(t *testing.T, d live.Draft, f func(t *testing.T, l *later)) {
	synctest.Test(t, func(t *testing.T) {
		l := &later{begun: time.Now(), edges: &origins{begun: time.Now()}}
		l.fixture = newFixture(t, func(c *live.Config) {
			c.Edges, c.Delay = l.edges, delay.Config{Hub: stream.Config{MaxAhead: time.Hour}}
			c.Shown = l.show
		})
		d.ID = "r1"
		l.create(d)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		wg.Go(func() { _ = l.Run(ctx) })
		sub := l.hub.Subscribe("r1", stream.FLV, stream.SubscribeOptions{})
		wg.Go(func() { l.watch(sub) })
		synctest.Wait()
		f(t, l)
		sub.Close()
	})
}

// watch notes what comes, in tenths of seconds since the beginning: of each second only the keyframe that begins it.
func (l *later) watch(sub *stream.Subscriber) {
	for {
		tags, err := sub.Next(context.Background(), nil)
		for _, t := range tags {
			if t.Keyframe() {
				l.note(fmt.Sprintf("g%d %.1f", t.Generation(), float64(t.Time())/1000))
			}
		}
		if errors.Is(err, stream.ErrEnded) {
			l.note("ended")
		}
		if err != nil {
			return
		}
	}
}

// show notes what rooms are shown as.
func (l *later) show(st status.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = append(l.shown, fmt.Sprintf("%.1f %s", time.Since(l.begun).Seconds(), st.Record.Name))
}

// showed fails unless Config.Shown was told of these, from the first push on.
func (l *later) showed(want ...string) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	got := slices.DeleteFunc(slices.Clone(l.shown), func(s string) bool { return s == "0.0 waiting" })
	if !slices.Equal(got, want) {
		l.t.Errorf("was told of %q\nwant %q", got, want)
	}
}

func (l *later) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, fmt.Sprintf("%.1f ", time.Since(l.begun).Seconds())+what)
}

func (l *later) saw(want ...string) {
	l.t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.seen, want) {
		l.t.Errorf("seen %q\nwant %q", l.seen, want)
	}
	l.seen = nil
}

// pushed begins a push with a query behind its address.
func (l *later) pushed(query string) *live.Push {
	l.t.Helper()
	req := signed(pushKey, "r1")
	if query != "" {
		req.Query = append(req.Query, query)
	}
	p, err := l.Publish(l.t.Context(), req)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// seconds sends a keyframe a second, each 200 ms behind where the time is even, so that nothing else happens at that moment.
func (l *later) seconds(p *live.Push, n int) {
	l.t.Helper()
	for range n {
		time.Sleep(200 * time.Millisecond)
		buf := stream.NewBuffer(6)
		copy(buf[stream.HeaderBytes:], "\x17\x01\x00\x00\x00p")
		if err := p.Write(stream.Video, uint32(time.Since(l.begun).Milliseconds()), buf); err != nil {
			l.t.Fatal(err)
		}
		time.Sleep(800 * time.Millisecond)
	}
}

func TestWhoSaysHowMuchLater(t *testing.T) {
	for name, c := range map[string]struct {
		room  time.Duration
		query string
		want  string
		code  string
	}{
		"nobody":                       {0, "", "0.2 g1 0.0", ""},
		"the room":                     {3 * time.Second, "", "3.2 g1 0.0", ""},
		"the address":                  {0, "txDelayTime=5", "5.2 g1 0.0", ""},
		"the address before the room":  {3 * time.Second, "txDelayTime=5", "5.2 g1 0.0", ""},
		"the address wants none":       {3 * time.Second, "txDelayTime=0", "0.2 g1 0.0", ""},
		"the address says no number":   {3 * time.Second, "txDelayTime=5s", "", "malformed_delay"},
		"the address says too much":    {3 * time.Second, "txDelayTime=601", "", "malformed_delay"},
		"the address says two numbers": {3 * time.Second, "txDelayTime=1&txDelayTime=2", "", "duplicate_parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			onLaterNode(t, live.Draft{Delay: c.room}, func(t *testing.T, l *later) {
				req := signed(pushKey, "r1")
				req.Query = append(req.Query, c.query)
				p, err := l.Publish(t.Context(), req)
				if c.code != "" {
					wantRefusal(t, err, c.code)
					l.want("r1", status.Waiting, status.ReasonCreated)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				l.want("r1", status.Live, status.ReasonPushStarted) // at once
				if in := l.ingest("r1"); !in.Publishing {
					t.Error("the push has no figures")
				}
				l.seconds(p, 1)
				time.Sleep(10 * time.Second)
				l.saw(c.want)
				p.Close(stream.StopClosed)
			})
		})
	}
}

func TestADelayIsWholeSeconds(t *testing.T) {
	f := newFixture(t)
	for _, d := range []time.Duration{-time.Second, 500 * time.Millisecond, 601 * time.Second} {
		_, err := f.Create(t.Context(), live.Draft{ID: "x", Delay: d})
		var e *live.Error
		if !errors.As(err, &e) || e.Field != "delay" {
			t.Errorf("%v: %v", d, err)
		}
	}
	f.create(live.Draft{ID: "r1", Delay: delay.Most})
	d, with := 30*time.Second, true
	if l, err := f.Update(t.Context(), "r1", live.Patch{Delay: &d, DelayRoom: &with}); err != nil || l.Room.Delay != d || !l.Room.DelayRoom {
		t.Errorf("%+v, %v", l.Room, err)
	}
	if a, err := f.PlayAddresses(t.Context(), "r1", 0); err != nil || a.Delay != d {
		t.Errorf("play addresses say %v, %v", a.Delay, err)
	}
}

// What the anchor does is told at once, and seen in line with the media.
func TestPauseResumeAndEndAreSeenLater(t *testing.T) {
	onLaterNode(t, live.Draft{}, func(t *testing.T, l *later) {
		p := l.pushed("txDelayTime=5")
		l.seconds(p, 2)
		did(t)(l.Pause(t.Context(), "r1", status.ReasonByAnchor, ""))
		l.want("r1", status.Paused, status.ReasonByAnchor)
		l.seconds(p, 2)
		did(t)(l.Resume(t.Context(), "r1", status.ReasonByAnchor, ""))
		l.seconds(p, 2)
		if a, err := l.PlayAddresses(t.Context(), "r1", 0); err != nil || a.Delay != 5*time.Second {
			t.Errorf("play addresses say %v, %v", a.Delay, err)
		}
		did(t)(l.End(t.Context(), "r1", status.ReasonByAnchor, ""))
		l.want("r1", status.Ended, status.ReasonByAnchor)
		ended(t, p, live.ErrRoomEnded)
		if in := l.ingest("r1"); in.Publishing {
			t.Error("the push has figures after its end")
		}
		time.Sleep(4 * time.Second) // 10 s: an HLS viewer comes while the others see the last of it
		if err := l.Authorize(t.Context(), hlsRequest()); err != nil {
			t.Errorf("before the end is seen: %v", err)
		}
		time.Sleep(2 * time.Second)
		wantRefusal(t, l.Authorize(t.Context(), hlsRequest()), "not_live")
		l.showed("5.0 live", "7.0 paused", "9.0 live", "11.0 ended")
		l.saw("5.2 g1 0.0", "6.2 g1 1.0", "9.2 g1 4.0", "10.2 g1 5.0", "11.0 ended")
		want := []string{"0.0 g0 on=false gated=false", "5.0 g1 on=true gated=false", "7.0 g1 on=true gated=true", "9.0 g1 on=true gated=false", "11.0 g1 on=false gated=false"}
		if !slices.Equal(l.edges.seen, want) {
			t.Errorf("edges were told %q\nwant %q", l.edges.seen, want)
		}
	})
}

func hlsRequest() stream.Request {
	req := signed(playKey, "r1")
	req.Protocol = stream.HLS
	return req
}

func did(t *testing.T) func(status.Record, error) {
	return func(_ status.Record, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A paused room turns HLS newcomers away only once its viewers see the pause.
func TestHLSNewcomersMeetThePauseLater(t *testing.T) {
	onLaterNode(t, live.Draft{}, func(t *testing.T, l *later) {
		p := l.pushed("txDelayTime=5")
		if err := l.Authorize(t.Context(), hlsRequest()); err != nil {
			t.Errorf("before anything is seen: %v", err)
		}
		l.seconds(p, 6)
		did(t)(l.Pause(t.Context(), "r1", status.ReasonByAnchor, ""))
		if err := l.Authorize(t.Context(), hlsRequest()); err != nil {
			t.Errorf("before the pause is seen: %v", err)
		}
		l.seconds(p, 6)
		wantRefusal(t, l.Authorize(t.Context(), hlsRequest()), "paused")
		p.Close(stream.StopClosed)
	})
}

// What an operator does is seen at once, and nothing that was pushed before.
func TestAnOperatorTakesTheStreamOffAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(l *later) error
		want []string
	}{
		"forbid": {func(l *later) error {
			_, err := l.Forbid(l.t.Context(), "r1", time.Time{}, "")
			return err
		}, []string{"8.0 ended"}},
		"drop": {func(l *later) error {
			_, err := l.Drop(l.t.Context(), "r1", "")
			return err
		}, nil},
		"delete": {func(l *later) error { return l.Delete(l.t.Context(), "r1", "") }, []string{"8.0 ended"}},
		"drop, after the push was lost": {func(l *later) error {
			_, err := l.Drop(l.t.Context(), "r1", "")
			return err
		}, nil},
		"forbid, after the end": {func(l *later) error {
			if _, err := l.End(l.t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
				return err
			}
			_, err := l.Forbid(l.t.Context(), "r1", time.Time{}, "")
			return err
		}, []string{"8.0 ended"}},
		"forbid, after the end and a reopening": {func(l *later) error {
			if _, err := l.End(l.t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
				return err
			}
			if _, err := l.Reopen(l.t.Context(), "r1", status.ReasonByAnchor, ""); err != nil {
				return err
			}
			_, err := l.Forbid(l.t.Context(), "r1", time.Time{}, "")
			return err
		}, []string{"8.0 ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			onLaterNode(t, live.Draft{}, func(t *testing.T, l *later) {
				p := l.pushed("txDelayTime=5")
				l.seconds(p, 8)
				if name == "drop, after the push was lost" {
					p.Close(stream.StopLost)
				}
				l.saw("5.2 g1 0.0", "6.2 g1 1.0", "7.2 g1 2.0")
				if err := c.do(l); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				l.mu.Lock()
				last := l.shown[len(l.shown)-1]
				l.mu.Unlock()
				if !strings.HasPrefix(last, "8.0 ") || strings.HasSuffix(last, "live") {
					t.Errorf("at once it is shown as %q", last)
				}
				time.Sleep(time.Minute)
				l.saw(c.want...)
				if st := l.Delayed(); st.Streams != 0 || st.Bytes != 0 {
					t.Errorf("left: %+v", st)
				}
				p.Close(stream.StopClosed)
			})
		})
	}
}

// A push that is lost is played out, and one that comes back goes on behind the rest. The grace counts from the loss.
func TestALostPushIsPlayedOut(t *testing.T) {
	onLaterNode(t, live.Draft{Delay: 5 * time.Second}, func(t *testing.T, l *later) {
		p := l.pushed("")
		l.seconds(p, 3)
		p.Close(stream.StopLost)
		lost := time.Now()
		if r := l.want("r1", status.Paused, status.ReasonPushLost); r.GraceUntil.Sub(lost) != time.Minute {
			t.Errorf("grace until %v, lost at %v", r.GraceUntil, lost)
		}
		time.Sleep(time.Second)
		none := time.Duration(0)
		if _, err := l.Update(t.Context(), "r1", live.Patch{Delay: &none}); err != nil { // the rest comes first all the same
			t.Fatal(err)
		}
		p = l.pushed("")
		l.seconds(p, 2)
		p.Close(stream.StopClosed)
		time.Sleep(10 * time.Second)
		l.saw("5.2 g1 0.0", "6.2 g1 1.0", "7.2 g1 2.0", "8.2 g2 4.0", "9.2 g2 5.0")
		p = l.pushed("") // nothing waits: at once
		l.seconds(p, 1)
		l.saw("16.2 g3 16.0")
		p.Close(stream.StopClosed)
	})
}

// A room that ends before anything of it was seen is seen all the same, from its first picture to its end, by who waits for it and
// by who comes meanwhile.
func TestWhatEndsBeforeItIsSeenIsSeenLater(t *testing.T) {
	onLaterNode(t, live.Draft{Delay: 10 * time.Second}, func(t *testing.T, l *later) {
		p := l.pushed("")
		l.seconds(p, 3)
		did(t)(l.End(t.Context(), "r1", status.ReasonByAnchor, ""))
		ended(t, p, live.ErrRoomEnded)
		time.Sleep(time.Second)
		wantRefusal(t, l.Authorize(t.Context(), hlsRequest()), "not_live")
		l.saw()
		time.Sleep(8500 * time.Millisecond)
		if err := l.Authorize(t.Context(), hlsRequest()); err != nil {
			t.Errorf("while it is seen: %v", err)
		}
		time.Sleep(time.Second)
		wantRefusal(t, l.Authorize(t.Context(), hlsRequest()), "not_live")
		l.saw("10.2 g1 0.0", "11.2 g1 1.0", "12.2 g1 2.0", "13.0 ended")
		l.showed("10.0 live", "13.0 ended")
		if st := l.Delayed(); st.Streams != 0 || st.Bytes != 0 {
			t.Errorf("left: %+v", st)
		}
	})
}

// A session that begins while the one before is still seen comes behind its end, on a clock of its own.
func TestTheNextSessionComesBehindTheEndOfTheOneBefore(t *testing.T) {
	onLaterNode(t, live.Draft{Delay: 5 * time.Second}, func(t *testing.T, l *later) {
		p := l.pushed("")
		l.seconds(p, 2)
		did(t)(l.End(t.Context(), "r1", status.ReasonByAnchor, ""))
		did(t)(l.Reopen(t.Context(), "r1", status.ReasonByAnchor, ""))
		time.Sleep(time.Second)
		p = l.pushed("txDelayTime=1")
		l.seconds(p, 1)
		time.Sleep(3500 * time.Millisecond) // 7.5 s: the end of the first was seen at 7 s
		l.saw("5.2 g1 0.0", "6.2 g1 1.0", "7.0 ended")
		sub, err := l.Play(t.Context(), signed(playKey, "r1"))
		if err != nil {
			t.Fatal(err)
		}
		go l.watch(sub)
		l.seconds(p, 3)
		p.Close(stream.StopClosed)
		time.Sleep(10 * time.Second)
		sub.Close()
		l.saw("7.5 g2 0.0", "11.7 g2 4.5", "12.7 g2 5.5", "13.7 g2 6.5")
	})
}

// A room of which nothing is to be seen any more is made ready at once, so that the next push is as late as it says and no more.
func TestAReopenedRoomOwesNothingToItsLastPush(t *testing.T) {
	onLaterNode(t, live.Draft{}, func(t *testing.T, l *later) {
		p := l.pushed("txDelayTime=600")
		l.seconds(p, 1)
		did(t)(l.End(t.Context(), "r1", status.ReasonByAnchor, ""))
		time.Sleep(delay.Most)
		l.saw("600.2 g1 0.0", "601.0 ended")
		did(t)(l.Reopen(t.Context(), "r1", status.ReasonByAnchor, ""))
		sub := l.hub.Subscribe("r1", stream.FLV, stream.SubscribeOptions{})
		defer sub.Close()
		go l.watch(sub)
		p = l.pushed("")
		l.seconds(p, 1)
		l.saw("601.2 g2 0.0")
		p.Close(stream.StopClosed)
	})
}

// On the node that a push has left, what was pushed there is played out before viewers are sent to the next one.
func TestAPushThatMovesIsPlayedOut(t *testing.T) {
	onNodes(t, func(t *testing.T, _ *cluster, a, b *fixture) {
		a.create(live.Draft{ID: "r1", Delay: 5 * time.Second})
		synctest.Wait() // the other node hears of it
		watch := func(f *fixture) *later {
			l := &later{fixture: f, begun: time.Now()}
			sub := f.hub.Subscribe("r1", stream.FLV, stream.SubscribeOptions{})
			t.Cleanup(sub.Close)
			go l.watch(sub)
			return l
		}
		here, there := watch(a), watch(b)
		p := here.pushed("")
		here.seconds(p, 2)
		q := there.pushed("")
		ended(t, p, stream.ErrTakenOver)
		there.seconds(q, 2)
		did(t)(b.End(t.Context(), "r1", status.ReasonByAnchor, ""))
		time.Sleep(10 * time.Second)
		here.saw("5.2 g1 0.0", "6.2 g1 1.0", "9.0 ended")
		there.saw("7.2 g2 2.0", "8.2 g2 3.0", "9.0 ended")
	})
}
