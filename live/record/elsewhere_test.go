package record_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
	"liveroom/live/record"
	"liveroom/live/record/recordtest"
	"liveroom/status"
)

// TestARecordingWaitsForOtherNodes: while one has segments that the store does not, it is neither finished nor removed; later all of
// it is in the index, or gone.
func TestARecordingWaitsForOtherNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, blobs, later := record.NewMemory(), blob.NewMemory(), true
		s, err := record.New(record.Config{
			Rule:     func(context.Context, string) (record.Rule, error) { return record.Rule{}, nil },
			RoomRule: func(context.Context, string) (record.Rule, error) { return record.Rule{}, nil },
			Session:  func(context.Context, string) (string, error) { return "", nil },
			Spooled:  func(context.Context, string) (bool, error) { return later, nil },
			NewID:    func(time.Time) string { return "01J00000000000000000000001" },
		}, store, blobs, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := store.Begin(t.Context(), record.Recording{
			ID: "01J00000000000000000000001", Kind: record.Full, Room: "r", Stream: "r", Session: "s", State: record.Running,
		})
		if err != nil {
			t.Fatal(err)
		}
		segment := func(start int64) {
			name := record.SegmentName(record.Segment{Generation: 1, Start: start, Duration: 6000, Init: "0123456789abcdef.mp4"})
			blobtest.Put(t, blobs, record.Prefix(r.ID)+name, []byte("x"))
		}
		sweep := func() record.Recording {
			t.Helper()
			time.Sleep(10 * time.Second)
			if err := s.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			now, err := store.Recording(t.Context(), r.ID)
			if err != nil && later {
				t.Fatal(err)
			}
			return now
		}
		segment(0)
		for range 3 {
			if now := sweep(); now.State != record.Finishing {
				t.Errorf("it is %s while another node has more of it", now.State)
			}
		}
		segment(6000)
		later = false
		if now := sweep(); now.State != record.Done || now.Segments != 2 {
			t.Errorf("%+v", now)
		}
		later = true
		if err := s.Delete(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		segment(12000)
		if now := sweep(); now.State != record.Deleting {
			t.Errorf("it is %s while another node has more of it", now.State)
		}
		later = false
		sweep()
		if left := blobtest.Names(t, blobs, "", ""); left != nil {
			t.Errorf("left: %v", left)
		}
	})
}

// TestACutWaitsForOtherNodes: a recording is not made of objects of which some wait on a node.
func TestACutWaitsForOtherNodes(t *testing.T) {
	t.Parallel()
	later := true
	l := recordtest.New(t, record.Config{Spooled: func(context.Context, string) (bool, error) { return later, nil }})
	cut := record.Recording{ID: status.NewULID(time.Now()), Room: "r", Session: "s"}
	if _, err := l.Place(t.Context(), cut); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("placed: %v", err)
	}
	later = false
	name := record.SegmentName(record.Segment{Generation: 1, Duration: 6000, Init: "0123456789abcdef.mp4"})
	blobtest.Put(t, l.Blobs, record.Prefix(cut.ID)+name, []byte("x"))
	if r, err := l.Place(t.Context(), cut); err != nil || r.Segments != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestAnIndexThatComesLaterIsRead: a node that looks at a finished recording before its index is in the store answers what is there,
// and all of it later.
func TestAnIndexThatComesLaterIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there := recordtest.New(t, record.Config{}), recordtest.New(t, record.Config{})
		r := record.Recording{ID: status.NewULID(time.Now()), Kind: record.Full, Room: "r", Session: "s"}
		for n := range 3 {
			name := record.SegmentName(record.Segment{Generation: 1, Start: int64(n) * 6000, Duration: 6000, Init: "0123456789abcdef.mp4"})
			blobtest.Put(t, here.Blobs, record.Prefix(r.ID)+name, []byte("x"))
		}
		done, err := here.Place(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := there.Store.Add(t.Context(), done); err != nil {
			t.Fatal(err)
		}
		for n, name := range here.Blobs.Names("") { // as S3 has them one after the other
			blobtest.Put(t, there.Blobs, name, blobtest.Get(t, here.Blobs, name))
			x, err := there.Index(t.Context(), r.ID)
			if want := min(n+1, 3); err != nil || len(x.Segments) != want || !x.Ended {
				t.Errorf("after %s: %+v, %v", name, x, err)
			}
			time.Sleep(2 * time.Second)
		}
		there.Blobs.Fault(func(op, _ string) error { return fmt.Errorf("%s of what never changes", op) })
		if x, err := there.Index(t.Context(), r.ID); err != nil || len(x.Segments) != 3 {
			t.Errorf("%+v, %v", x, err)
		}
	})
}
