package words

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// unit is one rune of a folded text and the bytes of the text that it stands for. What counts for nothing and follows
// (marks, invisible characters) belongs to it; separators don't.
type unit struct {
	r           rune
	from, until int32
	gap         bool // separators stand before it
	mark        bool // a combining mark; only where marks are kept
}

// kind says what a rune counts for.
type kind uint8

const (
	letter    kind = iota // letters, digits, symbols such as emoji
	separator             // white space, punctuation, mathematical signs and modifiers
	mark                  // a combining mark
	nothing               // what can't be seen
)

// folding reads a text as words are compared: decomposed (NFKD), in one case, without what can't be seen.
type folding struct {
	units []unit
	marks bool // are kept
	gap   bool // separators stand before what comes next
	trail bool // they are the last thing there was
}

// fold appends the units of text to dst. It allocates nothing but dst's growth.
func fold(dst []unit, text string, marks bool) folding {
	f := folding{units: dst, marks: marks}
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			f.ascii(c, int32(i))
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		from, until := int32(i), int32(i+size)
		if r >= 0x4E00 && r <= 0x9FFF { // Han, most of what is read here
			f.put(unit{r: r, from: from, until: until})
		} else {
			f.decompose(text[i:i+size], r, from, until)
		}
		i += size
	}
	f.trail = f.gap
	return f
}

// put appends a letter.
func (f *folding) put(u unit) {
	u.gap, f.gap = f.gap, false
	f.units = append(f.units, u)
}

func (f *folding) ascii(c byte, at int32) {
	switch {
	case c >= 'A' && c <= 'Z':
		f.put(unit{r: rune(c | 0x20), from: at, until: at + 1})
	case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '$':
		f.put(unit{r: rune(c), from: at, until: at + 1})
	case c < ' ' && (c < '\t' || c > '\r') || c == 0x7f:
		f.drop(at + 1)
	default:
		f.gap = true
	}
}

// drop lets what counts for nothing belong to what was before it.
func (f *folding) drop(until int32) {
	if n := len(f.units); n > 0 && !f.gap {
		f.units[n-1].until = until
	}
}

// decompose folds a rune that is not ASCII; s is the same as a text.
func (f *folding) decompose(s string, r rune, from, until int32) {
	const first, last, vowels, tails = 0xAC00, 0xD7A3, 21, 28 // Hangul syllables are decomposed by counting
	if r >= first && r <= last {
		n := r - first
		f.put(unit{r: 0x1100 + n/(vowels*tails), from: from, until: until})
		f.put(unit{r: 0x1161 + n%(vowels*tails)/tails, from: from, until: until})
		if tail := n % tails; tail > 0 {
			f.put(unit{r: 0x11A7 + tail, from: from, until: until})
		}
		return
	}
	parts := norm.NFKD.PropertiesString(s).Decomposition()
	if parts == nil {
		f.add(r, from, until)
		return
	}
	for len(parts) > 0 {
		r, size := utf8.DecodeRune(parts)
		parts = parts[size:]
		f.add(r, from, until)
	}
}

// add takes one decomposed rune.
func (f *folding) add(r rune, from, until int32) {
	if r < utf8.RuneSelf {
		before := len(f.units)
		if f.ascii(byte(r), from); len(f.units) > before {
			f.units[before].until = until
		}
		return
	}
	switch f.kindOf(r) {
	case letter:
		f.put(unit{r: unicode.ToLower(unicode.ToUpper(r)), from: from, until: until})
	case separator:
		f.gap = true
	case mark:
		if f.marks && !f.gap && len(f.units) > 0 {
			f.units = append(f.units, unit{r: r, from: from, until: until, mark: true})
			return
		}
		f.drop(until)
	case nothing:
		f.drop(until)
	}
}

func (f *folding) kindOf(r rune) kind {
	const voiced, halfVoiced, tatweel, grapheme = 0x3099, 0x309A, 0x0640, 0x034F
	switch {
	case r >= 0x2010 && r <= 0x2027, r >= 0x3001 && r <= 0x3003, r >= 0x3008 && r <= 0x3011, r >= 0x3014 && r <= 0x301F:
		return separator // dashes, quotes and brackets: only to be quick
	case r >= 0x1F000 && r < 0xE0000, r >= 0x3041 && r <= 0x3096, r >= 0x30A1 && r <= 0x30FA:
		return letter // emoji, rare Han, kana: the same
	case r == voiced || r == halfVoiced:
		if n := len(f.units); n > 0 && !f.gap && isKana(f.units[n-1].r) {
			return letter // another syllable, not an ornament
		}
		return mark
	case isBlank(r) || r == tatweel || r == grapheme || r == utf8.RuneError || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Variation_Selector):
		if unicode.IsSpace(r) {
			return separator
		}
		return nothing
	case unicode.In(r, unicode.Mn, unicode.Me):
		return kindOfMark(r)
	case unicode.In(r, unicode.Z, unicode.P, unicode.Sm, unicode.Sk):
		return separator
	}
	return letter
}

// kindOfMark tells ornaments and accents from the marks of Thai and Indic scripts that are letters: those have a low
// combining class.
func kindOfMark(r rune) kind {
	const lowest = 10 // above are accents and points; below virama and nukta
	var b [utf8.UTFMax]byte
	class := norm.NFKD.Properties(b[:utf8.EncodeRune(b[:], r)]).CCC()
	if class >= lowest || unicode.Is(unicode.Me, r) || unicode.Is(unicode.Inherited, r) {
		return mark
	}
	return letter
}

func isKana(r rune) bool { return r >= 0x3041 && r <= 0x30FF }

// isBlank names letters and symbols that show nothing: Hangul fillers, blank Braille.
func isBlank(r rune) bool {
	return r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x2800 || r == 0x17B4 || r == 0x17B5
}

// alphabetic says whether r is of a script that puts spaces between words.
func alphabetic(r rune) bool { return r < 0x0E00 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
