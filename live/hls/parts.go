package hls

// alike is how many segments before say how long the next one becomes.
const alike = 8

// cuts says when a part ends, in ms of its length.
type cuts struct {
	least int64 // never before
	good  int64 // as soon as it is that long
	most  int64 // before it gets longer
}

// cut says whether a part of that length ends before the next picture, which comes after step more. Lengths are as exact as
// a millisecond clock makes them.
func (c cuts) cut(length, step int64) bool {
	return length >= c.least && (length >= c.good-clockJitter || length+step > c.most+clockJitter)
}

// nextPart says when the part ends that begins since ms after the begin of its segment; ok is false where there are no parts.
// Pictures, or sounds where there are none, are step ms apart.
//
// Parts divide a segment that becomes as long as those before. Without that, most segments would end with a rest of one or
// two pictures, and that is less than the 0.2 s which hls.js (1.7) tells parts apart by: it takes the rest for the part
// before, skips it, and stalls.
func (t *timeline) nextPart(since, step int64) (c cuts, ok bool) {
	if t.cfg.Latency != LowLatency {
		return cuts{}, false
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.partTarget == 0 { // none of them is published before the segment is
		c.least = leastPartOf(t.cfg.PartDuration.Milliseconds())
		return cuts{c.least, c.least, c.least}, true
	}
	c = cuts{leastPartOf(t.partTarget), t.partTarget, t.partTarget}
	rest, longest := t.expected()-since, t.partTarget+clockJitter
	n := (rest + longest - 1) / longest
	if n > 1 && rest/n+step > longest && rest/(n+1) >= c.least { // so many would be cut before they are that long
		n++
	}
	if n > 1 { // the last one is given what it can take: the keyframe may be late
		c.good = max(c.least, rest/n)
	}
	return c, true
}

// expected is how long the next segment becomes, in ms, by those before: like the last one, or the longest that hardly
// differs from it, for a last part that ends sooner is better than one more. t.mu is held.
func (t *timeline) expected() int64 {
	segments := t.segments[max(0, len(t.segments)-alike):]
	if len(segments) == 0 {
		return 0
	}
	last := segments[len(segments)-1].duration
	longest := last
	for _, s := range segments {
		if s.duration-last <= t.partTarget/2 {
			longest = max(longest, s.duration)
		}
	}
	return longest
}
