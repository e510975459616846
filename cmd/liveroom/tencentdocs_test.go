package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"liveroom/web/callback"
	"liveroom/web/im"
)

// TestTencentPageHasWhatThereIs: the tables of docs/tencent-im.md name each command and callback once, and no others.
func TestTencentPageHasWhatThereIs(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "tencent-im.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		chapter string
		is      []string
	}{
		{"Commands", im.Commands()},
		{"Callbacks", callback.Known()[callback.FormatIM]},
	} {
		t.Run(c.chapter, func(t *testing.T) {
			named := firstColumn(string(raw), c.chapter)
			for _, name := range named {
				if !slices.Contains(c.is, name) {
					t.Errorf("%s is documented and not there", name)
				}
			}
			slices.Sort(named)
			for _, name := range c.is {
				if !slices.Contains(named, name) {
					t.Errorf("%s is there and not documented", name)
				}
			}
			if once := slices.Compact(slices.Clone(named)); len(once) != len(named) {
				t.Errorf("some are documented twice: %v", named)
			}
		})
	}
}

// TestTencentPageHasEachErrorCode: the table of codes explains every number of Tencent's that stands in the code of the doors.
func TestTencentPageHasEachErrorCode(t *testing.T) {
	top := filepath.Join("..", "..")
	raw, err := os.ReadFile(filepath.Join(top, "docs", "tencent-im.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, doc, _ := strings.Cut(string(raw), "\n## Error codes\n")
	doc, _, _ = strings.Cut(doc, "\n## ")
	explained := map[string]bool{}
	for _, row := range strings.Split(doc, "\n") {
		if columns := strings.Split(row, "|"); len(columns) == 5 {
			for _, m := range regexp.MustCompile(`(\d{4,6})(?:–(\d{4,6}))?`).FindAllStringSubmatch(columns[3], -1) {
				from, _ := strconv.Atoi(m[1])
				to, _ := strconv.Atoi(m[2])
				for code := from; code <= max(from, to); code++ {
					explained[strconv.Itoa(code)] = true
				}
			}
		}
	}
	code := regexp.MustCompile(`\b(100[0-9]{2}|200[0-2][0-9]|40[0-6][0-9]{2}|600[0-2][0-9]|70[0-9]{3}|71000|8000[1-3]|9[0-3][0-9]{3}|13000[1-9]|13001[0-4])\b`)
	var found int
	for _, pattern := range []string{"web/im/*.go", "chat/errors.go", "chat/account/errors.go", "web/callback/*.go"} {
		files, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, is := range code.FindAllString(string(source), -1) {
				found++
				if !explained[is] {
					t.Errorf("%s has %s, which the table of codes does not", file, is)
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("found %d codes in the source", found)
	}
}

// firstColumn are the words in code in the first column of a chapter's first table.
func firstColumn(doc, chapter string) (words []string) {
	_, doc, _ = strings.Cut(doc, "\n## "+chapter+"\n")
	_, doc, _ = strings.Cut(doc, "\n|---")
	doc, _, _ = strings.Cut(doc, "\n\n")
	for _, row := range strings.Split(doc, "\n")[1:] {
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			words = append(words, m[1])
		}
	}
	return words
}
