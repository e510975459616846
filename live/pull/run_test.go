package pull

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/stream"
)

// file is a source of pictures 40 ms apart.
type file struct {
	at, end int64
	silent  bool
}

func (f *file) Next(ctx context.Context) (stream.Kind, int64, []byte, error) {
	if f.silent {
		<-ctx.Done()
		return 0, 0, nil, ctx.Err()
	}
	if f.at >= f.end {
		return 0, 0, nil, io.EOF
	}
	b := stream.NewBuffer(8)
	b[stream.HeaderBytes], b[stream.HeaderBytes+1] = 0x17, 1
	f.at += 40
	return stream.Video, f.at - 40, b, nil
}

func (f *file) Length() int64 { return f.end }
func (f *file) Close()        {}

// fakeRoom is the only room there is.
type fakeRoom struct {
	mu    sync.Mutex
	busy  bool
	push  *fakePush
	times []int64 // what was pushed, and when
	began []time.Time
}

type fakePush struct {
	room *fakeRoom
	done chan struct{}
	once sync.Once
	err  error
}

func (r *fakeRoom) Room(context.Context, string) (Room, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Room{Stream: "s", Busy: r.busy || r.push != nil}, nil
}

func (r *fakeRoom) Feed(context.Context, string, string) (Push, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy || r.push != nil {
		return nil, &stream.Refusal{Code: "room_busy"}
	}
	r.push = &fakePush{room: r, done: make(chan struct{})}
	r.began = append(r.began, time.Now())
	return r.push, nil
}

// take is somebody who pushes; leave ends that.
func (r *fakeRoom) take() {
	r.mu.Lock()
	p := r.push
	r.busy, r.push = true, nil
	r.mu.Unlock()
	if p != nil {
		p.end(stream.ErrTakenOver)
	}
}

func (r *fakeRoom) leave() { r.mu.Lock(); r.busy = false; r.mu.Unlock() }

func (p *fakePush) end(err error) {
	p.once.Do(func() { p.err = err; close(p.done) })
}

func (p *fakePush) Write(_ stream.Kind, ms uint32, _ []byte) error {
	select {
	case <-p.done:
		return p.err
	default:
	}
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	p.room.times = append(p.room.times, int64(ms))
	return nil
}
func (p *fakePush) Done() <-chan struct{} { return p.done }
func (p *fakePush) Err() error            { <-p.done; return p.err }

func (p *fakePush) Close(stream.StopReason) {
	p.room.mu.Lock()
	if p.room.push == p {
		p.room.push = nil
	}
	p.room.mu.Unlock()
	p.end(stream.ErrClosed)
}

// bench runs a service in virtual time, with sources of that length, until test returns.
func bench(t *testing.T, end int64, test func(t *testing.T, s *Service, r *fakeRoom, restart func(away time.Duration))) {
	t.Helper()
	benchOf(t, func(_ context.Context, from int64) (feed, error) {
		switch {
		case end == 0:
			return nil, errors.New("refused")
		case end < 0:
			return &file{silent: true}, nil
		}
		return &file{at: from, end: end}, nil
	}, test)
}

// benchOf is bench with sources that open makes.
func benchOf(t *testing.T, open func(ctx context.Context, from int64) (feed, error), test func(t *testing.T, s *Service, r *fakeRoom, restart func(away time.Duration))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(7 * time.Millisecond) // no tick at the moment of what the test does
		r, store := &fakeRoom{}, NewMemory()
		var s *Service
		var stop func()
		start := func() {
			s = New(Config{Next: func(_ string, after time.Time) (time.Time, error) {
				return after.Truncate(time.Hour).Add(time.Hour), nil
			}}, store, r, nil,
				slog.New(slog.DiscardHandler))
			s.opener = func(ctx context.Context, _ Task, from int64) (feed, error) { return open(ctx, from) }
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func(s *Service) { defer close(done); _ = s.Run(ctx) }(s)
			stop = func() { cancel(); <-done }
		}
		start()
		defer func() { stop() }()
		test(t, s, r, func(away time.Duration) { stop(); r.leave(); time.Sleep(away); start() })
	})
}

func add(t *testing.T, s *Service, d Draft) string {
	t.Helper()
	d.URL, d.Enabled = "https://a.example/b.flv", true
	l, err := s.Add(t.Context(), "r", d)
	if err != nil {
		t.Fatal(err)
	}
	return l.ID
}

func wants(t *testing.T, s *Service, phase Phase, code string) Listed {
	t.Helper()
	synctest.Wait()
	all, err := s.List(t.Context(), "r")
	if err != nil || len(all) != 1 || all[0].State.Phase != phase || all[0].State.Cause.Code != code {
		t.Fatalf("%+v, %v, want %s %s", all, err, phase, code)
	}
	return all[0]
}

// TestLoop: a file is played again and again in the time it lasts, and times go on.
func TestLoop(t *testing.T) {
	bench(t, 2000, func(t *testing.T, s *Service, r *fakeRoom, _ func(time.Duration)) {
		begun := time.Now()
		add(t, s, Draft{Kind: VOD, Loop: true, For: 10 * time.Second})
		time.Sleep(3 * time.Second)
		wants(t, s, Running, "")
		time.Sleep(8 * time.Second)
		wants(t, s, Ended, CauseOver)
		r.mu.Lock()
		defer r.mu.Unlock()
		if n := len(r.times); n < 240 || n > 280 || time.Since(begun) < 10*time.Second {
			t.Errorf("%d pictures", n)
		}
		for i, ms := range r.times {
			if ms != int64(i)*40 {
				t.Fatalf("picture %d at %d: %v", i, ms, r.times[max(i-3, 0):i+1])
			}
		}
	})
}

// TestFinishes: a file that was played to its end is over, and does not begin again after a restart.
func TestFinishes(t *testing.T) {
	bench(t, 5000, func(t *testing.T, s *Service, r *fakeRoom, restart func(away time.Duration)) {
		add(t, s, Draft{Kind: VOD})
		time.Sleep(3 * time.Second)
		wants(t, s, Running, "")
		time.Sleep(2 * time.Second)
		wants(t, s, Ended, CauseFinished)
		restart(0)
		time.Sleep(time.Minute)
		wants(t, s, Ended, CauseFinished)
		if len(r.times) != 125 || !slices.IsSorted(r.times) {
			t.Errorf("%d pictures", len(r.times))
		}
	})
}

// TestYields: who begins to push is left alone, also when he interrupts for a moment; then the pull goes on, after a restart too.
func TestYields(t *testing.T) {
	bench(t, 1<<40, func(t *testing.T, s *Service, r *fakeRoom, restart func(away time.Duration)) {
		r.take()
		add(t, s, Draft{})
		time.Sleep(time.Minute)
		wants(t, s, Waiting, CauseBusy)
		r.leave()
		time.Sleep(20 * time.Second)
		wants(t, s, Running, "")
		r.take()
		wants(t, s, Waiting, CauseTaken)
		for range 3 {
			time.Sleep(time.Minute)
			r.leave()
			time.Sleep(10 * time.Second)
			r.take()
			wants(t, s, Waiting, CauseTaken)
		}
		r.leave()
		time.Sleep(20 * time.Second)
		wants(t, s, Running, "")
		restart(0)
		time.Sleep(time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.began) != 3 {
			t.Errorf("it began at %v", r.began)
		}
	})
}

// TestSchedule: what comes again and again runs when it is due for as long as it is to.
func TestSchedule(t *testing.T) {
	bench(t, 1<<40, func(t *testing.T, s *Service, r *fakeRoom, _ func(time.Duration)) {
		now := time.Now()
		id := add(t, s, Draft{Cron: "@hourly", For: 10 * time.Second, EndAt: now.Add(3*time.Hour + 5*time.Second)})
		hour := now.Truncate(time.Hour).Add(time.Hour)
		until := func(at time.Time) { time.Sleep(time.Until(at) + time.Second) }
		if l := wants(t, s, Scheduled, ""); !l.State.NextAt.Equal(hour) {
			t.Errorf("%+v", l)
		}
		until(hour)
		wants(t, s, Running, "")
		until(hour.Add(10 * time.Second))
		wants(t, s, Scheduled, CauseOver)
		until(hour.Add(time.Hour + 5*time.Second))
		wants(t, s, Running, "")
		until(hour.Add(2 * time.Hour))
		wants(t, s, Running, "")
		until(hour.Add(2*time.Hour + 5*time.Second)) // endAt, before its ten seconds are over
		wants(t, s, Ended, CauseOver)
		off := false
		if l, err := s.Change(t.Context(), "r", id, Patch{Enabled: &off, EndAt: &time.Time{}}); err != nil || l.State.Phase != Idle {
			t.Errorf("%+v, %v", l, err)
		}
		if len(r.began) != 3 {
			t.Errorf("it began at %v", r.began)
		}
	})
}

// TestFails: what refuses is tried at growing intervals, what is silent is left.
func TestFails(t *testing.T) {
	bench(t, 0, func(t *testing.T, s *Service, _ *fakeRoom, _ func(time.Duration)) {
		add(t, s, Draft{})
		time.Sleep(10 * time.Minute)
		if l := wants(t, s, Waiting, "lost"); l.State.Retries < 12 || l.State.Retries > 30 {
			t.Errorf("%+v", l.State)
		}
	})
	bench(t, -1, func(t *testing.T, s *Service, _ *fakeRoom, _ func(time.Duration)) {
		add(t, s, Draft{})
		time.Sleep(15*time.Second + 200*time.Millisecond)
		wants(t, s, Waiting, "silent")
	})
}

// TestGivenUpIsNoFailure: at the end of a list what is still asked for is left off; what was read before is still played.
func TestGivenUpIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	f := &hlsFeed{ctx: ctx, cancel: cancel}
	if f.broke(&url.Error{Op: "Get", Err: context.Canceled}); ctx.Err() != nil {
		t.Error(context.Cause(ctx))
	}
	if f.broke(&url.Error{Op: "Get", Err: syscall.ECONNREFUSED}); causeOf(context.Cause(ctx)).Code != "connection_refused" {
		t.Error(context.Cause(ctx))
	}
}

// TestMissed: what was due while no server was there begins late, as long as it would still run, and only once.
func TestMissed(t *testing.T) {
	bench(t, 1<<40, func(t *testing.T, s *Service, r *fakeRoom, restart func(away time.Duration)) {
		now := time.Now()
		add(t, s, Draft{Cron: "@hourly", For: 10 * time.Second})
		hour := now.Truncate(time.Hour).Add(time.Hour)
		restart(time.Until(hour.Add(4 * time.Second)))
		time.Sleep(time.Second)
		if l := wants(t, s, Connecting, ""); len(r.began) != 1 || !l.Run.DueAt.Equal(hour) || !l.Run.Until.Equal(hour.Add(10*time.Second)) {
			t.Errorf("late: %v, %+v", r.began, l.Run) // s was before: it sees what is stored
		}
		time.Sleep(time.Minute)
		restart(3 * time.Hour)
		time.Sleep(time.Second)
		if l := wants(t, s, Scheduled, CauseOver); !l.NextAt.Equal(hour.Add(4 * time.Hour)) {
			t.Errorf("too late: %+v", l.Task)
		}
		if len(r.began) != 1 {
			t.Errorf("it began at %v", r.began)
		}
	})
}

// TestLeavesTheBoardToAnother: a service that ends, perhaps late, does not wipe out what the one that took over from it shows.
func TestLeavesTheBoardToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := NewMemory()
		s := New(Config{Node: "n1", Board: board}, NewMemory(), &fakeRoom{}, nil, slog.New(slog.DiscardHandler))
		for _, node := range []string{"n1", "n2"} {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_ = board.Post(t.Context(), map[string]State{"01T": {Node: node}})
			_ = s.Run(ctx)
			if got, _ := board.Read(t.Context()); len(got) != map[string]int{"n1": 0, "n2": 1}[node] {
				t.Errorf("of %s there is %+v", node, got)
			}
		}
	})
}

// TestStallsInARound: a server that does not answer when a file is asked for again is left like one that is silent.
func TestStallsInARound(t *testing.T) {
	rounds := 0
	open := func(ctx context.Context, _ int64) (feed, error) {
		if rounds++; rounds == 1 {
			return &file{end: 2000}, nil
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	benchOf(t, open, func(t *testing.T, s *Service, r *fakeRoom, _ func(time.Duration)) {
		add(t, s, Draft{Kind: VOD, Loop: true})
		time.Sleep(2 * time.Second) // it is asked for again after one, and tried again 500 ms after it was left
		wants(t, s, Running, "")
		time.Sleep(14200 * time.Millisecond)
		wants(t, s, Waiting, "silent")
		if r.push != nil {
			t.Error("it still has the room")
		}
	})
}

// TestShortLoop: a file of one picture is not asked for again and again in no time.
func TestShortLoop(t *testing.T) {
	rounds := 0
	open := func(context.Context, int64) (feed, error) { rounds++; return &file{end: 40}, nil }
	benchOf(t, open, func(t *testing.T, s *Service, r *fakeRoom, _ func(time.Duration)) {
		add(t, s, Draft{Kind: VOD, Loop: true})
		time.Sleep(time.Minute)
		wants(t, s, Running, "")
		if rounds < 55 || rounds > 65 || !slices.IsSorted(r.times) {
			t.Errorf("%d rounds in a minute, %d pictures", rounds, len(r.times))
		}
	})
}
