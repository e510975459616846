package socket

import (
	"slices"
	"sync"
)

// class says how a queue treats a frame that does not fit.
type class uint8

// Classes, from what is never lost to what is lost first.
const (
	reply   class = iota // answers, and what belongs to the connection: limited by not reading on
	control              // events and messages of the server: the socket is closed if they do not fit
	high
	normal
	low
	classes
)

// maxWriteBytes is what one write takes at most, so that its deadline holds a socket to a least speed.
const maxWriteBytes = 32 << 10

// maxWriteFrames bounds the pieces of one writev.
const maxWriteFrames = 64

type entry struct {
	b     []byte
	class class
}

// outcome of a delivery.
type outcome uint8

const (
	queued   outcome = iota // it will be written
	lost                    // dropped, or for nobody
	overflow                // a control frame did not fit
)

// queue holds what a socket has not written yet, in order.
type queue struct {
	maxFrames int
	maxBytes  int

	mu         sync.Mutex
	entries    []entry
	batchBytes int           // of entries that are not replies
	replyBytes int           // of those that are
	writing    bool          // a writer is at work, and will look again before it ends
	closed     bool          // nothing more is taken
	partial    bool          // the first entry is written in part
	moved      chan struct{} // if not nil, somebody waits: closed when the writer took something or ended

	groups  []string // whose deliveries are wanted
	joining string   // group whose deliveries wait until its join is answered
	held    []delivery
}

// deliver queues a batch of a group. Start asks the caller to start a writer; dropped counts batches lost, by class.
func (q *queue) deliver(group string, d delivery, dropped *[classes]uint64) (o outcome, start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return lost, false
	case q.joining == group:
		if len(q.held) >= q.maxFrames {
			return overflow, false
		}
		q.held = append(q.held, d)
		return queued, false
	}
	at := slices.Index(q.groups, group)
	if at < 0 {
		return lost, false
	}
	o = q.put(d, dropped)
	if d.last() {
		q.groups = slices.Delete(q.groups, at, at+1)
	}
	return o, q.start()
}

// hand queues what comes of no group, if it fits.
func (q *queue) hand(d delivery, dropped *[classes]uint64) (start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.put(d, dropped)
	return q.start()
}

// push queues a frame that is no batch: an answer, a ping, a pong. Nil is none.
func (q *queue) push(b []byte) (start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || b == nil {
		return false
	}
	q.append(b, reply)
	return q.start()
}

// join holds a group's deliveries back until joined or unjoined.
func (q *queue) join(group string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.joining = group
}

// joined queues the answer to a join, and after it what was delivered meanwhile.
func (q *queue) joined(answer []byte, dropped *[classes]uint64) (o outcome, start bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	group, held := q.joining, q.held
	q.joining, q.held = "", nil
	if q.closed {
		return lost, false
	}
	q.groups = append(q.groups, group)
	q.append(answer, reply)
	for _, d := range held {
		if q.put(d, dropped) == overflow {
			o = overflow
		}
		if d.last() {
			q.groups = q.groups[:len(q.groups)-1]
			break
		}
	}
	return o, q.start()
}

// unjoined forgets what was held for a join that failed.
func (q *queue) unjoined() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.joining, q.held = "", nil
}

// leave stops the deliveries of a group and says whether there were any.
func (q *queue) leave(group string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.groups, group)
	if at < 0 {
		return false
	}
	q.groups = slices.Delete(q.groups, at, at+1)
	return true
}

// in returns the groups whose deliveries are wanted.
func (q *queue) in() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.groups)
}

// has says whether a group's deliveries are wanted, and how many groups' are.
func (q *queue) has(group string) (bool, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Contains(q.groups, group), len(q.groups)
}

// put queues a delivery if it fits. The lock is held.
func (q *queue) put(d delivery, dropped *[classes]uint64) outcome {
	b, c := d.frame(), d.class()
	if q.makeRoom(len(b), c, dropped) {
		q.append(b, c)
		return queued
	}
	if c == control {
		return overflow
	}
	dropped[c]++
	return lost
}

// makeRoom drops whole batches that are not more important than c until n bytes fit: Low first, then Normal, then High,
// the oldest of a class first. The lock is held.
func (q *queue) makeRoom(n int, c class, dropped *[classes]uint64) bool {
	for victim := low; !q.fits(n); {
		at := slices.IndexFunc(q.entries, func(e entry) bool { return e.class == victim })
		switch {
		case at >= 0:
			q.batchBytes -= len(q.entries[at].b)
			q.entries = slices.Delete(q.entries, at, at+1)
			dropped[victim]++
		case victim > max(c, high):
			victim--
		default:
			return false
		}
	}
	return true
}

// fits says whether n more bytes of batches may wait. One batch of any size always may. The lock is held.
func (q *queue) fits(n int) bool {
	return len(q.entries) < q.maxFrames && (q.batchBytes == 0 || q.batchBytes+n <= q.maxBytes)
}

// append adds an entry. The lock is held.
func (q *queue) append(b []byte, c class) {
	q.entries = append(q.entries, entry{b, c})
	if c == reply {
		q.replyBytes += len(b)
	} else {
		q.batchBytes += len(b)
	}
}

// start says whether a writer must be started, and takes it for started. The lock is held.
func (q *queue) start() bool {
	if q.writing || len(q.entries) == 0 {
		return false
	}
	q.writing = true
	return true
}
