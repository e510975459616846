package redisstore

import (
	"context"
	"encoding/json"
	"fmt"

	"liveroom/chat"
)

// putHead makes a write of a new head, with what beside it must stay in step.
func putHead(next chat.Head) (*groupWrite, error) {
	next.Seq, next.Pos, next.Floor, next.Epoch, next.Withdrawals = 0, 0, 0, "", 0 // these are fields of their own
	raw, err := json.Marshal(next)
	w := &groupWrite{depends: ofHead}
	w.do("HSET", keyHead, "hd", raw)
	return w, err
}

// changeHead is changeGroup for what is in the head: put is a method of the Ledger, which saves the new head, and tell what the
// entry says of it, or that nothing changed (false).
func changeHead[T any](ctx context.Context, c *Chat, group string, put func(*loadedGroup, *chat.Ledger, chat.Save) (T, error), tell func(before chat.Head, done T, w *groupWrite) bool) (T, place, error) {
	return changeGroup(ctx, c, group, wanting{}, func(at *loadedGroup) (done T, w *groupWrite, err error) {
		done, err = put(at, at.ledger(), func(next chat.Head, messages ...*chat.Message) (err error) {
			w, err = putHead(next)
			w.messages = messages
			return err
		})
		if err != nil || w == nil || !tell(at.state.Head, done, w) {
			return done, nil, err
		}
		return done, w, nil
	})
}

// ApplyStatus implements chat.Store.
func (c *Chat) ApplyStatus(ctx context.Context, s chat.StatusChange, m *chat.Message, keep chat.Retention) (chat.StatusApplied, error) {
	done, at, err := changeHead(ctx, c, s.Group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (chat.StatusApplied, error) {
		return l.ApplyStatus(at.now, s, m, save)
	}, func(_ chat.Head, done chat.StatusApplied, w *groupWrite) bool {
		w.keep = keep
		w.delta = chat.Delta{Status: &chat.StatusMark{Epoch: s.Epoch, Version: s.Version}, Attributes: &done.Attributes, Fields: &done.Fields}
		return done.Fresh
	})
	if done.Message != nil && done.Message != m { // it was applied before
		m.Seq, m.Time, done.Message = at.seq, at.at, m
	}
	return done, err
}

// PutAttributes implements chat.Store. How many were written in the last second is the script's to know.
func (c *Chat) PutAttributes(ctx context.Context, group string, a chat.AttributeChange) (chat.Values, error) {
	answer, _, err := changeHead(ctx, c, group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (chat.Values, error) {
		return l.PutAttributes(at.now, a, save)
	}, func(_ chat.Head, done chat.Values, w *groupWrite) bool {
		w.rate, w.delta = a.Writes, chat.Delta{Attributes: &done}
		return true
	})
	return answer, err
}

// PutFields implements chat.Store.
func (c *Chat) PutFields(ctx context.Context, group string, fields map[string]string) (chat.Values, error) {
	answer, _, err := changeHead(ctx, c, group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (chat.Values, error) {
		return l.PutFields(at.now, fields, save)
	}, func(_ chat.Head, done chat.Values, w *groupWrite) bool {
		w.delta = chat.Delta{Fields: &done}
		return true
	})
	return answer, err
}

// PutNotice implements chat.Store.
func (c *Chat) PutNotice(ctx context.Context, group, notice string) (uint64, error) {
	answer, _, err := changeHead(ctx, c, group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (uint64, error) {
		return l.PutNotice(at.now, notice, save)
	}, func(before chat.Head, version uint64, w *groupWrite) bool {
		w.delta = chat.Delta{Notice: &chat.VersionedNotice{Notice: notice, Version: version}}
		return version != before.NoticeVersion
	})
	return answer, err
}

// PutProfile implements chat.Store. It decides also who is free of bans, so that flushes must look again.
func (c *Chat) PutProfile(ctx context.Context, group string, p chat.Profile) (uint64, error) {
	answer, _, err := changeHead(ctx, c, group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (uint64, error) {
		if err := chat.Outdated(ctx, at.state.ProfileVersion); err != nil {
			return 0, err
		}
		return l.PutProfile(at.now, p, save)
	}, func(before chat.Head, version uint64, w *groupWrite) bool {
		w.do("HINCRBY", keyHead, ofBars, 1)
		w.delta = chat.Delta{Profile: &chat.VersionedProfile{Name: p.Name, Owner: p.Owner, Admins: p.Admins, Version: version}}
		return version != before.ProfileVersion
	})
	return answer, err
}

// PutSettings implements chat.SettingsStore. They say also whether all are muted.
func (c *Chat) PutSettings(ctx context.Context, group string, p chat.SettingsPatch) (chat.VersionedSettings, error) {
	answer, _, err := changeHead(ctx, c, group, func(at *loadedGroup, l *chat.Ledger, save chat.Save) (chat.VersionedSettings, error) {
		return l.PutSettings(at.now, p, save)
	}, func(before chat.Head, v chat.VersionedSettings, w *groupWrite) bool {
		w.do("HINCRBY", keyHead, ofBars, 1)
		w.delta = chat.Delta{Settings: &v}
		return v.Version != before.SettingsVersion
	})
	return answer, err
}

// countersDone is what PutCounters answers.
type countersDone struct {
	Now  chat.Counters
	Done []chat.CounterDone
}

// PutCounters implements chat.CounterStore.
func (c *Chat) PutCounters(ctx context.Context, group string, changes []chat.CounterChange) (chat.Counters, []chat.CounterDone, error) {
	all, _, err := changeGroup(ctx, c, group, wanting{}, func(at *loadedGroup) (countersDone, *groupWrite, error) {
		now, done := at.ledger().CountersAfter(changes)
		if now.Version == at.state.Counters.Version {
			return countersDone{now, done}, nil, nil
		}
		raw, err := json.Marshal(now)
		w := &groupWrite{depends: ofCounters, delta: chat.Delta{Counters: &now}}
		w.do("HSET", keyHead, "c", raw)
		return countersDone{now, done}, w, err
	})
	return all.Now, all.Done, err
}

// Withdraw implements chat.RecallStore.
func (c *Chat) Withdraw(ctx context.Context, group string, one chat.Withdrawal) (chat.Withdrawn, error) {
	answer, _, err := changeGroup(ctx, c, group, wanting{"w", one.Seq}, func(at *loadedGroup) (done chat.Withdrawn, w *groupWrite, err error) {
		done, err = at.ledger().Withdraw(one, func(_ chat.Head, m *chat.Message, one chat.Withdrawal, _ uint64) error {
			w = &groupWrite{depends: ofWithdrawals}
			raw, err := json.Marshal(one)
			w.do("RPUSH", keyGone, raw)
			w.do("LTRIM", keyGone, -withdrawalsKept, -1)
			w.replace(m)
			return err
		})
		if w != nil {
			w.delta = chat.Delta{Withdrawn: &done}
		}
		return done, w, err
	})
	return answer, err
}

// withdrawalsKept is how many withdrawals of a group are remembered: see chat.GroupState.
const withdrawalsKept = 200

// PutSanctions implements chat.SanctionStore.
func (c *Chat) PutSanctions(ctx context.Context, group string, s chat.SanctionChange) ([]chat.Sanction, error) {
	answer, _, err := changeGroup(ctx, c, group, wanting{parts: "m"}, func(at *loadedGroup) (done []chat.Sanction, w *groupWrite, err error) {
		l := at.ledger()
		done, err = l.PutSanctions(at.now, s, func(kind chat.SanctionKind, set []chat.Sanction, forget []string) error {
			w = &groupWrite{depends: ofBars}
			key := keyMutes
			if kind == chat.Banning {
				key = keyBans
			}
			for _, user := range forget {
				w.do("HDEL", key, user)
			}
			for _, one := range set {
				raw, err := json.Marshal(one)
				if err != nil {
					return err
				}
				w.do("HSET", key, one.User, raw)
			}
			return nil
		})
		if w == nil {
			return done, nil, err
		}
		w.delta = chat.Delta{Sanctions: &chat.SanctionsPut{Change: s, Done: done}}
		revision := replyReader{[]any{at.revision[ofBars]}}.number(0) + 1
		w.done = func(p place) { c.group(group).keepBars(l, p.epoch+" "+itoa(revision)) }
		return done, w, err
	})
	return answer, err
}

// PutRobots implements chat.RobotStore. The list of groups that have robots knows the group before it has any.
func (c *Chat) PutRobots(ctx context.Context, group string, r chat.RobotChange) ([]chat.Robot, error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	if len(r.Add) > 0 {
		if err := c.listRobots(ctx, group, true); err != nil {
			return nil, err
		}
	}
	all, _, err := changeGroup(ctx, c, group, wanting{parts: "r"}, func(at *loadedGroup) (all []chat.Robot, w *groupWrite, err error) {
		all, err = at.ledger().PutRobots(at.now, r, func(next []chat.Robot) error {
			w = &groupWrite{depends: ofRobots, delta: chat.Delta{Robots: &chat.RobotsPut{All: next}}}
			if len(next) == 0 {
				w.do("DEL", keyRobots)
				return nil
			}
			raw, err := json.Marshal(next)
			w.do("SET", keyRobots, raw)
			return err
		})
		return all, w, err
	})
	if err != nil || len(all) == 0 {
		c.unlistRobots(ctx, group)
	}
	return all, err
}

// DeleteGroup implements chat.Store. The list of groups passes over one that is gone, should nobody take it out of there.
func (c *Chat) DeleteGroup(ctx context.Context, group string) error {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	_, _, err := changeGroup(ctx, c, group, wanting{}, func(*loadedGroup) (struct{}, *groupWrite, error) {
		w := &groupWrite{gone: true, delta: chat.Delta{Dismissed: true}}
		for _, key := range []int{keyMutes, keyBans, keyGone, keyRobots} {
			w.do("DEL", key)
		}
		return struct{}{}, w, nil
	})
	if err != nil {
		return err
	}
	c.delist(ctx, group)
	c.unlistRobots(ctx, group)
	return nil
}

// Tell implements chat.Feed.
func (c *Chat) Tell(ctx context.Context, group string, told json.RawMessage) error {
	op := chat.Operation(ctx)
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	for range changeTries {
		w := &groupWrite{delta: chat.Delta{Told: told}}
		state, reply, err := c.commit(ctx, group, op, &loadedGroup{}, w, struct{}{})
		switch {
		case err != nil:
			return err
		case state == "none":
			return chat.ErrNoGroup
		case state == "again":
			_, _, err := repeated[struct{}](ctx, c, group, reply)
			return err
		case state == "done":
			_, err = c.written(ctx, group, op, w, reply)
			return err
		}
	}
	return fmt.Errorf("%w: group %q goes back again and again", ErrAway, group)
}

// Entries implements chat.Feed.
func (c *Chat) Entries(ctx context.Context, group, epoch string, after uint64, limit int) ([]chat.Entry, bool, error) {
	ctx, cancel := c.s.within(ctx)
	defer cancel()
	keys := []string{c.key(group, "head"), c.key(group, "log"), c.key(group, "entries")}
	g := c.group(group)
	k := g.known()
	reply, err := c.s.mutate(ctx, scriptChatEntries, keys, epoch, after, limit, k.epoch, k.pos, k.op).Slice()
	if err != nil {
		return nil, false, away(err)
	}
	r := replyReader{reply}
	switch r.text(0) {
	case "none":
		return nil, false, chat.ErrNoGroup
	case "behind":
		return nil, false, c.begin(ctx, group, known{epoch: epoch, pos: after})
	case "forgot":
		return nil, false, c.begin(ctx, group, k)
	case "other":
		return nil, false, nil
	}
	entries, err := decodeKept(group, epoch, r.texts(2), r.number(3), r.texts(4))
	if err != nil {
		return nil, false, err
	}
	if n := len(entries); n > 0 && entries[n-1].Pos == r.number(1) {
		g.note(known{epoch, entries[n-1].Pos, entries[n-1].Op})
	} else {
		g.sure()
	}
	whole := r.number(1) == after || len(entries) > 0 && entries[0].Pos == after+1
	return entries, whole, nil
}
