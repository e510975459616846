package gift

import (
	"context"
	"slices"
	"time"
)

// table returns the totals and ranking of a session.
func (b *memoryBook) table(session string) *memoryTable {
	t := b.tables[session]
	if t == nil {
		t = &memoryTable{senders: map[string]Rank{}}
		b.tables[session] = t
	}
	return t
}

// add counts an accepted order in.
func (t *memoryTable) add(o Order) {
	old, known := t.senders[o.From]
	r := old.Add(o)
	t.senders[o.From] = r
	t.totals = t.totals.Add(o, !known)
	if o.SettledAt.After(t.at) {
		t.at = o.SettledAt
	}
	if i, ok := slices.BinarySearchFunc(t.top, old, Rank.compare); known && ok {
		t.top = slices.Delete(t.top, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(t.top, r, Rank.compare)
	t.top = slices.Insert(t.top, i, r)
	t.top = t.top[:min(memoryTop, len(t.top))]
}

// Ledger implements Store.
func (m *Memory) Ledger(_ context.Context, q Query) (Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.books[q.Group]
	if b == nil {
		return Page{}, nil
	}
	var p Page
	for _, e := range b.ledger[b.after(q.After):] {
		if len(p.Entries) == q.Limit {
			if len(p.Entries) > 0 {
				p.Next = p.Entries[len(p.Entries)-1].Number
			}
			break
		}
		if q.Matches(e.Order) {
			p.Entries = append(p.Entries, e)
		}
	}
	return p, nil
}

// Totals implements Store.
func (m *Memory) Totals(_ context.Context, group, session string) (Totals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.books[group]; b != nil && b.tables[session] != nil {
		return b.tables[session].totals, nil
	}
	return Totals{}, nil
}

// Ranking implements Store.
func (m *Memory) Ranking(_ context.Context, group, session string, limit int) ([]Rank, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.books[group]
	if b == nil || b.tables[session] == nil {
		return nil, nil
	}
	t := b.tables[session]
	top := slices.Clone(t.top[:min(limit, len(t.top))])
	for i := range top {
		top[i].Rank = i + 1
	}
	return top, nil
}

// Trim implements Store.
func (m *Memory) Trim(_ context.Context, group string, accepted, refused time.Time, limit int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.books[group]
	if b == nil {
		return 0, nil
	}
	n := 0
	for n < limit && len(b.ledger) > 0 && b.ledger[0].Number <= b.head.Told && b.ledger[0].SettledAt.Before(accepted) {
		delete(b.orders, b.ledger[0].Key())
		b.ledger = b.ledger[1:]
		n++
	}
	for key, o := range b.orders {
		if n < limit && o.State == Refused && o.SettledAt.Before(refused) {
			delete(b.orders, key)
			n++
		}
	}
	for session, t := range b.tables {
		if n < limit && session != All && t.at.Before(accepted) {
			delete(b.tables, session)
			n++
		}
	}
	return n, nil
}
