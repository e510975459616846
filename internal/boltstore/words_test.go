package boltstore

import (
	"log/slog"
	"path/filepath"
	"testing"

	"liveroom/chat/words"
	"liveroom/chat/words/wordstest"
)

func TestWords(t *testing.T) {
	wordstest.Store(t, func(t *testing.T) words.Store { return openTest(t).Words() })
}

func TestWordsSurviveAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "liveroom.db")
	loose := true
	put := []words.Word{{Text: "damn", Action: words.Replace, Replacement: "♥"}, {Text: "法轮功", Whole: true}}
	for i := range 2 {
		s, err := Open(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := s.Words().ChangeWords(t.Context(), words.Change{Put: put, Loose: &loose}); err != nil {
				t.Fatal(err)
			}
		} else if l, head, err := s.Words().AllWords(t.Context()); err != nil || len(l.Words) != 2 || l.Words[0] != put[0] || l.Words[1] != put[1] || !l.Loose || head.Version != 1 {
			t.Fatalf("reopened: %+v, %+v, %v", l, head, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
