package chat

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// How nodes tell each other how many are where.
const (
	headcountEvery = time.Second      // what moved, or as often as counts are pushed if that is more often
	headcountRenew = 10 * time.Second // everything

	// mostStrangers is how many names of those who watch a group's stream on a node, and are no members there, are told. Of
	// more, as many are taken for members elsewhere in proportion.
	mostStrangers = 20_000

	// censusLately is for how long it is known that somebody was in a group on a node: longer than the node waits for him to
	// come back, and than news are on their way.
	censusLately = tipsGrace + 5*time.Second
)

// strangers are the play sessions of a group's stream on one node whose chat session is not there, but may be elsewhere.
type strangers struct {
	All  int      `json:"n"`
	Some []string `json:"vids"`
}

// watchNews are all strangers of a node.
type watchNews struct {
	Groups map[string]strangers `json:"groups"`
}

// census is how many are in groups on other nodes.
type census struct {
	mu      sync.RWMutex // taken last
	counts  map[string]map[string]Headcount
	whole   map[string]bool // nodes of which nothing is missing in counts
	touched map[string]bool // nodes that said something since they were asked about
	watch   map[string]map[string]strangers
	left    map[string]map[string]time.Time // when a node said of a group that nobody is there any more, of the last censusLately
}

// doubt has all nodes asked about again: something may have been missed.
func (c *census) doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.whole)
}

// wants says whether some living node is to be asked about, and notes from now on who says something.
func (c *census) wants(living []string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.touched)
	return slices.ContainsFunc(living, func(node string) bool { return !c.whole[node] })
}

// add takes over all that nodes said which are asked about, but for those who said more meanwhile.
func (c *census) add(counts map[string]map[string]Headcount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for node, groups := range counts {
		if c.whole[node] || c.touched[node] {
			continue
		}
		c.counts[node], c.whole[node] = maps.Clone(groups), true
	}
}

// put takes over what a node says of some groups, or of all. Of a node that is still to be asked about nothing else is known.
func (c *census) put(node string, counts map[string]Headcount, all bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.touched[node] = true
	old, moved := c.counts[node], counts
	if all {
		moved = old
	}
	for group := range moved {
		if counts[group].empty() && !old[group].empty() {
			if c.left[node] == nil {
				c.left[node] = make(map[string]time.Time)
			}
			c.left[node][group] = now
		}
	}
	maps.DeleteFunc(c.left[node], func(_ string, at time.Time) bool { return now.Sub(at) >= censusLately })
	if all {
		c.counts[node], c.whole[node] = make(map[string]Headcount, len(counts)), true
	}
	if c.counts[node] == nil {
		return
	}
	for group, n := range counts {
		if c.counts[node][group] = n; n == (Headcount{}) {
			delete(c.counts[node], group)
		}
	}
}

// putStrangers takes over all strangers of a node.
func (c *census) putStrangers(node string, all map[string]strangers) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch[node] = all
}

// forget drops what nodes said that live no more.
func (c *census) forget(living []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	dead := func(node string) bool { return !slices.Contains(living, node) }
	maps.DeleteFunc(c.counts, func(node string, _ map[string]Headcount) bool { return dead(node) })
	maps.DeleteFunc(c.whole, func(node string, _ bool) bool { return dead(node) })
	maps.DeleteFunc(c.watch, func(node string, _ map[string]strangers) bool { return dead(node) })
	maps.DeleteFunc(c.left, func(node string, _ map[string]time.Time) bool { return dead(node) })
}

// of is how many are in a group on living nodes.
func (c *census) of(group string, living []string) (sum Headcount) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, node := range living {
		n := c.counts[node][group]
		sum.Members += n.Members
		sum.Viewers += n.Viewers
		sum.Linked += n.Linked
		sum.Manned += n.Manned
		sum.Robots = max(sum.Robots, n.Robots)
	}
	return sum
}

// where are the living nodes on which somebody is in a group, or was after a time of the last censusLately: they may still mean
// to tell that he left.
func (c *census) where(group string, living []string, after time.Time) (nodes []string) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, node := range living {
		if !c.counts[node][group].empty() || c.left[node][group].After(after) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// groups are those in which somebody is on a living node.
func (c *census) groups(living []string) map[string]bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make(map[string]bool)
	for _, node := range living {
		for group, n := range c.counts[node] {
			if n.Members > 0 {
				all[group] = true
			}
		}
	}
	return all
}

// linked is how many of the strangers of living nodes are members here, by watches. The room's lock is held.
func (c *census) linked(group string, living []string, watches map[string]int) (n int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, node := range living {
		some := c.watch[node][group]
		hits := 0
		for _, vid := range some.Some {
			if watches[vid] > 0 {
				hits++
			}
		}
		if hits > 0 {
			n += hits * some.All / len(some.Some)
		}
	}
	return n
}

// others is how many are in a group on other nodes.
func (s *Service) others(group string) Headcount {
	if s.abroad == nil {
		return Headcount{}
	}
	return s.abroad.census.of(group, s.abroad.n.Others())
}

// manyDoubles is how many users who are on several nodes a room looks at for each count; of more, as of the strangers of other
// nodes, it knows what the last headcount found.
const manyDoubles = 100

// look counts what is too much for each count. The room's lock is held.
func (r *room) look() {
	c := &r.counter
	c.doubles, c.manned = r.doubled()
	c.linkedElsewhere = r.s.abroad.census.linked(r.id, r.s.abroad.n.Others(), r.watches)
}

// headcount is how many are in the room on this node. The room's lock is held.
func (r *room) headcount() Headcount {
	doubles, manned := r.counter.doubles, r.counter.manned
	if len(r.doubles) <= manyDoubles {
		doubles, manned = r.doubled()
	}
	n := Headcount{Members: r.anonymous - doubles, Viewers: r.counter.watching, Linked: r.counter.linked, Robots: len(r.robots)}
	n.Members += len(r.users)
	for _, p := range r.robots {
		if len(p.sessions) > 0 {
			n.Manned++
		} else {
			n.Members--
		}
	}
	n.Manned -= manned
	n.Linked += r.counter.linkedElsewhere
	return n
}

// empty says whether no member is there, and no robot.
func (n Headcount) empty() bool { return n.Members <= 0 && n.Robots <= 0 }

// plus adds up what two parts of the cluster have.
func (n Headcount) plus(o Headcount) Headcount {
	return Headcount{n.Members + o.Members, n.Viewers + o.Viewers, n.Linked + o.Linked, max(n.Robots, o.Robots), n.Manned + o.Manned}
}

// count is what members are told.
func (n Headcount) count() Count {
	members := n.Members + max(0, n.Robots-n.Manned)
	return Count{Members: members, Viewers: n.Viewers, Online: members + max(0, n.Viewers-n.Linked)}
}

// headcounts tells other nodes how many are where, until ctx ends.
func (s *Service) headcounts(ctx context.Context) {
	tick := time.NewTicker(min(headcountEvery, s.cfg.CountEvery))
	defer tick.Stop()
	var told counted
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.abroad.askCounts(ctx)
			all, watch := s.heads(now)
			s.tellCounts(ctx, &told, all, now)
			if len(watch) > 0 || watch != nil && told.watched {
				s.abroad.mail.say("", news{Watch: &watchNews{watch}})
				told.watched = len(watch) > 0
			}
		}
	}
}

// counted is what other nodes were told.
type counted struct {
	said    map[string]Headcount
	renewed time.Time // when all of it was; zero: is to be
	watched bool      // there are strangers
}

// note adds to what was said.
func (t *counted) note(more map[string]Headcount) {
	said := make(map[string]Headcount, len(t.said)+len(more)) // the former may be on its way to other nodes
	maps.Copy(said, t.said)
	maps.Copy(said, more)
	t.said = said
}

// tellCounts tells what moved, and everything at times, to the registry and to those who are there.
func (s *Service) tellCounts(ctx context.Context, told *counted, all map[string]Headcount, now time.Time) {
	moved := make(map[string]Headcount)
	renew := s.abroad.recount.Swap(false) || now.Sub(told.renewed) >= headcountRenew
	for group, n := range all {
		if renew || told.said[group] != n {
			moved[group] = n
		}
	}
	for group := range told.said {
		if _, still := all[group]; !still {
			moved[group] = Headcount{}
		}
	}
	if len(moved) == 0 && !renew {
		return
	}
	if err := s.abroad.n.PutCounts(ctx, moved); err != nil { // of nothing too: it renews what is there
		told.renewed = time.Time{}
		told.note(moved) // it may have been told
		return
	}
	if renew {
		moved = all // so that nobody keeps what he missed the end of
	}
	s.abroad.mail.say("", news{Counts: moved, Whole: renew})
	if told.said = all; renew {
		told.renewed = now
	}
}

// askCounts asks about nodes of which something is not known.
func (a *abroad) askCounts(ctx context.Context) {
	living := a.n.Others()
	if a.census.forget(living); !a.census.wants(living) {
		return
	}
	if counts, err := a.n.Counts(ctx); err == nil {
		a.census.add(counts)
	}
}

// heads is how many are in each group on this node, and the strangers, if they are due.
func (s *Service) heads(now time.Time) (all map[string]Headcount, watch map[string]strangers) {
	all = make(map[string]Headcount)
	due := s.abroad.strangersDue(now, s.cfg.CountEvery)
	if due {
		watch = make(map[string]strangers)
	}
	for _, r := range s.loaded() {
		s.lookAtViewers(r, now)
		r.mu.Lock()
		r.look()
		if n := r.headcount(); !r.gone && n != (Headcount{}) {
			all[r.id] = n
		}
		if due && len(r.counter.strangers) > 0 {
			some := r.counter.strangers
			watch[r.id] = strangers{len(some), some[:min(len(some), mostStrangers)]}
		}
		r.mu.Unlock()
	}
	for _, group := range s.cfg.Watched() {
		if _, known := all[group]; known || s.inMemory(group) != nil {
			continue
		}
		n, vids := s.cfg.Viewers(group)
		if n == 0 {
			continue
		}
		all[group] = Headcount{Viewers: n}
		if due && len(vids) > 0 {
			watch[group] = strangers{len(vids), vids[:min(len(vids), mostStrangers)]}
		}
	}
	return all, watch
}

// lookAtViewers asks who watches, if nobody has for a while: in a room without members nobody does.
func (s *Service) lookAtViewers(r *room, now time.Time) {
	r.mu.Lock()
	stale := now.Sub(r.counter.askedAt) >= s.cfg.CountEvery
	r.mu.Unlock()
	if !stale {
		return
	}
	watching, vids := s.cfg.Viewers(r.id)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch(watching, vids)
}

// strangersDue says whether it is time to tell of strangers.
func (a *abroad) strangersDue(now time.Time, every time.Duration) bool {
	if now.Sub(a.watchedAt) < every {
		return false
	}
	a.watchedAt = now
	return true
}
