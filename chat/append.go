package chat

import (
	"context"
	"maps"
	"time"
	"unicode/utf8"
)

// Bounds of what is appended.
const (
	MaxAppend = 100 // messages at once
	maxFences = 16  // names in a group
	maxFence  = 32  // bytes of a name
)

// serverBytes is how long what the server tells may be at least: it must not be lost where members may only say little.
const serverBytes = 12 << 10

// serverMost is how long what the server tells may be: 12 KiB, or as long as a message where that is more.
func (s *Service) serverMost() int { return max(s.cfg.MessageBytes, serverBytes) }

// Fenced is a message of the server with its place in its maker's own numbering: that of an outbox.
type Fenced struct {
	Number  uint64
	Message Message
}

// NextNumber is the number in an outbox after last: the time of the store in µs, or one more where that is not above. So a store that
// lost the newest of what it had, as Redis may in a fail-over, hands out no number that a group has noted already: its message would
// be skipped.
func NextNumber(last uint64, now time.Time) uint64 {
	return max(last+1, uint64(max(0, now.UnixMicro())))
}

// FencedMessage is a Fenced on its way to the log.
type FencedMessage struct {
	Number  uint64
	Message *Message
}

// AppendStore keeps messages of the server that have a numbering of their own, each once.
type AppendStore interface {
	// Append adds to the log those messages whose number is above the newest that was appended under the name of the fence,
	// and notes the newest, all or nothing and durable before it is answered (class A). Numbers rise. It sets Seq and Time of
	// those and returns them. A group has at most 16 fences (ErrParameter).
	Append(ctx context.Context, group, fence string, messages []FencedMessage, keep Retention) (fresh []*Message, err error)
}

// Append sends messages of the server to a group, in order and at most MaxAppend at once: those with a number above the newest
// that was appended under this fence. It may be repeated as often as its caller likes, and from any node, until it succeeds:
// members get each message once. One may have 12 KiB, or Config.MessageBytes where that is more. Of a Message Body,
// CloudCustomData, Priority, From, Nick, Avatar and Broadcast count; without From it is of Administrator.
func (s *Service) Append(ctx context.Context, group, fence string, messages ...Fenced) error {
	all, err := s.fenced(group, fence, messages)
	if err != nil || len(all) == 0 {
		return err
	}
	permit := func(*room) error { return nil }
	return s.change(ctx, group, permit, func(ctx context.Context) (outcome, error) {
		fresh, err := s.store.Append(ctx, group, fence, all, s.tuned().keep())
		if err != nil {
			return outcome{}, s.storeError(err, "append")
		}
		var out outcome
		for _, m := range fresh {
			s.fate(m.Priority, delivered)
			out.items = append(out.items, Item{Message: m})
		}
		return out, nil
	})
}

// fenced checks and completes messages that are to be appended.
func (s *Service) fenced(group, fence string, messages []Fenced) ([]FencedMessage, error) {
	if fence == "" || len(fence) > maxFence || !utf8.ValidString(fence) {
		return nil, ErrParameter.with("fence", "must be 1 to %d bytes of UTF-8", maxFence)
	}
	if len(messages) > MaxAppend {
		return nil, ErrParameter.with("messages", "at most %d at once", MaxAppend)
	}
	all := make([]FencedMessage, len(messages))
	var last uint64
	for i, f := range messages {
		if f.Number <= last {
			return nil, ErrParameter.with("messages", "numbers begin with 1 and rise")
		}
		last = f.Number
		m := f.Message
		m.Group, m.Server = group, true
		if m.From == "" {
			m.From = Administrator
		}
		c, err := s.checkWithin(&m, s.serverMost())
		if err != nil {
			return nil, err
		}
		if m.Priority == 0 {
			m.Priority = s.priorityOf(c)
		}
		all[i] = FencedMessage{f.Number, &m}
	}
	return all, nil
}

// Append is AppendStore.Append.
func (l *Ledger) Append(now time.Time, fence string, messages []FencedMessage, save Save) (fresh []*Message, err error) {
	next := l.Head()
	newest, known := next.Fences[fence]
	if !known && len(next.Fences) >= maxFences {
		return nil, ErrParameter.with("fence", "a group has at most %d", maxFences)
	}
	for _, f := range messages {
		if f.Number <= newest {
			continue
		}
		next.Seq++
		f.Message.Seq, f.Message.Time = next.Seq, now
		newest, fresh = f.Number, append(fresh, f.Message)
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	next.Fences = maps.Clone(next.Fences)
	if next.Fences == nil {
		next.Fences = make(map[string]uint64, 1)
	}
	next.Fences[fence] = newest
	if err := save.do(next, fresh...); err != nil {
		return nil, err
	}
	l.head = next
	for _, m := range fresh {
		l.log.append(m)
	}
	return fresh, nil
}

// Append implements AppendStore.
func (s *Memory) Append(_ context.Context, group, fence string, messages []FencedMessage, keep Retention) (fresh []*Message, err error) {
	err = s.with(group, func(l *Ledger) (err error) {
		now := time.Now()
		fresh, err = l.Append(now, fence, messages, nil)
		l.Trim(now, keep)
		return err
	})
	return fresh, err
}

// Append implements AppendStore.
func (n *MemoryNode) Append(ctx context.Context, group, fence string, messages []FencedMessage, keep Retention) ([]*Message, error) {
	return operate(ctx, n, group, func(l *Ledger) ([]*Message, Delta, error) {
		now := time.Now()
		fresh, err := l.Append(now, fence, messages, nil)
		l.Trim(now, keep)
		return fresh, Delta{Messages: fresh}, err
	})
}
