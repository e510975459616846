package programme_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live"
	"liveroom/live/programme"
	"liveroom/live/record"
	"liveroom/live/vod/vodtest"
	"liveroom/status"
)

// stage is a service over rooms and recordings that a test changes.
type stage struct {
	t     *testing.T
	s     *programme.Service
	store *faulty
	lib   *vodtest.Library

	mu     sync.Mutex // guards what follows
	rooms  map[string]status.Record
	made   time.Time // the rooms
	until  time.Time
	driven int
	fail   error           // of Playback
	stuck  map[string]bool // rooms in which it fails
}

// faulty is a store whose changes, or the answers to them, are lost on their way when a test says so.
type faulty struct {
	programme.Store
	mu   sync.Mutex
	puts int
	fail func(n int) error // of the nth Put
	lost bool              // it fails before it is done, and not after
}

func (f *faulty) Put(ctx context.Context, b programme.Board) (programme.Board, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var wrong error
	if f.puts++; f.fail != nil {
		wrong = f.fail(f.puts)
	}
	if wrong != nil && f.lost {
		return programme.Board{}, wrong
	}
	b, err := f.Store.Put(ctx, b)
	return b, cmp.Or(err, wrong)
}

func newStage(t *testing.T) *stage {
	st := &stage{t: t, store: &faulty{Store: programme.NewMemory()}, lib: vodtest.New(), rooms: map[string]status.Record{}}
	for _, id := range []string{"A", "B"} {
		st.put(id, "demo", record.Done, record.Full, 60)
	}
	st.set("demo", status.Ended)
	st.s = st.service()
	return st
}

func (st *stage) service() *programme.Service {
	return programme.New(programme.Config{
		Every:   10 * time.Second,
		Address: func(name string) string { return "http://h/live/" + name + ".m3u8" },
		Next: func(cron string, after time.Time) (time.Time, error) {
			if d, err := time.ParseDuration(cron); err == nil {
				return after.Truncate(d).Add(d), nil
			}
			return time.Time{}, errors.New("no time")
		},
	}, st.store, st.lib, st, slog.New(slog.DiscardHandler))
}

// put makes a recording of so many segments of 10 s.
func (st *stage) put(id, room string, state record.State, kind record.Kind, seconds int) {
	st.lib.Put(record.Recording{ID: id, Room: room, Stream: room, State: state, Kind: kind, Session: status.NewULID(time.Now()), Zero: time.Now()})
	for range seconds / 10 {
		st.lib.Append(id, 0, 10_000, nil)
	}
}

func (st *stage) set(room string, code status.Code) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.rooms[room] = status.Record{Room: room, Code: code, Name: code.String()}
}

func (st *stage) Room(_ context.Context, id string) (programme.Room, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	r, ok := st.rooms[id]
	if !ok {
		return programme.Room{}, live.NotFound(id)
	}
	return programme.Room{ID: id, Stream: id, CreatedAt: st.made, Record: r}, nil
}

func (st *stage) Playback(_ context.Context, room string, _ status.Reason, url string, until time.Time, _ string) (status.Record, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.fail != nil {
		return status.Record{}, st.fail
	}
	if st.stuck[room] {
		return status.Record{}, errors.New("stuck")
	}
	r := st.rooms[room]
	if r.Code == status.Live {
		return r, &status.Refused{Status: r.Code, Code: "transition_refused", Detail: "d"}
	}
	r.Code, r.PlaybackURL = status.Playback, &url
	st.rooms[room], st.until = r, until
	st.driven++
	return r, nil
}

func (st *stage) plan(id string) programme.Plan {
	st.t.Helper()
	p, err := st.s.Plan(st.t.Context(), "demo", id)
	if err != nil {
		st.t.Fatal(err)
	}
	return p
}

func (st *stage) add(d programme.Draft) programme.Plan {
	st.t.Helper()
	p, err := st.s.Add(st.t.Context(), "demo", "anchor", d)
	if err != nil {
		st.t.Fatal(err)
	}
	return p
}

// run runs a service, which ends with the returned function.
func (st *stage) run(s *programme.Service) (stop func()) {
	ctx, cancel := context.WithCancel(st.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); !errors.Is(err, context.Canceled) {
			st.t.Error(err)
		}
	})
	return func() { cancel(); wg.Wait() }
}

var content = programme.Content{Recordings: []string{"A", "B"}, StartAt: 5 * time.Second}

func TestPlayStoresTheProgrammeFirst(t *testing.T) {
	st := newStage(t)
	st.fail = errors.New("away")
	if _, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "anchor", content, time.Time{}, ""); !errors.Is(err, st.fail) {
		t.Fatal(err)
	}
	st.fail = nil
	for range 6 {
		r, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "anchor", content, time.Time{}, "")
		if err != nil {
			t.Fatal(err)
		}
		id := st.s.Of(r, "demo")
		p, err := st.s.Programme(t.Context(), "demo", id)
		if err != nil || p.StartAt != 5*time.Second || p.By != "anchor" || len(p.Recordings) != 2 {
			t.Fatalf("%q: %+v %v", id, p, err)
		}
	}
	if b, _ := st.store.Board(t.Context(), "demo"); len(b.Programmes) != programme.KeptBefore {
		t.Errorf("%d programmes are kept", len(b.Programmes))
	}
	p, length, ok, err := st.s.Shown(t.Context(), "demo")
	if err != nil || !ok || length != 2*time.Minute || p.Recordings[0] != "A" {
		t.Errorf("%+v %v %v %v", p, length, ok, err)
	}
	if _, err := st.s.Programme(t.Context(), "demo", "other"); !errors.Is(err, programme.ErrNoProgramme) {
		t.Error(err)
	}
	for _, url := range []string{"http://h/live/demo.m3u8", "http://h/live/demo.m3u8?playback=", "http://h/live/demo.m3u8?playback=a%2Fb", "http://h/live/other.m3u8?playback=" + p.ID, "https://elsewhere/x.mp4"} {
		if id := st.s.Of(status.Record{Code: status.Playback, PlaybackURL: &url}, "demo"); id != "" {
			t.Errorf("%s is taken for ours: %s", url, id)
		}
	}
	for _, url := range []string{"https://h/live/demo.m3u8?playback=" + p.ID, "http://another.node:8080/under/live/demo.m3u8?playback=" + p.ID} {
		if id := st.s.Of(status.Record{Code: status.Playback, PlaybackURL: &url}, "demo"); id != p.ID {
			t.Errorf("%s is not taken for ours", url)
		}
	}
}

func TestWhatCannotBePlayed(t *testing.T) {
	st := newStage(t)
	st.put("OTHER", "other", record.Done, record.Full, 60)
	st.put("RUNS", "demo", record.Running, record.Full, 60)
	st.put("SHIFT", "demo", record.Done, record.Shift, 60)
	st.put("EMPTY", "demo", record.Done, record.Full, 0)
	many := make([]string, programme.MaxRecordings+1)
	now := time.Now()
	later := now.Add(time.Hour)
	for _, tt := range []struct {
		d     programme.Draft
		field string
	}{
		{programme.Draft{At: later}, "recordings"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: many}}, "recordings"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"A", "NONE"}}}, "recordings[1]"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"OTHER"}}}, "recordings[0]"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"RUNS"}}}, "recordings[0]"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"SHIFT"}}}, "recordings[0]"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"EMPTY"}}}, "recordings[0]"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"A"}, StartAt: time.Minute}}, "startAt"},
		{programme.Draft{At: later, Content: programme.Content{Recordings: []string{"A"}, StartAt: -1}}, "startAt"},
		{programme.Draft{Content: content}, "at"},
		{programme.Draft{Content: content, At: later, Cron: "1h"}, "at"},
		{programme.Draft{Content: content, At: now.Add(-time.Hour)}, "at"},
		{programme.Draft{Content: content, At: now.Add(400 * 24 * time.Hour)}, "at"},
		{programme.Draft{Content: content, Cron: "1s"}, "cron"},
		{programme.Draft{Content: content, Cron: "x"}, "cron"},
		{programme.Draft{Content: content, Cron: strings.Repeat("x", 101)}, "cron"},
		{programme.Draft{Content: content, At: later, For: time.Millisecond}, "for"},
		{programme.Draft{Content: content, At: later, For: 8 * 24 * time.Hour}, "for"},
		{programme.Draft{Content: content, At: later, ID: "a/b"}, "id"},
	} {
		_, err := st.s.Add(t.Context(), "demo", "anchor", tt.d)
		var wrong *live.Error
		if !errors.As(err, &wrong) || wrong.Code != "invalid" || wrong.Field != tt.field {
			t.Errorf("%+v: %v, want the fault in %s", tt.d, err, tt.field)
		}
	}
	if _, err := st.s.Add(t.Context(), "none", "anchor", programme.Draft{Content: content, At: later}); err == nil {
		t.Error("of a room that is not there")
	}
	d := programme.Draft{Content: content, At: later, ID: "one"}
	if a, b := st.add(d), st.add(d); !a.CreatedAt.Equal(b.CreatedAt) {
		t.Error("a repeat makes another")
	}
	d.Loop = true
	if _, err := st.s.Add(t.Context(), "demo", "anchor", d); !errors.Is(err, programme.ErrReused) {
		t.Error(err)
	}
	for i := 1; i < programme.MaxPlans; i++ {
		st.add(programme.Draft{Content: content, At: later, ID: fmt.Sprint("n", i)})
	}
	if _, err := st.s.Add(t.Context(), "demo", "anchor", programme.Draft{Content: content, At: later}); !errors.Is(err, programme.ErrTooMany) {
		t.Error(err)
	}
	if err := st.s.Remove(t.Context(), "demo", "one"); err != nil {
		t.Error(err)
	}
	if err := st.s.Remove(t.Context(), "demo", "one"); !errors.Is(err, programme.ErrUnknown) {
		t.Error(err)
	}
	if _, err := st.s.Plan(t.Context(), "demo", "one"); !errors.Is(err, programme.ErrUnknown) {
		t.Error(err)
	}
	st.add(programme.Draft{Content: content, At: later})
}

// TestWhatIsShownStays: tries that the room refuses push out none that is shown.
func TestWhatIsShownStays(t *testing.T) {
	st := newStage(t)
	play := func() error {
		_, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "anchor", content, time.Time{}, "")
		return err
	}
	if err := play(); err != nil {
		t.Fatal(err)
	}
	shown, _, ok, err := st.s.Shown(t.Context(), "demo")
	if err != nil || !ok {
		t.Fatal(err)
	}
	st.fail = &status.Refused{Code: "transition_refused", Detail: "d"}
	for range 2 * programme.KeptBefore {
		if play() == nil {
			t.Fatal("it was not refused")
		}
	}
	if p, _, ok, err := st.s.Shown(t.Context(), "demo"); err != nil || !ok || p.ID != shown.ID {
		t.Errorf("the room shows %q, %v, want %q", p.ID, err, shown.ID)
	}
	if b, err := st.store.Board(t.Context(), "demo"); err != nil || len(b.Programmes) > programme.KeptBefore {
		t.Errorf("%d programmes, %v", len(b.Programmes), err)
	}
}

// TestPlansAreCarriedOut once each, by whichever node, at their time, and again where they come again.
func TestPlansAreCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		stop := st.run(st.s)
		begin := time.Now()
		st.add(programme.Draft{Content: content, At: begin.Add(10 * time.Minute), ID: "once"})
		st.add(programme.Draft{Content: programme.Content{Recordings: []string{"B"}, Loop: true}, Cron: "24h", ID: "daily", For: 30 * time.Minute})
		expect := func(what string, driven int, recordings string, until time.Time) {
			t.Helper()
			synctest.Wait()
			p, _, ok, err := st.s.Shown(t.Context(), "demo")
			st.mu.Lock()
			defer st.mu.Unlock()
			if err != nil || st.driven != driven || ok != (recordings != "") || strings.Join(p.Recordings, "") != recordings || st.until.Sub(until).Abs() > 11*time.Second {
				t.Errorf("%s: driven %d times, shows %+v until %v, want %d, %s, %v (%v)", what, st.driven, p, st.until, driven, recordings, until, err)
			}
		}
		time.Sleep(9*time.Minute + 55*time.Second)
		expect("before", 0, "", time.Time{})
		time.Sleep(16 * time.Second)
		expect("at its time", 1, "AB", begin.Add(10*time.Minute+115*time.Second))
		if p := st.plan("once"); p.State != programme.Done || p.Runs != 1 || p.Begun != "" || p.Last == nil || p.Last.Programme == "" || p.Last.Problem != "" {
			t.Errorf("%+v", p)
		}
		stop()
		defer st.run(st.service())() // another node goes on
		day := begin.Truncate(24 * time.Hour).Add(24 * time.Hour)
		time.Sleep(time.Until(day.Add(11 * time.Second)))
		expect("in the night", 2, "B", day.Add(30*time.Minute))
		time.Sleep(24 * time.Hour)
		expect("in the next", 3, "B", day.Add(24*time.Hour+30*time.Minute))
		st.set("demo", status.Live)
		time.Sleep(24 * time.Hour)
		if p := st.plan("daily"); p.State != programme.Scheduled || p.Runs != 2 || p.Last.Problem != "the room was live" || !p.NextAt.Equal(day.Add(72*time.Hour)) {
			t.Errorf("of a live room: %+v", p)
		}
		st.set("demo", status.Waiting)
		st.lib.Remove("B")
		time.Sleep(24 * time.Hour)
		if p := st.plan("daily"); p.Runs != 2 || !strings.Contains(p.Last.Problem, "no such recording") {
			t.Errorf("of a recording that is gone: %+v", p)
		}
		if st := st.s.Stats(); st.Begun != 1 || st.Failed != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestRoomsThatFailHoldUpNoOther however many they are; they begin when they can again.
func TestRoomsThatFailHoldUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		st.stuck = map[string]bool{}
		plan := func(room string, at time.Time) {
			st.set(room, status.Ended)
			st.put("OF"+room, room, record.Done, record.Full, 3600)
			if _, err := st.s.Add(t.Context(), room, "", programme.Draft{Content: programme.Content{Recordings: []string{"OF" + room}}, At: at, ID: "one"}); err != nil {
				t.Fatal(err)
			}
		}
		at := time.Now().Add(time.Minute)
		for n := range 120 {
			room := fmt.Sprintf("stuck%03d", n)
			st.stuck[room] = true
			plan(room, at)
		}
		plan("behind", at.Add(time.Second))
		defer st.run(st.s)()
		shows := func(room string) bool {
			_, _, ok, err := st.s.Shown(t.Context(), room)
			return ok && err == nil
		}
		time.Sleep(75 * time.Second)
		synctest.Wait()
		if !shows("behind") || shows("stuck000") {
			t.Errorf("the room behind those that fail shows it: %t; one of those: %t", shows("behind"), shows("stuck000"))
		}
		st.mu.Lock()
		st.stuck = nil
		st.mu.Unlock()
		time.Sleep(75 * time.Second)
		synctest.Wait()
		if !shows("stuck000") || !shows("stuck119") {
			t.Error("those that failed did not begin when they could")
		}
	})
}

// TestNodesDieInBetween: after each change, and the room is moved once all the same; who was away for too long begins nothing.
func TestNodesDieInBetween(t *testing.T) {
	for at := 2; at <= 9; at++ {
		synctest.Test(t, func(t *testing.T) {
			st := newStage(t)
			st.store.lost = at%2 == 0
			st.add(programme.Draft{Content: content, At: time.Now().Add(time.Minute), ID: "once"})
			first := st.store.puts
			st.store.fail = func(n int) error {
				if n == first+at/2 {
					return errors.New("it is lost")
				}
				return nil
			}
			stop := st.run(st.s)
			time.Sleep(2 * time.Minute)
			stop()
			if p := st.plan("once"); p.Runs != 1 || p.State != programme.Done || st.driven != 1 {
				t.Errorf("change %d/2 lost: driven %d times, %+v", at, st.driven, p)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		st.add(programme.Draft{Content: content, At: time.Now().Add(time.Minute), ID: "once"})
		time.Sleep(2 * time.Minute)
		st.fail = errors.New("away")
		stop := st.run(st.s)
		time.Sleep(time.Minute)
		st.mu.Lock()
		st.fail = nil
		st.mu.Unlock()
		time.Sleep(time.Minute)
		stop()
		if p := st.plan("once"); p.Runs != 1 {
			t.Errorf("after the rooms were away: %+v", p)
		}
		st.add(programme.Draft{Content: content, At: time.Now().Add(time.Minute), ID: "late"})
		time.Sleep(time.Minute + programme.MaxLate + time.Second)
		stop = st.run(st.s)
		time.Sleep(11 * time.Second)
		stop()
		if p := st.plan("late"); p.Runs != 0 || p.State != programme.Done || p.Last.Problem == "" {
			t.Errorf("%+v", p)
		}
	})
}

// TestInUse: what is planned, and what the room shows now.
func TestInUse(t *testing.T) {
	st := newStage(t)
	used := func(id string, want bool) {
		t.Helper()
		if got, err := st.s.InUse(t.Context(), id); err != nil || got != want {
			t.Errorf("%s: %t %v, want %t", id, got, err, want)
		}
	}
	used("A", false)
	used("NONE", false)
	st.add(programme.Draft{Content: programme.Content{Recordings: []string{"A"}}, At: time.Now().Add(time.Hour), ID: "one"})
	used("A", true)
	used("B", false)
	if err := st.s.Remove(t.Context(), "demo", "one"); err != nil {
		t.Fatal(err)
	}
	used("A", false)
	if _, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "", programme.Content{Recordings: []string{"B"}}, time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	used("B", true)
	st.set("demo", status.Ended)
	used("B", false)
	delete(st.rooms, "demo")
	used("B", false)
}

// TestSweepForgets programmes nobody watches, and all of rooms that are gone, and nothing else.
func TestSweepForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		play := func() {
			if _, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "", content, time.Time{}, ""); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(programmes, plans int) {
			t.Helper()
			if err := st.s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if b, _ := st.store.Board(t.Context(), "demo"); len(b.Programmes) != programmes || len(b.Plans) != plans {
				t.Errorf("%+v, want %d programmes and %d plans", b, programmes, plans)
			}
		}
		play()
		play()
		st.add(programme.Draft{Content: content, At: time.Now().Add(100 * time.Hour), ID: "one"})
		expect(2, 1)
		time.Sleep(14 * time.Hour)
		expect(1, 1) // what it shows
		st.set("demo", status.Ended)
		expect(0, 1)
		play()
		delete(st.rooms, "demo")
		expect(0, 0)
		if boards, err := st.store.Boards(t.Context(), "", 10); err != nil || len(boards) != 0 {
			t.Errorf("%v %v", boards, err)
		}
	})
}

// TestARoomMadeAnewHasNothingOfTheOldOne that had its id: no recordings, no programmes, no plans, also before a sweep saw it gone.
func TestARoomMadeAnewHasNothingOfTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newStage(t)
		r, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "", content, time.Time{}, "")
		if err != nil {
			t.Fatal(err)
		}
		st.add(programme.Draft{Content: content, At: time.Now().Add(time.Hour), ID: "one"})
		time.Sleep(time.Minute)
		st.made = time.Now()
		st.set("demo", status.Waiting)
		st.put("NEW", "demo", record.Done, record.Full, 60)
		defer st.run(st.s)()

		if all, err := st.s.Plans(t.Context(), "demo"); err != nil || len(all) != 0 {
			t.Errorf("it has plans: %+v %v", all, err)
		}
		if _, err := st.s.Programme(t.Context(), "demo", st.s.Of(r, "demo")); !errors.Is(err, programme.ErrNoProgramme) {
			t.Errorf("it has a programme: %v", err)
		}
		var wrong *live.Error
		if _, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "", content, time.Time{}, ""); !errors.As(err, &wrong) || wrong.Field != "recordings[0]" {
			t.Errorf("it plays a recording: %v", err)
		}
		mine := programme.Content{Recordings: []string{"NEW"}}
		if _, err := st.s.Add(t.Context(), "demo", "", programme.Draft{Content: mine, At: time.Now().Add(2 * time.Hour), ID: "one"}); err != nil {
			t.Errorf("an id of a plan is taken: %v", err)
		}
		time.Sleep(90 * time.Minute)
		synctest.Wait()
		if st.driven != 1 {
			t.Errorf("driven %d times", st.driven)
		}
		if _, err := st.s.Play(t.Context(), "demo", status.ReasonByAnchor, "", mine, time.Time{}, ""); err != nil {
			t.Error(err)
		}
		if b, err := st.store.Board(t.Context(), "demo"); err != nil || len(b.Programmes) != 1 || len(b.Plans) != 1 {
			t.Errorf("%+v %v", b, err)
		}
	})
}
