package gift

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a Store that forgets at exit, for tests and trials.
type Memory struct {
	mu        sync.Mutex
	catalogue Catalogue
	books     map[string]*memoryBook
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory() *Memory { return &Memory{books: map[string]*memoryBook{}} }

// memoryBook is one group.
type memoryBook struct {
	head   Head
	orders map[string]Order
	asking map[string]Asking // pending ones
	combos map[string]Combo
	outbox []Showing
	ledger []Entry
	tables map[string]*memoryTable // by session, and All
}

// memoryTable is totals and ranking of one session.
type memoryTable struct {
	totals  Totals
	senders map[string]Rank
	top     []Rank // the first of the ranking; values only grow, so nobody comes in from below but by giving
	at      time.Time
}

const memoryTop = 1000

// book returns a group's, made if it is new. m.mu is held.
func (m *Memory) book(group string) *memoryBook {
	b := m.books[group]
	if b == nil {
		b = &memoryBook{orders: map[string]Order{}, asking: map[string]Asking{}, combos: map[string]Combo{}, tables: map[string]*memoryTable{}}
		m.books[group] = b
	}
	return b
}

// Catalogue implements Store.
func (m *Memory) Catalogue(context.Context) (Catalogue, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Catalogue{Version: m.catalogue.Version, Gifts: slices.Clone(m.catalogue.Gifts)}, nil
}

// PutGift implements Store.
func (m *Memory) PutGift(_ context.Context, g Gift) (Catalogue, error) {
	return m.change(func(c Catalogue) (Catalogue, error) { return c.Put(g) })
}

// DeleteGift implements Store.
func (m *Memory) DeleteGift(_ context.Context, id string) (Catalogue, error) {
	return m.change(func(c Catalogue) (Catalogue, error) { return c.Delete(id) })
}

func (m *Memory) change(f func(Catalogue) (Catalogue, error)) (Catalogue, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, err := f(m.catalogue)
	if err != nil {
		return Catalogue{}, err
	}
	m.catalogue = c
	return Catalogue{Version: c.Version, Gifts: slices.Clone(c.Gifts)}, nil
}

// Place implements Store.
func (m *Memory) Place(_ context.Context, o Order, askAt time.Time) (Order, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.book(o.Group)
	if old, ok := b.orders[o.Key()]; ok {
		old, err := Repeated(old, o)
		return old, false, err
	}
	o.State = Pending
	if err := b.place(o, askAt); err != nil {
		return Order{}, false, err
	}
	return o, true, nil
}

func (b *memoryBook) place(o Order, askAt time.Time) error {
	head, err := b.head.Place(b.table(All).totals)
	if err != nil {
		return err
	}
	b.head = head
	b.orders[o.Key()] = o
	b.asking[o.Key()] = Asking{Order: o, Attempt: 1, NextAt: askAt}
	return nil
}

// Settle implements Store.
func (m *Memory) Settle(_ context.Context, group, key string, v Verdict, at time.Time, merge Merge) (Order, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.book(group)
	o, ok := b.orders[key]
	if !ok {
		return Order{}, false, ErrNoOrder
	}
	if o.State != Pending || !v.Known() {
		return o, false, nil
	}
	o = o.Settled(v, at)
	b.settle(o, merge)
	return o, true, nil
}

func (b *memoryBook) settle(o Order, merge Merge) {
	key := o.Key()
	b.orders[key] = o
	delete(b.asking, key)
	if o.State == Refused {
		b.head = b.head.Refuse()
		return
	}
	step := b.head.Accept(o, b.combos[o.ComboKey()], merge)
	b.head = step.Head
	b.ledger = append(b.ledger, Entry{Number: step.Entry, Order: o})
	b.outbox = append(b.outbox, step.Show...)
	if step.Combo != nil {
		b.combos[o.ComboKey()] = *step.Combo
	}
	b.table(All).add(o)
	b.table(o.Session).add(o)
}

// Record implements Store.
func (m *Memory) Record(_ context.Context, o Order, merge Merge) (Order, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.book(o.Group)
	at := o.SettledAt
	if old, ok := b.orders[o.Key()]; ok {
		old, err := Repeated(old, o)
		if err != nil || old.State != Pending {
			return old, false, err
		}
		o = old
	} else if err := b.place(o, at); err != nil {
		return Order{}, false, err
	}
	o = o.Settled(Verdict{State: Accepted}, at)
	b.settle(o, merge)
	return o, true, nil
}

// Ask implements Store.
func (m *Memory) Ask(_ context.Context, group, key string, attempt int, next time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.book(group)
	if _, ok := b.orders[key]; !ok {
		return false, ErrNoOrder
	}
	a, ok := b.asking[key]
	if !ok || a.Attempt != attempt {
		return false, nil
	}
	a.Attempt, a.NextAt = attempt+1, next
	b.asking[key] = a
	return true, nil
}

// Order implements Store.
func (m *Memory) Order(_ context.Context, group, key string) (Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.books[group]; b != nil {
		if o, ok := b.orders[key]; ok {
			return o, nil
		}
	}
	return Order{}, ErrNoOrder
}

// Busy implements Store.
func (m *Memory) Busy(_ context.Context, after string, limit int) ([]string, error) {
	return m.list(after, limit, func(b *memoryBook) bool { return b.head.Busy() })
}

// Groups implements Store.
func (m *Memory) Groups(_ context.Context, after string, limit int) ([]string, error) {
	return m.list(after, limit, func(b *memoryBook) bool { return len(b.orders)+len(b.tables) > 0 })
}

func (m *Memory) list(after string, limit int, want func(*memoryBook) bool) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var groups []string
	for _, group := range slices.Sorted(maps.Keys(m.books)) {
		if group > after && want(m.books[group]) && len(groups) < limit {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// Work implements Store.
func (m *Memory) Work(_ context.Context, group string, now time.Time, limit int) (Work, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.books[group]
	if b == nil {
		return Work{}, nil
	}
	var w Work
	for _, a := range slices.SortedFunc(maps.Values(b.asking), soonest) {
		if a.NextAt.After(now) {
			w.Next = a.NextAt
			break
		}
		if len(w.Ask) < limit {
			w.Ask = append(w.Ask, a)
		}
	}
	for _, c := range b.combos {
		switch {
		case !c.Due.After(now):
			w.Ending = earlier(w.Ending, c.Due)
		default:
			w.Next = earlier(w.Next, c.Due)
		}
	}
	w.Show = slices.Clone(b.outbox[:min(limit, len(b.outbox))])
	untold := b.ledger[b.after(b.head.Told):]
	w.Untold = slices.Clone(untold[:min(limit, len(untold))])
	return w, nil
}

// after is the index of the first entry with a bigger number.
func (b *memoryBook) after(number uint64) int {
	i, _ := slices.BinarySearchFunc(b.ledger, number+1, func(e Entry, n uint64) int { return cmp.Compare(e.Number, n) })
	return i
}

func soonest(a, b Asking) int {
	return cmp.Or(a.NextAt.Compare(b.NextAt), cmp.Compare(a.Order.Key(), b.Order.Key()))
}

// earlier returns the earlier of two times; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// EndCombos implements Store.
func (m *Memory) EndCombos(_ context.Context, group string, now time.Time, limit int, merge Merge) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.books[group]
	if b == nil {
		return 0, nil
	}
	var due []string
	for key, c := range b.combos {
		if !c.Due.After(now) {
			due = append(due, key)
		}
	}
	slices.SortFunc(due, func(x, y string) int {
		return cmp.Or(b.combos[x].Due.Compare(b.combos[y].Due), cmp.Compare(x, y))
	})
	due = due[:min(limit, len(due))]
	for _, key := range due {
		head, next, show, forget := b.head.Ended(b.combos[key], now, merge)
		b.head = head
		b.outbox = append(b.outbox, show...)
		b.combos[key] = next
		if forget {
			delete(b.combos, key)
		}
	}
	return len(due), nil
}

// Ack implements Store.
func (m *Memory) Ack(_ context.Context, group string, shown, told uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b := m.books[group]; b != nil {
		b.head = b.head.Ack(shown, told)
		b.outbox = slices.DeleteFunc(b.outbox, func(s Showing) bool { return s.Number <= b.head.Acked })
	}
	return nil
}
