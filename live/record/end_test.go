package record_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// other is a second node of a desk, which is pushed nothing.
func (d *desk) other() *record.Service {
	d.t.Helper()
	s, err := record.New(record.Config{
		Rule: d.Room.Rule, RoomRule: d.Room.Rule, Session: d.Room.Session, NewID: status.NewULID,
	}, d.Store, d.Blobs, slog.New(slog.DiscardHandler))
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// sweepBy lets some time pass, with sweeps of a node.
func (d *desk) sweepBy(s *record.Service, times int) {
	d.t.Helper()
	for range times {
		time.Sleep(2 * time.Second)
		if err := s.Sweep(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
}

// only is the one recording there is.
func (d *desk) only() record.Recording {
	d.t.Helper()
	page, _, err := d.List(d.t.Context(), record.Query{})
	if err != nil || len(page) != 1 {
		d.t.Fatalf("%+v, %v", page, err)
	}
	return page[0]
}

// TestStoppedWhileLive: what was stopped is done soon, though its session goes on.
func TestStoppedWhileLive(t *testing.T) {
	t.Parallel()
	onDesk(t, record.Config{}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Demand}, "S")
		d.push(1)
		if _, err := d.Start(t.Context(), "demo", "anna"); err != nil {
			t.Fatal(err)
		}
		d.push(5)
		if _, err := d.Stop(t.Context(), "demo", "anna"); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			d.push(1)
			if err := d.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if r := d.only(); r.State != record.Done || r.Duration != 10_000 {
			t.Errorf("%+v", r)
		}
	})
}

// TestStoppedElsewhere: the node that writes a recording hears with the next segment that another stopped it, and what it had until
// then is in the index.
func TestStoppedElsewhere(t *testing.T) {
	t.Parallel()
	onDesk(t, record.Config{}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Demand}, "S")
		d.push(1)
		other := d.other()
		if _, err := other.Start(t.Context(), "demo", "anna"); err != nil {
			t.Fatal(err)
		}
		d.push(4) // two of them wait to be stored
		if _, err := other.Stop(t.Context(), "demo", "anna"); err != nil {
			t.Fatal(err)
		}
		d.sweepBy(other, 5)
		d.push(1)
		d.sweepBy(other, 5)
		if r := d.only(); r.State != record.Done || r.Duration != 8000 {
			t.Errorf("%+v", r)
		}
	})
}

// TestTheLastIsStoredAsItComes: what comes when the session is over is stored at once, for another node finishes the recording soon.
func TestTheLastIsStoredAsItComes(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		onDesk(t, record.Config{}, func(d *desk) {
			d.Room.Set(record.Rule{Mode: record.Always}, "S")
			d.push(3)
			d.Room.Set(record.Rule{Mode: record.Always}, "")
			other := d.other()
			if told {
				d.Over("S")
				synctest.Wait()
			} else {
				d.sweepBy(other, 1)
			}
			d.push(1)
			d.sweepBy(other, 3)
			if r := d.only(); r.State != record.Done || r.Duration != 8000 {
				t.Errorf("told at once: %v: %+v", told, r)
			}
		})
	}
}

// TestAllIsShownLater: a push that ended before any of it was shown is recorded, and so is the end of what was asked for.
func TestAllIsShownLater(t *testing.T) {
	t.Parallel()
	later := record.Config{Later: func(context.Context, record.Recording) (time.Duration, error) { return 20 * time.Second, nil }}
	onDesk(t, later, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Always, Shift: time.Minute}, "")
		d.Over("S")
		d.push(8)
		d.sweepBy(d.Service, 20)
		if r := d.only(); r.State != record.Done || r.Duration != 16_000 || r.Kind != record.Full || r.Gaps != 0 {
			t.Errorf("%+v", r)
		}
		d.push(1) // of the session, after its recording was finished: it has no other
		if r := d.only(); r.Duration != 16_000 {
			t.Errorf("%+v", r)
		}
	})
	onDesk(t, later, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Demand}, "S")
		d.push(1)
		if _, err := d.Start(t.Context(), "demo", "anna"); err != nil {
			t.Fatal(err)
		}
		d.push(2)
		d.Room.Set(record.Rule{Mode: record.Demand}, "")
		d.Over("S")
		d.push(8)
		d.sweepBy(d.Service, 20)
		if r := d.only(); r.State != record.Done || r.Duration != 20_000 {
			t.Errorf("%+v", r)
		}
	})
}

// TestManySessionsEndAtOnce: each recording hears of its own end.
func TestManySessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	onDesk(t, record.Config{}, func(d *desk) {
		for n := range 5 {
			session := fmt.Sprint("S", n)
			d.Room.Set(record.Rule{Mode: record.Always}, session)
			d.Take(record.Piece{
				Stream: session, Session: session, Zero: time.Now(), Generation: 1, Duration: pieceLength, Init: []byte("init"), Parts: [][]byte{{1}},
			})
			synctest.Wait()
		}
		for n := range 5 {
			d.Over(fmt.Sprint("S", n))
		}
		synctest.Wait()
		if page, _, err := d.List(t.Context(), record.Query{State: record.Finishing}); err != nil || len(page) != 5 {
			t.Errorf("%d of 5 recordings ended, %v", len(page), err)
		}
	})
}

// TestNothingFailsForEver: a recording that could not be stored is not counted as one any more when its stream is gone.
func TestNothingFailsForEver(t *testing.T) {
	t.Parallel()
	onDesk(t, record.Config{}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Always}, "S")
		d.Blobs.Fault(func(op, _ string) error {
			if op == "put" {
				return blob.ErrFull
			}
			return nil
		})
		d.push(6)
		if n := d.Stats().Broken; n != 1 {
			t.Errorf("%d recordings fail", n)
		}
		time.Sleep(time.Hour)
		if n := d.Stats().Broken; n != 0 {
			t.Errorf("%d recordings fail of streams that are gone", n)
		}
	})
}

// awayStore is a store that takes no changes while it is away.
type awayStore struct {
	record.Store
	away bool
}

// Change implements record.Store.
func (s *awayStore) Change(ctx context.Context, id string, f func(*record.Recording) error) (record.Recording, error) {
	if s.away {
		return record.Recording{}, errors.New("away")
	}
	return s.Store.Change(ctx, id, f)
}

// TestTheClockIsNoted: where the store is away as the first segment is stored, the zero of its clock is noted later.
func TestTheClockIsNoted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, Library: recordtest.New(t, record.Config{})}
		store := &awayStore{Store: d.Store, away: true}
		var err error
		if d.Service, err = record.New(record.Config{
			Rule: d.Room.Rule, RoomRule: d.Room.Rule, Session: d.Room.Session, NewID: status.NewULID,
		}, store, d.Blobs, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = d.Run(ctx) }()
		synctest.Wait()
		d.Room.Set(record.Rule{Mode: record.Always}, "S")
		d.push(6)
		store.away = false
		d.push(3)
		if r := d.only(); r.Zero.IsZero() || r.Width != 4 {
			t.Errorf("%+v", r)
		}
		cancel()
		<-done
	})
}

// TestLongGOPs: what is stored begins with keyframes where they are up to half a minute apart.
func TestLongGOPs(t *testing.T) {
	t.Parallel()
	onDesk(t, record.Config{}, func(d *desk) {
		d.Room.Set(record.Rule{Mode: record.Always}, "S")
		at := int64(0)
		for _, length := range []int64{10, -10, 4, -10, 2, -8, -10, -10, -10, 10} { // seconds; a keyframe comes behind those above zero
			piece := record.Piece{
				Stream: "demo", Session: "S", Zero: time.Now(), Generation: 1, Start: at, Duration: max(length, -length) * 1000, Within: length < 0,
				Init: []byte("init"), Parts: [][]byte{{1}},
			}
			at += piece.Duration
			time.Sleep(time.Duration(piece.Duration) * time.Millisecond)
			d.Take(piece)
			synctest.Wait()
		}
		x, err := d.Index(t.Context(), d.only().ID)
		var got []string
		for _, s := range x.Segments {
			got = append(got, fmt.Sprint(s.Duration/1000))
			if s.Breaks {
				t.Errorf("%s breaks", s.File)
			}
		}
		if list := strings.Join(got, " "); err != nil || list != "10 14 12 28 20" {
			t.Errorf("segments of %s s, %v", list, err)
		}
	})
}

// TestOrphansOfAYoungNode: orphans are looked for soon after the start, so that also a node that never lives for long removes them.
func TestOrphansOfAYoungNode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := recordtest.New(t, record.Config{})
		l.Begin(t, "r", record.Full, &recordtest.Media{})
		time.Sleep(time.Second)
		name := record.Prefix(status.NewULID(time.Now())) + "chat/1"
		if err := l.Blobs.Put(t.Context(), name, []byte("x")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		if err := l.Tend(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if names := l.Blobs.Names(name); len(names) > 0 {
			t.Errorf("left: %v", names)
		}
	})
}
