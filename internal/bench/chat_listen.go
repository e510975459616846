package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// listener is one member who only listens. It belongs to its worker; the reporter reads it when that has ended.
type listener struct {
	w    *worker
	room *chatRoom
	id   int
	fd   int // -1: none

	state   listenerState
	joined  bool // now
	slow    bool // stops reading in the second part of the window
	off     bool // does not read now
	attempt int  // to come back
	dialAt  int64
	nextAt  int64 // of dialling again

	part []byte // of a frame that is not whole
	frag []byte // of a message that is not whole

	everIn bool
	epoch  string
	last   uint64 // newest number that came
	seen   seen   // from its first join on
}

type listenerState uint8

const (
	chatIdle listenerState = iota
	chatConnecting
	chatUpgrading
	chatOpen
	chatClosed
)

// crowdCounts are what all listeners together count; readable at any time.
type crowdCounts struct {
	in        atomic.Int64 // now
	failed    atomic.Int64 // never came in, and won't
	delivered atomic.Int64 // messages, ours or not
	frames    atomic.Int64 // that carried any
	bytes     atomic.Int64
	closed    atomic.Int64 // connections, after they were in
	rejoined  atomic.Int64 // with all that was missed
	gaps      atomic.Int64 // rejoined, and told that something is missing
	part      atomic.Int32 // of the window

	join, rejoin histogram
	latency      [parts]histogram
	slowLatency  histogram
	notes        notes
}

// tally is what one worker counts; the reporter reads it when that has ended.
type tally struct {
	doubled, disordered, foreign int64
	outageAt, healedAt           int64 // first close and last return, Unix ns
}

var errUpgrade = errors.New("the server did not upgrade")

// request is the upgrade's.
func upgradeRequest(host, path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bGl2ZXJvb20tYmVuY2gtMQ==\r\n\r\n", path, host)
}

// upgraded reads the answer to the upgrade from the head of b; n is 0 when it is not whole yet.
func upgraded(b []byte) (n int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, nil
	}
	if bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) {
		return end + 4, nil
	}
	var problem struct{ Code, Detail string }
	if json.Unmarshal(b[end+4:], &problem) == nil && problem.Code != "" {
		return 0, &Refusal{Code: problem.Code, Detail: problem.Detail}
	}
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	return 0, fmt.Errorf("%w: %s", errUpgrade, line)
}

// hello is what a listener says first: both at once, as the answers come in order.
func (l *listener) hello() []byte {
	b := appendFrame(nil, wsText, []byte(`{"id":1,"op":"auth","platform":"Web"}`))
	join := fmt.Appendf(nil, `{"id":2,"op":"join","group":%q`, l.room.group)
	if l.everIn {
		join = fmt.Appendf(join, `,"epoch":%q,"seq":%d`, l.epoch, l.last)
	}
	return appendFrame(b, wsText, append(join, '}'))
}

var (
	batchHead = []byte(`{"push":"batch"`)
	closeHead = []byte(`{"push":"close"`)
	replyHead = []byte(`{"reply":`)
	joinHead  = []byte(`{"reply":2,`)
	goodReply = []byte(`,"code":0,`)
	isWhole   = []byte(`"complete":true`)
)

// text takes one whole message of the server. An error ends the connection.
func (l *listener) text(p []byte, now int64) error {
	switch {
	case bytes.HasPrefix(p, batchHead):
		l.items(l.w.memos[l.room.index].items(p), now)
	case bytes.HasPrefix(p, joinHead) && bytes.Contains(p[:min(len(p), 40)], goodReply):
		l.enter(p, now)
	case bytes.HasPrefix(p, replyHead) && !bytes.Contains(p[:min(len(p), 40)], goodReply):
		return refusedIn(p)
	case bytes.HasPrefix(p, closeHead):
		return &Refusal{Code: "sent_away", Detail: textOf(p, `"reason":"`)}
	}
	return nil
}

// refusedIn is what an answer refuses with.
func refusedIn(p []byte) error {
	var answer struct{ Error, Detail string }
	if err := json.Unmarshal(p, &answer); err != nil || answer.Error == "" {
		return errors.New("the server's answer can't be read")
	}
	return &Refusal{Code: answer.Error, Detail: answer.Detail}
}

// enter takes the answer to a join.
func (l *listener) enter(p []byte, now int64) {
	c := &l.w.all.crowdCounts
	l.joined, l.attempt = true, 0
	l.w.unfinished--
	c.in.Add(1)
	l.epoch = textOf(p, `"epoch":"`)
	if !l.everIn {
		l.everIn = true
		l.last = numberOf(p, `"seq":`)
		l.seen.base = l.last
		c.join.add(time.Duration(now - l.dialAt))
		return
	}
	c.rejoin.add(time.Duration(now - l.dialAt))
	l.w.healedAt = now
	if bytes.Contains(p, isWhole) {
		c.rejoined.Add(1)
	} else {
		c.gaps.Add(1)
	}
	l.items(appendItems(nil, p), now)
}

// items takes messages.
func (l *listener) items(items []item, now int64) {
	if len(items) == 0 {
		return
	}
	c, w := &l.w.all.crowdCounts, l.w
	c.frames.Add(1)
	c.delivered.Add(int64(len(items)))
	latency := &c.latency[c.part.Load()]
	if l.slow {
		latency = &c.slowLatency
	}
	for _, one := range items {
		fresh, ok := l.seen.add(one.seq)
		switch {
		case !ok:
			w.foreign++
			continue
		case !fresh:
			w.doubled++
			continue
		case one.seq < l.last:
			w.disordered++
		default:
			l.last = one.seq
		}
		if one.sentAt != 0 && w.window.has(one.sentAt) {
			latency.add(time.Duration(now - one.sentAt))
		}
	}
}

// joinLimit is how long one join may take.
const joinLimit = 30 * time.Second

// reasonClosed ends a connection that the server closed.
var reasonClosed error = &Refusal{Code: codeClosed, Detail: "the server closed the connection"}

// Bounds of coming back.
const (
	backoffLeast = 250 * time.Millisecond
	backoffMost  = 10 * time.Second
)

// backoff is exponential with full jitter.
func backoff(attempt int) time.Duration {
	span := min(backoffMost, backoffLeast<<min(attempt, 10))
	return backoffLeast + rand.N(span)
}
