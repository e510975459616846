package delivery

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"time"
)

// Node is what one of several nodes has of the queues: it puts events into the inbox that they share (Exchange), and what
// it is asked about the queues it asks of the node that delivers, the courier. While it is the courier itself (Deliver), it
// has a Service that takes the events out of the inbox and delivers them.
//
// The promise is that of the package, over all nodes: who Append is told on one node after another, in that order, for the
// same queue is delivered in that order. What Settle returned for is in the inbox. While the Exchange is away events wait in
// memory, 64 MiB of each class; beyond, the oldest of People and Talk are dropped and told.
type Node struct {
	cfg      Config
	exchange Exchange
	sender   Sender
	log      *slog.Logger
	epoch    string

	lanes [classes]*lane

	fresh func(ctx context.Context) error // see NewNode

	mu       sync.Mutex // guards what follows
	habits   map[string]Habit
	numbered uint64
	service  *Service // while this node is the courier
	past     Stats    // what Services of earlier terms counted
}

// NewNode returns what a node has. fresh is called by the courier when an event comes for an endpoint that it does not know,
// as another node may have made it: it returns when SetEndpoints was told of all there are.
func NewNode(cfg Config, exchange Exchange, sender Sender, fresh func(ctx context.Context) error, log *slog.Logger) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	n := &Node{cfg: cfg, exchange: exchange, sender: sender, fresh: fresh, log: log, epoch: newEpoch(), habits: map[string]Habit{}}
	for class := range classes {
		most := cfg.Backlog // and more of what is not to be lost
		if class != Talk {
			most *= 4
		}
		n.lanes[class] = newLane(exchange, class, n.epoch+class.String(), cfg.Unwritten, most, log)
	}
	return n, nil
}

// SetEndpoints says which endpoints there are. What is kept for others the courier removes.
func (n *Node) SetEndpoints(all map[string]Habit) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.habits = maps.Clone(all)
	if n.service != nil {
		n.service.SetEndpoints(all)
	}
}

// Append puts events into the inbox in their order; those for endpoints that there are not are forgotten. It never blocks.
func (n *Node) Append(events ...Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for _, e := range events {
		if _, known := n.habits[e.Endpoint]; !known || e.Class >= classes {
			continue
		}
		if e.ID == "" {
			n.numbered++
			e.ID = e.Room + ":" + n.epoch + ":" + strconv.FormatUint(n.numbered, 10)
		}
		if e.At.IsZero() {
			e.At = now
		}
		n.lanes[e.Class].add(e)
	}
}

// Settle waits until what was appended before of State and People is in the inbox, two seconds at most: then the error is
// ErrUnsettled, or else that of ctx.
func (n *Node) Settle(ctx context.Context) error {
	late := time.NewTimer(settleTimeout)
	defer late.Stop()
	for _, class := range []Class{State, People} {
		if err := n.lanes[class].settle(ctx, late.C); err != nil {
			return err
		}
	}
	return nil
}

// Run puts what is appended into the inbox until ctx ends, and then what is left.
func (n *Node) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	var lost [classes]error
	for class, l := range n.lanes {
		wg.Go(func() { lost[class] = l.run(ctx) })
	}
	wg.Wait()
	if err := errors.Join(lost[:]...); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// Stats returns present figures: of the queues, those that this node knows while it is the courier.
func (n *Node) Stats() Stats {
	n.mu.Lock()
	st, s := n.past, n.service
	n.mu.Unlock()
	sum := emptyStats()
	sum.add(st)
	if s != nil {
		sum.add(s.Stats())
	}
	for _, l := range n.lanes {
		l.mu.Lock()
		sum.Unstored += l.bytes
		sum.Failures += l.failures
		sum.Lost += l.lost
		l.mu.Unlock()
	}
	return sum
}

func emptyStats() Stats {
	st := Stats{Tries: map[Outcome]uint64{}, Queued: map[Class]uint64{}, Dropped: map[Class]uint64{}}
	for outcome := range Unwell + 1 {
		st.Tries[outcome] = 0
	}
	for class := range classes {
		st.Queued[class], st.Dropped[class] = 0, 0
	}
	return st
}

// add adds figures; of those that don't count up there must be one set only.
func (st *Stats) add(o Stats) {
	for outcome, count := range o.Tries {
		st.Tries[outcome] += count
	}
	for class := range classes {
		st.Queued[class] += o.Queued[class]
		st.Dropped[class] += o.Dropped[class]
	}
	st.Dead += o.Dead
	st.Letters += o.Letters
	st.GivenUp += o.GivenUp
	st.Lost += o.Lost
	st.Open += o.Open
	st.Opened += o.Opened
	st.UnderWay += o.UnderWay
	st.Oldest = max(st.Oldest, o.Oldest)
	st.Backlog += o.Backlog
	st.Unstored += o.Unstored
	st.Failures += o.Failures
}

// counted is what of figures counts up.
func (st Stats) counted() Stats {
	return Stats{
		Tries: st.Tries, Dropped: st.Dropped, Dead: st.Dead, GivenUp: st.GivenUp, Lost: st.Lost, Opened: st.Opened, Failures: st.Failures,
	}
}
