package capacity

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Room is one chat room over its nodes, to be simulated.
type Room struct {
	Nodes   int     // 1: alone, with the embedded store
	Members int     // of the room, spread evenly
	Cores   int     // of each node
	Rate    float64 // messages a second of the room, at random moments (Poisson), each at a random node
	For     time.Duration
	Seed    uint64
}

// Simulated is what became of it. Times are from a message's arrival at its node to the end of the write to a member.
type Simulated struct {
	P50, P99, Most   time.Duration
	Messages         int
	CPU              float64 // of a node, in cores
	PerMillion       float64 // CPU-s per million deliveries
	FanOuts, Flushes float64 // a second: of a node; of all nodes at Redis
	Redis            float64 // of a core
}

// strata is how many members of a node stand for all: those at so many even places of the order of writing.
const strata = 8

// Simulate runs the room. The same room with the same seed gives the same answer.
func Simulate(r Room) Simulated {
	s := &simulation{room: r, random: rand.New(rand.NewPCG(r.Seed, 0)), nodes: make([]*node, r.Nodes)} //nolint:gosec // no secret
	for i := range s.nodes {
		s.nodes[i] = &node{s: s, members: r.Members*(i+1)/r.Nodes - r.Members*i/r.Nodes}
	}
	s.at(s.gap(), s.speak)
	for len(s.events) > 0 {
		e := heap.Pop(&s.events).(event) //nolint:forcetypeassert // it holds nothing else
		s.now = e.at
		e.do()
	}
	return s.result()
}

// simulation is a list of what is to happen. Nothing in it runs at the same time.
type simulation struct {
	room   Room
	random *rand.Rand
	now    time.Duration
	events events
	number int // of the newest event
	nodes  []*node

	messages, flushes int
	redisFree         time.Duration // when Redis has done what it was asked
	redisBusy         time.Duration
	latencies         []time.Duration
}

// speak lets a message come, and the next after it.
func (s *simulation) speak() {
	if s.now >= s.room.For {
		return
	}
	s.at(s.now+s.gap(), s.speak)
	n, came := s.nodes[s.random.IntN(len(s.nodes))], s.now
	s.messages++
	n.busy += seconds(intakeCost)
	if s.alone() {
		n.take(came)
		return
	}
	s.ask(reserveCost, nil, func() { n.take(came) })
}

func (s *simulation) alone() bool { return s.room.Nodes == 1 }

func (s *simulation) gap() time.Duration {
	return seconds(s.random.ExpFloat64() / s.room.Rate)
}

// ask lets Redis, which does one thing after the other, work for so long. Published is told when that can be at the nodes, and
// answered when the answer is: published first, as a node that flushes has its own entry before it goes on.
func (s *simulation) ask(cost float64, published, answered func()) {
	start := max(s.now+hop, s.redisFree)
	s.redisFree = start + seconds(cost)
	s.redisBusy += seconds(cost)
	if published != nil {
		s.at(s.redisFree+hop, published)
	}
	s.at(s.redisFree+hop, answered)
}

// result is what became of it.
func (s *simulation) result() (r Simulated) {
	busy, fanOuts := time.Duration(0), 0
	for _, n := range s.nodes {
		busy += n.busy
		fanOuts += n.fanOuts
	}
	span, nodes := s.room.For.Seconds(), float64(len(s.nodes))
	r = Simulated{
		Messages: s.messages, CPU: busy.Seconds() / span / nodes, FanOuts: float64(fanOuts) / span / nodes,
		PerMillion: busy.Seconds() * 1e6 / (float64(max(s.messages, 1)) * float64(s.room.Members)),
		Flushes:    float64(s.flushes) / span, Redis: s.redisBusy.Seconds() / span,
	}
	if len(s.latencies) > 0 {
		slices.Sort(s.latencies)
		last := len(s.latencies) - 1
		rank := func(q float64) time.Duration { return s.latencies[int(math.Round(q*float64(last)))] }
		r.P50, r.P99, r.Most = rank(.5), rank(.99), rank(1)
	}
	return r
}

// node is one room on one node, as chat/loop.go and chat/own.go have it.
type node struct {
	s       *simulation
	members int

	open    []time.Duration // when the messages came that wait for the flush
	inbox   []time.Duration // of the messages that are in the log and not yet with the members
	running bool

	busy    time.Duration // CPU time
	fanOuts int
}

// take is a message from a member here.
func (n *node) take(came time.Duration) {
	n.open = append(n.open, came)
	n.rouse()
}

// heard are messages that a node flushed.
func (n *node) heard(came []time.Duration, own bool) {
	n.inbox = append(n.inbox, came...)
	if !own {
		n.busy += seconds(hearCost * float64(len(came)))
		n.rouse()
	}
}

// rouse lets the loop of an idle room begin at once; one that runs has its tick.
func (n *node) rouse() {
	if !n.running {
		n.running = true
		n.turn()
	}
}

// turn is one turn of the loop: what came here goes through the store, and to the members with what came from others, and then
// there is a pause.
func (n *node) turn() {
	began, batch := n.s.now, n.open
	n.open = nil
	if len(batch)+len(n.inbox) == 0 {
		n.running = false
		return
	}
	pause := func() {
		n.s.at(n.s.now+Pause(n.members, n.s.now-began), n.turn)
	}
	if len(batch) == 0 {
		n.deliver(pause)
		return
	}
	n.flush(batch, func() { n.deliver(pause) })
}

// flush brings a batch into the log and to all nodes.
func (n *node) flush(batch []time.Duration, then func()) {
	s := n.s
	s.flushes++
	if s.alone() {
		n.heard(batch, true)
		then()
		return
	}
	s.ask(flushAlone.of(float64(len(s.nodes)), float64(len(batch))), func() {
		for _, other := range s.nodes {
			other.heard(batch, other == n)
		}
	}, then)
}

// deliver writes what is in the inbox to all members; then is called when the last one has it.
func (n *node) deliver(then func()) {
	batch := n.inbox
	if n.inbox = nil; len(batch) == 0 {
		then()
		return
	}
	took := fanOut(float64(n.members), n.s.room.Cores)
	n.busy += seconds(float64(n.members) * writeCost)
	n.fanOuts++
	for _, came := range batch {
		if came < n.s.room.For/10 { // it begins with nothing to do
			continue
		}
		for i := range strata {
			n.s.latencies = append(n.s.latencies, n.s.now-came+took*time.Duration(2*i+1)/(2*strata))
		}
	}
	n.s.at(n.s.now+took, then)
}

// of is what a flush of messages takes with so many nodes that follow.
func (c flushCost) of(nodes, messages float64) float64 {
	return c.flush + c.follower*max(0, nodes-flushFollowers) + flushMessage*max(0, messages-1)
}

// event is something that happens at a moment; of those at the same one the first that was asked for.
type event struct {
	at     time.Duration
	number int
	do     func()
}

func (s *simulation) at(when time.Duration, do func()) {
	s.number++
	heap.Push(&s.events, event{when, s.number, do})
}

// events is a heap, the next one first.
type events []event

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].number < e[j].number
}

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) } //nolint:forcetypeassert // nothing else is pushed

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}
