package chat

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// takeOver brings a room in step with the store when entries are missing for good: members get the messages that are in the
// log still, the newest state of what changed, and are told of a gap if messages are lost to them. Only the loop calls it.
func (r *room) takeOver() {
	began := time.Now()
	ctx, cancel := r.s.storeContext()
	defer cancel()
	state, err := r.s.store.LoadGroup(ctx, r.id)
	switch err = r.s.storeError(err, "load"); {
	case errors.Is(err, ErrNoGroup):
		r.end()
		return
	case err != nil:
		r.feed.lookLater()
		r.storeFailed(began)
		return
	}
	renewed, shared := r.takeOverLog(state)
	r.takeOverState(state, renewed, shared)
	r.settleMine(ctx)
	r.storeAnswered()
}

// takeOverLog gives the members what they have not got of the log. It says whether the sequence is another one, and up to
// which number its messages are those that the members know.
func (r *room) takeOverLog(state GroupState) (renewed bool, shared uint64) {
	r.mu.Lock()
	renewed, shared = state.Epoch != r.epoch, r.log.last
	if renewed {
		shared = r.log.shared(state.Log)
	}
	var known []*Message
	var missing []Item
	for _, m := range state.Log {
		if m.Seq > shared {
			missing = append(missing, Item{Message: m})
		} else {
			known = append(known, m)
		}
	}
	before := state.Seq // the position before what is delivered now
	if len(missing) > 0 {
		before = missing[0].Message.Seq - 1
	}
	var out outcome
	if renewed || before > shared {
		out.items = append(out.items, gapEvent(state.Epoch, before))
	}
	if renewed {
		r.log = newLogbook(known, shared, state.Floor)
	}
	r.log.skip(before)
	r.epoch, r.feed.pos = state.Epoch, state.Pos
	inbox := r.feed.inbox
	r.feed.inbox = make(map[uint64]Entry)
	for _, e := range inbox {
		r.feed.put(e)
	}
	r.mu.Unlock()
	for out.items = append(out.items, missing...); len(out.items) > 0; {
		turn := out.items[:min(turnMost, len(out.items))]
		out.items = out.items[len(turn):]
		r.conclude(outcome{items: turn, foreign: true}, nil, nil)
		if len(out.items) > 0 {
			r.breathe()
		}
	}
	return renewed, shared
}

// shared is the newest number up to which another log is this one: 0 if nothing of it is. A sequence that begins anew goes on
// from what the store kept of the last.
func (b *logbook) shared(other []*Message) (upTo uint64) {
	for _, m := range other {
		own := b.find(m.Seq)
		if own == nil && m.Seq <= b.floor {
			continue // it was
		}
		if own == nil || !own.Time.Equal(m.Time) || own.From != m.From || own.Random != m.Random {
			return upTo
		}
		upTo = m.Seq
	}
	return upTo
}

// skip goes on after a number: what is missing up to it is never asked for again.
func (b *logbook) skip(to uint64) {
	if to > b.last {
		b.last, b.floor = to, to
	}
}

// gapEvent tells members that messages may be missing to them: their position is the given one.
func gapEvent(epoch string, seq uint64) Item {
	return event("gap", uint64(time.Now().UnixMilli()), struct {
		Epoch string `json:"epoch"`
		Seq   uint64 `json:"seq"`
	}{epoch, seq})
}

// takeOverState takes over what is newer than what the room has, and tells the members.
func (r *room) takeOverState(state GroupState, renewed bool, shared uint64) {
	next := state.restraints()
	var gone []farewell
	var watched []Banishment
	out := outcome{
		items: r.newer(state, renewed, shared, &next),
		update: func(r *room) {
			r.group = state.Group
			r.attributes, r.fields = state.Attributes, Values{Version: state.FieldsVersion, All: state.Group.Fields}
			r.noticeVersion, r.profileVersion = state.NoticeVersion, state.ProfileVersion
			r.settings = VersionedSettings{state.Settings, state.SettingsVersion}
			r.restraints = next
			r.withdrawals = state.Withdrawals
			for _, w := range state.Withdrawals {
				if m := r.log.find(w.Seq); m != nil && m.Withdrawn == "" {
					r.log.replace(m.without(w.Kind))
				}
			}
			if renewed {
				r.recountAnew(state.Counters)
			} else {
				r.recount(state.Counters)
			}
			r.setRobots(state.Robots, time.Now())
			gone, watched = r.expelBanned(time.Now())
		},
		after: func() {
			for _, f := range gone {
				r.s.tell(f)
			}
			r.s.banish(watched)
		},
		foreign: true,
	}
	r.conclude(out, nil, nil)
}

// newer makes the events of what is not as the room has it.
func (r *room) newer(state GroupState, renewed bool, shared uint64, next *restraints) (items []Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tell := func(is bool, item Item) {
		if is || renewed {
			items = append(items, item)
		}
	}
	tell(state.Attributes.Version != r.attributes.Version, attributesEvent(state.Attributes))
	tell(state.FieldsVersion != r.fields.Version, fieldsEvent(Values{Version: state.FieldsVersion, All: state.Group.Fields}))
	tell(state.NoticeVersion != r.noticeVersion, noticeEvent(state.Group.Notice, state.NoticeVersion))
	tell(state.ProfileVersion != r.profileVersion, event("profile", state.ProfileVersion, state.Group.Profile()))
	tell(state.SettingsVersion != r.settings.Version, event("settings", state.SettingsVersion, state.Settings))
	if !renewed {
		shared = math.MaxUint64
	}
	items = append(items, r.withdrawnSince(state, shared)...)
	return append(items, r.sanctionedSince(next, time.Now())...)
}

// withdrawnSince are the events of withdrawals that the room does not know, of messages up to a number. The room's lock is
// held.
func (r *room) withdrawnSince(state GroupState, upTo uint64) (items []Item) {
	known := make(map[uint64]bool, len(r.withdrawals))
	for _, w := range r.withdrawals {
		known[w.Seq] = true
	}
	first := state.Head.Withdrawals - uint64(len(state.Withdrawals))
	for i, w := range state.Withdrawals {
		if known[w.Seq] || w.Seq > upTo {
			continue
		}
		done := Withdrawn{Withdrawal: w, Version: first + uint64(i) + 1}
		if m := r.log.find(w.Seq); m != nil {
			done.From = m.From
		}
		items = append(items, done.event())
	}
	return items
}

// sanctionedSince are the events for those in the room who are muted or banned otherwise than it knows. The room's lock is
// held.
func (r *room) sanctionedSince(next *restraints, now time.Time) (items []Item) {
	for user, p := range r.users {
		if until := next.mutes.until(user, now); !until.Equal(r.mutes.until(user, now)) {
			items = append(items, r.muteEvent(user, until, next.mutes.byUser[user].By, r.guise(p.who()).Nick))
		}
		if until := next.bans.until(user, now); !until.IsZero() && !until.Equal(r.bans.until(user, now)) {
			one := next.bans.byUser[user]
			items = append(items, r.banEvent([]string{user}, until, one.By, one.Reason))
		}
	}
	return items
}

// expelBanned takes out who may not be there. It answers under which names they watch, by when their bans end. The room's
// lock is held.
func (r *room) expelBanned(now time.Time) (gone []farewell, watched []Banishment) {
	var out []*member
	for _, m := range slices.Clone(r.members) {
		var ban *Error
		if !errors.As(r.mayEnter(m.who, now), &ban) {
			continue
		}
		out = append(out, m)
		f := farewell{group: r.id, to: []Session{m.sess}, why: Departure{Reason: DepartBanned, Until: ban.Until}}
		r.remove(m.sess)
		if !m.who.Anonymous {
			f.why.By, f.why.Detail = r.bans.byUser[m.who.User].By, r.bans.byUser[m.who.User].Reason
			r.part(m.who.User, server, DepartBanned)
		}
		gone = append(gone, f)
	}
	return gone, r.banished(out, now)
}

// settleMine tells of what this node did and what the room has taken over with the rest. Only the loop calls it.
func (r *room) settleMine(ctx context.Context) {
	for op, o := range r.feed.mine {
		delete(r.feed.mine, op)
		if o.acks == nil && o.sends != nil {
			r.findOut(ctx, o)
			continue
		}
		r.conclude(o.out, o.settle(Entry{}), o.change)
	}
}

// findOut asks how sends ended whose answer and entry are lost. Who wants no de-duplication may send again.
func (r *room) findOut(ctx context.Context, o *own) {
	for _, p := range o.sends {
		var found *Ack
		if p.Key != (Key{}) {
			if reserved, err := r.s.store.Reserve(ctx, r.id, p.Key); err == nil {
				if found = reserved.Ack; reserved.Fresh {
					r.s.release(r.id, p.Key)
				}
			}
		}
		if found == nil {
			r.answerSend(p, Ack{}, ErrUnavailable)
			continue
		}
		p.end(*found)
		r.conclude(outcome{}, []*sending{p}, nil)
	}
}

// end is for a group that is no more. Only the loop calls it.
func (r *room) end() {
	r.conclude(r.dismissOutcome(), nil, nil)
	if r.mu.Lock(); r.feed.away {
		r.feed.away = false
		r.s.degraded.Add(-1)
	}
	r.mu.Unlock()
	r.surrender(ErrNoGroup)
}
