package boltstore

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"liveroom/chat/draw"
	"liveroom/chat/draw/drawtest"
)

func TestDraws(t *testing.T) {
	drawtest.Store(t, func(t *testing.T) draw.Store { return openTest(t).Draws() })
}

func TestDrawsSurviveAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	want := drawtest.Sample("tea", "d1")
	want.Number, want.Entries, want.Place = 1, 1, 8
	for i := range 2 {
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, _, err := s.Draws().Start(t.Context(), drawtest.Sample("tea", "d1")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Draws().Enter(t.Context(), "tea", "d1", 7, draw.More{Entries: []draw.Entry{drawtest.Entry("bob", 8)}, Place: 8}); err != nil {
				t.Fatal(err)
			}
		} else if open, out, err := s.Draws().Work(t.Context(), "tea", 10); err != nil || !reflect.DeepEqual(*open, want) || len(out) != 1 {
			t.Fatalf("reopened: %+v, %+v, %v", open, out, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDrawsOfBefore: draws that were over before it was noted when they ended are found when they are old.
func TestDrawsOfBefore(t *testing.T) {
	s := openTest(t)
	w, now := s.Draws(), time.Now()
	for _, group := range []string{"tea", "milk"} {
		if _, _, err := w.Start(t.Context(), drawtest.Sample(group, "d1")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Close(t.Context(), group, "d1", draw.Closing{State: draw.Cancelled, Place: 7, At: now}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.update(t.Context(), func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketDrawsOver) }); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 2} {
		if n, err := w.Sweep(t.Context(), now.Add(time.Hour), 10); n != want || err != nil {
			t.Errorf("%d went, %v, want %d", n, err, want)
		}
		if i == 0 {
			if _, _, err := w.Start(t.Context(), drawtest.Sample("cocoa", "d1")); err != nil {
				t.Fatal(err)
			}
		}
	}
}
