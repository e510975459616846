package record_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"liveroom/live/blob"
	"liveroom/live/blob/blobtest"
	"liveroom/live/record"
)

// TestARecordingWaitsForOtherNodes: while one has segments that the store does not, it is neither finished nor removed; later all of
// it is in the index, or gone.
func TestARecordingWaitsForOtherNodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store, blobs, later := record.NewMemory(), blob.NewMemory(), true
		s, err := record.New(record.Config{
			Rule:      func(context.Context, string) (record.Rule, error) { return record.Rule{}, nil },
			RoomRule:  func(context.Context, string) (record.Rule, error) { return record.Rule{}, nil },
			Session:   func(context.Context, string) (string, error) { return "", nil },
			Elsewhere: func(context.Context, string) (bool, error) { return later, nil },
			NewID:     func(time.Time) string { return "01J00000000000000000000001" },
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
