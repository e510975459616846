package stream

import "testing"

// numbered is a tag whose time is its index.
func numbered(i uint64) *Tag { return newTag(Video, int64(i), 0, NewBuffer(10), format{}) }

func TestRingGrowsAndWraps(t *testing.T) {
	var l tagLog
	for i := range uint64(1000) {
		l.push(numbered(i))
		if i%3 == 0 { // the base moves while the ring fills
			l.pop(l.at(l.base))
		}
		for k := l.base; k < l.head; k++ {
			if got := l.at(k).Time(); got != int64(k) {
				t.Fatalf("after %d: tag %d is %d", i, k, got)
			}
		}
	}
	if want := int(l.head-l.base) * (25 + tagOverheadBytes); l.bytes != want {
		t.Errorf("%d bytes, want %d", l.bytes, want)
	}
	l.clear()
	if l.base != 1000 || l.visible != 1000 || l.bytes != 0 || l.newest() != nil {
		t.Errorf("cleared: %+v", l)
	}
	l.push(numbered(1000))
	if l.at(1000).Time() != 1000 || l.head != 1001 {
		t.Error("indexes do not go on after clear")
	}
}

func TestMarks(t *testing.T) {
	var l tagLog
	if l.newest() != nil || l.first(0) != nil {
		t.Error("an empty log has a mark")
	}
	for i := range uint64(40) {
		if i%10 == 0 {
			l.addMark(int64(i), headers{})
		}
		l.push(numbered(i))
	}
	index := func(m *mark) int {
		if m == nil {
			return -1
		}
		return int(m.index)
	}
	for from, want := range map[uint64]int{0: 0, 1: 10, 10: 10, 29: 30, 30: 30, 31: -1} {
		if got := index(l.first(from)); got != want {
			t.Errorf("first from %d is %d, want %d", from, got, want)
		}
	}
	for range 11 {
		l.pop(l.at(l.base))
	}
	if got := index(l.first(0)); got != 20 || index(l.newest()) != 30 {
		t.Errorf("after popping 11: first %d, newest %d", got, index(l.newest()))
	}
	if want := 10 * (25 + tagOverheadBytes); l.newest().bytes != want {
		t.Errorf("the newest GOP has %d bytes, want %d", l.newest().bytes, want)
	}
}

func TestHeaderCopiesAreSharedAndStamped(t *testing.T) {
	h := newTag(Video, 5, 1, append(make([]byte, HeaderBytes), append(avcHeader, 0, 0, 0, 0)...), format{sequence: true})
	h.id = 3
	m := mark{time: 700, headers: headers{slotVideo: h}}
	c := m.header(slotVideo)
	if c == h || c.Time() != 700 || c.id != 3 || m.header(slotVideo) != c {
		t.Errorf("copy %+v", c)
	}
	if m.header(slotAudio) != nil {
		t.Error("a header that is not there")
	}
}
