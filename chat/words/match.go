package words

import (
	"slices"
	"strings"
	"sync"
)

// Bounds of how often a text is looked at again, because what words gave way to makes new ones with what is around it.
const (
	ownWords = 3 // passes in which a word's own replacement is used; then Mask, which has no letters
	passes   = 8 // a text that still holds words after so many is blocked
)

// hit is a word in a text, by units.
type hit struct {
	from, until int
	word        int32
}

// scratch is what a search needs and gives back.
type scratch struct {
	units []unit
	hits  []hit
}

// maxKept is the largest scratch that is kept for others, in units.
const maxKept = 16 << 10

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Check returns text with the words to be replaced replaced, or says that it holds one that blocks. What it returned it
// returns unchanged if asked again. It allocates nothing for a text without words.
func (m *Matcher) Check(text string) (clean string, blocked bool) { return m.CheckBy(Each, text) }

// CheckBy is Check with a rule.
func (m *Matcher) CheckBy(rule Rule, text string) (clean string, blocked bool) {
	sc := scratches.Get().(*scratch) //nolint:forcetypeassert // the pool holds nothing else
	defer sc.giveBack()
	return m.check(rule, text, sc)
}

func (m *Matcher) check(rule Rule, text string, sc *scratch) (clean string, blocked bool) {
	for pass := range passes {
		if m.search(rule, text, sc) {
			return "", true
		}
		if len(sc.hits) == 0 {
			return text, false
		}
		text = m.replace(text, sc, pass < ownWords)
	}
	return "", true
}

func (sc *scratch) giveBack() {
	if cap(sc.units) > maxKept || cap(sc.hits) > maxKept {
		return
	}
	scratches.Put(sc)
}

// search finds all words. It ends early at one that blocks by the rule.
func (m *Matcher) search(rule Rule, text string, sc *scratch) (blocked bool) {
	sc.hits = sc.hits[:0]
	sc.units = fold(sc.units[:0], text, false).units
	s := int32(0)
	for i := range sc.units {
		s = m.step(s, sc.units[i].r)
		end := s
		if m.ends[end] < 0 {
			end = m.suffix[s]
		}
		for ; end != 0; end = m.suffix[end] {
			for w := m.ends[end]; ; w++ {
				e := &m.words[w]
				if from := i + 1 - int(e.letters); m.stands(text, sc.units, from, i+1, e) {
					if rule == AllBlock || rule == Each && e.replacement == 0 {
						return true
					}
					sc.hits = append(sc.hits, hit{from, i + 1, w})
				}
				if !e.more {
					break
				}
			}
		}
	}
	return false
}

// stands says whether letters that are those of a word are the word.
func (m *Matcher) stands(text string, units []unit, from, until int, e *entry) bool {
	spread := false
	for k := 1; k < int(e.letters); k++ {
		gap, own := units[from+k].gap, e.gaps>>k&1 == 1
		if gap != own && !e.loose {
			return false
		}
		spread = spread || gap && !own
	}
	if (e.whole || spread) && !alone(units, from, until) {
		return false
	}
	if until < len(units) && units[until].from == units[until-1].from && isTail(units[until].r) {
		return false // another syllable
	}
	return e.marked == 0 || hasMarks(text[units[from].from:units[until-1].until], m.marked[e.marked])
}

// alone says whether no word of an alphabet runs over an end.
func alone(units []unit, from, until int) bool {
	if from > 0 && !units[from].gap && alphabetic(units[from].r) && alphabetic(units[from-1].r) {
		return false
	}
	return until == len(units) || units[until].gap || !alphabetic(units[until-1].r) || !alphabetic(units[until].r)
}

// isTail names the consonants that end a Hangul syllable.
func isTail(r rune) bool { return r >= 0x11A8 && r <= 0x11C2 }

// hasMarks says whether each letter of a text has at least the marks of the word's.
func hasMarks(text string, word []unit) bool {
	var room [4 * MaxLetters]unit
	units := fold(room[:0], text, true).units
	for len(word) > 0 {
		if len(units) == 0 {
			return false
		}
		var need, have []unit
		need, word = marksOfFirst(word)
		have, units = marksOfFirst(units)
		for _, n := range need {
			if !slices.ContainsFunc(have, func(u unit) bool { return u.r == n.r }) {
				return false
			}
		}
	}
	return true
}

// marksOfFirst cuts a letter with its marks off.
func marksOfFirst(units []unit) (marks, rest []unit) {
	n := 1
	for n < len(units) && units[n].mark {
		n++
	}
	return units[1:n], units[n:]
}

// replace puts replacements where the words are. Words that overlap give way together.
func (m *Matcher) replace(text string, sc *scratch, own bool) string {
	slices.SortFunc(sc.hits, func(a, b hit) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.until - a.until
	})
	var b strings.Builder
	done := int32(0)
	for i := 0; i < len(sc.hits); {
		h := sc.hits[i]
		until := h.until
		for i++; i < len(sc.hits) && sc.hits[i].from < until; i++ {
			until = max(until, sc.hits[i].until)
		}
		from := max(sc.units[h.from].from, done) // a character may fold to letters of two words
		b.WriteString(text[done:from])
		if own {
			b.WriteString(m.replacements[m.words[h.word].replacement])
		} else {
			b.WriteString(Mask)
		}
		done = max(sc.units[until-1].until, from)
	}
	b.WriteString(text[done:])
	return b.String()
}
