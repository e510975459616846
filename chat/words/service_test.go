package words_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"liveroom/chat"
	"liveroom/chat/words"
	"liveroom/chat/words/wordstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ chat.Filter = (*words.Service)(nil)

func TestMemory(t *testing.T) {
	wordstest.Store(t, func(*testing.T) words.Store { return words.NewMemory() })
}

func service(t *testing.T, cfg words.Config) *words.Service {
	t.Helper()
	s, err := words.New(t.Context(), cfg, words.NewMemory(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func blocked(s *words.Service, text string) bool { _, b := s.Check(text); return b }

func TestChangesAreInForceAtOnce(t *testing.T) {
	s := service(t, words.Config{})
	if blocked(s, "damn") {
		t.Error("a word nobody put")
	}
	for _, step := range []struct {
		change  words.Change
		clean   string
		blocked bool
	}{
		{words.Change{Put: []words.Word{{Text: "damn"}}}, "", true},
		{words.Change{Put: []words.Word{{Text: "DAMN", Action: words.Replace}}}, "*** it", false},
		{words.Change{Delete: []string{"damn"}}, "damn it", false},
		{words.Change{Whole: true, Put: []words.Word{{Text: "it"}}}, "", true},
		{words.Change{Whole: true}, "damn it", false},
	} {
		if _, err := s.Change(t.Context(), step.change); err != nil {
			t.Fatal(err)
		}
		if clean, blocked := s.Check("damn it"); clean != step.clean || blocked != step.blocked {
			t.Errorf("after %+v: %q, %v", step.change, clean, blocked)
		}
	}
	if st := s.Stats(); st != (words.Stats{Words: 0, Checked: 6, Blocked: 2, Replaced: 1}) {
		t.Errorf("stats %+v", st)
	}
}

func TestRefusedChangesChangeNothing(t *testing.T) {
	s := service(t, words.Config{})
	old := uint64(9)
	for _, c := range []words.Change{
		{Put: []words.Word{{Text: "fine"}, {Text: "!"}}},
		{Whole: true, Put: make([]words.Word, words.MaxWords+1)},
		{Put: []words.Word{{Text: "fine"}}, If: &old},
	} {
		if _, err := s.Change(t.Context(), c); !words.Refused(err) {
			t.Errorf("%v", err)
		}
	}
	if blocked(s, "fine") {
		t.Error("in force all the same")
	}
}

// TestFileIsReadAgainWhenItChanges, within a second.
func TestFileIsReadAgainWhenItChanges(t *testing.T) { synctest.Test(t, fileIsReadAgain) }

func fileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "words.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := words.New(t.Context(), words.Config{File: path}, words.NewMemory(), slog.New(slog.DiscardHandler)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a file that is not there: %v", err)
	}
	write("one\r\n\n# a comment\ntwo\treplace\tzwei\n!!\nthree")
	s := service(t, words.Config{File: path, Loose: true})
	if clean, b := s.Check("two"); clean != "zwei" || b || !blocked(s, "o.n.e") || !blocked(s, "three") || blocked(s, "a comment") {
		t.Errorf("%q, %v", clean, b)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	write("four")
	time.Sleep(time.Second)
	synctest.Wait()
	if !blocked(s, "four") || blocked(s, "one") {
		t.Error("after a second the file's old words are in force")
	}
	// A file that is gone, or too large, leaves what is in force; stored words win over the file's.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Change(ctx, words.Change{Put: []words.Word{{Text: "Four", Action: words.Replace}, {Text: "five"}}}); err != nil {
		t.Fatal(err)
	}
	if clean, _ := s.Check("four"); clean != "***" {
		t.Errorf("stored and in the file: %q", clean)
	}
	if texts, err := s.Blocking(ctx); err != nil || !slices.Equal(texts, []string{"five"}) {
		t.Errorf("blocking: %v, %v", texts, err)
	}
}

func TestParse(t *testing.T) {
	all, bad := words.Parse("\ufeffa\n  b  \r\nc\treplace\nd\treplace\t x \ne\tblock\n#\n# no\n#tag\n\nf\tburn\ng\tblock\tx\nh\treplace\tx\ty\n?")
	want := []words.Word{
		{Text: "a"}, {Text: "b"}, {Text: "c", Action: words.Replace}, {Text: "d", Action: words.Replace, Replacement: "x"}, {Text: "e"}, {Text: "#tag"},
	}
	if !slices.Equal(all, want) {
		t.Errorf("%+v", all)
	}
	var lines []int
	for _, e := range bad {
		lines = append(lines, e.Line)
	}
	if !slices.Equal(lines, []int{10, 11, 12, 13}) {
		t.Errorf("bad lines %v", bad)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a\tb\tc\n# x\n\ufeff")
	f.Fuzz(func(t *testing.T, text string) {
		all, bad := words.Parse(text)
		if len(all)+len(bad) > 1+strings.Count(text, "\n") {
			t.Fatal("more words than lines")
		}
		if _, err := words.Compile(words.List{Words: all}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestWordsOfAnotherNode: what another node stored is in force after a reload.
func TestWordsOfAnotherNode(t *testing.T) {
	store := words.NewMemory()
	var nodes [2]*words.Service
	for i := range nodes {
		s, err := words.New(t.Context(), words.Config{}, store, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		nodes[i] = s
	}
	if _, err := nodes[0].Change(t.Context(), words.Change{Put: []words.Word{{Text: "damn"}}}); err != nil {
		t.Fatal(err)
	}
	if err := nodes[1].Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, blocked := nodes[1].Check("damn it"); !blocked {
		t.Error("the word is not in force on the other node")
	}
}

// TestRules: what words say may be overruled, at once and for all of them.
func TestRules(t *testing.T) {
	s := service(t, words.Config{})
	put := []words.Word{{Text: "one"}, {Text: "two", Action: words.Replace, Replacement: "2"}, {Text: "three", Action: words.Replace}}
	if _, err := s.Change(t.Context(), words.Change{Put: put}); err != nil {
		t.Fatal(err)
	}
	const refused = "refused"
	for _, tc := range []struct {
		rule             words.Rule
		one, two, others string
		blocking         []string
	}{
		{words.Each, refused, "2 and ***", refused, []string{"one"}},
		{words.AllBlock, refused, refused, refused, []string{"one", "three", "two"}},
		{words.AllReplace, "***", "2 and ***", "*** 2", nil},
		{words.Each, refused, "2 and ***", refused, []string{"one"}},
	} {
		s.SetRule(tc.rule)
		for text, want := range map[string]string{"one": tc.one, "two and three": tc.two, "one two": tc.others, "four": "four"} {
			got, blocked := s.Check(text)
			if blocked {
				got = refused
			}
			if got != want {
				t.Errorf("rule %d, %q: %q, want %q", tc.rule, text, got, want)
			}
		}
		texts, err := s.Blocking(t.Context())
		slices.Sort(texts)
		if err != nil || !slices.Equal(texts, tc.blocking) {
			t.Errorf("rule %d: %v block, %v", tc.rule, texts, err)
		}
	}
}
