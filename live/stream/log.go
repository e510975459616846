package stream

// tagLog is the one copy of a stream's recent tags: a ring with absolute indexes, from base to head. Subscribers hold
// indexes into it and read up to visible. All of it is guarded by the owning stream's mutex.
type tagLog struct {
	ring    []*Tag // length is a power of two
	base    uint64
	head    uint64
	visible uint64
	bytes   int
	pending int     // bytes between visible and head
	marks   []*mark // oldest first; empty while newcomers must wait for a keyframe
}

// mark is a place where reading can start: a keyframe, or where there is no video some audio tag.
type mark struct {
	index   uint64
	time    int64
	bytes   int // in the log from here on, while it is the newest
	headers headers
	copies  [headerSlots]*Tag // of headers, as if sent at the mark; made when first needed
}

// The headers a stream can have, in the order they are sent.
const (
	slotMetadata = iota
	slotVideo
	slotColour
	slotAudio
	headerSlots
)

// headers are the tags without which media cannot be understood. Nil where there is none.
type headers [headerSlots]*Tag

// headerSlot is the slot a tag fills, -1 if it is not a header.
func headerSlot(t *Tag) int {
	switch {
	case t.format.metadata:
		return slotMetadata
	case t.format.sequence && t.kind == Video:
		return slotVideo
	case t.format.colour:
		return slotColour
	case t.format.sequence:
		return slotAudio
	default:
		return -1
	}
}

// header returns the mark's header in a slot, stamped with the mark's time.
func (m *mark) header(slot int) *Tag {
	if m.copies[slot] == nil && m.headers[slot] != nil {
		m.copies[slot] = m.headers[slot].at(m.time, false)
	}
	return m.copies[slot]
}

func (l *tagLog) at(i uint64) *Tag { return l.ring[i&uint64(len(l.ring)-1)] }

func (l *tagLog) push(t *Tag) {
	if l.head-l.base == uint64(len(l.ring)) {
		l.grow()
	}
	l.ring[l.head&uint64(len(l.ring)-1)] = t
	l.head++
	l.bytes += t.cost()
	l.pending += t.cost()
	if m := l.newest(); m != nil {
		m.bytes += t.cost()
	}
}

func (l *tagLog) grow() {
	next := make([]*Tag, max(2*len(l.ring), 64))
	for i := l.base; i < l.head; i++ {
		next[i&uint64(len(next)-1)] = l.at(i)
	}
	l.ring = next
}

// addMark makes the next tag pushed a place where reading can start.
func (l *tagLog) addMark(ms int64, h headers) {
	l.marks = append(l.marks, &mark{index: l.head, time: ms, headers: h})
}

// newest is the mark where newcomers start, nil if there is none.
func (l *tagLog) newest() *mark {
	if len(l.marks) == 0 {
		return nil
	}
	return l.marks[len(l.marks)-1]
}

// first is the oldest mark at or after an index, nil if there is none.
func (l *tagLog) first(index uint64) *mark {
	for _, m := range l.marks {
		if m.index >= index {
			return m
		}
	}
	return nil
}

// trim forgets what lies outside the limits: first the cache of the newest GOP if it outgrew its own, then all tags
// beyond the backlog that the cache does not need.
func (l *tagLog) trim(cfg *Config, now int64) {
	m := l.newest()
	if m != nil && (m.bytes > cfg.GOPBytes || now-m.time > cfg.GOPDuration.Milliseconds()) {
		l.marks, m = nil, nil
	}
	backlog := cfg.BacklogTime.Milliseconds()
	for l.base+1 < l.head {
		t := l.at(l.base)
		if l.bytes <= cfg.BacklogBytes && now-t.time <= backlog {
			break
		}
		if m != nil && l.base >= m.index {
			break
		}
		l.pop(t)
	}
	l.visible = max(l.visible, l.base)
}

func (l *tagLog) pop(t *Tag) {
	l.ring[l.base&uint64(len(l.ring)-1)] = nil
	l.base++
	l.bytes -= t.cost()
	if len(l.marks) > 0 && l.marks[0].index < l.base {
		l.marks[0] = nil
		l.marks = l.marks[1:]
	}
}

// show lets subscribers read all there is.
func (l *tagLog) show() {
	l.visible = l.head
	l.pending = 0
}

// clear forgets everything at once.
func (l *tagLog) clear() {
	l.ring = nil
	l.base, l.visible = l.head, l.head
	l.bytes, l.pending, l.marks = 0, 0, nil
}
