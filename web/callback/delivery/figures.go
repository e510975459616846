package delivery

import (
	"context"
	"time"
)

// Try is one try, as the log of its endpoint has it.
type Try struct {
	ID, Command, Room string
	Class             Class
	At                time.Time // when it began
	Took              time.Duration
	Outcome           Outcome
	Status            int    // of the HTTP answer; 0: none came
	Why               string // not delivered
}

// tries are the newest tries of an endpoint.
type tries struct {
	most int
	all  []Try
	next int // where the next one goes, once there are as many as there may be
}

func (t *tries) add(one Try) {
	if len(t.all) < t.most {
		t.all = append(t.all, one)
		return
	}
	t.all[t.next] = one
	t.next = (t.next + 1) % t.most
}

// newest returns up to limit of them, the newest first.
func (t *tries) newest(limit int) []Try {
	out := make([]Try, 0, min(limit, len(t.all)))
	for i := range len(t.all) {
		if len(out) == limit {
			break
		}
		out = append(out, t.all[(t.next+len(t.all)-1-i)%len(t.all)])
	}
	return out
}

// counts are what happened since the start.
type counts struct {
	outcomes [Unwell + 1]uint64 // of tries
	opened   uint64             // times that a circuit did
	givenUp  uint64             // Talk that had its tries (Habit)
	lost     uint64             // State that could not be kept
	dropped  [classes]uint64    // too old or too much
	died     uint64             // dead letters
}

func (c *counts) add(o counts) {
	for i, n := range o.outcomes {
		c.outcomes[i] += n
	}
	for i, n := range o.dropped {
		c.dropped[i] += n
	}
	c.opened += o.opened
	c.givenUp += o.givenUp
	c.lost += o.lost
	c.died += o.died
}

// note writes a try down. The lock is held.
func (ep *endpoint) note(e Event, at time.Time, took time.Duration, r Result) {
	r.Outcome = min(r.Outcome, Unwell)
	ep.counts.outcomes[r.Outcome]++
	ep.recent.add(Try{
		ID: e.ID, Command: e.Command, Room: e.Room, Class: e.Class, At: at.UTC(), Took: took,
		Outcome: r.Outcome, Status: r.Status, Why: r.Why,
	})
}

// Try sends an event at once, beside the queues and whatever the state of its endpoint, and writes it down like any try.
func (s *Service) Try(ctx context.Context, e Event) (r Result, took time.Duration, err error) {
	if !s.knows(e.Endpoint) {
		return r, 0, ErrNoEndpoint
	}
	start := time.Now()
	r = s.send(ctx, e)
	took = time.Since(start)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ep := s.endpoints[e.Endpoint]; ep != nil {
		ep.note(e, start, took, r)
	}
	return r, took, nil
}

// Tries returns up to limit tries of an endpoint, the newest first.
func (s *Service) Tries(_ context.Context, endpoint string, limit int) ([]Try, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ep := s.endpoints[endpoint]
	if ep == nil {
		return nil, ErrNoEndpoint
	}
	return ep.recent.newest(limit), nil
}

// Circuit says whether events are sent to an endpoint.
type Circuit string

// The states of a circuit.
const (
	Closed Circuit = "closed" // all are
	Open   Circuit = "open"   // it is unwell; one is, after each pause
	Paused Circuit = "paused" // it is off
)

// Figures are what there is to know of an endpoint at present, and since the start of the server.
type Figures struct {
	Circuit  Circuit
	Queued   map[Class]uint64 // events that wait or are under way
	Oldest   time.Time        // when the oldest of them was queued, or earlier; zero: none
	UnderWay int

	Delivered, Refused, Failed, Unwell uint64 // tries
	Dropped                            map[Class]uint64
	GivenUp                            uint64 // Talk that had all its tries
	Dead                               map[Class]int
}

// AllFigures returns the figures of all endpoints, by their ids.
func (s *Service) AllFigures(context.Context) (map[string]Figures, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]Figures, len(s.endpoints))
	for id, ep := range s.endpoints {
		all[id] = ep.figures()
	}
	for _, q := range s.queues {
		f, known := all[q.key.Endpoint]
		if !known || q.first == q.next {
			continue
		}
		f.Queued[q.key.Class] += q.next - q.first
		if f.Oldest.IsZero() || q.oldest.Before(f.Oldest) {
			f.Oldest = q.oldest
		}
		all[q.key.Endpoint] = f
	}
	return all, nil
}

// figures are an endpoint's without those of its queues.
func (ep *endpoint) figures() Figures {
	f := Figures{
		Circuit: ep.circuit(), UnderWay: ep.flying, Queued: map[Class]uint64{}, Dropped: map[Class]uint64{}, Dead: map[Class]int{},
		Delivered: ep.counts.outcomes[Delivered], Refused: ep.counts.outcomes[Refused], Failed: ep.counts.outcomes[Failed],
		Unwell: ep.counts.outcomes[Unwell], GivenUp: ep.counts.givenUp,
	}
	for class := range classes {
		f.Queued[class], f.Dropped[class], f.Dead[class] = 0, ep.counts.dropped[class], ep.dead[class]
	}
	return f
}

func (ep *endpoint) circuit() Circuit {
	switch {
	case ep.habit.Paused:
		return Paused
	case ep.open:
		return Open
	default:
		return Closed
	}
}

// Stats are figures over all endpoints; those that count up are since the start.
type Stats struct {
	Tries    map[Outcome]uint64
	Queued   map[Class]uint64
	Dropped  map[Class]uint64
	Dead     uint64        // dead letters that were put aside
	Letters  int           // dead letters there are
	GivenUp  uint64        // Talk that had all its tries
	Lost     uint64        // State that could not be kept
	Open     int           // circuits open now
	Opened   uint64        // times that one did
	UnderWay int           // tries
	Oldest   time.Duration // age of the oldest event that waits, at most
	Backlog  int64         // bytes of Talk that wait, about
	Unstored int64         // bytes of events that the store does not have yet, about
	Failures uint64        // of the store
}

// Stats returns present figures.
func (s *Service) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.past
	st := Stats{
		Tries: map[Outcome]uint64{}, Queued: map[Class]uint64{}, Dropped: map[Class]uint64{},
		UnderWay: s.flying, Backlog: s.talk, Unstored: s.unwritten, Failures: s.failures,
	}
	for _, ep := range s.endpoints {
		sum.add(ep.counts)
		if ep.open {
			st.Open++
		}
		for _, n := range ep.dead {
			st.Letters += n
		}
	}
	now := time.Now()
	for class := range classes {
		st.Queued[class], st.Dropped[class] = 0, sum.dropped[class]
	}
	for _, q := range s.queues {
		if n := q.next - q.first; n > 0 {
			st.Queued[q.key.Class] += n
			st.Oldest = max(st.Oldest, now.Sub(q.oldest))
		}
	}
	for outcome, n := range sum.outcomes {
		st.Tries[Outcome(outcome)] = n
	}
	st.Dead, st.GivenUp, st.Lost, st.Opened = sum.died, sum.givenUp, sum.lost, sum.opened
	return st
}
