package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"liveroom/chat"
)

// Scripts of the chat; chat_log is what those that write begin with.
var (
	scriptChatCreate  = load("chat_create")
	scriptChatLoad    = load("chat_load", "chat_known")
	scriptChatRead    = load("chat_read")
	scriptChatReserve = load("chat_reserve")
	scriptChatRelease = load("chat_release")
	scriptChatFlush   = load("chat_flush", "chat_known", "chat_log")
	scriptChatCommit  = load("chat_commit", "chat_known", "chat_log")
	scriptChatEntries = load("chat_entries", "chat_known")
	scriptChatEpoch   = load("chat_epoch", "chat_known", "chat_log")
	scriptChatEnlist  = load("chat_enlist")
)

// How much a node remembers of groups.
const (
	chatGroupsKept = 10_000           // above which those are forgotten that rest
	chatGroupIdle  = 10 * time.Minute // what that means
)

// Chat is Redis as chat.Store and chat.Feed. All keys of a group ID hold {g:ID}:
//
//	head     hash    epoch, Seq, Pos, frequency control, counters, and as JSON what changes rarely; while the group exists
//	log      list    messages by rising Seq without a gap, bounded by chat.Retention; twice its longer age after the last
//	entries  list    chat.Entry by rising Pos without a gap, their messages only by number; 2 to 3 min after the last, 5,000, 2 MiB
//	mutes    hash    user → chat.Sanction (JSON); while the group exists, like those that follow
//	bans     hash    the same
//	gone     list    the newest 200 chat.Withdrawal (JSON)
//	robots   string  []chat.Robot (JSON)
//	k:KEY    string  how a send ended, or that it is under way; Flush.DedupAge, or chat.PendingAge
//	dropped  list    keys of the newest 2,000 dropped sends; Flush.DedupAge after the last
//	sent     list    of 20,000 delivered ones, only if the limit allows more in Flush.DedupAge; the same
//	o:OP     string  the answer to an operation, for who asks again; chat.OperationAge
//	feed     channel one message for each entry
//
// What is of no group has the tag {lr}: chat.order (sorted set: groups by their number), chat.made (the newest number),
// chat.robots (set: groups that may have robots), chat.silences (hash: user → chat.Silence, JSON).
//
// Flush is one script. What else changes a group is read, worked out by chat.Ledger, and written by one script if nobody was
// faster; else it is read again.
//
// A Redis that came back with less than it had answered, because it does not save each write, must not give the same numbers
// again. Each node remembers the newest entry it knows of a group, and tells its position and operation along with what it
// asks. A Redis that has not got so far, or has another entry there, because nodes that did not know of it were faster, begins
// a new epoch of the group before anything else: what members of the lost end know is then in no doubt, and they are told of a
// gap. A group of which no node knows anything goes on where Redis is.
type Chat struct {
	s    *Store
	feed *chatFeed

	mu     sync.Mutex // guards groups
	groups map[string]*chatGroup
}

var (
	_ chat.Store = (*Chat)(nil)
	_ chat.Feed  = (*Chat)(nil)
)

// chatGroup is what this node remembers of a group.
type chatGroup struct {
	turn chan struct{} // holds one token while somebody changes the group, so that this node does not race with itself

	mu     sync.Mutex   // guards what follows
	newest known        // entry
	unsure bool         // the subscription is a new one, and Redis has not said since that it has the newest entry still
	bars   *chat.Ledger // with the mutes and bans as of barsAt; never written
	barsAt string       // "<epoch> <revision>"
	usedAt time.Time
}

// Chat is the chat rooms' view of Redis. Its Run keeps what Follow asks for.
func (s *Store) Chat() *Chat {
	c := &Chat{s: s, groups: make(map[string]*chatGroup)}
	c.feed = newChatFeed(s, c)
	return c
}

// Run receives what groups are followed for until ctx ends.
func (c *Chat) Run(ctx context.Context) error { return c.feed.run(ctx) }

func (c *Chat) key(group string, parts ...string) string { return c.s.key("g:"+group, parts...) }

// writeKeys are the keys that all scripts which write begin with.
func (c *Chat) writeKeys(group, op string) []string {
	return []string{c.key(group, "head"), c.key(group, "log"), c.key(group, "entries"), c.key(group, "o", op), c.key(group, "feed")}
}

// group is what is remembered of one; it makes room if too many are.
func (c *Chat) group(id string) *chatGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.groups[id]
	if !ok {
		c.forgetSome()
		g = &chatGroup{turn: make(chan struct{}, 1)}
		c.groups[id] = g
	}
	g.mu.Lock()
	g.usedAt = time.Now()
	g.mu.Unlock()
	return g
}

// forgetSome looks at a few groups when there are many. The lock is held.
func (c *Chat) forgetSome() {
	if len(c.groups) < chatGroupsKept {
		return
	}
	looked := 0
	for id, g := range c.groups {
		if looked++; looked > 50 {
			return
		}
		g.mu.Lock()
		idle := time.Since(g.usedAt) > chatGroupIdle
		g.mu.Unlock()
		if idle && !c.feed.follows(id) {
			delete(c.groups, id)
		}
	}
}

// known is an entry that a node knows of: Redis must have it, or have had it.
type known struct {
	epoch string
	pos   uint64
	op    string // empty: not known
}

// note remembers an entry that Redis has, as it has just said, if it is not older than what is known.
func (g *chatGroup) note(k known) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unsure = false
	if g.newest.epoch != k.epoch || g.newest.pos < k.pos {
		g.newest = k
	}
}

// sure notes that Redis has the newest known entry still.
func (g *chatGroup) sure() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unsure = false
}

// came remembers an entry that came by the subscription, if it is the next one. Those of a new subscription may be of a Redis
// that has forgotten the newest known one, which must not be forgotten here for them.
func (g *chatGroup) came(k known) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.newest.epoch != k.epoch || !g.unsure && g.newest.pos+1 == k.pos {
		g.newest = k
	}
}

// resubscribed notes that the subscription is a new one.
func (g *chatGroup) resubscribed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unsure = true
}

func (g *chatGroup) known() known {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.newest
}

// begin starts a new epoch of a group of which this node knows what Redis has forgotten.
func (c *Chat) begin(ctx context.Context, group string, k known) error {
	op := newOperation() // not the caller's, whose entry this is not
	return away(c.s.run(ctx, scriptChatEpoch, c.writeKeys(group, op), op, k.epoch, k.pos, chat.NewEpoch(time.Now()), k.op).Err())
}

// CreateGroup implements chat.Store. The list of groups knows the group before it is there: a crash between leaves it in
// the list, which passes over what is not there. It is put there once more afterwards, since who passed over it may have
// removed it.
func (c *Chat) CreateGroup(ctx context.Context, g chat.Group) (chat.Group, bool, error) {
	op := chat.Operation(ctx)
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	now, err := c.s.Now(ctx)
	if err != nil {
		return chat.Group{}, false, err
	}
	h := chat.NewLedger(g, now).Head()
	raw, err := json.Marshal(h)
	if err != nil {
		return chat.Group{}, false, err
	}
	for range 3 {
		if err := c.enlist(ctx, g.ID); err != nil {
			return chat.Group{}, false, err
		}
		keys := []string{c.key(g.ID, "head"), c.key(g.ID, "o", op)}
		made, err := c.s.mutate(ctx, scriptChatCreate, keys, chat.OperationAge.Milliseconds(), h.Epoch, raw).Int()
		if err != nil {
			return chat.Group{}, false, away(err)
		}
		if made == 1 {
			if err := c.enlist(ctx, g.ID); err != nil {
				return chat.Group{}, false, err
			}
		}
		at, err := c.load(ctx, g.ID, "", "", 0)
		switch there := !errors.Is(err, chat.ErrNoGroup); {
		case there:
			return at.state.Group, made == 1 && err == nil, err
		case made == 1: // it was dismissed at once
			return h.Group, true, nil
		}
	}
	return chat.Group{}, false, fmt.Errorf("%w: group %q comes and goes", ErrAway, g.ID)
}

// LoadGroup implements chat.Store.
func (c *Chat) LoadGroup(ctx context.Context, group string) (chat.GroupState, error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	at, err := c.load(ctx, group, "", "lmwr", 0)
	if err == nil {
		c.group(group).keepBars(at.bars(), at.barsAt())
	}
	return at.state, err
}

// Log implements chat.Store.
func (c *Chat) Log(ctx context.Context, group string, after uint64, limit int) ([]*chat.Message, bool, error) {
	keys := []string{c.key(group, "head"), c.key(group, "log")}
	reply, err := c.s.mutate(ctx, scriptChatRead, keys, after, limit).Slice()
	if err != nil {
		return nil, false, gone(err)
	}
	r := replyReader{reply}
	last, count := r.number(0), r.number(1)
	messages, err := decodeLines(group, r.texts(2))
	return messages, after >= last-count && after <= last, err
}

// Reserve implements chat.Store.
func (c *Chat) Reserve(ctx context.Context, group string, key chat.Key) (chat.Reservation, error) {
	op := chat.Operation(ctx)
	keys := []string{c.key(group, "head"), c.sendKey(group, key)}
	was, err := c.s.mutate(ctx, scriptChatReserve, keys, op, chat.PendingAge.Milliseconds()).Text()
	switch {
	case isNil(err):
		return chat.Reservation{Fresh: true}, nil
	case err != nil:
		return chat.Reservation{}, away(err)
	case was == "none":
		return chat.Reservation{}, chat.ErrNoGroup
	case strings.HasPrefix(was, "P"):
		return chat.Reservation{}, nil
	}
	ack, err := parseSettled(was)
	return chat.Reservation{Ack: &ack}, err
}

// releaseMost is how many keys are released by one call of a script.
const releaseMost = 1000

// Release implements chat.Store.
func (c *Chat) Release(ctx context.Context, group string, keys ...chat.Key) error {
	for some := range slices.Chunk(keys, releaseMost) {
		names := []string{c.key(group, "head")}
		for _, key := range some {
			names = append(names, c.sendKey(group, key))
		}
		state, err := c.s.mutate(ctx, scriptChatRelease, names).Text()
		if state == "none" {
			return chat.ErrNoGroup
		}
		if err != nil {
			return away(err)
		}
	}
	return nil
}

func (c *Chat) sendKey(group string, key chat.Key) string { return c.key(group, "k", string(key[:])) }

// enlist gives a group its number in the list of all, unless it has one.
func (c *Chat) enlist(ctx context.Context, group string) error {
	keys := []string{c.s.key("lr", "chat.order"), c.s.key("lr", "chat.made")}
	return away(c.s.mutate(ctx, scriptChatEnlist, keys, group).Err())
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
