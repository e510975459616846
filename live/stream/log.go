package stream

// tagLog is the one copy of a stream's recent tags: a ring with absolute indexes, from base to head. Subscribers hold
// indexes into it and read up to visible. All of it is guarded by the owning stream's mutex.
type tagLog struct {
	ring    []*Tag // length is a power of two
	base    uint64
	head    uint64
	visible uint64
	bytes   int
	pending int // bytes between visible and head
	mark    *mark
}

// mark is a place where a newcomer can start: the newest keyframe, or a recent audio tag where there is no video.
type mark struct {
	index   uint64
	time    int64
	bytes   int // in the log from here on
	headers headers
	copies  [headerSlots]*Tag // of headers, as if sent at the mark; made when first needed
}

// The headers a stream can have, in the order they are sent.
const (
	slotMetadata = iota
	slotVideo
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
	if l.mark != nil {
		l.mark.bytes += t.cost()
	}
}

func (l *tagLog) grow() {
	next := make([]*Tag, max(2*len(l.ring), 64))
	for i := l.base; i < l.head; i++ {
		next[i&uint64(len(next)-1)] = l.at(i)
	}
	l.ring = next
}

// setMark makes the next tag pushed the place where newcomers start.
func (l *tagLog) setMark(ms int64, h headers) {
	l.mark = &mark{index: l.head, time: ms, headers: h}
}

// trim forgets what lies outside the limits: first the cache of the newest GOP if it outgrew its own, then all tags
// beyond the backlog that the cache does not need.
func (l *tagLog) trim(cfg *Config, now int64) {
	if m := l.mark; m != nil && (m.bytes > cfg.GOPBytes || now-m.time > cfg.GOPDuration.Milliseconds()) {
		l.mark = nil
	}
	backlog := cfg.BacklogTime.Milliseconds()
	for l.base+1 < l.head {
		t := l.at(l.base)
		if l.bytes <= cfg.BacklogBytes && now-t.time <= backlog {
			break
		}
		if l.mark != nil && l.base >= l.mark.index {
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
	l.bytes, l.pending, l.mark = 0, 0, nil
}
