package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"liveroom/chat/audit"
)

// Audit is Redis as audit.Store. Its keys:
//
//	{lr}:audit       stream: Seq-0 → the field e with audit.Entry (JSON)
//	{lr}:audit:head  string: auditHead (JSON): the newest entry's, also when it is gone
type Audit struct {
	s         *Store
	log, head string
}

var _ audit.Store = (*Audit)(nil)

type auditHead struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
}

// auditAge is how long an append is recognised that is made again (audit.Log does while Redis is away).
const auditAge = 10 * time.Minute

// auditPage is how many entries are read at a time where they are read in order.
const auditPage = 500

// Audit is the audit log's view of Redis.
func (s *Store) Audit() *Audit {
	return &Audit{s: s, log: s.key("lr", "audit"), head: s.key("lr", "audit", "head")}
}

// AppendActs implements audit.Store.
func (a *Audit) AppendActs(ctx context.Context, entries []audit.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return a.s.change(ctx, auditAge, func(ctx context.Context, d *draft) error {
		text, found, err := d.text(ctx, a.head)
		if err != nil {
			return err
		}
		var head auditHead
		if found {
			if err := json.Unmarshal([]byte(text), &head); err != nil {
				return fmt.Errorf("decode the audit log's head: %w", err)
			}
		}
		for _, e := range audit.Number(audit.Entry{Seq: head.Seq, Time: head.Time}, entries) {
			entry, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("encode entry %d: %w", e.Seq, err)
			}
			d.do("XADD", a.log, entryID(e.Seq), "e", entry)
			head = auditHead{e.Seq, e.Time}
		}
		next, err := json.Marshal(head)
		d.do("SET", a.head, next)
		return err
	})
}

func entryID(seq uint64) string { return strconv.FormatUint(seq, 10) + "-0" }

// Acts implements audit.Store.
func (a *Audit) Acts(ctx context.Context, q audit.Query) (audit.Page, error) {
	ctx, cancel := a.s.within(ctx)
	defer cancel()
	r := &auditReader{a: a, ctx: ctx}
	first, last, err := r.bounds()
	if err != nil {
		return audit.Page{}, err
	}
	return q.Scan(first, last, r.look)
}

// TrimActs implements audit.Store.
func (a *Audit) TrimActs(ctx context.Context, olderThan time.Time, keep int) (removed int, err error) {
	ctx, cancel := a.s.within(ctx)
	defer cancel()
	r := &auditReader{a: a, ctx: ctx}
	first, last, err := r.bounds()
	if err != nil {
		return 0, err
	}
	end, err := audit.Surplus(first, last, olderThan, keep, r.look)
	if err != nil || end < first || last == 0 {
		return 0, err
	}
	removed, err = a.s.command(ctx, "xtrim", a.log, "minid", entryID(end+1)).Int()
	return removed, away(err)
}

// auditReader reads entries for one call. Those that are read one after the other, the newest first, come a page at a time.
type auditReader struct {
	a   *Audit
	ctx context.Context

	page map[uint64]audit.Entry
	last uint64 // what was looked for last
}

// bounds are the smallest and the largest Seq there are, 0 if there is none.
func (r *auditReader) bounds() (first, last uint64, err error) {
	oldest, err := r.a.s.rdb.XRangeN(r.ctx, r.a.log, "-", "+", 1).Result()
	if err != nil || len(oldest) == 0 {
		return 0, 0, away(err)
	}
	newest, err := r.a.s.rdb.XRevRangeN(r.ctx, r.a.log, "+", "-", 1).Result()
	if err != nil || len(newest) == 0 {
		return 0, 0, away(err)
	}
	return seqOf(oldest[0]), seqOf(newest[0]), nil
}

func seqOf(m redis.XMessage) uint64 {
	text, _, _ := strings.Cut(m.ID, "-")
	seq, _ := strconv.ParseUint(text, 10, 64) // Redis made it of one
	return seq
}

func (r *auditReader) look(seq uint64) (audit.Entry, bool, error) {
	e, found := r.page[seq]
	if !found {
		n := int64(1)
		if seq+1 == r.last {
			n = auditPage
		}
		if err := r.read(seq, n); err != nil {
			return audit.Entry{}, false, err
		}
		e, found = r.page[seq]
	}
	r.last = seq
	return e, found, nil
}

// read reads up to n entries, from one back.
func (r *auditReader) read(seq uint64, n int64) error {
	all, err := r.a.s.rdb.XRevRangeN(r.ctx, r.a.log, entryID(seq), "-", n).Result()
	if err != nil {
		return away(err)
	}
	r.page = make(map[uint64]audit.Entry, len(all))
	for _, m := range all {
		e, _, err := decode[audit.Entry](m.Values["e"])
		if err != nil {
			return fmt.Errorf("audit entry %s: %w", m.ID, err)
		}
		r.page[seqOf(m)] = e
	}
	return nil
}
