package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"liveroom/chat"
)

// flushTries is how often a flush is tried for mutes and bans that change meanwhile.
const flushTries = 8

// Letters that stand for candidates in lua/chat_flush.lua, and what became of them there.
const (
	letterServer  = 's'
	letterHigh    = 'h'
	letterOther   = 'n'
	letterUnheard = 'u'
	letterRefused = 'r'
	letterInLog   = '+'
	letterDropped = '-'
	letterBefore  = 'b'
)

// deliveredMost is how many delivered sends of a group are remembered (chat.Ledger does the same).
const deliveredMost = 20_000

// Flush implements chat.Store. Who is muted or banned is found out here, by what this node knows of it; the script refuses if
// there is something newer.
func (c *Chat) Flush(ctx context.Context, group string, f chat.Flush) ([]chat.Ack, error) {
	op, g := chat.Operation(ctx), c.group(group)
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	rest, err := encodeRest(chat.Note(ctx), chat.Delta{})
	if err != nil {
		return nil, err
	}
	batch := newFlushBatch(c, group, op, rest, f)
	for range flushTries {
		bars, barsAt, err := c.bars(ctx, group, g)
		if err != nil {
			return nil, err
		}
		k := g.known()
		keys, args := batch.with(bars, barsAt, k)
		reply, err := c.s.mutate(ctx, scriptChatFlush, keys, args...).StringSlice()
		if err != nil || len(reply) == 0 {
			return nil, away(err)
		}
		switch reply[0] {
		case "done", "again":
			return batch.settle(g, reply[1])
		case "none":
			return nil, chat.ErrNoGroup
		case "behind":
			if err := c.begin(ctx, group, k); err != nil {
				return nil, err
			}
		case "stale":
			g.forgetBars()
		}
	}
	return nil, fmt.Errorf("%w: mutes and bans of group %q change too fast", ErrAway, group)
}

// bars are the mutes and bans of a group that this node knows, or else those that are stored.
func (c *Chat) bars(ctx context.Context, group string, g *chatGroup) (*chat.Ledger, string, error) {
	g.mu.Lock()
	bars, at := g.bars, g.barsAt
	g.mu.Unlock()
	if bars != nil {
		return bars, at, nil
	}
	now, err := c.load(ctx, group, "", "m", 0)
	if err != nil {
		return nil, "", err
	}
	bars = now.bars()
	g.keepBars(bars, now.barsAt())
	return bars, now.barsAt(), nil
}

func (g *chatGroup) keepBars(bars *chat.Ledger, at string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bars, g.barsAt = bars, at
}

func (g *chatGroup) forgetBars() { g.keepBars(nil, "") }

// flushBatch is one Flush on its way.
type flushBatch struct {
	c         *Chat
	group, op string
	rest      string // of the entry
	f         chat.Flush
	order     string
	bytes     []any
	refused   []*chat.Error // by candidate
}

func newFlushBatch(c *Chat, group, op, rest string, f chat.Flush) *flushBatch {
	b := &flushBatch{c: c, group: group, op: op, rest: rest, f: f, bytes: make([]any, len(f.Candidates)), refused: make([]*chat.Error, len(f.Candidates))}
	for i, one := range f.Candidates {
		b.bytes[i] = ""
		if !one.Unheard || one.Message.Server {
			b.bytes[i] = encodeMessage(one.Message)
		}
	}
	if len(f.Candidates) > 1 { // else there is nothing to choose
		var order []byte
		for _, class := range chat.Contest(f.Candidates) {
			for _, i := range class {
				order = append(strconv.AppendInt(order, int64(i+1), 10), ' ')
			}
		}
		b.order = string(order)
	} else {
		b.order = "1"
	}
	return b
}

// with are keys and arguments of the script, by what is known.
func (b *flushBatch) with(bars *chat.Ledger, barsAt string, k known) (keys []string, args []any) {
	c, f := b.c, b.f
	keys = append(c.writeKeys(b.group, b.op), c.key(b.group, "dropped"), c.key(b.group, "sent"))
	letters, keyed := make([]byte, len(f.Candidates)), make([]byte, len(f.Candidates))
	var free []string
	now := time.Now()
	for i, one := range f.Candidates {
		has := one.Key != chat.Key{}
		keyed[i] = '0'
		if b.refused[i] = bars.MayBeHeard(now, one); b.refused[i] != nil {
			letters[i] = letterRefused
			if has {
				free = append(free, c.sendKey(b.group, one.Key))
			}
			continue
		}
		letters[i] = letterOf(one)
		if has {
			keyed[i] = '1'
			keys = append(keys, c.sendKey(b.group, one.Key))
		}
	}
	bound := 0
	if float64(f.Limit)*f.DedupAge.Seconds() > deliveredMost {
		bound = deliveredMost
	}
	args = append(make([]any, 0, 18+len(b.bytes)), b.op, chat.OperationAge.Milliseconds(), k.epoch, k.pos, barsAt, f.Limit,
		f.DedupAge.Milliseconds(), bound)
	args = append(args, retention(f.Keep)...)
	args = append(args, letters, keyed, b.order, b.rest, k.op)
	return append(keys, free...), append(args, b.bytes...)
}

func letterOf(one chat.Candidate) byte {
	switch {
	case one.Message.Server:
		return letterServer
	case one.Unheard:
		return letterUnheard
	case one.Message.Priority == chat.High:
		return letterHigh
	}
	return letterOther
}

func retention(keep chat.Retention) []any {
	return []any{keep.History, millis(keep.HistoryAge), millis(keep.ResumeAge), keep.ResumeMessages, keep.ResumeBytes}
}

// millis are whole milliseconds, downwards: what is below zero stays there.
func millis(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Milliseconds()
}

// settle takes over what became of the candidates, and tells the entry.
func (b *flushBatch) settle(g *chatGroup, answer string) ([]chat.Ack, error) {
	at, fates, err := parsePlace(answer, " ")
	fates, earlier, _ := strings.Cut(fates, " ")
	if err != nil || len(fates) != len(b.f.Candidates) {
		return nil, errReply
	}
	before := strings.Fields(earlier)
	seq := at.seq - uint64(strings.Count(fates, string(letterInLog)))
	acks := make([]chat.Ack, len(fates))
	var messages []*chat.Message
	for i, one := range b.f.Candidates {
		acks[i] = chat.Ack{Time: at.at, Seq: at.seq}
		switch fates[i] {
		case letterInLog:
			seq++
			one.Message.Seq, one.Message.Time, acks[i].Seq = seq, at.at, seq
			messages = append(messages, one.Message)
		case letterDropped:
			acks[i].Dropped = true
		case letterBefore:
			if len(before) < 2 {
				return nil, errReply
			}
			if acks[i], err = parseSettled("A" + before[0] + " " + before[1]); err != nil {
				return nil, err
			}
			acks[i].Before, before = true, before[2:]
		case letterRefused:
			acks[i] = chat.Ack{Refused: b.refused[i]}
			if b.refused[i] == nil { // it was when the operation was first asked for
				acks[i].Refused = chat.ErrMuted
			}
		}
	}
	if len(messages) > 0 {
		g.note(known{at.epoch, at.pos, b.op})
		e := chat.Entry{Epoch: at.epoch, Pos: at.pos, Op: b.op, At: at.at}
		var head entryHead
		if err := head.delta(b.rest); err != nil {
			return nil, err
		}
		e.Note, e.Delta.Messages = head.Note, messages
		b.c.feed.took(b.group, e)
	}
	return acks, nil
}
