package chat

import (
	"errors"
	"slices"
)

// Stats are figures since the start, for metrics.
type Stats struct {
	Groups   int // rooms held in memory
	Sessions int
	Members  int // distinct users and anonymous guests on this node, summed over rooms

	Messages []MessageStats // one per priority

	Refusals map[string]uint64 // refused messages by the name of the refusal

	Recalled uint64 // messages taken back after delivery
	Blocked  uint64 // and blocked by a verdict

	Degraded int // rooms that go on without the store: see Service.Degraded

	Direct uint64 // messages from user to user

	Told   uint64 // comings and goings of people that members were told
	Untold uint64 // and those they were not, in rooms too large for it

	NewsLost uint64 // what other nodes were not told because they could not be, or too much waited

	Batches    uint64 // handed out, each counted once whatever its audience
	Deliveries uint64 // batches × sessions
	Panics     uint64 // sessions that panicked in Deliver
}

// MessageStats counts messages of one priority by what became of them.
type MessageStats struct {
	Priority Priority // 0: refused before it had one

	Delivered uint64
	Dropped   uint64 // by frequency control
	Refused   uint64 // not valid or not permitted
	Repeated  uint64 // answered with the ack of an earlier send
	Failed    uint64 // the store did not answer
	Unheard   uint64 // dropped because the Gate had it so
	Nearby    uint64 // while the store was away, to the members of this node only
}

// fate is what became of a message.
type fate int

const (
	delivered fate = iota
	dropped
	refused
	repeated
	failed
	unheard
	nearby
	fates // how many there are
)

func (s *Service) fate(p Priority, f fate) { s.fates[min(p, Lowest)][f].Add(1) }

// refusals are the reasons that refused messages are counted by: names of refusals, the last for all others.
var refusals = [...]string{
	ErrMuted.Name, ErrMutedAll.Name, ErrBanned.Name, ErrTooManyMessages.Name, ErrSlowMode.Name, ErrBlocked.Name,
	ErrTooLarge.Name, ErrPermission.Name, ErrParameter.Name, "other",
}

// lost notes a message that was refused, or that failed because the store or the server could not take it.
func (s *Service) lost(p Priority, err error) {
	var e *Error
	if !errors.As(err, &e) || e.Code == ErrUnavailable.Code {
		s.fate(p, failed)
		return
	}
	s.fate(p, refused)
	i := slices.Index(refusals[:], e.Name)
	if i < 0 {
		i = len(refusals) - 1
	}
	s.refusals[i].Add(1)
}

// count notes how a send through the loop ended.
func (s *Service) count(p *sending) {
	switch {
	case p.err != nil:
		s.lost(p.Message.Priority, p.err)
	case p.ack.Dropped:
		s.fate(p.Message.Priority, dropped)
	case p.ack.Before:
		s.fate(p.Message.Priority, repeated)
	case p.ack.Degraded && !p.Unheard:
		s.fate(p.Message.Priority, nearby)
	case p.Unheard:
		s.fate(p.Message.Priority, unheard)
	default:
		s.fate(p.Message.Priority, delivered)
	}
}

// Stats returns present figures.
func (s *Service) Stats() Stats {
	st := Stats{
		Sessions: int(s.sessions.Load()), Degraded: s.Degraded(),
		Batches: s.batches.Load(), Deliveries: s.deliveries.Load(), Panics: s.panics.Load(), Direct: s.direct.Load(),
		Recalled: s.recalls.Load(), Blocked: s.blocks.Load(),
		Told: s.told.Load(), Untold: s.untold.Load(), NewsLost: s.lostNews(),
	}
	for _, r := range s.loaded() {
		st.Groups++
		r.mu.Lock()
		st.Members += r.local()
		r.mu.Unlock()
	}
	st.Refusals = make(map[string]uint64, len(refusals))
	for i, name := range refusals {
		st.Refusals[name] = s.refusals[i].Load()
	}
	for p := range s.fates {
		f := &s.fates[p]
		st.Messages = append(st.Messages, MessageStats{
			Priority:  Priority(p),
			Delivered: f[delivered].Load(), Dropped: f[dropped].Load(), Refused: f[refused].Load(),
			Repeated: f[repeated].Load(), Failed: f[failed].Load(), Unheard: f[unheard].Load(), Nearby: f[nearby].Load(),
		})
	}
	return st
}
