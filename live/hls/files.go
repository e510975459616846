package hls

import (
	"strconv"
	"strings"
)

// file is what stands behind a segment's, a part's or an init segment's name. It is immutable.
type file struct {
	parts []*part
	bytes int
	kind  string // Content-Type
	tag   string // ETag
}

// partName is the name of a part: {generation}-{segment}.{part}.m4s. Names never come back with other content: neither
// within a session, because numbers only grow, nor in another one, because generations do.
type partName struct {
	generation, number uint64
	part               int
	capability         string // of the path it was announced under; not compared
}

func (n partName) name() string {
	return stem(n.generation, n.number) + "." + strconv.Itoa(n.part) + ".m4s"
}

func (n partName) is(o partName) bool {
	return n.generation == o.generation && n.number == o.number && n.part == o.part
}

func stem(generation, number uint64) string {
	b := strconv.AppendUint(make([]byte, 0, 24), generation, 10)
	return string(strconv.AppendUint(append(b, '-'), number, 10))
}

// file is the name of a segment.
func (s *segment) file(c Container) string { return stem(s.generation, s.number) + c.suffix() }

// partFile is the name of one of its parts.
func (s *segment) partFile(part int) string {
	return partName{generation: s.generation, number: s.number, part: part}.name()
}

func (c Container) suffix() string {
	if c == MPEGTS {
		return ".ts"
	}
	return ".m4s"
}

func (c Container) contentType() string {
	if c == MPEGTS {
		return "video/mp2t"
	}
	return "video/mp4"
}

// entire stands for all parts of a segment.
const entire = -1

// parseName reads the name of a segment, whose part is then entire, or of a part. Only what partName and segment write is one: a
// second spelling would be a second entry in each cache.
func parseName(s, suffix string) (n partName, ok bool) {
	rest, ok := strings.CutSuffix(s, suffix)
	if !ok {
		return n, false
	}
	generation, rest, ok := strings.Cut(rest, "-")
	if !ok {
		return n, false
	}
	number, index, parted := strings.Cut(rest, ".")
	n.part = entire
	if parted {
		i, ok := canonical(index, 31)
		if !ok {
			return n, false
		}
		n.part = int(i)
	}
	var good, goodNumber bool
	n.generation, good = canonical(generation, 64)
	n.number, goodNumber = canonical(number, 64)
	return n, good && goodNumber
}

// canonical reads a number in its one canonical form.
func canonical(s string, bits int) (uint64, bool) {
	if s == "" || s[0] == '+' || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, bits)
	return n, err == nil
}

// find returns a file by its name, and otherwise whether the name is that of the part to come next.
func (t *timeline) find(name string) (f file, found, coming bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.look(name)
}

// look is find. t.mu is held.
func (t *timeline) look(name string) (f file, found, coming bool) {
	n, ok := parseName(name, t.cfg.Container.suffix())
	if !ok {
		f, found = t.initFile(name)
		return f, found, false
	}
	f = file{kind: t.cfg.Container.contentType(), tag: t.etag(name)}
	s := t.numbered(n.number)
	switch {
	case s == nil || s.generation != n.generation || s.elsewhere:
	case n.part == entire && s != t.open:
		f.parts, f.bytes = s.parts, s.bytes
		return f, true, false
	case n.part == entire || t.partTarget == 0:
	case n.part < len(s.parts):
		f.parts = s.parts[n.part : n.part+1 : n.part+1]
		f.bytes = len(f.parts[0].data)
		return f, true, false
	}
	h, ok := t.next()
	return file{}, false, ok && h.is(n)
}

// etag is a strong one: names never come back with other content.
func (t *timeline) etag(name string) string { return "\"" + t.session + "." + name + "\"" }

// numbered returns a segment by its number, nil if it is not there. t.mu is held.
func (t *timeline) numbered(number uint64) *segment {
	if t.open != nil && t.open.number == number {
		return t.open
	}
	for i := len(t.segments) - 1; i >= 0 && t.segments[i].number >= number; i-- {
		if t.segments[i].number == number {
			return t.segments[i]
		}
	}
	return nil
}

// initFile returns an init segment by its name. t.mu is held.
func (t *timeline) initFile(name string) (file, bool) {
	var init *initFile
	if t.open != nil && t.open.init.name == name {
		init = t.open.init
	}
	for i := len(t.segments) - 1; i >= 0 && init == nil; i-- {
		if t.segments[i].init.name == name {
			init = t.segments[i].init
		}
	}
	if init == nil || init.data == nil || name == "" {
		return file{}, false
	}
	return file{parts: []*part{{data: init.data}}, bytes: len(init.data), kind: t.cfg.Container.contentType(), tag: t.etag(name)}, true
}

// next names the part that will be published next, as far as it is sure that there will be one. t.mu is held.
func (t *timeline) next() (n partName, ok bool) {
	if t.partTarget == 0 || t.fresh || !t.awaited() {
		return n, false
	}
	if s := t.open; s != nil {
		return partName{generation: s.generation, number: s.number, part: len(s.parts)}, true
	}
	return partName{generation: t.generation, number: t.last + 1}, true
}

// hint is next with the path it is announced under. t.mu is held for writing.
func (t *timeline) hint(hour int64) (n partName, ok bool) {
	if n, ok = t.next(); !ok {
		return n, false
	}
	if t.open != nil {
		n.capability = t.capabilityOf(t.open, hour)
		return n, true
	}
	if !t.signer.opens(t.coming, hour) {
		t.coming = t.signer.capability(t.name, t.session, hour)
	}
	n.capability = t.coming.token
	return n, true
}

// awaited says whether it makes sense to wait for what comes. t.mu is held.
func (t *timeline) awaited() bool { return !t.resting && !t.replaced && t.endedAt.IsZero() }
