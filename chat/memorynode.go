package chat

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// keptEntries is how many entries of a group a Memory keeps.
const keptEntries = 10_000

// errLost is what who asked a MemoryNode gets in place of an answer.
var errLost = errors.New("the answer was lost")

// MemoryNode is a Memory as one of several nodes sees it: a Store that is a Feed too, whose connection may fail. Several
// Services, each with a node of its own, are a cluster in one process.
type MemoryNode struct {
	m *Memory

	// The memory's lock guards what follows.
	fail    error // every operation's answer
	replies int   // answers still to be lost
	breaks  bool  // the next flush ends by errLost, and nothing is answered from then on

	breaksAfter bool // that flush happens
	deaf        bool // to the entry of it

	entries   int // entries still to be lost
	delay     time.Duration
	delayed   []func() // entries on their way, oldest first
	followers map[string][]*follower
}

// follower is a Follower of one group, so that each has an identity.
type follower struct{ Follower }

// feeding is what a Memory keeps for its nodes.
type feeding struct {
	nodes   []*MemoryNode
	entries map[string][]travelling // of groups, by rising position
	answers map[string]answered     // of operations, by their ids
	keep    int
}

// travelling is an entry on its way: but for its messages, whose bodies stay byte for byte as they are, it is JSON, as
// between processes.
type travelling struct {
	raw      []byte
	messages []*Message
}

// answered is an operation that happened.
type answered struct {
	at     time.Time
	answer any
}

var (
	_ Store = (*MemoryNode)(nil)
	_ Feed  = (*MemoryNode)(nil)
)

// Node returns a node of the memory.
func (s *Memory) Node() *MemoryNode {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &MemoryNode{m: s, followers: make(map[string][]*follower)}
	s.feed.nodes = append(s.feed.nodes, n)
	return n
}

// KeepEntries sets how many entries of a group are kept (10,000).
func (s *Memory) KeepEntries(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed.keep = n
}

// Renew gives a group another epoch, as a store does that lost all it had and was filled anew.
func (s *Memory) Renew(group string) error {
	return s.with(group, func(l *Ledger) error {
		g := l.head.Group
		s.groups[group] = NewLedger(g, time.Now())
		delete(s.feed.entries, group)
		return nil
	})
}

// GoBack gives a group another epoch, which begins with a state it was in: as a store does that lost what came after.
func (s *Memory) GoBack(group string, state GroupState) error {
	return s.with(group, func(*Ledger) error {
		state.Epoch = NewEpoch(time.Now())
		s.groups[group] = RestoreLedger(state, nil)
		delete(s.feed.entries, group)
		return nil
	})
}

// Fail makes every call of the node answer err until it is called with nil: a store that is away. Entries of that time are
// missed, as its followers are told with each call from the second on.
func (n *MemoryNode) Fail(err error) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	again := n.fail != nil
	n.deaf, n.fail = false, err
	for _, all := range n.followers {
		for _, f := range all {
			if again {
				f.Missed()
			}
		}
	}
}

// LoseReplies lets the node's next operations happen, so many of them, and answers them with an error.
func (n *MemoryNode) LoseReplies(operations int) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	n.replies = operations
}

// LoseAfter lets the node's store go away in the middle of its next flush, before or after it happened. Fail ends it.
func (n *MemoryNode) LoseAfter(flushed bool) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	n.breaks, n.breaksAfter = true, flushed
}

// LoseEntries lets the next entries that others make be lost on their way to the node, so many of them, and nobody knows.
func (n *MemoryNode) LoseEntries(entries int) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	n.entries = entries
}

// Delay lets entries that others make take so long to the node.
func (n *MemoryNode) Delay(d time.Duration) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	n.delay = d
}

// Follow implements Feed.
func (n *MemoryNode) Follow(_ context.Context, group string, f Follower) (stop func(), err error) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	if n.fail != nil {
		return nil, n.fail
	}
	one := &follower{f}
	n.followers[group] = append(n.followers[group], one)
	return func() {
		n.m.mu.Lock()
		defer n.m.mu.Unlock()
		n.followers[group] = slices.DeleteFunc(n.followers[group], func(other *follower) bool { return other == one })
	}, nil
}

// Entries implements Feed.
func (n *MemoryNode) Entries(_ context.Context, group, epoch string, after uint64, limit int) (found []Entry, whole bool, err error) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	if n.fail != nil {
		return nil, false, n.fail
	}
	l, ok := n.m.groups[group]
	switch {
	case !ok:
		return nil, false, ErrNoGroup
	case l.head.Epoch != epoch || after > l.head.Pos:
		return nil, false, nil
	}
	kept := n.m.feed.entries[group]
	missing := l.head.Pos - after // how many there are above after
	if missing > uint64(len(kept)) {
		return nil, false, nil
	}
	for _, e := range kept[uint64(len(kept))-missing:] {
		if len(found) == limit {
			break
		}
		found = append(found, e.arrive())
	}
	return found, true, nil
}

// Tell implements Feed.
func (n *MemoryNode) Tell(ctx context.Context, group string, told json.RawMessage) error {
	_, err := operate(ctx, n, group, func(*Ledger) (struct{}, Delta, error) { return struct{}{}, Delta{Told: told}, nil })
	return err
}

// operate does one operation of a group and makes the entry of what it changed.
func operate[T any](ctx context.Context, n *MemoryNode, group string, do func(*Ledger) (T, Delta, error)) (answer T, err error) {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	if n.fail != nil {
		return answer, n.fail
	}
	op := Operation(ctx)
	if before, ok := n.m.feed.answers[op]; ok && time.Since(before.at) < OperationAge {
		return before.answer.(T), n.reply()
	}
	l, ok := n.m.groups[group]
	if !ok {
		return answer, ErrNoGroup
	}
	answer, delta, err := do(l)
	if err != nil {
		return answer, err
	}
	if !delta.empty() {
		l.head.Pos++
		n.publish(group, Entry{Epoch: l.head.Epoch, Pos: l.head.Pos, Op: op, At: time.Now(), Note: Note(ctx), Delta: delta})
	}
	n.m.feed.remember(op, answer)
	return answer, n.reply()
}

// reply says whether an answer arrives. The lock is held.
func (n *MemoryNode) reply() error {
	if n.replies == 0 {
		return nil
	}
	n.replies--
	return errLost
}

func (f *feeding) remember(op string, answer any) {
	now := time.Now()
	for other, a := range f.answers {
		if now.Sub(a.at) >= OperationAge {
			delete(f.answers, other)
		}
	}
	if f.answers == nil {
		f.answers = make(map[string]answered)
	}
	f.answers[op] = answered{now, answer}
}

// empty says whether nothing changed.
func (d *Delta) empty() bool {
	return len(d.Messages) == 0 && d.Status == nil && d.Attributes == nil && d.Fields == nil && d.Notice == nil && d.Profile == nil &&
		d.Settings == nil && d.Counters == nil && d.Sanctions == nil && d.Withdrawn == nil && d.Robots == nil && !d.Dismissed && d.Told == nil
}

// publish keeps an entry and sends it to all nodes. The lock is held.
func (n *MemoryNode) publish(group string, e Entry) {
	out := travelling{messages: make([]*Message, len(e.Messages))}
	for i, m := range e.Messages {
		own := *m
		out.messages[i] = &own
	}
	e.Messages = nil
	var err error
	if out.raw, err = json.Marshal(e); err != nil {
		panic(err) // of our own types
	}
	feed := &n.m.feed
	if feed.entries == nil {
		feed.entries = make(map[string][]travelling)
	}
	def(&feed.keep, keptEntries)
	kept := append(feed.entries[group], out)
	feed.entries[group] = kept[max(0, len(kept)-feed.keep):]
	if e.Dismissed {
		delete(feed.entries, group)
	}
	for _, node := range feed.nodes {
		node.hear(group, out, node == n)
	}
}

// hear tells a node's followers of an entry. The lock is held.
func (n *MemoryNode) hear(group string, e travelling, own bool) {
	switch {
	case own && !n.deaf:
		n.tell(group, e)
	case own, n.fail != nil:
	case n.entries > 0:
		n.entries--
	case n.delay > 0:
		n.delayed = append(n.delayed, func() { n.tell(group, e) })
		time.AfterFunc(n.delay, n.hearDelayed)
	default:
		n.tell(group, e)
	}
}

// hearDelayed tells of the oldest entry on its way.
func (n *MemoryNode) hearDelayed() {
	n.m.mu.Lock()
	defer n.m.mu.Unlock()
	next := n.delayed[0]
	if n.delayed = n.delayed[1:]; n.fail == nil {
		next()
	}
}

func (n *MemoryNode) tell(group string, e travelling) {
	for _, f := range n.followers[group] {
		f.Took(e.arrive())
	}
}

// arrive gives a node an entry of its own.
func (t *travelling) arrive() (e Entry) {
	if err := json.Unmarshal(t.raw, &e); err != nil {
		panic(err) // of our own types
	}
	for _, m := range t.messages {
		own := *m
		e.Messages = append(e.Messages, &own)
	}
	return e
}
