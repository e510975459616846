package chat

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// Bounds of what is still to be told to other nodes.
const (
	maxNews   = 10_000 // beyond, what may be missed is dropped
	newsBatch = 256    // told at once
	newsRetry = 200 * time.Millisecond

	lastWordsWait = 2 * time.Second // for what a node that stops has to tell
)

// news is what one node tells others. One field of it is set, or several.
type news struct {
	Users    map[string]Whereabouts `json:"users,omitempty"` // to those nodes where they are too
	Counts   map[string]Headcount   `json:"counts,omitempty"`
	Whole    bool                   `json:"whole,omitempty"` // Counts are all there are
	Watch    *watchNews             `json:"watch,omitempty"`
	Close    *closeNews             `json:"close,omitempty"`
	Quit     *quitNews              `json:"quit,omitempty"`
	Called   *calledNews            `json:"called,omitempty"`
	Rose     *roseNews              `json:"rose,omitempty"`
	Silence  *silenceNews           `json:"silence,omitempty"`
	Letter   *letterNews            `json:"letter,omitempty"`
	Personal *personal              `json:"personal,omitempty"`
	Tips     *tipsNews              `json:"tips,omitempty"`
	Marks    *marksNews             `json:"marks,omitempty"`
	Banished *Banishment            `json:"banished,omitempty"`
	Pardoned *pardonNews            `json:"pardoned,omitempty"`
	Unsaid   *unsaidNews            `json:"unsaid,omitempty"`
	Ask      *inquiry               `json:"ask,omitempty"`
	Answer   *answer                `json:"answer,omitempty"`
}

// lasting says whether it must come, however late. All such news may come twice.
func (n news) lasting() bool {
	return n.Close != nil || n.Quit != nil || n.Called != nil || n.Silence != nil || n.Marks != nil || n.Banished != nil || n.Pardoned != nil || n.Unsaid != nil
}

// addressed is news on its way.
type addressed struct {
	node string // empty: all others
	news
}

// mail is what is still to be told to other nodes, in its order.
type mail struct {
	ready chan struct{} // has a token when there is some

	mu    sync.Mutex // taken last
	queue []addressed
	lost  uint64
}

// say puts news on its way. It does not block; any lock may be held.
func (m *mail) say(node string, n news) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) >= maxNews && !n.lasting() && n.Users == nil || len(m.queue) >= 2*maxNews {
		m.lost++
		return
	}
	m.queue = append(m.queue, addressed{node, n})
	select {
	case m.ready <- struct{}{}:
	default:
	}
}

// take returns the next for one node.
func (m *mail) take() (node string, batch []news) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.queue {
		if len(batch) > 0 && a.node != node || len(batch) == newsBatch {
			break
		}
		node, batch = a.node, append(batch, a.news)
	}
	m.queue = m.queue[len(batch):]
	if len(m.queue) == 0 {
		m.queue = nil
	}
	return node, batch
}

// giveBack puts what must come in front again, after it could not be told. The rest is lost, and so is what others than the
// next would get too late; it is returned.
func (m *mail) giveBack(node string, batch []news) (lost []news) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]addressed, 0, len(batch)+len(m.queue))
	for _, n := range batch {
		all = append(all, addressed{node, n})
	}
	all = append(all, m.queue...)
	m.queue = nil
	for _, a := range all {
		if a.lasting() {
			m.queue = append(m.queue, a)
		} else {
			lost = append(lost, a.news)
		}
	}
	m.lost += uint64(len(lost))
	return lost
}

// post tells other nodes what is to be told, until ctx ends.
func (a *abroad) post(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.mail.ready:
			for !a.deliver(ctx) {
				if !pausing(ctx, newsRetry) {
					break
				}
			}
		}
	}
}

// lastWords tells other nodes what is left, when nothing more can come: what was answered must not be lost.
func (s *Service) lastWords() {
	if s.abroad == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.base), lastWordsWait)
	defer cancel()
	for !s.tellEnds(ctx) || !s.abroad.deliver(ctx) {
		if !pausing(ctx, newsRetry) {
			s.log.Warn("other nodes were not told all that happened here last")
			return
		}
	}
}

// deliver tells all that waits. False: it could not.
func (a *abroad) deliver(ctx context.Context) bool {
	for {
		node, batch := a.mail.take()
		if len(batch) == 0 {
			return true
		}
		raw, err := json.Marshal(batch)
		if err != nil {
			panic(err) // all of them are our own types, which always encode
		}
		if err = a.keep(ctx, batch); err == nil {
			err = a.n.Tell(ctx, node, raw)
		}
		if err != nil {
			a.again(a.mail.giveBack(node, batch))
			return false
		}
	}
}

// keep has remembered what nodes must find that do not hear it.
func (a *abroad) keep(ctx context.Context, batch []news) error {
	for _, n := range batch {
		var err error
		switch {
		case n.Banished != nil:
			err = a.n.PutBanished(ctx, *n.Banished)
		case n.Pardoned != nil:
			err = a.n.Pardon(ctx, n.Pardoned.Group, n.Pardoned.Users)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// again has told anew what was lost and is still so.
func (a *abroad) again(lost []news) {
	for _, n := range lost {
		for user := range n.Users {
			a.moved(user)
		}
		if n.Counts != nil {
			a.recount.Store(true)
		}
	}
}

// pausing waits, unless ctx ends before.
func pausing(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// listener is what a Service hears of other nodes.
type listener struct{ s *Service }

// Told implements Listener.
func (l listener) Told(node string, raw json.RawMessage) {
	var batch []news
	if err := json.Unmarshal(raw, &batch); err != nil {
		l.s.log.Warn("news of another node can't be read", "node", node, "error", err)
		return
	}
	for _, n := range batch {
		l.s.hear(node, n)
	}
}

// Missed implements Listener.
func (l listener) Missed() { l.s.abroad.renewAll() }

// hear does what news asks for.
func (s *Service) hear(node string, n news) {
	for user, w := range n.Users {
		s.learnOf(user, node, w)
	}
	if n.Counts != nil || n.Whole {
		s.abroad.census.put(node, n.Counts, n.Whole, time.Now())
	}
	if n.Watch != nil {
		s.abroad.census.putStrangers(node, n.Watch.Groups)
	}
	if c := n.Close; c != nil {
		s.closeHere(c.User, c.Why, time.Now().Add(-c.Ago))
	}
	if q := n.Quit; q != nil {
		s.quitHere(q)
	}
	if c := n.Called; c != nil {
		s.renamedHere(c.guise, c.Groups)
		if c.Groups == nil {
			s.spread(c.guise)
		}
	}
	if r := n.Rose; r != nil {
		s.roseElsewhere(r)
	}
	if x := n.Silence; x != nil {
		s.hearSilence(x)
	}
	if m := n.Letter; m != nil {
		s.handOverHere(m.To, &m.Message, m.Alone, nil)
	}
	if p := n.Personal; p != nil {
		s.tellHere(*p)
	}
	if t := n.Tips; t != nil {
		s.hearTips(node, t)
	}
	if m := n.Marks; m != nil {
		s.markHere(m)
	}
	if b := n.Banished; b != nil {
		s.banishHere(*b)
	}
	if u := n.Unsaid; u != nil {
		s.hearUnsaid(u)
	}
	if n.Ask != nil {
		s.answer(node, n.Ask)
	}
	if n.Answer != nil {
		s.abroad.inquiries.answered(n.Answer)
	}
}

// lostNews is how much was not told to other nodes.
func (s *Service) lostNews() uint64 {
	if s.abroad == nil {
		return 0
	}
	s.abroad.mail.mu.Lock()
	defer s.abroad.mail.mu.Unlock()
	return s.abroad.mail.lost
}
