package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Longest nicknames: what people give themselves, and what a business backend may import (Tencent's limit).
const (
	MaxNickBytes         = 60
	MaxImportedNickBytes = 500
	MaxAvatarBytes       = 500
)

// maxMarks is how many combining marks may follow one another: enough for Thai and Vietnamese, too few to paint over other lines.
const maxMarks = 3

// CleanNick returns nick as people see it: NFKC, white space folded and trimmed. It refuses what is empty, longer than 60
// bytes, unprintable or able to reorder the text around it, and what reads like an administrator's name.
func (n Names) CleanNick(nick string) (string, error) {
	clean, err := tidyNick(nick)
	if err == nil && n.impersonates(clean) {
		err = because(ErrBadNick, "the nickname reads like an administrator's")
	}
	if err != nil {
		return "", err
	}
	return clean, nil
}

// tidyNick is CleanNick but for whose name it reads like.
func tidyNick(nick string) (string, error) {
	if len(nick) > 4*MaxNickBytes {
		return "", because(ErrTooLong, "the nickname is longer than %d bytes", MaxNickBytes)
	}
	if !utf8.ValidString(nick) {
		return "", because(ErrBadNick, "the nickname is not valid UTF-8")
	}
	clean := strings.Join(strings.Fields(norm.NFKC.String(nick)), " ")
	switch {
	case clean == "":
		return "", because(ErrBadNick, "the nickname is empty")
	case len(clean) > MaxNickBytes:
		return "", because(ErrTooLong, "the nickname is longer than %d bytes", MaxNickBytes)
	}
	return clean, checkText(clean)
}

// checkImported is what a nickname from a business backend must still satisfy; it is kept as it was written.
func checkImported(nick string) error {
	if len(nick) > MaxImportedNickBytes {
		return because(ErrTooLong, "the nickname is longer than %d bytes", MaxImportedNickBytes)
	}
	if !utf8.ValidString(nick) {
		return because(ErrBadNick, "the nickname is not valid UTF-8")
	}
	return checkText(nick)
}

func checkText(nick string) error {
	marks, visible := 0, nick == ""
	for _, r := range nick {
		if !allowedRune(r) {
			return because(ErrBadNick, "the nickname holds the character %U, which is not allowed", r)
		}
		if unicode.Is(unicode.M, r) && !isVariation(r) {
			marks++
		} else {
			marks = 0
			visible = visible || !isInvisible(r)
		}
		if marks > maxMarks {
			return because(ErrBadNick, "the nickname stacks more than %d combining marks", maxMarks)
		}
	}
	if !visible {
		return because(ErrBadNick, "the nickname has nothing to see in it")
	}
	return nil
}

// allowedRune refuses control and format characters (bidirectional overrides, zero-width and tag characters), line
// separators, private and unassigned code points. The joiner and the variation selectors stay: emoji need them.
func allowedRune(r rune) bool {
	if isJoiner(r) || isVariation(r) || unicode.Is(unicode.Zs, r) {
		return true
	}
	return unicode.IsPrint(r)
}

func isJoiner(r rune) bool    { return r == 0x200D || r == 0x200C }
func isVariation(r rune) bool { return r >= 0xFE00 && r <= 0xFE0F }

// isInvisible names characters that count as printable, but show nothing: joiners, blanks, Hangul fillers, blank Braille.
func isInvisible(r rune) bool {
	switch r {
	case ' ', 0x00A0, 0x115F, 0x1160, 0x2800, 0x3000, 0x3164, 0xFFA0:
		return true
	}
	return isJoiner(r) || isVariation(r) || unicode.IsSpace(r)
}
