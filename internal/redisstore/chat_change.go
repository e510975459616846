package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"liveroom/chat"
)

// changeTries is how often a change is worked out anew because another node was faster.
const changeTries = 50

// chatFields are the fields of a group's head as chat_load.lua answers them.
const (
	fieldEpoch = iota
	fieldSeq
	fieldPos
	fieldHead
	fieldHeadRevision
	fieldBarsRevision
	fieldCounters
	fieldCountersRevision
	fieldWithdrawals
	fieldRobotsRevision
)

// Fields of a group's head whose value a change depends on: each grows with every change of its kind.
const (
	ofHead        = "hr" // what changes rarely, as JSON
	ofBars        = "br" // mutes, bans, and who is free of them
	ofCounters    = "cr"
	ofWithdrawals = "wd"
	ofRobots      = "rr"
)

// loadedGroup is a group, or as much of it as was wanted, as it was read.
type loadedGroup struct {
	now      time.Time
	state    chat.GroupState
	revision map[string]string
	answer   string // to the operation, if it was made before; then nothing else is set
	again    bool
}

func (l *loadedGroup) ledger() *chat.Ledger { return chat.RestoreLedger(l.state, nil) }

// bars are mutes and bans with what decides whom they are for, and nothing else, to be kept.
func (l *loadedGroup) bars() *chat.Ledger {
	return chat.RestoreLedger(chat.GroupState{Head: l.state.Head, Mutes: l.state.Mutes, Bans: l.state.Bans}, nil)
}

func (l *loadedGroup) barsAt() string { return l.state.Epoch + " " + l.revision[ofBars] }

// load reads a group: the head and what else is wanted, see chat_load.lua.
func (c *Chat) load(ctx context.Context, group, op, wanted string, message uint64) (loadedGroup, error) {
	keys := []string{c.key(group, "head"), c.key(group, "log"), c.key(group, "o", op), c.key(group, "mutes"), c.key(group, "bans"), c.key(group, "gone"), c.key(group, "robots"), c.key(group, "entries")}
	g := c.group(group)
	for range flushTries {
		k := g.known()
		reply, err := c.s.mutate(ctx, scriptChatLoad, keys, op, k.epoch, k.pos, wanted, message, k.op).Slice()
		if err != nil {
			return loadedGroup{}, away(err)
		}
		r := replyReader{reply}
		switch r.text(0) {
		case "again":
			return loadedGroup{again: true, answer: r.text(2)}, nil
		case "none":
			return loadedGroup{}, chat.ErrNoGroup
		case "behind":
			if err := c.begin(ctx, group, k); err != nil {
				return loadedGroup{}, err
			}
		default:
			at, err := readGroup(group, r)
			if err == nil {
				g.note(known{at.state.Epoch, at.state.Pos, r.text(11)})
			}
			return at, err
		}
	}
	return loadedGroup{}, fmt.Errorf("%w: group %q goes back again and again", ErrAway, group)
}

// readGroup takes apart what chat_load.lua answered.
func readGroup(group string, r replyReader) (at loadedGroup, err error) {
	us, length, fields := r.number(1), r.number(3), r.list(4)
	at.now = time.UnixMicro(int64(us)).UTC()
	s := &at.state
	s.Settings = chat.DefaultSettings()
	if err := json.Unmarshal([]byte(fields.text(fieldHead)), &s.Head); err != nil {
		return at, fmt.Errorf("decode group %q: %w", group, err)
	}
	s.Epoch, s.Seq, s.Pos = fields.text(fieldEpoch), fields.number(fieldSeq), fields.number(fieldPos)
	s.Floor = s.Seq - min(length, s.Seq)
	s.Head.Withdrawals = fields.number(fieldWithdrawals)
	at.revision = map[string]string{
		ofHead: fields.text(fieldHeadRevision), ofBars: fields.text(fieldBarsRevision), ofCounters: fields.text(fieldCountersRevision),
		ofWithdrawals: fields.text(fieldWithdrawals), ofRobots: fields.text(fieldRobotsRevision),
	}
	s.Counters.All = map[string]chat.Number{}
	for _, one := range []struct {
		raw  string
		into any
	}{{fields.text(fieldCounters), &s.Counters}, {r.text(9), &s.Robots}} {
		if one.raw == "" {
			continue
		}
		if err := json.Unmarshal([]byte(one.raw), one.into); err != nil {
			return at, fmt.Errorf("decode group %q: %w", group, err)
		}
	}
	lines := r.texts(5)
	if line := r.text(10); line != "" {
		lines = []string{line}
	}
	if s.Log, err = decodeLines(group, lines); err != nil {
		return at, err
	}
	if s.Mutes, err = readSanctions(r.texts(6)); err != nil {
		return at, err
	}
	if s.Bans, err = readSanctions(r.texts(7)); err != nil {
		return at, err
	}
	s.Withdrawals, err = decodeAll[chat.Withdrawal](r.texts(8))
	return at, err
}

// readSanctions reads the values of a hash.
func readSanctions(hash []string) ([]chat.Sanction, error) {
	var values []string
	for i := 1; i < len(hash); i += 2 {
		values = append(values, hash[i])
	}
	return decodeAll[chat.Sanction](values)
}

func decodeAll[T any](raw []string) (all []T, err error) {
	for _, one := range raw {
		var v T
		if err := json.Unmarshal([]byte(one), &v); err != nil {
			return nil, fmt.Errorf("redis: decode: %w", err)
		}
		all = append(all, v)
	}
	return all, nil
}

// groupWrite is a change as Go worked it out.
type groupWrite struct {
	depends  string // the field of head that must not have changed; empty: none
	delta    chat.Delta
	commands [][]any
	messages []*chat.Message
	keep     chat.Retention
	rate     int // attribute writes in a second
	gone     bool
	done     func(place) // after it is written; may be nil
}

// do adds a command on the key with a number in groupKeys.
func (w *groupWrite) do(command string, key int, args ...any) {
	w.commands = append(w.commands, append([]any{command, "@" + strconv.Itoa(key)}, args...))
}

// replace puts a message in the place of the one with its number, if that is still in the log. Nil does nothing.
func (w *groupWrite) replace(m *chat.Message) {
	if m != nil {
		w.do("REPLACE", keyLog, m.Seq, fmt.Sprintf("%d %d %s", m.Seq, m.Time.UnixMilli(), encodeMessage(m)))
	}
}

// Keys of a group that commands name.
const (
	keyHead   = 1
	keyLog    = 2
	keyMutes  = 6
	keyBans   = 7
	keyGone   = 8
	keyRobots = 9
)

func (c *Chat) groupKeys(group, op string) []string {
	return append(c.writeKeys(group, op), c.key(group, "mutes"), c.key(group, "bans"), c.key(group, "gone"), c.key(group, "robots"))
}

// wanting says what of a group a change needs to see beside its head.
type wanting struct {
	parts   string
	message uint64
}

// changeGroup makes one change of a group: work finds out what it is from what was read, or that there is none (nil), and the
// answer; if another was faster, it does so again. An operation that was made before is answered as it was then.
func changeGroup[T any](ctx context.Context, c *Chat, group string, want wanting, work func(*loadedGroup) (T, *groupWrite, error)) (answer T, p place, err error) {
	op, g := chat.Operation(ctx), c.group(group)
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return answer, p, away(ctx.Err())
	}
	defer func() { <-g.turn }()
	for range changeTries {
		at, err := c.load(ctx, group, op, want.parts, want.message)
		if err != nil {
			return answer, p, err
		}
		if at.again {
			return repeated[T](ctx, c, group, at.answer)
		}
		answer, w, err := work(&at)
		if err != nil || w == nil {
			return answer, p, err
		}
		state, reply, err := c.commit(ctx, group, op, &at, w, answer)
		switch {
		case err != nil:
			return answer, p, err
		case state == "none":
			return answer, p, chat.ErrNoGroup
		case state == "fast":
			return answer, p, chat.ErrAttributeRate
		case state == "again":
			return repeated[T](ctx, c, group, reply)
		case state == "done":
			p, err = c.written(ctx, group, op, w, reply)
			return answer, p, err
		}
	}
	return answer, p, fmt.Errorf("%w: group %q changes too fast", ErrAway, group)
}

// commit writes a change, unless another was faster.
func (c *Chat) commit(ctx context.Context, group, op string, at *loadedGroup, w *groupWrite, answer any) (state, reply string, err error) {
	rest, err := encodeRest(chat.Note(ctx), w.delta)
	if err != nil {
		return "", "", err
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return "", "", err
	}
	end := ""
	if w.gone {
		end = "gone"
	}
	epoch := at.state.Epoch
	args := append([]any{op, chat.OperationAge.Milliseconds(), epoch, w.depends, at.revision[w.depends], raw, rest}, retention(w.keep)...)
	k := c.group(group).known()
	args = append(args, w.rate, end, k.epoch, k.pos, k.op, len(w.messages))
	for _, m := range w.messages {
		args = append(args, encodeMessage(m))
	}
	for _, words := range w.commands {
		args = append(append(args, len(words)), words...)
	}
	if w.depends != "" {
		args = append(args, 4, "HINCRBY", "@1", w.depends, 1)
	}
	parts, err := c.s.mutate(ctx, scriptChatCommit, c.groupKeys(group, op), args...).StringSlice()
	if err != nil || len(parts) == 0 {
		return "", "", away(err)
	}
	if parts[0] == "behind" {
		return "changed", "", c.begin(ctx, group, k)
	}
	return parts[0], parts[len(parts)-1], nil
}

// written takes over what became of a change, and tells its entry.
func (c *Chat) written(ctx context.Context, group, op string, w *groupWrite, reply string) (place, error) {
	at, _, err := parsePlace(reply, "\n")
	if err != nil {
		return at, err
	}
	for i, m := range w.messages {
		m.Seq, m.Time = at.seq-uint64(len(w.messages)-1-i), at.at
	}
	if w.done != nil {
		w.done(at)
	}
	e := chat.Entry{Epoch: at.epoch, Pos: at.pos, Op: op, At: at.at, Note: chat.Note(ctx), Delta: w.delta}
	e.Messages = w.messages
	c.group(group).note(known{at.epoch, at.pos, op})
	c.feed.took(group, e)
	return at, nil
}

// repeated answers an operation that was made before, and tells its entry as it is kept.
func repeated[T any](ctx context.Context, c *Chat, group, reply string) (answer T, at place, err error) {
	at, raw, err := parsePlace(reply, "\n")
	if err == nil {
		err = json.Unmarshal([]byte(raw), &answer)
	}
	if err != nil {
		return answer, at, fmt.Errorf("%w: %w", errReply, err)
	}
	if c.feed.follows(group) {
		found, _, err := c.Entries(ctx, group, at.epoch, at.pos-1, 1)
		if err == nil && len(found) > 0 && found[0].Pos == at.pos {
			c.feed.took(group, found[0])
		}
	}
	return answer, at, nil
}
