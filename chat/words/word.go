package words

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Action is what happens to a text that holds a word.
type Action uint8

// Actions. Block is the zero value: a word without an action blocks.
const (
	Block   Action = iota // the whole text is refused
	Replace               // the word gives way to its replacement
)

// Rule says what becomes of texts whatever their words say.
type Rule uint8

// Rules.
const (
	Each       Rule = iota // what each word says
	AllBlock               // the text is refused, whatever word it holds
	AllReplace             // all words give way, those that block to Mask
)

// Mask stands for a replaced word that has no replacement of its own.
const Mask = "***"

// Bounds of a list and of its words.
const (
	MaxWords       = 100_000
	MaxWordBytes   = 200
	MaxLetters     = 64 // of a word, spaces and punctuation apart
	MaxReplacement = 60 // bytes
)

// Word is one entry of a list.
type Word struct {
	Text        string
	Action      Action
	Replacement string // of Replace; empty: Mask
	Whole       bool   // only as a word of its own: "ass" is not found in "class"
}

// List is words that are compared in one way.
type List struct {
	Words []Word
	Loose bool // spaces and punctuation between the letters of a word don't hide it
}

// Error says which word can't be in a list.
type Error struct {
	Word   string // shortened
	Detail string
}

func (e *Error) Error() string { return fmt.Sprintf("word %q: %s", e.Word, e.Detail) }

// Check says what is wrong with w, if anything.
func (w Word) Check() error {
	_, err := new(reader).read(w)
	return err
}

// Key is what makes two words of a list one: how they are compared, marks and places of punctuation included.
func (w Word) Key() string { return Key(w.Text) }

// Key is Word.Key of a word's text.
func Key(text string) string { return string(appendKey(nil, fold(nil, text, true).units)) }

func appendKey(key []byte, units []unit) []byte {
	for i, u := range units {
		if u.gap && i > 0 {
			key = append(key, ' ')
		}
		key = utf8.AppendRune(key, u.r)
	}
	return key
}

// reader reads words one after the other.
type reader struct {
	units   []unit
	key     []byte
	letters []rune // room for those of many words
}

// pattern is a word as it is searched for.
type pattern struct {
	key         string // Word.Key
	letters     []rune // without marks and separators
	marked      []unit // with marks, if it has any
	gaps        uint64 // bit i: separators stand before letter i
	replacement string // empty: it blocks
	whole       bool
	loose       bool
}

// read makes a pattern of a word, or an *Error.
func (rd *reader) read(w Word) (pattern, error) {
	bad := func(detail string, args ...any) (pattern, error) {
		return pattern{}, &Error{Word: clip(w.Text), Detail: fmt.Sprintf(detail, args...)}
	}
	switch {
	case len(w.Text) > MaxWordBytes:
		return bad("has more than %d bytes", MaxWordBytes)
	case !utf8.ValidString(w.Text):
		return bad("is not UTF-8")
	case w.Action > Replace:
		return bad("action must be block or replace")
	case w.Action == Block && w.Replacement != "":
		return bad("a word that blocks has no replacement")
	case len(w.Replacement) > MaxReplacement || !utf8.ValidString(w.Replacement) || strings.ContainsFunc(w.Replacement, unicode.IsControl):
		return bad("its replacement must be at most %d bytes of UTF-8 without control characters", MaxReplacement)
	}
	p := pattern{whole: w.Whole}
	if w.Action == Replace {
		p.replacement = w.Replacement
		if p.replacement == "" {
			p.replacement = Mask
		}
	}
	trimmed := rd.fold(&p, w.Text)
	switch n := len(p.letters); {
	case n == 0:
		return bad("has no letters, digits or symbols to be found by")
	case n == 1 && trimmed:
		return bad("has one letter only beside its punctuation: it would be found everywhere")
	case n > MaxLetters:
		return bad("has more than %d letters", MaxLetters)
	}
	return p, nil
}

// fold folds a word's text into p. Trimmed says that punctuation at an end was left out.
func (rd *reader) fold(p *pattern, text string) (trimmed bool) {
	f := fold(rd.units[:0], strings.TrimFunc(text, unicode.IsSpace), true)
	rd.units = f.units
	rd.key = appendKey(rd.key[:0], f.units)
	p.key = string(rd.key)
	begin := len(rd.letters)
	for i, u := range f.units {
		if u.mark {
			p.marked = slices.Clone(f.units)
			continue
		}
		if n := len(rd.letters) - begin; u.gap && i > 0 && n < MaxLetters {
			p.gaps |= 1 << n
		}
		rd.letters = append(rd.letters, u.r)
	}
	p.letters = rd.letters[begin:]
	return f.trail || len(f.units) > 0 && f.units[0].gap
}

func clip(s string) string {
	if len(s) <= 40 {
		return strings.ToValidUTF8(s, "?")
	}
	return strings.ToValidUTF8(s[:40], "") + "…"
}
