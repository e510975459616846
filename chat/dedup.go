package chat

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// How many ended sends a group remembers. 40 a second for 5 minutes are 12,000; dropped ones are kept apart, so that a
// flood of them can't push out what was delivered.
const (
	maxDelivered = 20_000
	maxDropped   = 2_000
)

// DedupKey makes the key of a message. Random 0 means that the sender wants no de-duplication.
func DedupKey(m *Message) Key {
	if m.Random == 0 {
		return Key{}
	}
	h := sha256.New()
	var n [8]byte
	for _, part := range [][]byte{[]byte(m.From), m.Body, []byte(m.CloudCustomData)} {
		h.Write(binary.BigEndian.AppendUint64(n[:0], uint64(len(part))))
		h.Write(part)
	}
	h.Write(binary.BigEndian.AppendUint32(n[:0], m.Random))
	return Key(h.Sum(nil)[:16])
}

// Settled is a send that ended, as a store keeps it over a restart.
type Settled struct {
	Key     Key
	Ack     Ack
	Expires time.Time

	unheard bool // no message stands behind it: it is forgotten like a dropped one
}

// dedup remembers the sends of one group. Its owner guards it.
type dedup struct {
	known     map[Key]known
	delivered []Settled // by rising Expires
	dropped   []Settled
}

type known struct {
	Settled
	pending bool
}

// reserve claims key; see Store.Reserve.
func (d *dedup) reserve(now time.Time, key Key) Reservation {
	d.expire(now)
	if k, ok := d.known[key]; ok && now.Before(k.Expires) {
		if k.pending {
			return Reservation{}
		}
		return Reservation{Ack: &k.Ack}
	}
	if d.known == nil {
		d.known = make(map[Key]known)
	}
	d.known[key] = known{Settled: Settled{Key: key, Expires: now.Add(PendingAge)}, pending: true}
	return Reservation{Fresh: true}
}

// deliveredAs is the ack of the message that was delivered with a key, if there is one, and else the zero Ack.
func (d *dedup) deliveredAs(now time.Time, key Key) Ack {
	k, ok := d.known[key]
	if !ok || k.pending || k.unheard || k.Ack.Dropped || !now.Before(k.Expires) {
		return Ack{}
	}
	k.Ack.Before = true
	return k.Ack
}

// hold lets a reservation stand until it is settled or released, for an owner who will do so whatever happens.
func (d *dedup) hold(key Key) {
	k := d.known[key]
	k.Expires = k.Expires.Add(Forever)
	d.known[key] = k
}

func (d *dedup) release(key Key) {
	if k, ok := d.known[key]; ok && k.pending {
		delete(d.known, key)
	}
}

// settle remembers how a send ended.
func (d *dedup) settle(s Settled) {
	if s.Key == (Key{}) {
		return
	}
	if d.known == nil {
		d.known = make(map[Key]known)
	}
	d.known[s.Key] = known{Settled: s}
	if s.Ack.Dropped || s.unheard {
		d.dropped = d.forget(append(d.dropped, s), len(d.dropped)+1-maxDropped)
	} else {
		d.delivered = d.forget(append(d.delivered, s), len(d.delivered)+1-maxDelivered)
	}
}

// expire forgets what is over.
func (d *dedup) expire(now time.Time) {
	over := func(list []Settled) (n int) {
		for n < len(list) && !now.Before(list[n].Expires) {
			n++
		}
		return n
	}
	d.delivered = d.forget(d.delivered, over(d.delivered))
	d.dropped = d.forget(d.dropped, over(d.dropped))
}

// forget drops the oldest n of list, unless the key has been used again since.
func (d *dedup) forget(list []Settled, n int) []Settled {
	if n <= 0 {
		return list
	}
	for _, s := range list[:n] {
		if k, ok := d.known[s.Key]; ok && !k.pending && k.Expires.Equal(s.Expires) {
			delete(d.known, s.Key)
		}
	}
	return list[n:]
}
