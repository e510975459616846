package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
