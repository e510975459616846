// Package wordstest holds what every words.Store must do. Memory, bbolt and Redis pass the same suite.
package wordstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"liveroom/chat/words"
)

var at = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// Store runs the suite; open returns an empty Store each time it is called.
func Store(t *testing.T, open func(t *testing.T) words.Store) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, s words.Store)
	}{
		{"an empty list has version 0", empty},
		{"words are put, put again and deleted", putDelete},
		{"the whole list is replaced", whole},
		{"a change meant for another version is refused", versions},
		{"of several changes meant for one version one is made", race},
		{"pages are in order and whole", pages},
		{"a list has its bounds", bounds},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func empty(t *testing.T, s words.Store) {
	l, head, err := s.AllWords(t.Context())
	if err != nil || len(l.Words) != 0 || l.Loose || head != (words.Head{}) {
		t.Errorf("%+v, %+v, %v", l, head, err)
	}
	page, next, head, err := s.WordsPage(t.Context(), "", 10)
	if err != nil || len(page) != 0 || next != "" || head != (words.Head{}) {
		t.Errorf("%v, %q, %+v, %v", page, next, head, err)
	}
}

func putDelete(t *testing.T, s words.Store) {
	done := change(t, s, words.Change{Put: []words.Word{{Text: "b"}, {Text: "Foo", Action: words.Replace, Replacement: "bar", Whole: true}}})
	if want := (words.Result{Head: words.Head{Version: 1, Count: 2, ChangedAt: at}}); done != want {
		t.Errorf("%+v, want %+v", done, want)
	}
	change(t, s, words.Change{Put: []words.Word{{Text: "ＦＯＯ"}, {Text: "a"}}})
	done = change(t, s, words.Change{Delete: []string{"B", "unknown"}})
	if done.Removed != 1 || done.Count != 2 || done.Version != 3 {
		t.Errorf("%+v", done)
	}
	is(t, s, false, words.Word{Text: "a"}, words.Word{Text: "ＦＯＯ"})
	if idle := change(t, s, words.Change{Delete: []string{"unknown", ""}}); idle.Removed != 0 || idle.Head != done.Head {
		t.Errorf("deleted nothing: %+v", idle)
	}
	done = change(t, s, words.Change{Delete: []string{"a"}, Put: []words.Word{{Text: "A", Action: words.Replace}}})
	if done.Removed != 1 || done.Count != 2 {
		t.Errorf("%+v", done)
	}
	is(t, s, false, words.Word{Text: "A", Action: words.Replace}, words.Word{Text: "ＦＯＯ"})
}

func whole(t *testing.T, s words.Store) {
	loose, strict := true, false
	change(t, s, words.Change{Put: []words.Word{{Text: "a"}, {Text: "b"}}, Loose: &loose})
	is(t, s, true, words.Word{Text: "a"}, words.Word{Text: "b"})
	change(t, s, words.Change{Whole: true, Put: []words.Word{{Text: "法轮功"}}})
	is(t, s, true, words.Word{Text: "法轮功"})
	change(t, s, words.Change{Whole: true, Loose: &strict})
	is(t, s, false)
}

func versions(t *testing.T, s words.Store) {
	first, later := uint64(0), uint64(1)
	change(t, s, words.Change{Put: []words.Word{{Text: "a"}}, If: &first})
	_, err := s.ChangeWords(t.Context(), words.Change{Whole: true, If: &first, At: at})
	if !errors.Is(err, words.ErrVersion) {
		t.Errorf("an old version: %v", err)
	}
	is(t, s, false, words.Word{Text: "a"})
	change(t, s, words.Change{Put: []words.Word{{Text: "b"}}, If: &later})
}

func race(t *testing.T, s words.Store) {
	const rivals = 8
	ctx := context.WithoutCancel(t.Context())
	refusals := make(chan error, rivals)
	for i := range rivals {
		go func() {
			_, err := s.ChangeWords(ctx, words.Change{Put: []words.Word{{Text: fmt.Sprint("w", i)}}, If: new(uint64), At: at})
			refusals <- err
		}()
	}
	made := 0
	for range rivals {
		switch err := <-refusals; {
		case err == nil:
			made++
		case !errors.Is(err, words.ErrVersion):
			t.Error(err)
		}
	}
	if _, head, err := s.AllWords(ctx); made != 1 || head.Version != 1 || head.Count != 1 || err != nil {
		t.Errorf("%d were made: %+v, %v", made, head, err)
	}
}

func pages(t *testing.T, s words.Store) {
	var put []words.Word
	for i := range 25 {
		put = append(put, words.Word{Text: fmt.Sprintf("word %02d", i)})
	}
	slices.Reverse(put)
	change(t, s, words.Change{Put: put})
	var got []string
	after, sizes := "", []int(nil)
	for {
		page, next, head, err := s.WordsPage(t.Context(), after, 10)
		if err != nil || head.Count != 25 {
			t.Fatal(head, err)
		}
		sizes = append(sizes, len(page))
		for _, w := range page {
			got = append(got, w.Text)
		}
		if after = next; after == "" {
			break
		}
	}
	if !slices.Equal(sizes, []int{10, 10, 5}) || !slices.IsSorted(got) || len(got) != 25 {
		t.Errorf("pages of %v: %v", sizes, got)
	}
}

func bounds(t *testing.T, s words.Store) {
	put := make([]words.Word, words.MaxWords)
	for i := range put {
		put[i].Text = fmt.Sprint("w", i)
	}
	change(t, s, words.Change{Put: put})
	_, err := s.ChangeWords(t.Context(), words.Change{Put: []words.Word{{Text: "one more"}}, At: at})
	if !errors.Is(err, words.ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if done := change(t, s, words.Change{Put: []words.Word{{Text: "W7", Action: words.Replace}}}); done.Count != words.MaxWords {
		t.Errorf("one that is there: %+v", done)
	}
	_, head, err := s.AllWords(t.Context())
	if err != nil || head.Count != words.MaxWords || head.Version != 2 {
		t.Errorf("%+v, %v", head, err)
	}
}

func change(t *testing.T, s words.Store, c words.Change) words.Result {
	t.Helper()
	c.At = at
	done, err := s.ChangeWords(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// is checks the list, in order of keys.
func is(t *testing.T, s words.Store, loose bool, want ...words.Word) {
	t.Helper()
	l, head, err := s.AllWords(t.Context())
	if err != nil || l.Loose != loose || head.Count != len(want) || !slices.Equal(l.Words, want) {
		t.Fatalf("list %+v, %+v, %v, want %+v, loose %v", l, head, err, want, loose)
	}
}
