package stream

// relayed is what a feed knows of the generation that reaches it from another node. Its tags are on the session's clock
// already and are taken as they are, but for two things: what came before the connection between the nodes broke is not
// taken again, and a generation that begins below what was given out here goes on above it. That happens where the push
// before ran ahead of real time, which the node of the next one can't know; all of the generation is shifted then.
type relayed struct {
	generation uint64
	started    bool
	floor      int64    // what nothing may go below or to
	shift      int64    // of all tags
	near       int64    // of the last media tag, unshifted: what 32-bit timestamps are near to
	last       [2]int64 // time given out, of audio and video
	again      [2]bool  // what comes next may have come before
}

// join begins or continues a generation; the session's clock is at offset, in ms.
func (f *feed) join(generation uint64, offset int64) {
	r := &f.relayed
	if r.generation == generation {
		r.again = [2]bool{true, true}
		return
	}
	*r = relayed{generation: generation, floor: f.last, near: offset, last: [2]int64{-1, -1}}
	if f.generation == generation { // what was given out is of this one: the feed was forgotten meanwhile
		r.floor, r.last, r.again, r.started = -1, [2]int64{f.last, f.last}, [2]bool{true, true}, true
	}
}

// control is the time of a tag without media.
func (r *relayed) control(raw uint32) int64 {
	return max(r.unwrap(raw)+r.shift, r.floor+1)
}

// media is the time of an audio or video tag; fresh is false for one that was given out before.
func (r *relayed) media(kind Kind, raw uint32) (ms int64, fresh bool) {
	ms = r.unwrap(raw)
	r.near = ms
	if !r.started {
		r.started = true
		r.shift = max(r.floor+1-ms, 0)
	}
	ms = max(ms+r.shift, r.floor+1)
	track := slot(kind)
	if r.again[track] && ms <= r.last[track] {
		return ms, false
	}
	r.again[track] = false
	r.last[track] = max(ms, r.last[track])
	return r.last[track], true
}

// unwrap makes a timestamp of 32 bits whole.
func (r *relayed) unwrap(raw uint32) int64 {
	return max(r.near+int64(int32(raw-uint32(r.near))), 0) //nolint:gosec // modulo 2³² is what is meant
}

// Rejoin says that what is written next may have been written before: the connection to the node it comes from is a new
// one. What was is left out. Only relays rejoin.
func (p *Publisher) Rejoin() {
	p.feed.mu.Lock()
	defer p.feed.mu.Unlock()
	if p.err == nil && p.relay {
		p.feed.join(p.generation, 0)
	}
}
