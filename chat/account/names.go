package account

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"liveroom/chat"
)

// Names knows which names belong to administrators. The zero value protects only chat.Administrator.
type Names struct {
	admins    map[string]bool // exact ids
	folded    map[string]bool // ids in lower case
	skeletons map[string]bool // what a reader takes the ids for
}

// NewNames protects chat.Administrator and the given administrators.
func NewNames(admins ...string) Names {
	n := Names{admins: map[string]bool{}, folded: map[string]bool{}, skeletons: map[string]bool{}}
	for _, a := range append([]string{chat.Administrator}, admins...) {
		n.admins[a] = true
		n.folded[strings.ToLower(a)] = true
		n.skeletons[Skeleton(a)] = true
	}
	return n
}

// IsAdmin says whether user is an application administrator.
func (n Names) IsAdmin(user string) bool { return n.admins[user] || user == chat.Administrator }

// looksLikeAdmin says whether user is not an administrator, but differs from one only by case.
func (n Names) looksLikeAdmin(user string) bool {
	if n.IsAdmin(user) {
		return false
	}
	return n.folded[strings.ToLower(user)] || strings.EqualFold(user, chat.Administrator)
}

// impersonates says whether a reader could take nick for an administrator: by holding "administrator" in whatever
// disguise, or by being another administrator's id.
func (n Names) impersonates(nick string) bool {
	s := Skeleton(nick)
	return strings.Contains(s, Skeleton(chat.Administrator)) || (s != "" && n.skeletons[s])
}

// Skeleton is what a reader takes text for: without case, marks, spaces and punctuation, and with the usual look-alikes
// of Latin letters replaced. It is meant for comparing only.
func Skeleton(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		r = lookAlike(unicode.ToLower(r))
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(b.String(), "rn", "m")
}

// lookAlike returns the Latin letter that the lower-case r is drawn like: Cyrillic, Greek, digits and signs. The letter l
// is taken for i, as both are on both sides of the comparison.
func lookAlike(r rune) rune {
	if r >= 'a' && r <= 'z' && r != 'l' || r >= 0x2E80 && r <= 0x9FFF {
		return r // what most names are made of
	}
	for _, set := range [...]struct {
		like  rune
		drawn string
	}{
		{'a', "аα@4ɑ"},
		{'b', "ьвβß8"},
		{'c', "сϲ"},
		{'d', "ԁđ"},
		{'e', "еєэε3"},
		{'g', "ɡ9"},
		{'h', "һн"},
		{'i', "іıιl1!|ɩ"},
		{'j', "ј"},
		{'k', "кκ"},
		{'m', "м"},
		{'n', "ηпո"},
		{'o', "оο0øօ"},
		{'p', "рρ"},
		{'q', "ԛ"},
		{'r', "гɾ"},
		{'s', "ѕ5$ꜱ"},
		{'t', "тτ7+"},
		{'u', "υս"},
		{'v', "νѵ"},
		{'w', "ԝωшѡ"},
		{'x', "хχ"},
		{'y', "уγү"},
	} {
		if strings.ContainsRune(set.drawn, r) {
			return set.like
		}
	}
	return r
}
