package chat

import (
	"maps"
	"slices"
	"time"
)

// Ledger is one group as a store in this process keeps it, with the rules all stores share: numbering, frequency
// control, de-duplication, limits of attributes and fields. Its caller serialises the calls. What is durable before it
// is answered goes through Save; a Save that fails leaves the ledger as it was.
type Ledger struct {
	head   Head
	log    logbook
	window window
	dedup  dedup
	writes []time.Time // of attributes, within the trailing second
	bars   restraints

	counters Counters // never written in place

	withdrawals []Withdrawal // the newest; never written in place
	robots      []Robot      // never written in place
}

// Save makes a new head, and messages that come with it, durable. Nil saves nothing.
type Save func(next Head, messages ...*Message) error

// NewLedger begins a group, in a sequence of its own.
func NewLedger(g Group, now time.Time) *Ledger {
	if g.CreatedAt.IsZero() {
		g.CreatedAt = now
	}
	h := Head{Group: g, Epoch: NewEpoch(now), Settings: DefaultSettings()}
	h.Attributes.All = map[string]string{}
	if h.Group.Fields == nil {
		h.Group.Fields = map[string]string{}
	}
	return &Ledger{head: h, counters: Counters{All: map[string]Number{}}}
}

// RestoreLedger goes on from what was stored.
func RestoreLedger(state GroupState, settled []Settled) *Ledger {
	l := &Ledger{head: state.Head, log: newLogbook(state.Log, state.Seq, state.Floor), bars: state.restraints(), counters: state.Counters, withdrawals: state.Withdrawals, robots: state.Robots}
	slices.SortFunc(settled, func(a, b Settled) int { return a.Expires.Compare(b.Expires) })
	for _, s := range settled {
		l.dedup.settle(s)
	}
	return l
}

// Head returns all but the log.
func (l *Ledger) Head() Head {
	h := l.head
	h.Seq, h.Floor = max(h.Seq, l.log.last), max(h.Floor, l.log.floor)
	return h
}

// State returns the group with its log.
func (l *Ledger) State() GroupState {
	return GroupState{Head: l.Head(), Log: slices.Clone(l.log.messages), Counters: l.counters, Withdrawals: l.withdrawals, Mutes: l.bars.mutes.list(), Bans: l.bars.bans.list(), Robots: l.robots}
}

// Reserve is Store.Reserve.
func (l *Ledger) Reserve(now time.Time, key Key) Reservation { return l.dedup.reserve(now, key) }

// Release is Store.Release.
func (l *Ledger) Release(keys ...Key) {
	for _, key := range keys {
		l.dedup.release(key)
	}
}

// Log is Store.Log.
func (l *Ledger) Log(after uint64, limit int) ([]*Message, bool) { return l.log.after(after, limit) }

// Trim removes from the log what keep does not cover and returns it.
func (l *Ledger) Trim(now time.Time, keep Retention) []*Message { return l.log.trim(now, keep) }

// Flush is Store.Flush.
func (l *Ledger) Flush(now time.Time, f Flush) []Ack {
	acks := make([]Ack, len(f.Candidates))
	pass := l.window.admit(now, l.sift(now, f.Candidates, acks), f.Limit)
	seq, n := l.Head().Seq, 0
	for i, c := range f.Candidates {
		if acks[i].Refused != nil || acks[i].Before {
			continue
		}
		acks[i] = Ack{Time: now, Dropped: !pass[n] && !c.Unheard}
		if pass[n] {
			seq++
			c.Message.Seq, c.Message.Time = seq, now
			l.log.append(c.Message)
			acks[i].Seq = seq
		}
		n++
	}
	for i, c := range f.Candidates {
		switch {
		case acks[i].Refused != nil || acks[i].Before:
			continue
		case acks[i].Dropped || c.Unheard:
			acks[i].Seq = seq // the newest of the room
		}
		l.dedup.settle(Settled{Key: c.Key, Ack: acks[i], Expires: now.Add(f.DedupAge), unheard: c.Unheard})
	}
	return acks
}

// ApplyStatus is Store.ApplyStatus.
func (l *Ledger) ApplyStatus(now time.Time, c StatusChange, m *Message, save Save) (StatusApplied, error) {
	next := l.Head()
	if !newer(c.Epoch, c.Version, next.StatusEpoch, next.StatusVersion) {
		return StatusApplied{Attributes: next.Attributes, Fields: l.fields()}, nil
	}
	next.Seq++
	next.StatusEpoch, next.StatusVersion = c.Epoch, c.Version
	next.Attributes.Version++ // and not Written: see Values
	next.Attributes.All = with(next.Attributes.All, StatusKey, string(c.Record))
	next.Group.Fields = with(next.Group.Fields, StatusKey, string(c.Field))
	next.FieldsVersion++
	next.ChangedAt = now
	m.Seq, m.Time = next.Seq, now
	if err := save.do(next, m); err != nil {
		return StatusApplied{}, err
	}
	l.head = next
	l.log.append(m)
	return StatusApplied{Fresh: true, Message: m, Attributes: next.Attributes, Fields: l.fields()}, nil
}

// PutAttributes is Store.PutAttributes.
func (l *Ledger) PutAttributes(now time.Time, c AttributeChange, save Save) (Values, error) {
	all, err := c.apply(l.head.Attributes)
	if err != nil {
		return Values{}, err
	}
	l.writes = slices.DeleteFunc(l.writes, func(t time.Time) bool { return now.Sub(t) >= time.Second })
	if len(l.writes) >= c.Writes {
		return Values{}, ErrAttributeRate
	}
	next := l.Head()
	version := next.Attributes.Version + 1
	next.Attributes = Values{Version: version, Written: version, All: all}
	if err := save.do(next); err != nil {
		return Values{}, err
	}
	l.head = next
	l.writes = append(l.writes, now)
	return next.Attributes, nil
}

// PutFields is Store.PutFields.
func (l *Ledger) PutFields(now time.Time, fields map[string]string, save Save) (Values, error) {
	all, err := mergeFields(l.head.Group.Fields, fields)
	if err != nil {
		return Values{}, err
	}
	next := l.Head()
	next.Group.Fields = all
	next.FieldsVersion++
	next.ChangedAt = now
	if err := save.do(next); err != nil {
		return Values{}, err
	}
	l.head = next
	return l.fields(), nil
}

// PutNotice is Store.PutNotice.
func (l *Ledger) PutNotice(now time.Time, notice string, save Save) (uint64, error) {
	next := l.Head()
	if next.Group.Notice != notice {
		next.Group.Notice = notice
		next.NoticeVersion++
		next.ChangedAt = now
	}
	if err := l.put(next, save); err != nil {
		return 0, err
	}
	return next.NoticeVersion, nil
}

// PutProfile is Store.PutProfile.
func (l *Ledger) PutProfile(now time.Time, p Profile, save Save) (uint64, error) {
	next := l.Head()
	if !next.Group.Profile().Equal(p) {
		next.Group.Name, next.Group.Owner, next.Group.Admins = p.Name, p.Owner, p.Admins
		next.ProfileVersion++
		next.ChangedAt = now
	}
	if err := l.put(next, save); err != nil {
		return 0, err
	}
	return next.ProfileVersion, nil
}

// put saves a head even if nothing changed: after a save that failed, the file may hold what was refused.
func (l *Ledger) put(next Head, save Save) error {
	err := save.do(next)
	if err == nil {
		l.head = next
	}
	return err
}

func (l *Ledger) fields() Values {
	return Values{Version: l.head.FieldsVersion, All: l.head.Group.Fields}
}

func (s Save) do(next Head, messages ...*Message) error {
	if s == nil {
		return nil
	}
	return s(next, messages...)
}

// newer says whether (epoch, version) comes after (oldEpoch, oldVersion).
func newer(epoch string, version uint64, oldEpoch string, oldVersion uint64) bool {
	if epoch != oldEpoch {
		return epoch > oldEpoch
	}
	return version > oldVersion
}

// with returns a copy of m with one value more; shared maps are never written.
func with(m map[string]string, key, value string) map[string]string {
	c := make(map[string]string, len(m)+1)
	maps.Copy(c, m)
	c[key] = value
	return c
}
