package chat

import (
	"math/rand/v2"
	"time"
)

const (
	slotWidth = 50 * time.Millisecond
	slots     = 20 // together the trailing second
)

// window counts what a room delivered in the trailing second, in slots of 50 ms (design §6). Its owner guards it.
type window struct {
	start time.Time // slots count from here, on the monotonic clock
	ring  [slots]struct {
		slot        int64
		high, total int
	}
}

// sums adds up the slots of the second that ends now.
func (w *window) sums(slot int64) (high, total int) {
	for _, s := range w.ring {
		if s.slot > slot-slots && s.slot <= slot {
			high += s.high
			total += s.total
		}
	}
	return high, total
}

func (w *window) slot(now time.Time) int64 {
	if w.start.IsZero() {
		w.start = now
		for i := range w.ring {
			w.ring[i].slot = -slots
		}
	}
	return int64(now.Sub(w.start) / slotWidth)
}

// admit decides which candidates survive: by priority, in random order inside one. High passes while fewer than limit
// High passed, others while fewer than limit passed in all. Messages of the server pass uncounted, and what is Unheard never.
func (w *window) admit(now time.Time, candidates []Candidate, limit int) []bool {
	slot := w.slot(now)
	high, total := w.sums(slot)
	here := &w.ring[slot%slots]
	if here.slot != slot {
		here.slot, here.high, here.total = slot, 0, 0
	}
	pass := make([]bool, len(candidates))
	for class, some := range Contest(candidates) {
		for _, i := range some {
			if class == 0 {
				if high >= limit {
					break
				}
				high++
				here.high++
			} else if total >= limit {
				break
			}
			total++
			here.total++
			pass[i] = true
		}
	}
	for i, c := range candidates {
		pass[i] = pass[i] || c.Message.Server
	}
	return pass
}

// Contest returns the indices of the candidates that frequency control chooses from: those of High, of Normal and of Low
// priority, each in random order.
func Contest(candidates []Candidate) (classes [3][]int) {
	for i, c := range candidates {
		if !c.Message.Server && !c.Unheard {
			class := c.Message.Priority.class() - High
			classes[class] = append(classes[class], i)
		}
	}
	for _, of := range classes {
		rand.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	}
	return classes
}

// class is the priority frequency control sees: Lowest counts as Low, none as Normal.
func (p Priority) class() Priority {
	switch p {
	case High:
		return High
	case Low, Lowest:
		return Low
	case Normal:
		return Normal
	default:
		return Normal
	}
}
