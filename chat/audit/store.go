package audit

import (
	"context"
	"time"
)

// Entry is one act as it is kept.
type Entry struct {
	Seq      uint64            `json:"seq"` // grows by one from entry to entry
	Time     time.Time         `json:"time"`
	Group    string            `json:"group,omitempty"` // the chat group; empty: of the whole installation
	By       string            `json:"by"`              // account
	Platform string            `json:"platform,omitempty"`
	Address  string            `json:"address,omitempty"` // the network it came from: an IPv4 address, an IPv6 /64
	Action   string            `json:"action"`
	Target   string            `json:"target,omitempty"` // user or message it was done to
	Detail   map[string]string `json:"detail,omitempty"`
}

// Filter chooses entries; what is zero does not matter.
type Filter struct {
	Group, By, Target, Action string
	Since, Until              time.Time // Since belongs to it, Until does not
}

// matches says whether an entry is chosen, its time apart.
func (f Filter) matches(e Entry) bool {
	same := func(asked, is string) bool { return asked == "" || asked == is }
	return same(f.Group, e.Group) && same(f.By, e.By) && same(f.Target, e.Target) && same(f.Action, e.Action)
}

// Query asks for a page of entries, the newest first.
type Query struct {
	Filter
	Before uint64 // only entries with a smaller Seq; 0: from the newest
	Limit  int
}

// Page is an answer to a Query. With Next there may be more: go on with it as Before. A store looks at MaxScan entries at
// most for one page, so a page may be short, or empty, and have a Next all the same.
type Page struct {
	Entries []Entry
	Next    uint64
}

// Bounds of one operation of a store.
const (
	MaxScan = 10_000 // entries looked at for a page
	MaxTrim = 1_000  // entries removed at once
)

// Store keeps entries by Seq. Each method is atomic; what AppendActs answered is durable (class A).
type Store interface {
	// AppendActs appends entries in their order and numbers them. Times never go back in the log: an entry that is older
	// than the one before it gets that one's time. A Store that may lose an answer recognises an operation (chat.WithOperation)
	// for ten minutes: appended again, its entries are there once.
	AppendActs(ctx context.Context, entries []Entry) error
	Acts(ctx context.Context, q Query) (Page, error)
	// TrimActs removes the oldest entries: those before olderThan, and those beyond the newest keep. It removes MaxTrim at
	// most and says how many it did.
	TrimActs(ctx context.Context, olderThan time.Time, keep int) (removed int, err error)
}

// Scan collects a page. Look returns the entry with a Seq; found is false where there is none any more. First and last are
// the smallest and the largest Seq there are.
func (q Query) Scan(first, last uint64, look func(seq uint64) (e Entry, found bool, err error)) (p Page, err error) {
	if last == 0 {
		return Page{}, nil
	}
	top := last
	if q.Before > 0 {
		top = min(top, q.Before-1)
	}
	if !q.Until.IsZero() {
		if top, err = newestBefore(first, top, q.Until, look); err != nil {
			return Page{}, err
		}
	}
	for seq := top; seq >= first && seq > 0; seq-- {
		if len(p.Entries) == q.Limit || top-seq == MaxScan {
			p.Next = seq + 1
			return p, nil
		}
		e, found, err := look(seq)
		if err != nil {
			return Page{}, err
		}
		if !found || e.Time.Before(q.Since) {
			return p, nil
		}
		if q.matches(e) {
			p.Entries = append(p.Entries, e)
		}
	}
	return p, nil
}

// newestBefore finds the largest Seq, first-1 to top, whose entry is before a moment.
func newestBefore(first, top uint64, moment time.Time, look func(uint64) (Entry, bool, error)) (uint64, error) {
	low, high := first, top+1 // the first entry that is not before the moment is in low…high
	for low < high {
		middle := low + (high-low)/2
		e, found, err := look(middle)
		if err != nil {
			return 0, err
		}
		if found && !e.Time.Before(moment) {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low - 1, nil
}

// Surplus is the largest Seq that TrimActs must remove, 0 for none.
func Surplus(first, last uint64, olderThan time.Time, keep int, look func(seq uint64) (Entry, bool, error)) (uint64, error) {
	if last == 0 {
		return 0, nil
	}
	end, err := newestBefore(first, last, olderThan, look)
	if err != nil {
		return 0, err
	}
	if n := uint64(max(0, keep)); last > n {
		end = max(end, last-n)
	}
	return min(end, first+MaxTrim-1), nil
}

// Number gives entries their Seq and times, after the newest entry there is.
func Number(newest Entry, entries []Entry) []Entry {
	out := make([]Entry, len(entries))
	for i, e := range entries {
		e.Seq = newest.Seq + 1
		if e.Time.Before(newest.Time) {
			e.Time = newest.Time
		}
		out[i], newest = e, e
	}
	return out
}
