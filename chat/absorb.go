package chat

import (
	"encoding/json"
	"math"
	"time"
)

// absorb is what an entry does to the room and its members, on every node alike. Foreign says that another node made it.
// Only the loop calls it, in the order of the entries.
func (r *room) absorb(e Entry, foreign bool) outcome {
	var n note
	if len(e.Note) > 0 && json.Unmarshal(e.Note, &n) != nil {
		n = note{} // of a node of another version
	}
	out := r.absorbValues(&e)
	switch {
	case e.Sanctions != nil:
		out = r.absorbSanctions(e.Sanctions, n, e.At)
	case e.Profile != nil:
		out = r.absorbProfile(e.Profile, n)
	case e.Withdrawn != nil:
		w := *e.Withdrawn
		out = outcome{items: []Item{w.event()}, update: func(r *room) { r.empty(w.Withdrawal) }}
	case e.Robots != nil:
		all := e.Robots.All
		out = outcome{update: func(r *room) { r.setRobots(all, time.Now()) }}
	case e.Counters != nil:
		now := *e.Counters
		out = outcome{update: func(r *room) { r.recount(now) }}
	case e.Dismissed:
		out = r.dismissOutcome()
	case e.Told != nil:
		out = r.absorbTold(e.Told, e.At)
	}
	out.at, out.foreign = e.At, foreign
	return out
}

// absorbValues is absorb for messages and for what has a value and a version.
func (r *room) absorbValues(e *Entry) (out outcome) {
	for _, m := range e.Messages {
		out.items = append(out.items, Item{Message: m})
	}
	var updates []func(*room)
	change := func(item Item, update func(*room)) {
		out.items = append(out.items, item)
		updates = append(updates, update)
	}
	if v := e.Attributes; v != nil {
		change(attributesEvent(*v), func(r *room) { r.attributes = *v })
	}
	if v := e.Fields; v != nil {
		change(fieldsEvent(*v), func(r *room) { r.fields = *v })
	}
	if v := e.Notice; v != nil {
		change(noticeEvent(v.Notice, v.Version), func(r *room) { r.group.Notice, r.noticeVersion = v.Notice, v.Version })
	}
	if v := e.Settings; v != nil {
		change(event("settings", v.Version, v.Settings), func(r *room) { r.settings = *v })
	}
	if len(updates) > 0 {
		out.update = func(r *room) {
			for _, update := range updates {
				update(r)
			}
		}
	}
	return out
}

func (r *room) absorbSanctions(put *SanctionsPut, n note, at time.Time) outcome {
	by := n.By.identity(r.s.tuned())
	if by.User == "" {
		by = r.s.cfg.who(put.Change.By)
	}
	switch put.Change.Kind {
	case Muting:
		return r.muteOutcome(by, put.Change, put.Done, n.Nicks, at)
	case Banning:
		return r.banOutcome(by, put.Change, put.Done)
	}
	return outcome{} // of a node of another version
}

func (r *room) absorbProfile(v *VersionedProfile, n note) outcome {
	p := Profile{v.Name, v.Owner, v.Admins}
	if n.Role != "" {
		return r.roleOutcome(n.By.User, n.Users, n.Role, p.Admins, v.Version)
	}
	return profileOutcome(p, v.Version)
}

func (r *room) absorbTold(raw json.RawMessage, at time.Time) outcome {
	var t told
	if json.Unmarshal(raw, &t) != nil {
		return outcome{} // of a node of another version
	}
	switch {
	case t.Kick != nil:
		return r.kickOutcome(t.Kick.By.identity(r.s.tuned()), t.Kick.Users, t.Kick.Users, t.Kick.Reason)
	case t.Notification != nil:
		return r.notificationOutcome(*t.Notification, at)
	}
	return outcome{}
}

// recount takes over counters that another node may have written, for the tally to tell. The room's lock is held.
func (r *room) recount(now Counters) {
	if now.Version > r.tally.now.Version {
		r.tallyAnew(now)
	}
}

// recountAnew is recount for a sequence that begins anew: whatever its number, it is another one. The room's lock is held.
func (r *room) recountAnew(now Counters) {
	if now.Version > 0 || r.tally.now.Version > 0 {
		r.tally.told = math.MaxUint64
		r.tallyAnew(now)
	}
}

func (r *room) tallyAnew(now Counters) {
	t := &r.tally
	if t.now = now; !t.busy {
		t.busy = r.s.spawn(r.runTally)
	}
}
