package replay

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// lookTimeout bounds what is asked at one look.
const lookTimeout = 5 * time.Second

// maxOfGroup is how many recordings of a group a withdrawal is noted with whose message is out of the log.
const maxOfGroup = 100

// collector sorts messages to recordings. It is one goroutine's.
type collector struct {
	s      *Service
	known  map[string]*kept // recordings that run, by id
	groups map[string][]*kept
	looked time.Time
}

// kept is a recording that runs, with the chunk that is being filled.
type kept struct {
	rec    Recording
	items  []Item
	bytes  int
	opened time.Time       // when its first item came
	before map[uint64]bool // what was withdrawn before it began, as far as that is known
}

// work sorts what came, and seals the chunks that are due.
func (c *collector) work(ctx context.Context, now time.Time) {
	look := ctx.Err() == nil && (c.looked.IsZero() || now.Sub(c.looked) >= c.s.cfg.Look)
	t := c.s.take(look)
	c.sort(t.queue, now)
	if look {
		c.look(ctx, now, &t)
	}
	if len(t.recalls) > 0 {
		if left := c.recall(ctx, t.recalls); len(left) > 0 {
			c.s.giveBack(nil, left)
		}
	}
	for _, k := range c.known {
		if len(k.items) > 0 && now.Sub(k.opened) >= c.s.cfg.ChunkAge {
			c.seal(k)
		}
	}
}

// finish seals what there is, also of recordings that began since the last look.
func (c *collector) finish(ctx context.Context) {
	now := time.Now()
	t := c.s.take(true)
	c.sort(t.queue, now)
	c.look(ctx, now, &t)
	c.sort(c.s.take(true).maybe, now) // where the look failed
	c.recall(ctx, t.recalls)
	for _, k := range c.known {
		c.seal(k)
	}
}

// look finds out which recordings run. What was said some time ago in groups that have none is let go of.
func (c *collector) look(ctx context.Context, now time.Time, t *taken) {
	asking, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	c.looked = now
	list, err := c.s.recs.Running(asking)
	if err != nil {
		c.s.log.Warn("which recordings run is not known; their chat waits", "err", err)
		c.s.giveBack(t.maybe, nil)
		return
	}
	there := make(map[string]bool, len(list))
	var fresh []*kept
	for _, rec := range list {
		there[rec.ID] = true
		if k := c.known[rec.ID]; k != nil {
			if k.rec = rec; !rec.Ended.IsZero() && now.Sub(rec.Ended) > c.s.cfg.Look { // whoever plays it now finds all of it
				c.seal(k)
			}
			continue
		}
		k := &kept{rec: rec}
		c.known[rec.ID] = k
		if now.Sub(rec.Began) > c.s.cfg.Hold+2*c.s.cfg.Look {
			fresh = append(fresh, k)
			continue
		}
		k.before = make(map[uint64]bool)
		seqs, _ := c.s.cfg.Newest(asking, rec.Group) // without, markers are written at the end that hide nothing
		for _, seq := range seqs {
			k.before[seq] = true
		}
	}
	c.index()
	c.sort(t.maybe, now)
	if early := slices.DeleteFunc(t.maybe, func(n note) bool { return c.groups[n.m.Group] != nil || now.Sub(n.came) >= c.s.cfg.Hold }); len(early) > 0 {
		c.s.giveBack(early, nil)
	}
	c.catchUp(asking, fresh...) // of one that has just begun nothing can be missing
	var over []*kept
	for id, k := range c.known {
		if !there[id] {
			c.seal(k)
			delete(c.known, id)
			over = append(over, k)
		}
	}
	c.catchUp(asking, over...)
	if len(over) > 0 {
		c.index()
	}
	watched := make(map[string]bool, len(c.groups))
	for group := range c.groups {
		watched[group] = true
	}
	c.s.watch(watched)
}

func (c *collector) index() {
	c.groups = make(map[string][]*kept, len(c.known))
	for _, k := range c.known {
		c.groups[k.rec.Group] = append(c.groups[k.rec.Group], k)
	}
}

// during says whether what was said at that moment is the recording's.
func (r Recording) during(at time.Time) bool {
	return !at.Before(r.Began) && (r.Ended.IsZero() || !at.After(r.Ended.Add(r.Late)))
}

// sort puts messages into the chunks of the recordings they belong to.
func (c *collector) sort(notes []note, now time.Time) {
	for _, n := range notes {
		m := n.m
		for _, k := range c.groups[m.Group] {
			if k.rec.during(m.Time) {
				c.add(k, itemOf(m, k.rec), now)
			}
		}
	}
}

func (c *collector) add(k *kept, i Item, now time.Time) {
	if len(k.items) > 0 && (i.At < k.items[0].At || i.At-k.items[0].At >= maxSpan.Milliseconds()) {
		c.seal(k)
	}
	if len(k.items) == 0 {
		k.opened = now
	}
	k.items, k.bytes = append(k.items, i), k.bytes+i.size()
	if k.bytes >= c.s.cfg.ChunkBytes {
		c.seal(k)
	}
}

// seal hands the chunk of a recording to those who write.
func (c *collector) seal(k *kept) {
	items := k.items
	k.items, k.bytes = nil, 0
	if len(items) == 0 {
		return
	}
	data, err := encode(items)
	if err != nil { // a body is valid JSON: the chat looked at it
		c.s.lost.Add(uint64(len(items)))
		c.s.log.Error("chat of a recording is not kept", "recording", k.rec.ID, "err", err)
		return
	}
	n := c.s.boot + "." + strconv.FormatUint(c.s.made.Add(1), 10)
	lost := c.s.out.put(job{recording: k.rec.ID, name: chunkName(k.rec.ID, items[0].At, c.s.node, n), data: data, messages: len(items)})
	if lost > 0 {
		c.s.lost.Add(uint64(lost))
		c.s.log.Warn("chat messages of recordings are lost: the store has been away for too long", "messages", lost)
	}
}

// recall notes withdrawals with all recordings that may have the message. It answers what could not be found out.
func (c *collector) recall(ctx context.Context, all []recall) (left []recall) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	former := make(map[string][]Recording)
	for n, r := range all {
		recs, asked := former[r.group]
		if !asked {
			var err error
			if recs, err = c.s.recs.OfGroup(ctx, r.group, maxOfGroup); err != nil {
				c.s.log.Warn("which recordings have a withdrawn message is not known yet", "err", err)
				return all[n:]
			}
			former[r.group] = recs
		}
		for _, rec := range recs {
			if rec.Of == "" && (r.at.IsZero() || rec.during(r.at)) && c.known[rec.ID] == nil {
				c.mark(rec.ID, r.seq)
			}
		}
		for _, k := range c.groups[r.group] {
			if r.at.IsZero() || k.rec.during(r.at) {
				k.forget(r.seq)
				c.mark(k.rec.ID, r.seq) // it may be in a chunk of another node
			}
		}
	}
	return nil
}

// forget takes a message out of the chunk that is being filled. What is in another is hidden by a marker.
func (k *kept) forget(seq uint64) {
	k.items = slices.DeleteFunc(k.items, func(i Item) bool { return i.Seq == seq })
}

func (c *collector) mark(recording string, seq uint64) {
	c.s.out.put(job{recording: recording, name: markerName(recording, seq), data: []byte("{}\n"), marker: true})
}

// catchUp adds the markers that are missing of the group's newest withdrawals: those of a node that crashed in between.
func (c *collector) catchUp(ctx context.Context, all ...*kept) {
	for _, k := range all {
		seqs, err := c.s.cfg.Newest(ctx, k.rec.Group)
		var there map[uint64]bool
		if err == nil && len(seqs) > 0 {
			there, err = c.s.hidden(ctx, k.rec.ID)
		}
		if err != nil {
			c.s.log.Warn("withdrawn messages of a recording can't be looked for", "recording", k.rec.ID, "err", err)
			continue
		}
		for _, seq := range seqs {
			if !there[seq] && !k.before[seq] {
				c.mark(k.rec.ID, seq)
			}
		}
	}
}
