package chat

import (
	"slices"
	"sort"
	"time"
)

// logbook is a room's messages in order, bounded by a Retention. Its owner guards it.
type logbook struct {
	messages []*Message // by rising Seq
	bytes    int
	last     uint64    // of the newest message ever
	lastAt   time.Time // when that was; zero: none, or it is not here any more
	floor    uint64    // of the newest message that is not here any more
}

func newLogbook(messages []*Message, last, floor uint64) logbook {
	b := logbook{messages: slices.Clone(messages), last: last, floor: floor}
	for _, m := range messages {
		b.bytes += m.size()
		b.lastAt = m.Time
	}
	return b
}

func (b *logbook) append(m *Message) {
	b.messages = append(b.messages, m)
	b.bytes += m.size()
	b.last, b.lastAt = m.Seq, m.Time
}

// trim removes what neither history nor resume needs, and returns the removed.
func (b *logbook) trim(now time.Time, keep Retention) []*Message {
	n := 0
	bytes := b.bytes
	for n < len(b.messages) {
		age, left := now.Sub(b.messages[n].Time), len(b.messages)-n
		resume := age <= keep.ResumeAge && left <= keep.ResumeMessages && bytes <= keep.ResumeBytes
		history := age <= keep.HistoryAge && left <= keep.History
		if resume || history {
			break
		}
		bytes -= b.messages[n].size()
		n++
	}
	if n == 0 {
		return nil
	}
	removed := slices.Clone(b.messages[:n])
	clear(b.messages[:n])
	b.messages, b.bytes = b.messages[n:], bytes
	b.floor = max(b.floor, removed[n-1].Seq)
	return removed
}

// after returns the messages above seq, at most limit, and whether none above seq is missing.
func (b *logbook) after(seq uint64, limit int) ([]*Message, bool) {
	i := sort.Search(len(b.messages), func(i int) bool { return b.messages[i].Seq > seq })
	tail := b.messages[i:]
	if len(tail) > limit {
		tail = tail[:limit]
	}
	return slices.Clone(tail), seq >= b.floor && seq <= b.last
}

// lastOf returns the newest message of a user, or nil.
func (b *logbook) lastOf(user string) *Message {
	for _, m := range slices.Backward(b.messages) {
		if m.From == user {
			return m
		}
	}
	return nil
}

// sentWith returns the message that was sent with the key of another, since a moment, or nil.
func (b *logbook) sentWith(key Key, as *Message, since time.Time) *Message {
	for _, m := range slices.Backward(b.messages) {
		if m.Time.Before(since) || key == (Key{}) {
			return nil
		}
		if m.Random == as.Random && m.From == as.From && DedupKey(m) == key {
			return m
		}
	}
	return nil
}

// newest returns up to n messages not older than age, oldest first.
func (b *logbook) newest(n int, now time.Time, age time.Duration) []*Message {
	i := max(0, len(b.messages)-n)
	for i < len(b.messages) && now.Sub(b.messages[i].Time) > age {
		i++
	}
	return slices.Clone(b.messages[i:])
}

// size is what a message costs in a log, roughly.
func (m *Message) size() int {
	return len(m.Body) + len(m.CloudCustomData) + len(m.Nick) + len(m.Avatar) + 128
}
