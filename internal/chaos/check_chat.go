package chaos

import (
	"fmt"
	"slices"
	"time"
)

// Invariants of the chat.
const (
	OneMessage   = "one message per number"  // a sequence number is one message's, for all
	NoRepeats    = "no message twice"        // a message has one number, and reaches nobody twice
	InOrder      = "in order"                // nobody gets an older message after a newer one; a sender's come as he sent them
	Delivered    = "answered is delivered"   // every message answered with scope room reaches each steady member, or a gap is told
	Converges    = "who is there has it all" // at the end, members who are there have the newest message
	Whole        = "no gap without a break"  // where nothing excuses a gap, none is told
	OnlyDegraded = "degraded is node-wide"   // a message without number is answered with scope node, and one with scope node has none
)

// number names a message's place.
type number struct {
	epoch string
	seq   uint64
}

// messages: numbers and messages belong together one to one; a sender's own stay in order.
func (c *checker) messages() {
	text := map[number]string{}
	numbers := map[string][]number{}
	note := func(e Event, n number, what string) {
		if n.seq == 0 || what == "" {
			return
		}
		if old, ok := text[n]; ok && old != what {
			c.fail(OneMessage, "number %d is %q, and %q to %s at %s", n.seq, old, what, e.Who, at(e.At))
		}
		text[n] = what
		if !slices.Contains(numbers[what], n) {
			numbers[what] = append(numbers[what], n)
		}
	}
	newest := map[string]Acked{} // of a sender
	for _, e := range c.events {
		switch what := e.What.(type) {
		case Got:
			note(e, number{what.Epoch, what.Seq}, what.Text)
		case Acked:
			if what.Dropped || what.Scope == "node" {
				continue
			}
			note(e, number{what.Epoch, what.Seq}, what.Text)
			if last := newest[e.Who]; last.Epoch == what.Epoch && what.Seq <= last.Seq && what.Text != last.Text {
				c.fail(InOrder, "%s sent %q after %q was answered with number %d, and it has %d", e.Who, what.Text, last.Text, last.Seq, what.Seq)
			}
			newest[e.Who] = what
		}
	}
	for what, all := range numbers {
		if len(all) > 1 && !c.rules.ChatMayRepeat {
			c.fail(NoRepeats, "%q has the numbers %v", what, all)
		}
	}
}

// stretch is what a member surely has of a room: all after one number up to another.
type stretch struct {
	who        string
	epoch      string
	after, end uint64
	has        map[uint64]bool
	texts      map[string]bool
}

// delivery: inside each stretch a member has every message there is, once and in order.
func (c *checker) delivery() {
	open := map[string]*stretch{}
	var all []*stretch
	for _, e := range c.events {
		switch what := e.What.(type) {
		case Joined:
			s := open[e.Who]
			if s != nil && what.After > 0 && what.Complete && what.Epoch == s.epoch {
				continue
			}
			if what.After > 0 && c.rules.NoGaps {
				c.fail(Whole, "%s came back to node %s with number %d at %s, and was told of a gap", e.Who, e.Node, what.After, at(e.At))
			}
			s = &stretch{who: e.Who, epoch: what.Epoch, after: what.Seq, end: what.Seq, has: map[uint64]bool{}, texts: map[string]bool{}}
			open[e.Who], all = s, append(all, s)
		case Got:
			if s := open[e.Who]; s != nil && !what.Degraded {
				c.take(s, e, what)
			}
		}
	}
	exists := map[string]map[uint64]string{}
	note := func(epoch string, seq uint64, text string) {
		if exists[epoch] == nil {
			exists[epoch] = map[uint64]string{}
		}
		exists[epoch][seq] = text
	}
	each(c, func(_ Event, g Got) {
		if !g.Degraded {
			note(g.Epoch, g.Seq, g.Text)
		}
	})
	each(c, func(_ Event, a Acked) {
		if !a.Dropped && a.Scope != "node" {
			note(a.Epoch, a.Seq, a.Text)
		}
	})
	for _, s := range all {
		for seq, text := range exists[s.epoch] {
			if seq > s.after && seq <= s.end && !s.has[seq] {
				c.fail(Delivered, "%s has everything from %d to %d, but not %d, %q", s.who, s.after, s.end, seq, text)
			}
		}
	}
	c.converges(open, exists)
}

func (c *checker) take(s *stretch, e Event, g Got) {
	switch {
	case g.Epoch != s.epoch:
		c.fail(InOrder, "%s got number %d of epoch %s in epoch %s at %s", e.Who, g.Seq, g.Epoch, s.epoch, at(e.At))
		return
	case g.Seq <= s.after:
		return // history, or a batch that was under way
	case s.has[g.Seq]:
		c.fail(NoRepeats, "%s got number %d twice, again at %s", e.Who, g.Seq, at(e.At))
	case g.Seq < s.end:
		c.fail(InOrder, "%s got number %d after %d at %s", e.Who, g.Seq, s.end, at(e.At))
	case g.Text != "" && s.texts[g.Text]:
		c.fail(NoRepeats, "%s got %q twice, again as number %d at %s", e.Who, g.Text, g.Seq, at(e.At))
	}
	s.has[g.Seq], s.texts[g.Text], s.end = true, true, max(s.end, g.Seq)
}

// converges: at the very end, who is there has the newest.
func (c *checker) converges(open map[string]*stretch, exists map[string]map[uint64]string) {
	if !c.ended() {
		return
	}
	here, _ := c.truth()
	for who := range here {
		s := open[who]
		for seq, text := range exists[s.epoch] {
			if seq > s.end {
				c.fail(Converges, "%s is there at the end and has numbers up to %d, but not %d, %q", who, s.end, seq, text)
			}
		}
	}
}

// degraded: what has no number was answered so, stays on its node and does not come back. Only what was sent to two nodes may be
// said on one without a number and have one by the other, if the one could not know.
func (c *checker) degraded() {
	scope, numbered, from := map[string]Event{}, map[string]bool{}, map[string][]string{}
	type place struct{ node, text string }
	known, said := map[place]time.Duration{}, map[place]time.Duration{} // when a node told it with its number first, and was sent it last
	for _, e := range c.events {
		switch what := e.What.(type) {
		case Said:
			from[what.Text] = append(from[what.Text], e.Node)
			said[place{e.Node, what.Text}] = e.At
		case Acked:
			scope[what.Text] = e
		case Got:
			if what.Degraded || what.Text == "" {
				continue
			}
			numbered[what.Text] = true
			if p := (place{e.Node, what.Text}); known[p] == 0 {
				known[p] = e.At
			}
		}
	}
	scopeOf := func(text string) string {
		a, _ := scope[text].What.(Acked)
		return a.Scope
	}
	each(c, func(e Event, g Got) {
		if g.Degraded && !slices.Contains(from[g.Text], e.Node) {
			c.fail(OnlyDegraded, "%s got %q without number from node %s at %s; it was sent to %s", e.Who, g.Text, e.Node, at(e.At), from[g.Text])
		}
		if g.Degraded && scopeOf(g.Text) == "room" && !numbered[g.Text] {
			c.fail(OnlyDegraded, "%s got %q without number at %s; it was answered with scope room", e.Who, g.Text, at(e.At))
		}
	})
	for text, e := range scope {
		if scopeOf(text) != "node" || !numbered[text] {
			continue
		}
		p := place{e.Node, text}
		elsewhere := slices.ContainsFunc(from[text], func(node string) bool { return node != e.Node })
		if !elsewhere || known[p] > 0 && known[p] < said[p] {
			c.fail(OnlyDegraded, "%q was answered with scope node by node %s at %s, and has a number", text, e.Node, at(e.At))
		}
	}
}

// String is a number as violations name it.
func (n number) String() string { return fmt.Sprint(n.seq) }
