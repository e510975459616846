package main

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// docPage is a document, cut at its headings.
type docPage struct {
	name     string // from the root of the repository: "docs/guide.md"
	sections []docSection
}

// docSection is a heading and what follows it up to the next. A page's first has no heading, as has what stands above one.
type docSection struct {
	level  int
	title  string
	anchor string   // as GitHub makes it of the title
	fences []string // blocks of code, with the lines of ``` around them
	prose  string   // all else
}

// readDocPages reads all documents, by name.
func readDocPages(t *testing.T) map[string]docPage {
	t.Helper()
	root := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d documents, %v", len(files), err)
	}
	pages := map[string]docPage{}
	for _, file := range append(files, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		pages[name] = docPage{name, docSections(string(text))}
	}
	return pages
}

func docSections(text string) []docSection {
	all, taken := []docSection{{}}, map[string]int{}
	fence := false
	for line := range strings.Lines(text) {
		at := &all[len(all)-1]
		mark := strings.HasPrefix(line, "```")
		switch {
		case mark && !fence:
			fence = true
			at.fences = append(at.fences, line)
		case fence:
			fence = !mark
			at.fences[len(at.fences)-1] += line
		case docHeading.MatchString(line):
			m := docHeading.FindStringSubmatch(line)
			all = append(all, docSection{level: len(m[1]), title: m[2], anchor: docAnchor(m[2], taken)})
		default:
			at.prose += line
		}
	}
	return all
}

var (
	docHeading = regexp.MustCompile(`^(#{1,6}) +(.*?)\s*$`)
	docLink    = regexp.MustCompile(`\[([^]]*)\]\(([^)\s]+)\)`)
	docCode    = regexp.MustCompile("`[^`]+`")
	docNumber  = regexp.MustCompile(`\d+(?:\.\d+)?`)
)

// docAnchor is what GitHub calls a heading in addresses: small letters and digits of any script, _ and -, spaces as -, and a number
// behind one that was there before.
func docAnchor(title string, taken map[string]int) string {
	title = docLink.ReplaceAllString(title, "$1")
	anchor := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
	n := taken[anchor]
	taken[anchor]++
	if n > 0 {
		anchor += "-" + strconv.Itoa(n)
	}
	return anchor
}

// links are the targets of the section's links and pictures.
func (s docSection) links() (targets []string) {
	for _, m := range docLink.FindAllStringSubmatch(docCode.ReplaceAllString(s.prose, ""), -1) {
		targets = append(targets, m[2])
	}
	return targets
}

// resolve says of a link of the page which file it leads to, from the root of the repository, and to which heading; no file: out of it.
func (p docPage) resolve(target string) (file, anchor string, err error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "" || u.Host != "" {
		return "", "", err
	}
	if u.Path == "" {
		return p.name, u.Fragment, nil
	}
	return path.Join(path.Dir(p.name), u.Path), u.Fragment, nil
}

// heading is which of its sections has an anchor; -1: none.
func (p docPage) heading(anchor string) int {
	return slices.IndexFunc(p.sections, func(s docSection) bool { return s.level > 0 && s.anchor == anchor })
}

// TestDocumentsHaveTheAnchorsOfGitHub holds our own idea of them.
func TestDocumentsHaveTheAnchorsOfGitHub(t *testing.T) {
	t.Parallel()
	var got []string
	for _, s := range docSections("# A tour, with curl\n## 20. 直播之后\n### 用 `curl` 走一遍（一）\n```\n# none\n```\n## A tour, with curl\n## [Live_room](x.md) & more\n")[1:] {
		got = append(got, s.anchor)
	}
	if want := []string{"a-tour-with-curl", "20-直播之后", "用-curl-走一遍一", "a-tour-with-curl-1", "live_room--more"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// TestDocumentsLinkToWhatIsThere follows each link within the repository, to its heading.
func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	pages, followed := readDocPages(t), 0
	for _, p := range pages {
		for _, s := range p.sections {
			for _, target := range s.links() {
				file, anchor, err := p.resolve(target)
				if err != nil {
					t.Errorf("%s, %q: %v", p.name, s.title, err)
				}
				if file == "" {
					continue
				}
				followed++
				if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(file))); err != nil {
					t.Errorf("%s, %q: %s leads nowhere", p.name, s.title, target)
				} else if anchor != "" && pages[file].heading(anchor) < 0 {
					t.Errorf("%s, %q: %s has no such heading", p.name, s.title, target)
				}
			}
		}
	}
	if followed < 300 {
		t.Errorf("found %d links", followed)
	}
}

// translated are the pages that are there in Chinese too.
var translated = map[string]string{"README.md": "docs/README.zh.md", "docs/guide.md": "docs/guide.zh.md"}

// TestChineseDocumentsAreInStep holds each translation to its original, chapter by chapter: who changes a command, a table, a name, a figure or a
// link in the one is told to change the other.
func TestChineseDocumentsAreInStep(t *testing.T) {
	t.Parallel()
	pages := readDocPages(t)
	for original, translation := range translated {
		t.Run(original, func(t *testing.T) {
			english, chinese := pages[original], pages[translation]
			if len(english.sections) != len(chinese.sections) {
				t.Fatalf("%s has %d headings, %s has %d", original, len(english.sections)-1, translation, len(chinese.sections)-1)
			}
			for i, en := range english.sections {
				zh := chinese.sections[i]
				at := strconv.Quote(en.title) + " and " + strconv.Quote(zh.title)
				if en.level != zh.level {
					t.Errorf("%s stand on levels %d and %d", at, en.level, zh.level)
				}
				alike(t, at+": code", en.fences, zh.fences)
				alike(t, at+": links", linksInStep(pages, english, en), linksInStep(pages, chinese, zh))
				alike(t, at+": tables", tableShape(en.prose), tableShape(zh.prose))
				alike(t, at+": words in code", distinct(docCode.FindAllString(en.prose, -1)), distinct(docCode.FindAllString(zh.prose, -1)))
				there := figures(zh.prose)
				for _, n := range figures(en.prose) {
					if !slices.Contains(there, n) {
						t.Errorf("%s: the figure %s is missing in Chinese", at, n)
					}
				}
			}
			if !linksTo(english, translation) || !linksTo(chinese, original) {
				t.Error("they don't lead to each other at their beginning")
			}
		})
	}
}

// alike compares lists and shows what differs.
func alike(t *testing.T, what string, english, chinese []string) {
	t.Helper()
	if !slices.Equal(english, chinese) {
		t.Errorf("%s differ; English only: %q; Chinese only: %q; %d and %d in all", what, onlyIn(english, chinese), onlyIn(chinese, english), len(english), len(chinese))
	}
}

func onlyIn(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
}

// linksInStep are the section's links in order, those to translated pages as if to the English one, with the number of the heading. Those from
// a page to its translation, or back, are left out.
func linksInStep(pages map[string]docPage, p docPage, s docSection) (links []string) {
	for _, target := range s.links() {
		file, anchor, err := p.resolve(target)
		if err != nil || file == "" {
			links = append(links, target)
			continue
		}
		if translated[p.name] == file || translated[file] == p.name {
			continue
		}
		name := file
		for original, translation := range translated {
			if file != original && file != translation {
				continue
			}
			name = original
			if anchor != "" {
				anchor = strconv.Itoa(pages[file].heading(anchor))
			}
		}
		links = append(links, name+"#"+anchor)
	}
	slices.Sort(links)
	return links
}

// linksTo says whether the page's first lines lead to a file.
func linksTo(p docPage, file string) bool {
	return slices.ContainsFunc(docSection{prose: p.sections[1].prose}.links(), func(target string) bool {
		to, _, err := p.resolve(target)
		return err == nil && to == file
	})
}

// tableShape is how many bars each row of its tables has.
func tableShape(prose string) (rows []string) {
	for line := range strings.Lines(docCode.ReplaceAllString(prose, "")) {
		if strings.HasPrefix(line, "|") {
			rows = append(rows, strconv.Itoa(strings.Count(line, "|")))
		}
	}
	return rows
}

func figures(prose string) []string {
	return distinct(docNumber.FindAllString(docLink.ReplaceAllString(docCode.ReplaceAllString(prose, ""), "$1"), -1))
}

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
