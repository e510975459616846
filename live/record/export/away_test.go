package export

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

// TestStoreAway: a job waits for a store that is away, and for room, however long, and says so.
func TestStoreAway(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 4})
		defer run(t, d.Service)()
		d.lib.Blobs.Fault(func(op, name string) error {
			if op == "open" && strings.HasSuffix(name, ".m4s") {
				return blob.ErrUnavailable
			}
			return nil
		})
		j := Job{ID: "j1", Recording: r.ID, Format: MP4, Span: Span{To: 4000}, State: Waiting, CreatedAt: time.Now()}
		if _, err := d.add(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if j = d.job(t, r.ID, "j1"); j.State != Waiting || j.Cause == "" {
			t.Errorf("%+v", j)
		}
		d.lib.Blobs.Fault(nil)
		time.Sleep(2 * firstTry)
		synctest.Wait()
		if j = d.job(t, r.ID, "j1"); j.State != Done || j.Cause != "" {
			t.Errorf("%+v", j)
		}
		var asked atomic.Pointer[string]
		d.cfg.Full = func(r record.Recording, j Job) {
			more := r.Room + " " + string(j.Format) + " " + j.Cause
			if was := asked.Swap(&more); was != nil {
				t.Errorf("asked for room again: %s after %s", more, *was)
			}
		}
		d.lib.Blobs.Fault(func(op, _ string) error {
			if op == "put" {
				return blob.ErrFull
			}
			return nil
		})
		for format, waits := range map[Format]time.Duration{FLV: mostTries * lastTry, MP4: time.Minute, Cut: time.Minute} {
			asked.Store(nil)
			full, err := d.Export(t.Context(), r.ID, Request{Format: format})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(waits)
			synctest.Wait()
			const cause = "no room left where recordings are kept; it goes on when there is"
			if full = d.job(t, r.ID, full.ID); full.State != Waiting || full.Cause != cause || d.Stats().Full != 1 || d.Stats().Failed != 0 {
				t.Errorf("%+v, %+v", full, d.Stats())
			}
			if got := asked.Load(); got == nil || *got != "r1 "+string(format)+" "+cause {
				t.Errorf("asked for room: %v", got)
			}
			d.lib.Blobs.Fault(nil)
			time.Sleep(lastTry + pollEvery)
			synctest.Wait()
			if full = d.job(t, r.ID, full.ID); full.State != Done || full.Cause != "" || d.Stats().Full != 0 {
				t.Errorf("with room again: %+v, %+v", full, d.Stats())
			}
			d.lib.Blobs.Fault(func(op, _ string) error {
				if op == "put" {
					return blob.ErrFull
				}
				return nil
			})
		}
	})
}

// limited is a store that knows that it has no room for as much as is asked for, and is not to be asked to write it.
type limited struct {
	*recordtest.Blobs
	most atomic.Int64
}

func (l *limited) Room(more int64) error {
	if more > l.most.Load() {
		return blob.ErrFull
	}
	return nil
}

func (l *limited) Create(ctx context.Context, name string) (blob.Writer, error) {
	l.most.Store(-l.most.Load()) // nothing was to be begun
	return l.Blobs.Create(ctx, name)
}

// TestNothingIsBegunWithoutRoom: what there is no room for is not written until there is none for live recordings either.
func TestNothingIsBegunWithoutRoom(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 4})
		store := &limited{Blobs: d.lib.Blobs}
		store.most.Store(r.Bytes - 1)
		d.blobs = store
		defer run(t, d.Service)()
		for _, format := range []Format{FLV, MP4, Cut} {
			if _, err := d.Export(t.Context(), r.ID, Request{Format: format}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if d.Stats().Full != 3 || store.most.Load() != r.Bytes-1 || len(d.lib.Blobs.Names("rec/")) != len(d.lib.Blobs.Names("rec/"+r.ID)) {
			t.Errorf("%+v, kept %v", d.Stats(), d.lib.Blobs.Names("rec/"))
		}
		store.most.Store(r.Bytes)
		time.Sleep(lastTry)
		synctest.Wait()
		if d.Stats().Done == 0 {
			t.Errorf("with room: %+v", d.Stats())
		}
	})
}

// TestUntold: a job of which backends can't be told waits, makes its other files meanwhile, and tells them when it can, once; of what
// is gone nobody need be told.
func TestUntold(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 6})
		r, _ = d.lib.Store.Change(t.Context(), r.ID, func(r *record.Recording) error { r.FileMax = 2 * time.Second; return nil })
		var mu sync.Mutex
		var told []int
		why, spooled := error(nil), true
		set := func(err error, waits bool) {
			mu.Lock()
			defer mu.Unlock()
			why, spooled = err, waits
		}
		d.cfg.Ready = func(_ context.Context, _ record.Recording, _ Job, n int) error {
			mu.Lock()
			defer mu.Unlock()
			if why == nil {
				told = append(told, n)
			}
			return why
		}
		d.cfg.Spooled = func(context.Context, string) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			return spooled, nil
		}
		defer run(t, d.Service)()
		export := func(waits time.Duration) Job {
			t.Helper()
			j, err := d.Export(t.Context(), r.ID, Request{Format: MP4})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(waits)
			synctest.Wait()
			return d.job(t, r.ID, j.ID)
		}
		j := export(mostTries * lastTry)
		if j.State != Waiting || j.Cause != "the files are made; backends can't be told of them yet" || len(j.Files) != 3 || told != nil {
			t.Errorf("%+v, told %v", j, told)
		}
		set(errors.New("no address can be signed"), false)
		time.Sleep(2 * lastTry)
		set(nil, false)
		time.Sleep(lastTry)
		synctest.Wait()
		if j = d.job(t, r.ID, j.ID); j.State != Done || !slices.Equal(told, []int{1, 2, 3}) {
			t.Errorf("%+v, told %v", j, told)
		}
		set(fs.ErrNotExist, false)
		if j = export(time.Second); j.State != Done {
			t.Errorf("of what is gone: %+v", j)
		}
	})
}

// TestCancel: a job that is deleted while it is worked at, on this node or another, ends and leaves nothing.
func TestCancel(t *testing.T) {
	m := recordtest.NewMedia(t)
	for _, here := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 40})
			d.lib.Blobs.Fault(func(op, _ string) error {
				if op == "open" {
					time.Sleep(time.Second)
				}
				return nil
			})
			defer run(t, d.Service)()
			by := d.Service
			if !here {
				by = d.another()
			}
			j := Job{ID: "j1", Recording: r.ID, Format: MP4, Span: Span{To: 40_000}, State: Waiting, CreatedAt: time.Now()}
			if _, err := d.add(t.Context(), j); err != nil {
				t.Fatal(err)
			}
			time.Sleep(25*time.Second + 500*time.Millisecond) // it writes by then
			if j = d.job(t, r.ID, "j1"); j.State != Running {
				t.Fatalf("%+v", j)
			}
			if err := by.Delete(t.Context(), r.ID, "j1"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(8 * time.Second)
			synctest.Wait()
			if all, _ := d.store.Jobs(t.Context(), r.ID); len(all) != 0 || d.Stats().Done != 0 || len(d.lib.Blobs.Names("rec/"+r.ID+"/x/")) != 0 {
				t.Errorf("here %v: %+v", here, all)
			}
		})
	}
}

// TestRecordingGone: exports of a recording that is removed go with it, also the one under way.
func TestRecordingGone(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 4})
		defer run(t, d.Service)()
		if _, err := d.Export(t.Context(), r.ID, Request{Format: FLV}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.lib.Delete(t.Context(), r.ID), d.Forget(t.Context(), r.ID)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if all, _ := d.store.Open(t.Context(), 10); len(all) != 0 {
			t.Errorf("%+v", all)
		}
		if _, err := d.Exports(t.Context(), r.ID); !errors.Is(err, record.ErrUnknown) {
			t.Error(err)
		}
		if st := d.Stats(); st.Failed != 0 {
			t.Errorf("it counts as failed: %+v", st)
		}
	})
}

// TestRemovalRests: files that can't be removed are tried again at a pace, and hold up no other export.
func TestRemovalRests(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 4})
		defer run(t, d.Service)()
		first, err := d.Export(t.Context(), r.ID, Request{Format: FLV})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var tries atomic.Int64
		d.lib.Blobs.Fault(func(op, _ string) error {
			if op == "remove" {
				if tries.Add(1) > 100 {
					return nil // else this never ends
				}
				return blob.ErrUnavailable
			}
			return nil
		})
		if err := d.Delete(t.Context(), r.ID, first.ID); err != nil {
			t.Fatal(err)
		}
		second, err := d.Export(t.Context(), r.ID, Request{Format: MP4})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + 100*time.Millisecond)
		synctest.Wait()
		if n := tries.Load(); n < 2 || n > 5 { // after 5, 10, 20, 40 s
			t.Errorf("%d tries in a minute", n)
		}
		if second = d.job(t, r.ID, second.ID); second.State != Done {
			t.Errorf("the other: %+v", second)
		}
		d.lib.Blobs.Fault(nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if all, _ := d.store.Jobs(t.Context(), r.ID); len(all) != 1 || len(d.lib.Blobs.Names("rec/"+r.ID+"/x/"+first.ID)) != 0 {
			t.Errorf("left: %+v", all)
		}
	})
}

// TestCatchUpGoesOn: a recording that has too many exports already keeps no other from its own.
func TestCatchUpGoesOn(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		keep := func() record.Recording {
			r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 2})
			r, err := d.lib.Store.Change(t.Context(), r.ID, func(r *record.Recording) error {
				r.Formats = []record.Format{record.FLV}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			return r
		}
		older, newer := keep(), keep()
		for range MaxJobs {
			if _, err := d.Export(t.Context(), newer.ID, Request{Format: MP4}); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.catchUp(t.Context()); !errors.Is(err, ErrTooMany) {
			t.Errorf("the newer: %v", err)
		}
		if j := d.job(t, older.ID, "flv"); j.State != Waiting {
			t.Errorf("%+v", j)
		}
	})
}

// TestMakes: a recording that a cut is to become is expected as long as the cut is open.
func TestMakes(t *testing.T) {
	d := newDesk(t)
	m := recordtest.NewMedia(t)
	r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 4})
	j, err := d.Export(t.Context(), r.ID, Request{Format: Cut})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{j.Target: true, r.ID: false} {
		if makes, err := d.Makes(t.Context(), id); makes != want || err != nil {
			t.Errorf("%q: %v, %v", id, makes, err)
		}
	}
	d.work(t.Context(), j)
	if makes, err := d.Makes(t.Context(), j.Target); makes || err != nil {
		t.Errorf("done: %v, %v", makes, err)
	}
}
