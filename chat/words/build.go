package words

import (
	"cmp"
	"slices"
)

// Matcher finds the words of lists in texts. It never changes.
//
// Its states stand in breadth-first order, so that the children of a state stand together, in order of their runes, and
// one number says where they begin.
type Matcher struct {
	first  []int32 // of each state, where its children begin; they end where the next state's begin
	label  []rune  // the rune that leads to a state
	fail   []int32 // the state of the longest suffix
	ends   []int32 // the first of the words that end in a state, -1: none
	suffix []int32 // the nearest state by fail where words end, 0: none
	root   roots

	words        []entry  // in order of their letters
	replacements []string // of entries; 0 is for those that block
	marked       [][]unit // of entries; 0 is none
	size         int
}

// entry is a word that may end in a state.
type entry struct {
	gaps        uint64
	replacement int32 // 0: it blocks
	marked      int32
	letters     uint8
	whole       bool
	loose       bool
	more        bool // the next entry has the same letters
}

// roots finds the children of the root: a table in pages of 256 runes, of which only those in use exist.
type roots struct {
	page  [0x11]*[256]uint16 // by plane: which block, by the next eight bits; 0 is the empty one
	block [][256]int32
}

func (t *roots) find(r rune) int32 {
	p := t.page[r>>16]
	if p == nil {
		return 0
	}
	return t.block[p[r>>8&0xff]][r&0xff]
}

func (t *roots) set(r rune, state int32) {
	if t.block == nil {
		t.block = make([][256]int32, 1)
	}
	if t.page[r>>16] == nil {
		t.page[r>>16] = new([256]uint16)
	}
	i := &t.page[r>>16][r>>8&0xff]
	if *i == 0 {
		*i = uint16(len(t.block))
		t.block = append(t.block, [256]int32{})
	}
	t.block[*i][r&0xff] = state
}

// Compile makes a Matcher. Of a word that stands in several lists, or twice in one, the last counts. The error is an *Error.
func Compile(lists ...List) (*Matcher, error) {
	all, err := patterns(lists)
	if err != nil {
		return nil, err
	}
	m := &Matcher{size: len(all), replacements: []string{Mask}, marked: [][]unit{nil}}
	m.enter(all)
	m.grow(all)
	m.link()
	return m, nil
}

// Len is how many words there are.
func (m *Matcher) Len() int { return m.size }

// patterns reads all words, each once, in order of their letters.
func patterns(lists []List) ([]*pattern, error) {
	n := 0
	for _, l := range lists {
		n += len(l.Words)
	}
	var (
		rd   reader
		seen = make(map[string]int, n)
		all  = make([]*pattern, 0, n)
	)
	for _, l := range lists {
		for _, w := range l.Words {
			p, err := rd.read(w)
			if err != nil {
				return nil, err
			}
			p.loose = l.Loose
			if i, ok := seen[p.key]; ok {
				all[i] = &p
				continue
			}
			seen[p.key] = len(all)
			all = append(all, &p)
		}
	}
	slices.SortFunc(all, func(a, b *pattern) int { return slices.Compare(a.letters, b.letters) })
	return all, nil
}

// enter makes the entries.
func (m *Matcher) enter(all []*pattern) {
	known := make(map[string]int32)
	m.words = make([]entry, len(all))
	for i, p := range all {
		e := entry{gaps: p.gaps, letters: uint8(len(p.letters)), whole: p.whole, loose: p.loose}
		e.more = i+1 < len(all) && slices.Equal(p.letters, all[i+1].letters)
		if p.replacement != "" {
			n, ok := known[p.replacement]
			if !ok {
				n = int32(len(m.replacements))
				known[p.replacement] = n
				m.replacements = append(m.replacements, p.replacement)
			}
			e.replacement = n
		}
		if p.marked != nil {
			e.marked = int32(len(m.marked))
			m.marked = append(m.marked, p.marked)
		}
		m.words[i] = e
	}
}

// grow makes the states from the sorted words: a state is a range of words with a common beginning.
func (m *Matcher) grow(all []*pattern) {
	type span struct{ from, until, depth int32 }
	states := []span{{0, int32(len(all)), 0}}
	m.label, m.ends = []rune{0}, []int32{-1}
	for s := 0; s < len(states); s++ {
		at := states[s]
		m.first = append(m.first, int32(len(states)))
		i := at.from
		for ; i < at.until && len(all[i].letters) == int(at.depth); i++ {
			if m.ends[s] < 0 {
				m.ends[s] = i
			}
		}
		for i < at.until {
			r, from := all[i].letters[at.depth], i
			for i < at.until && all[i].letters[at.depth] == r {
				i++
			}
			if s == 0 {
				m.root.set(r, int32(len(states)))
			}
			states = append(states, span{from, i, at.depth + 1})
			m.label, m.ends = append(m.label, r), append(m.ends, -1)
		}
	}
	m.first = slices.Clip(append(m.first, int32(len(states))))
	m.label, m.ends = slices.Clip(m.label), slices.Clip(m.ends)
}

// link finds each state's longest suffix, parents first.
func (m *Matcher) link() {
	m.fail = make([]int32, len(m.label))
	m.suffix = make([]int32, len(m.label))
	for s := range m.label {
		for child := m.first[s]; child < m.first[s+1]; child++ {
			if s != 0 {
				m.fail[child] = m.step(m.fail[s], m.label[child])
			}
			if f := m.fail[child]; m.ends[f] >= 0 {
				m.suffix[child] = f
			} else {
				m.suffix[child] = m.suffix[f]
			}
		}
	}
}

// step is the state after r.
func (m *Matcher) step(s int32, r rune) int32 {
	for s != 0 {
		if next := m.child(s, r); next != 0 {
			return next
		}
		s = m.fail[s]
	}
	return m.root.find(r)
}

// child is where r leads from s, which is not the root; 0: nowhere.
func (m *Matcher) child(s int32, r rune) int32 {
	from, until := m.first[s], m.first[s+1]
	if until-from > 8 {
		i, ok := slices.BinarySearchFunc(m.label[from:until], r, cmp.Compare[rune])
		if !ok {
			return 0
		}
		return from + int32(i)
	}
	for ; from < until; from++ {
		if m.label[from] == r {
			return from
		}
	}
	return 0
}
