package export

import (
	"context"
	"errors"
	"io"
	"log/slog"
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

// desk is a service over memory with a library of recordings.
type desk struct {
	*Service
	lib   *recordtest.Library
	store *Memory

	mu    sync.Mutex
	ready []string // names of files that were told of
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{lib: recordtest.New(t, record.Config{}), store: NewMemory()}
	d.Service = d.another()
	return d
}

// another is another node's service over the same stores.
func (d *desk) another() *Service {
	return New(Config{NewID: status.NewULID, Ready: func(_ context.Context, _ record.Recording, j Job, n int) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.ready = append(d.ready, j.Files[n-1].Name)
		return nil
	}}, d.lib, d.lib.Blobs, d.store, slog.New(slog.DiscardHandler))
}

// run runs a service until stop is called.
func run(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	return func() { cancel(); <-done }
}

func read(t *testing.T, blobs blob.Store, name string) []byte {
	t.Helper()
	o, err := blobs.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (d *desk) job(t *testing.T, recording, id string) Job {
	t.Helper()
	j, err := d.One(t.Context(), recording, id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestJob: an export goes from waiting to done, its files are there, told and described; deleted, they are gone.
func TestJob(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 5}, recordtest.Span{Generation: 2, Start: 60_000, Pieces: 4})
		defer run(t, d.Service)()
		// A keyframe of this media is 23 ms behind each second.
		j, err := d.Export(t.Context(), r.ID, Request{Format: MP4, Span: Span{From: 1500}, By: "anna"})
		if err != nil || j.Span != (Span{1023, 9000}) || j.State != Waiting {
			t.Fatalf("%+v, %v", j, err)
		}
		synctest.Wait()
		j = d.job(t, r.ID, j.ID)
		want := File{Name: "x/" + j.ID + "-1.mp4", Start: 1023, End: 64_000, Duration: 7977, Width: 160, Height: 120, Video: "h264", Audio: "aac", Segments: 5}
		data := read(t, d.lib.Blobs, "rec/"+r.ID+"/"+want.Name)
		want.Bytes = int64(len(data))
		if j.State != Done || j.Progress() != 1 || len(j.Files) != 1 || j.Files[0] != want || j.EndedAt.IsZero() || len(d.ready) != 1 || d.ready[0] != want.Name {
			t.Errorf("%+v, told %v", j, d.ready)
		}
		if o, f, err := d.Open(t.Context(), r.ID, j.ID, 1); err != nil || f != want {
			t.Errorf("%+v, %v", f, err)
		} else {
			_ = o.Close()
		}
		if _, _, err := d.Open(t.Context(), r.ID, j.ID, 2); err == nil {
			t.Error("a second file")
		}
		if err := d.Delete(t.Context(), r.ID, j.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if names := d.lib.Blobs.Names("rec/" + r.ID + "/x/"); len(names) != 0 {
			t.Errorf("left: %v", names)
		}
		if _, err := d.One(t.Context(), r.ID, j.ID); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if st := d.Stats(); st.Done != 1 || st.Failed != 0 || st.Running != 0 || st.Bytes != uint64(want.Bytes) { //nolint:gosec // not negative
			t.Errorf("%+v", st)
		}
	})
}

// TestRefused: what can't be exported says why.
func TestRefused(t *testing.T) {
	m := recordtest.NewMedia(t)
	d := newDesk(t)
	r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 4})
	d.lib.Room.Set(record.Rule{Mode: record.Always}, "S1")
	running := d.lib.Begin(t, "r2", record.Full, m, recordtest.Span{Generation: 1, Pieces: 2})
	shift := d.lib.Begin(t, "r2", record.Shift, m, recordtest.Span{Generation: 1, Pieces: 2})
	var wrong *RangeError
	for _, tc := range []struct {
		id   string
		span Span
		want func(error) bool
	}{
		{running.ID, Span{}, func(err error) bool { return errors.Is(err, ErrUnfinished) }},
		{shift.ID, Span{}, func(err error) bool { return errors.Is(err, record.ErrUnknown) }},
		{"nope", Span{}, func(err error) bool { return errors.Is(err, record.ErrUnknown) }},
		{r.ID, Span{From: -1}, func(err error) bool { return errors.As(err, &wrong) && wrong.Field == "from" }},
		{r.ID, Span{From: 4000}, func(err error) bool { return errors.As(err, &wrong) && wrong.Field == "from" }},
		{r.ID, Span{From: 2000, To: 2000}, func(err error) bool { return errors.As(err, &wrong) && wrong.Field == "to" }},
	} {
		if j, err := d.Export(t.Context(), tc.id, Request{Format: FLV, Span: tc.span}); !tc.want(err) {
			t.Errorf("%s %+v: %+v, %v", tc.id, tc.span, j, err)
		}
	}
	for range MaxJobs {
		if _, err := d.Export(t.Context(), r.ID, Request{Format: FLV}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Export(t.Context(), r.ID, Request{Format: FLV}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	first := d.lib.Blobs.Names("rec/" + r.ID + "/000001-")[0]
	for what, spoil := range map[string]func() error{
		"cut off": func() error { return d.lib.Blobs.Put(t.Context(), first, []byte("moof")) },
		"gone":    func() error { return d.lib.Blobs.Remove(t.Context(), first) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Export(t.Context(), r.ID, Request{Format: FLV}); !errors.Is(err, ErrUnreadable) {
			t.Errorf("a segment that is %s: %v", what, err)
		}
	}
}

// TestFileMax: files are no longer than they may be, and together as long as the recording.
func TestFileMax(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 9})
		r, _ = d.lib.Store.Change(t.Context(), r.ID, func(r *record.Recording) error {
			r.FileMax, r.Formats = 5*time.Second, []record.Format{record.HLS, record.MP4, record.FLV}
			return nil
		})
		defer run(t, d.Service)() // it begins what nobody began
		synctest.Wait()
		for _, format := range []Format{MP4, FLV} {
			j := d.job(t, r.ID, string(format))
			var lengths []int64
			for _, f := range j.Files {
				lengths = append(lengths, f.Duration)
			}
			if len(lengths) != 2 || lengths[0] != 4000 || lengths[1] != 5000 || j.Made != 9000 {
				t.Errorf("%s: %v, %+v", format, lengths, j)
			}
		}
		// One that was deleted is not made again.
		if err := errors.Join(d.Delete(t.Context(), r.ID, "mp4"), d.Auto(t.Context(), r)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * catchUpEvery)
		synctest.Wait()
		if all, _ := d.Exports(t.Context(), r.ID); len(all) != 1 || all[0].ID != "flv" {
			t.Errorf("%+v", all)
		}
	})
}

// TestResume: a job that ends in the middle of a file is gone on with by another node, which makes that file anew and no other.
func TestResume(t *testing.T) {
	m := recordtest.NewMedia(t)
	for _, format := range []Format{MP4, FLV, Cut} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			r := d.lib.Keep(t, "r1", m, recordtest.Span{Generation: 1, Pieces: 12})
			r, _ = d.lib.Store.Change(t.Context(), r.ID, func(r *record.Recording) error { r.FileMax = 4 * time.Second; return nil })
			j, err := d.Export(t.Context(), r.ID, Request{Format: format, Span: Span{From: 1100, To: 10_900}, Title: "part"})
			if err != nil {
				t.Fatal(err)
			}
			killed := make(chan struct{})
			opened := 0
			d.lib.Blobs.Fault(func(op, name string) error {
				if opened++; op == "open" && strings.Contains(name, "-000000008000-") && d.Stats().Done == 0 {
					select {
					case <-killed:
					default:
						close(killed)
					}
					return errors.New("it dies here") // in the second file
				}
				return nil
			})
			stop := run(t, d.Service)
			<-killed
			stop()
			d.lib.Blobs.Fault(nil)
			before := d.job(t, r.ID, j.ID)
			other := d.another()
			defer run(t, other)()
			time.Sleep(time.Minute)
			synctest.Wait()
			after := d.job(t, r.ID, j.ID)
			if after.State != Done || other.Stats().Done != 1 {
				t.Fatalf("%s: %+v, then %+v", format, before, after)
			}
			if format == Cut {
				x, err := d.lib.Index(t.Context(), after.Target)
				got, _ := d.lib.Recording(t.Context(), after.Target)
				if err != nil || length(x) != 10_000 || got.Of != r.ID || got.Title != "part" || got.State != record.Done {
					t.Errorf("%+v, %+v, %v", got, x, err)
				}
				return
			}
			if len(before.Files) == 0 || len(after.Files) != 3 || len(d.ready) != 3 || after.Files[0] != before.Files[0] {
				t.Errorf("%s: %+v, then %+v, told %v", format, before.Files, after.Files, d.ready)
			}
		})
	}
}

// TestNoticed: a recording that is done is exported, and told of as soon as it can be; also what was noticed right before the end.
func TestNoticed(t *testing.T) {
	m := recordtest.NewMedia(t)
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		var mu sync.Mutex
		var told []string
		away := true
		said := func() string {
			mu.Lock()
			defer mu.Unlock()
			return strings.Join(told, " ")
		}
		d.cfg.Finished = func(_ context.Context, r record.Recording) error {
			mu.Lock()
			defer mu.Unlock()
			if away {
				return errors.New("no address can be signed")
			}
			told = append(told, r.Room)
			return nil
		}
		keep := func(room string) record.Recording {
			r := d.lib.Keep(t, room, m, recordtest.Span{Generation: 1, Pieces: 2})
			r.Formats = []record.Format{record.FLV}
			return r
		}
		a, b := keep("r1"), keep("r2")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = d.Listen(ctx)
		}()
		d.Noticed(a)
		synctest.Wait()
		if said() != "" {
			t.Errorf("told %v", said())
		}
		mu.Lock()
		away = false
		mu.Unlock()
		time.Sleep(noticeAgain)
		synctest.Wait()
		if said() != "r1" {
			t.Errorf("told %v when it could be", said())
		}
		cancel()
		d.Noticed(b)
		<-done
		_ = d.Listen(ctx)
		if said() != "r1 r2" {
			t.Errorf("told %v", said())
		}
		keep("r3") // and there was a crash
		for range 2 {
			if err := d.catchUp(t.Context()); err != nil || said() != "r1 r2 r3" {
				t.Errorf("told %v, %v", said(), err)
			}
		}
		for _, id := range []string{a.ID, b.ID} {
			if j := d.job(t, id, "flv"); j.State != Waiting || j.Span.To != 2000 {
				t.Errorf("%+v", j)
			}
		}
		for range mostNoticed + 5 {
			d.Noticed(a) // never blocks
		}
	})
}
