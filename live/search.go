package live

import (
	"context"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a search.
const (
	maxSearchBytes = 120 // of a text that is looked for; a title is no longer
	searchChunk    = 200
	// SearchScan is how many rooms one page of a search looks at: where few fit, the page may be short, or empty, and the list
	// go on all the same.
	SearchScan = 2_000
)

// Search chooses rooms by what they say of themselves. The zero Search chooses all.
type Search struct {
	words  []string // folded
	anchor string
}

// NewSearch is the search for rooms that hold each word of text in title, id or anchor, whatever the letters' case and width,
// and, unless it is empty, have exactly that anchor.
func NewSearch(text, anchor string) (Search, error) {
	switch {
	case !utf8.ValidString(text):
		return Search{}, invalid("q", "must be UTF-8")
	case len(text) > maxSearchBytes:
		return Search{}, invalid("q", "must have at most 120 bytes")
	case !utf8.ValidString(anchor):
		return Search{}, invalid("anchor", "must be UTF-8")
	}
	return Search{words: strings.Fields(folded(text)), anchor: anchor}, nil
}

// All says that every room is chosen.
func (s Search) All() bool { return len(s.words) == 0 && s.anchor == "" }

// Match says whether a room is.
func (s Search) Match(r Room) bool {
	if s.anchor != "" && r.Anchor != s.anchor {
		return false
	}
	if len(s.words) == 0 {
		return true
	}
	text := folded(r.Title) + "\n" + folded(r.ID) + "\n" + folded(r.Anchor) // no word holds a line's end
	for _, word := range s.words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// folded is a text as it is compared: without the difference of upper and lower case, of full and half width.
func folded(text string) string {
	plain := true
	for i := range len(text) {
		plain = plain && text[i] < utf8.RuneSelf
	}
	if plain {
		return strings.ToLower(text)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
}

// Lister lists rooms in order of id (Store, Service).
type Lister interface {
	Rooms(ctx context.Context, q ListQuery) (page []Listed, next string, err error)
}

// Find lists a page of the rooms that a search chooses among those of q, and looks at no more than SearchScan for it. A next that
// is not empty says that there may be more.
func Find(ctx context.Context, in Lister, q ListQuery, s Search) (page []Listed, next string, err error) {
	if s.All() {
		return in.Rooms(ctx, q)
	}
	limit := q.Limit
	if limit <= 0 {
		limit = 50
	}
	for seen := 0; seen < SearchScan; {
		// Twice as many each time: who asks for one room of many must not ask the store as often.
		q.Limit = min(searchChunk, max(2*limit, seen), SearchScan-seen)
		part, more, err := in.Rooms(ctx, q)
		if err != nil {
			return nil, "", err
		}
		for _, l := range part {
			if !s.Match(l.Room) {
				continue
			}
			if len(page) == limit {
				return page, page[limit-1].Room.ID, nil
			}
			page = append(page, l)
		}
		if more == "" {
			return page, "", nil
		}
		seen, q.After = seen+len(part), more
	}
	return page, q.After, nil
}
