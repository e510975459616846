package status_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/status"
)

// timed is a room whose deadlines run.
type timed struct {
	*status.Machine
	st *status.Memory
	d  *status.Deadlines
}

// runDeadlines runs the deadlines of a store until the test ends.
func runDeadlines(t *testing.T, m *status.Machine, st status.Store) *status.Deadlines {
	t.Helper()
	d := status.NewDeadlines(status.DeadlinesConfig{}, m, st, quiet)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	})
	synctest.Wait()
	return d
}

func newTimed(t *testing.T) timed {
	t.Helper()
	m, st := newRoom(t, "demo")
	return timed{m, st, runDeadlines(t, m, st)}
}

// interrupt starts a push and loses it.
func (x timed) interrupt(t *testing.T) status.Record {
	t.Helper()
	c := claim(t, x.Machine, "demo")
	r, err := x.PushStopped(t.Context(), "demo", c.Generation, status.ReasonPushLost)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// after lets time pass, and everything that then is due, and checks the room.
func (x timed) after(t *testing.T, d time.Duration, code status.Code, why status.Reason) {
	t.Helper()
	time.Sleep(d) // (time of the synctest bubble)
	synctest.Wait()
	s, err := x.st.Load(t.Context(), "demo")
	if err != nil || s.Record.Code != code || s.Record.Reason != why {
		t.Errorf("after %v the room is %s %s (%v), want %s %s", d, s.Record.Code, s.Record.Reason, err, code, why)
	}
}

func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, x timed)
	}{
		{"grace over", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.after(t, grace-time.Millisecond, status.Paused, status.ReasonPushLost)
			x.after(t, time.Millisecond, status.Ended, status.ReasonGraceOver)
		}},
		{"back in time", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.after(t, grace-time.Second, status.Paused, status.ReasonPushLost)
			c := claim(t, x.Machine, "demo")
			x.after(t, time.Hour, status.Live, status.ReasonPushResumed)
			if _, err := x.PushStopped(t.Context(), "demo", c.Generation, status.ReasonPushLost); err != nil {
				t.Fatal(err)
			}
			x.after(t, grace-time.Second, status.Paused, status.ReasonPushLost) // a fresh grace
			x.after(t, time.Second, status.Ended, status.ReasonGraceOver)
		}},
		{"pause with its stream has no limit, without it has", func(t *testing.T, x timed) {
			c := claim(t, x.Machine, "demo")
			do(t, x.Machine, "demo", status.Event{Kind: status.Pause, By: status.ReasonByAnchor})
			x.after(t, 24*time.Hour, status.Paused, status.ReasonByAnchor)
			if _, err := x.PushStopped(t.Context(), "demo", c.Generation, status.ReasonPushLost); err != nil {
				t.Fatal(err)
			}
			x.after(t, pauseLimit-time.Second, status.Paused, status.ReasonByAnchor)
			x.after(t, time.Second, status.Ended, status.ReasonPauseOver)
		}},
		{"interrupted, then paused on purpose", func(t *testing.T, x timed) {
			x.interrupt(t)
			do(t, x.Machine, "demo", status.Event{Kind: status.Pause, By: status.ReasonByAnchor})
			x.after(t, pauseLimit-time.Second, status.Paused, status.ReasonByAnchor)
			x.after(t, time.Second, status.Ended, status.ReasonPauseOver)
		}},
		{"resumed without stream", func(t *testing.T, x timed) {
			x.interrupt(t)
			do(t, x.Machine, "demo", status.Event{Kind: status.Pause, By: status.ReasonByAnchor})
			x.after(t, 10*time.Minute, status.Paused, status.ReasonByAnchor)
			do(t, x.Machine, "demo", status.Event{Kind: status.Resume})
			x.after(t, grace-time.Second, status.Paused, status.ReasonResumed)
			x.after(t, time.Second, status.Ended, status.ReasonGraceOver)
		}},
		{"scheduled end", func(t *testing.T, x timed) {
			x.schedule(t, time.Hour)
			claim(t, x.Machine, "demo")
			x.after(t, time.Hour-time.Second, status.Live, status.ReasonPushStarted)
			x.after(t, time.Second, status.Ended, status.ReasonScheduleOver)
			if _, err := x.ClaimPush(t.Context(), "demo", "n"); err == nil {
				t.Error("a push after the scheduled end was let in")
			}
			do(t, x.Machine, "demo", status.Event{Kind: status.Reopen})
			claim(t, x.Machine, "demo")
			x.after(t, 24*time.Hour, status.Live, status.ReasonPushStarted)
		}},
		{"a schedule that was moved", func(t *testing.T, x timed) {
			x.schedule(t, time.Hour)
			x.after(t, 30*time.Minute, status.Waiting, status.ReasonCreated)
			x.schedule(t, time.Hour)
			x.after(t, 59*time.Minute, status.Waiting, status.ReasonCreated)
			x.after(t, time.Minute, status.Ended, status.ReasonScheduleOver)
		}},
		{"played back", func(t *testing.T, x timed) {
			over, _ := x.st.Now(t.Context())
			do(t, x.Machine, "demo", status.Event{Kind: status.PlaybackStart, URL: "u", PlaybackOver: over.Add(time.Minute)})
			x.after(t, 59*time.Second, status.Playback, status.ReasonPlaybackStarted)
			x.after(t, time.Second, status.Ended, status.ReasonPlaybackOver)
		}},
		{"the clock jumps ahead", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.after(t, time.Second, status.Paused, status.ReasonPushLost)
			x.st.ShiftClock(time.Hour)
			if err := x.d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			x.after(t, grace-2*time.Second, status.Paused, status.ReasonPushLost)
			x.after(t, time.Second, status.Ended, status.ReasonGraceOver)
		}},
		{"the clock jumps ahead between commit and arming", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.st.ShiftClock(time.Hour)
			x.after(t, grace-time.Second, status.Paused, status.ReasonPushLost)
			x.after(t, time.Second, status.Ended, status.ReasonGraceOver)
		}},
		{"the clock jumps back", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.after(t, time.Second, status.Paused, status.ReasonPushLost)
			x.st.ShiftClock(-time.Hour)
			x.after(t, grace+30*time.Minute, status.Paused, status.ReasonPushLost)
			claim(t, x.Machine, "demo")
			x.after(t, 2*time.Hour, status.Live, status.ReasonPushResumed)
		}},
		{"the clock jumps there and back", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.after(t, time.Second, status.Paused, status.ReasonPushLost)
			x.st.ShiftClock(-time.Hour)
			x.after(t, grace, status.Paused, status.ReasonPushLost) // fires, but the store does not agree
			x.st.ShiftClock(time.Hour)
			x.after(t, 2*time.Hour, status.Ended, status.ReasonGraceOver)
		}},
		{"nobody could run it: the store is away", func(t *testing.T, x timed) {
			x.interrupt(t)
			x.after(t, grace-time.Second, status.Paused, status.ReasonPushLost)
			x.st.Fail(status.ErrUnavailable)
			time.Sleep(time.Hour)
			x.st.Fail(nil)
			x.after(t, grace-time.Second, status.Paused, status.ReasonPushLost)
			x.after(t, 3*time.Second, status.Ended, status.ReasonGraceOver)
		}},
		{"deleted", func(t *testing.T, x timed) {
			x.interrupt(t)
			do(t, x.Machine, "demo", status.Event{Kind: status.Delete})
			x.after(t, time.Hour, status.Ended, status.ReasonRoomDeleted)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { c.run(t, newTimed(t)) })
		})
	}
}

// schedule sets the room's end.
func (x timed) schedule(t *testing.T, in time.Duration) {
	t.Helper()
	at, _ := x.st.Now(t.Context())
	do(t, x.Machine, "demo", status.Event{Kind: status.Configure, Settings: status.Settings{
		Grace: grace, PauseLimit: pauseLimit, EndAt: at.Add(in),
	}})
}

func TestDeadlineSeenTooLateGetsItsGraceAgain(t *testing.T) {
	for _, late := range []time.Duration{grace, grace + time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			m, st := newRoom(t, "demo")
			x := timed{Machine: m, st: st}
			r := x.interrupt(t)
			time.Sleep(late) // nothing runs
			x.d = runDeadlines(t, m, st)
			s, _ := st.Load(t.Context(), "demo")
			if got := s.Record.GraceUntil.Sub(*r.GraceUntil); got != late {
				t.Errorf("seen after %v the grace moved by %v, want to a minute from now", late, got)
			}
			x.after(t, grace-time.Second, status.Paused, status.ReasonPushLost)
			x.after(t, time.Second, status.Ended, status.ReasonGraceOver)
		})
	}
}

func TestScheduleSeenTooLateEndsAGraceLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "demo")
		x := timed{Machine: m, st: st}
		x.schedule(t, time.Minute)
		time.Sleep(time.Hour)
		x.d = runDeadlines(t, m, st)
		x.after(t, grace-time.Second, status.Waiting, status.ReasonCreated)
		x.after(t, time.Second, status.Ended, status.ReasonScheduleOver)
	})
}

func TestSweepSeesWhatOthersDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTimed(t)
		other := timed{Machine: status.NewMachine(x.st, status.Config{}), st: x.st}
		other.interrupt(t)
		time.Sleep(10 * time.Second)
		if err := x.d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.after(t, grace-11*time.Second, status.Paused, status.ReasonPushLost)
		x.after(t, time.Second, status.Ended, status.ReasonGraceOver)

		other.interrupt(t)
		if err := x.d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		claim(t, other.Machine, "demo") // and back before the grace is over, without our being told
		if err := x.d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		x.after(t, time.Hour, status.Live, status.ReasonPushResumed)

		other.interrupt(t)
		if err := x.d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		claim(t, other.Machine, "demo") // the same, and the timer here fires
		x.after(t, time.Hour, status.Live, status.ReasonPushResumed)

		x.st.Fail(status.ErrUnavailable)
		if err := x.d.Sweep(t.Context()); !errors.Is(err, status.ErrUnavailable) {
			t.Errorf("sweep without store: %v", err)
		}
	})
}

// slow lets the store stand still for a while, once.
type slow struct {
	*status.Memory
	stall chan time.Duration
}

func (s slow) Now(ctx context.Context) (time.Time, error) {
	select {
	case d := <-s.stall:
		time.Sleep(d)
	default:
	}
	return s.Memory.Now(ctx)
}

func TestProcessThatStoodStillGivesGraceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, mem := newRoom(t, "demo")
		st := slow{mem, make(chan time.Duration, 1)}
		x := timed{m, mem, runDeadlines(t, m, st)}
		x.interrupt(t)
		synctest.Wait()
		st.stall <- 10 * time.Minute
		addRoom(t, mem, "other")
		claim(t, m, "other") // the next turn of the loop stands still
		x.after(t, 10*time.Minute+grace-time.Second, status.Paused, status.ReasonPushLost)
		x.after(t, time.Second, status.Ended, status.ReasonGraceOver)
	})
}

func TestDeadlinesStartWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "demo")
		x := timed{Machine: m, st: st}
		x.interrupt(t)
		st.Fail(status.ErrUnavailable)
		x.d = runDeadlines(t, m, st)
		time.Sleep(10 * time.Minute)
		st.Fail(nil)
		time.Sleep(time.Second)
		synctest.Wait()
		x.after(t, grace-2*time.Second, status.Paused, status.ReasonPushLost)
		x.after(t, 2*time.Second, status.Ended, status.ReasonGraceOver)
	})
}

func TestManyRoomsEndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "demo")
		runDeadlines(t, m, st)
		rooms := []string{}
		for i := range 200 {
			room := "r" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
			rooms = append(rooms, room)
			addRoom(t, st, room)
			c := claim(t, m, room)
			if _, err := m.PushStopped(t.Context(), room, c.Generation, status.ReasonPushClosed); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(grace)
		synctest.Wait()
		for _, room := range rooms {
			if s, err := m.State(t.Context(), room); err != nil || s.Record.Reason != status.ReasonGraceOver {
				t.Fatalf("%s: %+v, %v", room, s.Record, err)
			}
		}
	})
}

func TestRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, st := newRoom(t, "live")
		ctx := t.Context()
		for _, room := range []string{"gated", "lapsed", "running", "unattended", "scheduled", "waiting", "deleted"} {
			addRoom(t, st, room)
		}
		claim(t, m, "live")
		claim(t, m, "gated")
		do(t, m, "gated", status.Event{Kind: status.Pause, By: status.ReasonByAnchor})
		claim(t, m, "deleted")
		do(t, m, "deleted", status.Event{Kind: status.Delete})
		lose := func(room string) {
			if _, err := m.PushStopped(ctx, room, claim(t, m, room).Generation, status.ReasonPushLost); err != nil {
				t.Fatal(err)
			}
		}
		lose("lapsed")
		time.Sleep(grace + time.Second) // the process is away
		lose("running")
		lose("unattended")
		do(t, m, "unattended", status.Event{Kind: status.Pause, By: status.ReasonByAnchor})
		soon, _ := st.Now(ctx)
		soon = soon.Add(31 * time.Second)
		do(t, m, "scheduled", status.Event{Kind: status.Configure, Settings: status.Settings{Grace: grace, PauseLimit: pauseLimit, EndAt: soon}})
		time.Sleep(30 * time.Second)

		m = status.NewMachine(st, status.Config{})
		for range 2 { // a second time changes nothing
			if err := status.Recover(ctx, m, st); err != nil {
				t.Fatal(err)
			}
		}
		now, _ := st.Now(ctx)
		for _, c := range []struct {
			room  string
			code  status.Code
			why   status.Reason
			until time.Duration // 0: none
			ver   uint64
		}{
			{"live", status.Paused, status.ReasonPushLost, grace, 3},
			{"gated", status.Paused, status.ReasonByAnchor, pauseLimit, 4},
			{"lapsed", status.Paused, status.ReasonPushLost, grace, 4},
			{"running", status.Paused, status.ReasonPushLost, grace, 4}, // half of it passed while nobody could come back
			{"unattended", status.Paused, status.ReasonByAnchor, pauseLimit - 30*time.Second, 4},
			{"scheduled", status.Waiting, status.ReasonCreated, 0, 1},
			{"waiting", status.Waiting, status.ReasonCreated, 0, 1},
			{"deleted", status.Ended, status.ReasonRoomDeleted, 0, 3},
		} {
			s, err := st.Load(ctx, c.room)
			if err != nil {
				t.Fatal(err)
			}
			want(t, s.Record, c.code, c.why, c.ver)
			if got := s.Record.GraceUntil; (got == nil) != (c.until == 0) || got != nil && got.Sub(now) != c.until {
				t.Errorf("%s: grace until %v, want in %v", c.room, got, c.until)
			}
			if s.Record.StreamActive {
				t.Errorf("%s: the stream is still active", c.room)
			}
		}
		if s, err := st.Load(ctx, "scheduled"); err != nil || !s.EndAt.Equal(soon) {
			t.Errorf("a scheduled end to come moved to %v (%v)", s.EndAt, err)
		}
		st.Fail(status.ErrUnavailable)
		if err := status.Recover(ctx, m, st); !errors.Is(err, status.ErrUnavailable) {
			t.Errorf("without store: %v", err)
		}
	})
}
