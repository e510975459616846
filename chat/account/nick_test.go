package account_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"liveroom/chat/account"
)

func TestCleanNick(t *testing.T) {
	names := account.NewNames("ops", "Moderator_1")
	long := strings.Repeat("中", 20)
	for _, tc := range []struct {
		name, nick, want string
		err              error
	}{
		{"plain", "Alice", "Alice", nil},
		{"Chinese", "小明", "小明", nil},
		{"trimmed and folded", "  Alice \t\n  B.　C ", "Alice B. C", nil},
		{"full width becomes plain", "Ａｌｉｃｅ", "Alice", nil},
		{"emoji with joiner and skin tone", "👩‍🚀👍🏽", "👩‍🚀👍🏽", nil},
		{"heart with variation selector", "❤️", "❤️", nil},
		{"Vietnamese", "Nguyễn", "Nguyễn", nil},
		{"Thai", "ที่นี่", "ที่นี่", nil},
		{"Arabic", "مرحبا", "مرحبا", nil},
		{"60 bytes", long, long, nil},
		{"61 bytes", long + "a", "", account.ErrTooLong},
		{"a megabyte", strings.Repeat("a", 1<<20), "", account.ErrTooLong},
		{"one rune that NFKC makes long", strings.Repeat("ﷺ", 3), "", account.ErrTooLong},
		{"empty", "", "", account.ErrBadNick},
		{"only spaces", " \t　", "", account.ErrBadNick},
		{"only joiners", "\u200d\u200d", "", account.ErrBadNick},
		{"only a Hangul filler", "\u3164", "", account.ErrBadNick},
		{"blank Braille", "\u2800", "", account.ErrBadNick},
		{"not UTF-8", "a\xff", "", account.ErrBadNick},
		{"NUL", "a\x00b", "", account.ErrBadNick},
		{"escape", "a\x1b[31m", "", account.ErrBadNick},
		{"right-to-left override", "a\u202eb", "", account.ErrBadNick},
		{"isolate", "a\u2066b", "", account.ErrBadNick},
		{"right-to-left mark", "a\u200fb", "", account.ErrBadNick},
		{"zero-width space", "a\u200bb", "", account.ErrBadNick},
		{"byte order mark", "\ufeffa", "", account.ErrBadNick},
		{"soft hyphen", "a\u00adb", "", account.ErrBadNick},
		{"tag character", "a\U000e0041", "", account.ErrBadNick},
		{"private use", "a\ue000", "", account.ErrBadNick},
		{"stacked marks", "a" + strings.Repeat("\u0329", 4), "", account.ErrBadNick},
		{"administrator", "administrator", "", account.ErrBadNick},
		{"with capitals and spaces", "A d m i n i s t r a t o r", "", account.ErrBadNick},
		{"inside a longer name", "★Administrator★ (real)", "", account.ErrBadNick},
		{"in Cyrillic look-alikes", "аdministrаtоr", "", account.ErrBadNick},
		{"in Greek and digits", "4dm1nιs7rat0r", "", account.ErrBadNick},
		{"in mathematical letters", "𝐚𝐝𝐦𝐢𝐧𝐢𝐬𝐭𝐫𝐚𝐭𝐨𝐫", "", account.ErrBadNick},
		{"in circled letters", "ⓐⓓⓜⓘⓝⓘⓢⓣⓡⓐⓣⓞⓡ", "", account.ErrBadNick},
		{"with marks", "ádmínistrátor", "", account.ErrBadNick},
		{"rn for m", "adrninistrator", "", account.ErrBadNick},
		{"l for i", "adminlstrator", "", account.ErrBadNick},
		{"with joiners", "admin\u200distrator", "", account.ErrBadNick},
		{"a configured administrator", "0PS", "", account.ErrBadNick},
		{"another one", "moderator-l", "", account.ErrBadNick},
		{"merely holding a short one", "oops", "oops", nil},
		{"admin alone is a word", "Admin's cat", "Admin's cat", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := names.CleanNick(tc.nick)
			if !errors.Is(err, tc.err) || got != tc.want {
				t.Fatalf("CleanNick(%q) = %q, %v, want %q, %v", tc.nick, got, err, tc.want, tc.err)
			}
		})
	}
}

// FuzzCleanNick: whatever comes out is bounded, valid, and stays as it is when cleaned again.
func FuzzCleanNick(f *testing.F) {
	for _, nick := range []string{"Alice", " ﷺ ", "a\u0301\u0302", "👩‍🚀", "\xff", "\u202e", "ﬁ ﬂ", "½", "각"} {
		f.Add(nick)
	}
	names := account.NewNames()
	f.Fuzz(func(t *testing.T, nick string) {
		clean, err := names.CleanNick(nick)
		if err != nil {
			if clean != "" {
				t.Fatalf("refused, yet %q", clean)
			}
			return
		}
		if clean == "" || len(clean) > account.MaxNickBytes || !utf8.ValidString(clean) || strings.ContainsAny(clean, "\x00\n\r\t\u202e") {
			t.Fatalf("CleanNick(%q) = %q", nick, clean)
		}
		if again, err := names.CleanNick(clean); err != nil || again != clean {
			t.Fatalf("cleaned twice: %q, %v", again, err)
		}
	})
}

func TestCheckUser(t *testing.T) {
	for _, tc := range []struct {
		name, user string
		ok         bool
	}{
		{"one letter", "a", true},
		{"Tencent's alphabet", "User_1-x", true},
		{"mail address", "a.b@example.com", true},
		{"32 bytes", strings.Repeat("x", 32), true},
		{"empty", "", false},
		{"33 bytes", strings.Repeat("x", 33), false},
		{"space", "a b", false},
		{"control", "a\x7fb", false},
		{"line feed", "a\n", false},
		{"not ASCII", "小明", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := account.CheckUser(tc.user); (err == nil) != tc.ok {
				t.Fatalf("CheckUser(%q) = %v", tc.user, err)
			}
		})
	}
}
