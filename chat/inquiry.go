package chat

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Bounds of what nodes ask each other.
const (
	inquiryWait  = time.Second // for the answers; who has not answered by then is not in the list
	inquiryFresh = time.Second // how long answers are good for whoever asks the same
	maxInquiries = 1000        // kept for that
)

// inquiry asks other nodes for the newest members of a group: those that a list of all shows, or those with a mark.
type inquiry struct {
	ID     uint64 `json:"id"`
	Group  string `json:"group"`
	Mark   uint32 `json:"mark,omitempty"`
	Marked bool   `json:"marked,omitempty"`
}

// answer is what a node has to say.
type answer struct {
	ID      uint64   `json:"id"`
	Members []listed `json:"members"`
}

// listed is a member as lists show him, and his place there.
type listed struct {
	Member
	Since int64 `json:"since"`
}

// subject is what an inquiry is of.
type subject struct {
	group  string
	mark   uint32
	marked bool
}

// inquiries are the questions to other nodes.
type inquiries struct {
	mu    sync.Mutex
	last  uint64
	open  map[uint64]*asked
	fresh map[subject]*asked
}

// asked is a question to some nodes.
type asked struct {
	at   time.Time
	done chan struct{} // closed when all have answered

	waiting int      // nodes that have not answered; the lock of inquiries guards it, and what follows until done is closed
	members []listed // of those that have
}

// begin returns the question of a subject that is fresh, or a new one.
func (q *inquiries) begin(about subject, nodes int, now time.Time) (id uint64, a *asked, fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if a = q.fresh[about]; a != nil && now.Sub(a.at) < inquiryFresh {
		return 0, a, false
	}
	maps.DeleteFunc(q.fresh, func(_ subject, a *asked) bool { return now.Sub(a.at) >= inquiryFresh })
	if q.fresh == nil || len(q.fresh) >= maxInquiries {
		q.fresh = make(map[subject]*asked)
	}
	if q.open == nil {
		q.open = make(map[uint64]*asked)
	}
	a = &asked{at: now, done: make(chan struct{}), waiting: nodes}
	q.last++
	q.fresh[about], q.open[q.last] = a, a
	return q.last, a, true
}

// answered takes a node's answer.
func (q *inquiries) answered(got *answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.open[got.ID]
	if a == nil {
		return
	}
	a.members = append(a.members, got.Members...)
	if a.waiting--; a.waiting == 0 {
		delete(q.open, got.ID)
		close(a.done)
	}
}

// end returns what was answered, and waits for no more of it.
func (q *inquiries) end(id uint64, a *asked) []listed {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, id)
	return slices.Clone(a.members)
}

// membersElsewhere are the newest members of a group on other nodes. A node that does not answer in time is left out: its
// members are missing from the list until it does.
func (s *Service) membersElsewhere(ctx context.Context, about subject) []listed {
	if s.abroad == nil {
		return nil
	}
	nodes := s.abroad.census.where(about.group, s.abroad.n.Others(), time.Now())
	if len(nodes) == 0 {
		return nil
	}
	id, a, fresh := s.abroad.inquiries.begin(about, len(nodes), time.Now())
	if fresh {
		for _, node := range nodes {
			s.abroad.mail.say(node, news{Ask: &inquiry{id, about.group, about.mark, about.marked}})
		}
	}
	timer := time.NewTimer(inquiryWait)
	defer timer.Stop()
	select {
	case <-a.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	return s.abroad.inquiries.end(id, a)
}

// answer answers an inquiry of another node.
func (s *Service) answer(node string, q *inquiry) {
	got := &answer{ID: q.ID, Members: []listed{}}
	if r := s.inMemory(q.Group); r != nil {
		r.mu.Lock()
		got.Members = r.listed(subject{q.Group, q.Mark, q.Marked}, time.Now())
		r.mu.Unlock()
	}
	s.abroad.mail.say(node, news{Answer: got})
}

// listed are the members of this node that a list shows, who came last first. The room's lock is held.
func (r *room) listed(about subject, now time.Time) []listed {
	people := r.shown
	if about.marked {
		people = func() []*person { return r.withMark(about.mark) }
	}
	all := []listed{}
	for _, p := range people() {
		all = append(all, listed{r.member(p, now), p.since})
	}
	return all
}

// merge puts the members of several nodes in one order, who came last first, each once: since he came first.
func merge(all []listed) []listed {
	slices.SortFunc(all, func(a, b listed) int { return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Since, b.Since)) })
	all = slices.CompactFunc(all, func(a, b listed) bool { return a.User == b.User })
	slices.SortFunc(all, func(a, b listed) int { return cmp.Or(cmp.Compare(b.Since, a.Since), cmp.Compare(a.User, b.User)) })
	return all
}
