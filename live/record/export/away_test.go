package export

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
)

// TestStoreAway: a job waits for a store that is away and says so; one for which there is no room fails.
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
		d.lib.Blobs.Fault(func(op, _ string) error {
			if op == "put" {
				return blob.ErrFull
			}
			return nil
		})
		full, err := d.Export(t.Context(), r.ID, Request{Format: FLV})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if full = d.job(t, r.ID, full.ID); full.State != Failed || full.Cause != "no room left where recordings are kept" {
			t.Errorf("%+v", full)
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
