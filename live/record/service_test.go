package record_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// desk is a service that runs, in a bubble, and what it told.
type desk struct {
	*recordtest.Library
	t    *testing.T
	at   int64
	mu   sync.Mutex // guards told
	told []string
}

func onDesk(t *testing.T, cfg record.Config, f func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t}
		cfg.Tell = func(e record.Event) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.told = append(d.told, string(e.Happening))
		}
		d.Library = recordtest.New(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = d.Run(ctx) }()
		synctest.Wait()
		f(d)
		cancel()
		<-done
	})
}

// push pushes so many pieces of two seconds.
func (d *desk) push(n int) {
	for range n {
		time.Sleep(pieceLength * time.Millisecond)
		d.Take(record.Piece{
			Stream: "demo", Session: "S", Zero: time.Now(), Generation: 1, Start: d.at, Duration: pieceLength,
			Init: []byte("init"), Parts: [][]byte{make([]byte, 1000)}, Width: 4, Height: 3,
		})
		d.at += pieceLength
		synctest.Wait()
	}
}

// sweep lets some time pass, with sweeps.
func (d *desk) sweep() {
	d.t.Helper()
	for range 15 {
		time.Sleep(2 * time.Second)
		if err := d.Sweep(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) events() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.told, " ")
}

func code(err error) string {
	var e *record.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// TestOnDemand: recorded is what is between start and stop, twice in a session, and nothing else.
func TestOnDemand(t *testing.T) {
	onDesk(t, record.Config{}, func(d *desk) {
		ctx := t.Context()
		if _, err := d.Start(ctx, "demo", "anna"); code(err) != "recording_off" {
			t.Errorf("in a room that is off: %v", err)
		}
		d.Room.Set(record.Rule{Mode: record.Demand}, "")
		if _, err := d.Start(ctx, "demo", "anna"); code(err) != "not_live" {
			t.Errorf("in a room that is not live: %v", err)
		}
		d.Room.Set(record.Rule{Mode: record.Demand}, "S")
		if _, err := d.Stop(ctx, "demo", "anna"); code(err) != "not_recording" {
			t.Errorf("stop of nothing: %v", err)
		}
		d.push(5)
		if names := d.Blobs.Names(""); len(names) > 0 {
			t.Errorf("nobody asked for %v", names)
		}
		first, err := d.Start(ctx, "demo", "anna")
		if err != nil || first.By != "anna" {
			t.Fatalf("%+v, %v", first, err)
		}
		if again, err := d.Start(ctx, "demo", "bob"); err != nil || again.ID != first.ID {
			t.Errorf("asked again: %+v, %v", again, err)
		}
		d.push(5)
		if err := d.Delete(ctx, first.ID); code(err) != "recording_running" {
			t.Errorf("removed while it runs: %v", err)
		}
		if r, err := d.Stop(ctx, "demo", "anna"); err != nil || r.State != record.Finishing {
			t.Errorf("%+v, %v", r, err)
		}
		d.push(5)
		second, err := d.Start(ctx, "demo", "anna")
		if err != nil || second.ID == first.ID {
			t.Fatalf("%+v, %v", second, err)
		}
		d.push(3)
		d.Room.Set(record.Rule{Mode: record.Demand}, "")
		d.Over("S")
		d.sweep()
		for id, want := range map[string]int64{first.ID: 10_000, second.ID: 6000} {
			if r, err := d.Recording(ctx, id); err != nil || r.State != record.Done || r.Duration != want || r.Gaps != 0 || r.Width != 4 {
				t.Errorf("%+v, %v, want %d ms", r, err, want)
			}
		}
		if got := d.events(); strings.Count(got, "started") != 2 || strings.Count(got, "ended") != 2 || strings.Count(got, "ready") != 2 || strings.Contains(got, "error") {
			t.Errorf("told: %s", got)
		}
	})
}

// TestFullAndBack: a full store stops the recording with an alarm; it goes on ten seconds after there is room, with a gap.
func TestFullAndBack(t *testing.T) {
	onDesk(t, record.Config{}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Always}, "S")
		d.push(6)
		d.Blobs.Fault(func(op, _ string) error {
			if op == "put" {
				return blob.ErrFull
			}
			return nil
		})
		d.push(12)
		r, err := d.Current(t.Context(), "demo")
		if err != nil || !strings.Contains(r.Cause, "no room") || d.Stats().Broken != 1 {
			t.Errorf("%+v, %v, %+v", r, err, d.Stats())
		}
		d.Blobs.Fault(nil)
		d.push(12)
		if st := d.Stats(); st.Broken != 0 || st.Failures != 1 || st.Waiting != 0 {
			t.Errorf("%+v", st)
		}
		d.Room.Set(record.Rule{Mode: record.Always}, "")
		d.Over("S")
		d.sweep()
		if r, err = d.Recording(t.Context(), r.ID); err != nil || r.State != record.Done || r.Gaps != 1 || r.Duration < 30_000 {
			t.Errorf("%+v, %v", r, err)
		}
		if got := d.events(); got != "started error exception resumed ended ready" {
			t.Errorf("told: %s", got)
		}
	})
}

// TestSlowStore: what waits is bounded, whole segments are left out beyond, and Take never waits.
func TestSlowStore(t *testing.T) {
	onDesk(t, record.Config{QueueBytes: 5000}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Always}, "S")
		d.push(3)
		d.Blobs.Fault(func(op, _ string) error {
			if op == "put" {
				time.Sleep(29 * time.Second)
			}
			return nil
		})
		d.push(60)
		d.Blobs.Fault(nil)
		time.Sleep(2 * time.Minute)
		if st := d.Stats(); st.Missed == 0 || st.Waiting != 0 {
			t.Errorf("%+v", st)
		}
		d.Room.Set(record.Rule{Mode: record.Always}, "")
		d.sweep()
		page, _, err := d.List(t.Context(), record.Query{})
		if err != nil || len(page) != 1 || page[0].State != record.Done || page[0].Gaps == 0 || !strings.Contains(page[0].Cause, "too slow") {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// TestRetention: what is too old goes, then the oldest beyond the bytes; what is pinned, used or still recorded stays. A removal
// that was cut off goes on.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &recordtest.Media{Init: []byte("init")}
		used := ""
		l := recordtest.New(t, record.Config{Bytes: 5000, InUse: func(_ context.Context, id string) (bool, error) { return id == used, nil }})
		keep := func(age time.Duration, pinned bool) string {
			t.Helper()
			now := time.Now()
			r := record.Recording{ID: status.NewULID(now), Room: "demo", Stream: "demo", Age: age, Pinned: pinned, Session: status.NewULID(now)}
			name := record.SegmentName(record.Segment{Generation: 1, Duration: 2000, Init: record.InitName(m.Init)})
			if err := l.Blobs.Put(t.Context(), record.Prefix(r.ID)+name, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Place(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			return r.ID
		}
		check := func(what string, want map[string]bool) {
			t.Helper()
			if err := l.Retain(t.Context()); err != nil {
				t.Fatal(err)
			}
			for id, there := range want {
				if _, err := l.Recording(t.Context(), id); (err == nil) != there {
					t.Errorf("%s: %s: %v", what, id, err)
				}
				if names := l.Blobs.Names(record.Prefix(id)); (len(names) > 0) != there {
					t.Errorf("%s: %s has %v", what, id, names)
				}
			}
		}
		old, pinned, needed := keep(time.Hour, false), keep(time.Hour, true), keep(time.Hour, false)
		used = needed
		ever := keep(0, false)
		check("young", map[string]bool{old: true, pinned: true, needed: true, ever: true})
		time.Sleep(time.Hour)
		check("old", map[string]bool{old: false, pinned: true, needed: true, ever: true})
		newer := keep(0, false)
		newest := keep(0, false)
		check("as many bytes as may be", map[string]bool{ever: true, newest: true})
		last := keep(0, false)
		check("too many", map[string]bool{pinned: true, needed: true, ever: false, newer: true, newest: true, last: true})

		l.Blobs.Fault(func(op, _ string) error {
			if op == "remove" {
				return blob.ErrUnavailable
			}
			return nil
		})
		if err := l.Delete(t.Context(), last); !errors.Is(err, blob.ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if page, _, err := l.List(t.Context(), record.Query{}); err != nil || len(page) != 4 {
			t.Errorf("one that is being removed is shown: %+v, %v", page, err)
		}
		l.Blobs.Fault(nil)
		if err := l.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("its removal went on", map[string]bool{last: false})
	})
}

// TestTheLastThatIsShownLater: a recording is done only when the last of it can have been shown, also after a silence.
func TestTheLastThatIsShownLater(t *testing.T) {
	later := 30 * time.Second
	onDesk(t, record.Config{Later: func(context.Context, record.Recording) (time.Duration, error) { return later, nil }}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Always}, "S")
		d.push(3)
		d.Room.Set(record.Rule{Mode: record.Always}, "")
		d.Over("S")
		synctest.Wait()
		later = 0 // as the next session is shown
		for range 10 {
			time.Sleep(2 * time.Second)
			if err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		d.push(3)
		d.sweep()
		page, _, err := d.List(t.Context(), record.Query{})
		if err != nil || len(page) != 1 || page[0].State != record.Done || page[0].Duration != 12_000 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}
