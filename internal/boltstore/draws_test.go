package boltstore

import (
	"log/slog"
	"path/filepath"
	"reflect"
	"testing"

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
