package words

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

func blocks(texts ...string) (all []Word) {
	for _, t := range texts {
		all = append(all, Word{Text: t})
	}
	return all
}

func replaces(texts ...string) (all []Word) {
	for _, t := range texts {
		all = append(all, Word{Text: t, Action: Replace})
	}
	return all
}

func compile(t testing.TB, lists ...List) *Matcher {
	t.Helper()
	m, err := Compile(lists...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDisguises(t *testing.T) {
	m := compile(t, List{Words: blocks("法轮功", "fuck", "kill all", "cặc", "가방", "がす", "ﬁsting", "хуй", "習", "🖕", "QQ群")})
	for _, tc := range []struct {
		name, text string
		blocked    bool
	}{
		{"empty", "", false},
		{"clean", "大家好，欢迎来到直播间!", false},
		{"plain", "他说法轮功很多", true},
		{"at the end", "法轮功", true},
		{"only begun", "法轮", false},
		{"begun twice", "法法轮功", true},
		{"case", "FuCk", true},
		{"full width", "ｆｕＣｋ", true},
		{"mathematical letters", "𝓯𝓾𝓬𝓴", true},
		{"circled letters", "ⓕⓤⓒⓚ", true},
		{"zero-width space", "法\u200b轮\u200b功", true},
		{"byte order mark and joiner", "f\ufeffu\u200dck", true},
		{"soft hyphen", "fu\u00adck", true},
		{"variation selectors", "法\ufe0f轮\U000e0101功", true},
		{"tags", "f\U000e0075uck", true},
		{"overrides of direction", "\u202efuck\u202c", true},
		{"null and controls", "fu\x00c\x7fk", true},
		{"accents", "fùçk", true},
		{"stacked marks", "f\u0336\u0335u\u0488ck", true},
		{"marks over Han", "法\u20dd轮\u0301功", true},
		{"a ligature ends in the word", "ﬀuck", true},
		{"ligature in the word", "fisting", true},
		{"spaces where a list is strict", "f u c k", false},
		{"a space where there is none", "fuckyou", true},
		{"the word's own space", "Kill  ALL of them", true},
		{"its own space in another form", "kill\u3000-all", true},
		{"its own space missing", "skillall", false},
		{"with its marks", "con cặc", true},
		{"with its marks apart", "con ca\u0323\u0306c", true},
		{"with more marks", "con cặ\u0308c", true},
		{"with other marks", "các bạn", false},
		{"Cyrillic with its mark", "хуй", true},
		{"Cyrillic without", "хуи", false},
		{"Hangul apart", "\u1100\u1161\u1107\u1161\u11bc", true},
		{"another Hangul syllable", "각방", false},
		{"another syllable at the end", "가바", false},
		{"voiced kana", "がす", true},
		{"voiced kana apart", "か\u3099す", true},
		{"unvoiced kana", "かす", false},
		{"half-width kana", "ｶﾞす", false}, // katakana is another script
		{"compatibility Han", "習近", true},
		{"emoji", "ok 🖕🏽", true},
		{"mixed scripts", "加ｑＱ群", true},
		{"broken UTF-8", "fu\xffck", true},
	} {
		if _, blocked := m.Check(tc.text); blocked != tc.blocked {
			t.Errorf("%s: %q blocked %v", tc.name, tc.text, blocked)
		}
	}
}

func TestLooseLists(t *testing.T) {
	m := compile(t, List{Loose: true, Words: blocks("法轮功", "shit", "kill all")})
	for text, want := range map[string]bool{
		"法 轮 功": true, "法。轮—功": true, "法\n轮・功": true, "s h i t": true, "s.h.i.t!": true, "(s-h-i-t)": true, "shit": true, "bullshit": true,
		"pass hit": false, "this hits": false, "is hit": false, "push it": false, "killall": true, "k i l l a l l": true,
		"法🙂轮功": false, "法 轮": false,
	} {
		if _, blocked := m.Check(text); blocked != want {
			t.Errorf("%q blocked %v", text, blocked)
		}
	}
}

func TestWholeWords(t *testing.T) {
	m := compile(t, List{Words: []Word{{Text: "ass", Whole: true}, {Text: "买", Whole: true}}})
	for text, want := range map[string]bool{
		"ass": true, "you ASS!": true, "class": false, "assume": false, "你ass吗": true, "ass1": false, "a-ass": true, "买卖": true,
	} {
		if _, blocked := m.Check(text); blocked != want {
			t.Errorf("%q blocked %v", text, blocked)
		}
	}
}

func TestReplacing(t *testing.T) {
	m := compile(t,
		List{Words: append(replaces("傻瓜", "瓜子", "damn", "x", "ﬁn"), Word{Text: "idiot", Action: Replace, Replacement: "♥"}, Word{Text: "stop"})},
		List{Loose: true, Words: replaces("草泥马", "乙丙")})
	for text, want := range map[string]string{
		"":                 "",
		"fine":             "***e",
		"你是傻瓜。":            "你是***。",
		"傻瓜子":              "***",
		"傻瓜傻瓜":             "******",
		"DÁMN\u0301!":      "***!",
		"d\u200bamn":       "***",
		"an Idiot":         "an ♥",
		"草 泥，马 来":          "*** 来",
		"草\u200b泥马\u200b来": "***来",
		"<b>x</b>&":        "<b>***</b>&",
		"乙 x 丙":            "***", // what is left makes a word again
		"ﬁnal":             "***al",
	} {
		clean, blocked := m.Check(text)
		if blocked || clean != want {
			t.Errorf("%q becomes %q (blocked %v), want %q", text, clean, blocked, want)
		}
	}
	if _, blocked := m.Check("damn, stop"); !blocked {
		t.Error("a word that blocks was replaced")
	}
	// A replacement that holds a word can't go on for ever, and one text can't keep the search busy.
	m = compile(t, List{Words: []Word{{Text: "a", Action: Replace, Replacement: "aa"}}}, List{Loose: true, Words: replaces("甲乙")})
	if clean, blocked := m.Check("a cat"); blocked || strings.Contains(clean, "a") {
		t.Errorf("%q, %v", clean, blocked)
	}
	if _, blocked := m.Check(strings.Repeat("甲", 1000) + strings.Repeat("乙", 1000)); !blocked {
		t.Error("a text made to be looked at for ever was not blocked")
	}
}

func TestLastOfTwoCounts(t *testing.T) {
	m := compile(t, List{Words: blocks("foo")}, List{Words: []Word{{Text: "FOO", Action: Replace, Replacement: "bar"}}})
	if clean, blocked := m.Check("foo"); blocked || clean != "bar" || m.Len() != 1 {
		t.Errorf("%q, %v, %d words", clean, blocked, m.Len())
	}
}

func TestNoWords(t *testing.T) {
	m := compile(t)
	if clean, blocked := m.Check("anything"); blocked || clean != "anything" {
		t.Errorf("%q, %v", clean, blocked)
	}
}

func TestWordsThatCannotBe(t *testing.T) {
	for _, w := range []Word{
		{},
		{Text: "  "},
		{Text: "!?…"},
		{Text: "\u200b"},
		{Text: "c++"},
		{Text: "+a"},
		{Text: "\xff"},
		{Text: strings.Repeat("a", 65)},
		{Text: strings.Repeat("字", 67)},
		{Text: "a", Action: 9},
		{Text: "a", Replacement: "b"},
		{Text: "a", Action: Replace, Replacement: "\n"},
		{Text: "a", Action: Replace, Replacement: strings.Repeat("b", 61)},
		{Text: "a", Action: Replace, Replacement: "\xff"},
	} {
		var bad *Error
		if err := w.Check(); !errors.As(err, &bad) || !utf8.ValidString(err.Error()) {
			t.Errorf("%+v: %v", w, err)
		}
		if _, err := Compile(List{Words: []Word{w}}); err == nil {
			t.Errorf("%+v compiled", w)
		}
	}
	for _, text := range []string{"a", "【办证】", " a ", "$", strings.Repeat("a", 64), "a.b"} {
		if err := (Word{Text: text}).Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, same := range [][2]string{{"FuCK", "ｆuck"}, {" a  b ", "a-b"}, {"cặc", "ca\u0323\u0306c"}, {"【办证】", "办证"}} {
		if Key(same[0]) != Key(same[1]) {
			t.Errorf("%q and %q are two words", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{"cac", "cặc"}, {"ab", "a b"}} {
		if Key(other[0]) == Key(other[1]) {
			t.Errorf("%q and %q are one word", other[0], other[1])
		}
	}
}

// TestFindsWhatASearchFinds compares with strings.Contains on texts whose words need no folding.
func TestFindsWhatASearchFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := func(most int) string {
		var b strings.Builder
		for range 1 + rnd.IntN(most) {
			b.WriteRune([]rune("ab法轮功c")[rnd.IntN(6)])
		}
		return b.String()
	}
	for range 300 {
		var list []string
		for range 1 + rnd.IntN(12) {
			list = append(list, random(5))
		}
		m := compile(t, List{Words: blocks(list...)})
		for range 30 {
			text, want := random(12), false
			for _, w := range list {
				want = want || strings.Contains(text, w)
			}
			if _, blocked := m.Check(text); blocked != want {
				t.Fatalf("%q in %q: blocked %v", list, text, blocked)
			}
		}
	}
}

// manyWords is a list as companies have them: mostly Chinese, of two to six letters.
func manyWords(n int) List {
	rnd := rand.New(rand.NewPCG(3, 4))
	seen := map[string]bool{}
	l := List{}
	for len(l.Words) < n {
		var b strings.Builder
		if rnd.IntN(10) == 0 {
			for range 4 + rnd.IntN(6) {
				b.WriteByte(byte('a' + rnd.IntN(26)))
			}
		} else {
			for range 2 + rnd.IntN(5) {
				b.WriteRune(rune(0x4E00 + rnd.IntN(6000)*rnd.IntN(100)/100)) // the first ones more often, as in a language
			}
		}
		if w := b.String(); !seen[w] {
			seen[w] = true
			l.Words = append(l.Words, Word{Text: w, Action: Action(rnd.IntN(2))})
		}
	}
	return l
}

// chatter is messages as people write them; what of it holds a word is left out.
func chatter(m *Matcher) (out []string) {
	rnd := rand.New(rand.NewPCG(5, 6))
	out = append(out, "大家好，欢迎来到直播间！今天给大家带来新品", "hello everyone, nice stream today :)", "主播666，关注了👍👍", "这个多少钱？什么时候发货？")
	for len(out) < 100 {
		var b strings.Builder
		for range 10 + rnd.IntN(30) {
			b.WriteRune(rune(0x4E00 + rnd.IntN(6000)*rnd.IntN(100)/100))
		}
		if clean, blocked := m.Check(b.String()); !blocked && clean == b.String() {
			out = append(out, b.String())
		}
	}
	return out
}

func heap() uint64 {
	var st runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&st)
	return st.HeapAlloc
}

func TestCosts(t *testing.T) {
	list := manyWords(20_000)
	before := heap()
	m := compile(t, list)
	used := heap() - before
	t.Logf("20,000 words take %.2f MB in %d states", float64(used)/1e6, len(m.label))
	if used > 5e6 {
		t.Errorf("20,000 words take %d bytes", used)
	}
	texts := chatter(m)
	var sc scratch // of its own: the race detector has the pool lose some
	if n := testing.AllocsPerRun(100, func() {
		for _, text := range texts {
			m.check(Each, text, &sc)
		}
	}); n > 0 {
		t.Errorf("%v allocations for clean texts", n)
	}
	runtime.KeepAlive(m)
	runtime.KeepAlive(list)
}

func BenchmarkCheck(b *testing.B) {
	m := compile(b, manyWords(20_000))
	texts := chatter(m)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Check(texts[i%len(texts)])
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{20_000, MaxWords} {
		list := manyWords(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				compile(b, list)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	m := compile(f,
		List{Words: append(append(replaces("傻瓜", "瓜子", "a b", "cặc", "가", "がす", "é"), Word{Text: "x", Action: Replace, Replacement: "傻"}), blocks("法轮功", "stop")...)},
		List{Loose: true, Words: replaces("草泥马", "abc", "乙丙")})
	for _, s := range []string{"", "傻瓜", "傻x瓜", "乙 x 丙", "a\u0301 b", "cặc", "각", "か\u3099す", "\xff傻\xfe瓜", "a.b.c", "ﬀ草\u200b泥马", "𝓼top"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, blocked := m.Check(text)
		if blocked {
			return
		}
		if utf8.ValidString(text) && !utf8.ValidString(clean) {
			t.Fatalf("%q becomes %q, which is not UTF-8", text, clean)
		}
		for _, word := range []string{"傻瓜", "瓜子", "x", "X", "草泥马", "法轮功", "stop", "STOP"} {
			if strings.Contains(clean, word) {
				t.Fatalf("%q becomes %q, with %q in it", text, clean, word)
			}
		}
		if again, blocked := m.Check(clean); blocked || again != clean {
			t.Fatalf("%q becomes %q, which becomes %q (blocked %v)", text, clean, again, blocked)
		}
	})
}
