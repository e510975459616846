package chat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"liveroom/chat"
)

// flushed is a flush as the store saw it.
type flushed struct {
	at         time.Time
	candidates []chat.Candidate
	acks       []chat.Ack
}

// watched is a store that notes its flushes.
type watched struct {
	chat.Store
	mu      sync.Mutex
	flushes []flushed
}

func (w *watched) Flush(ctx context.Context, group string, b chat.Flush) ([]chat.Ack, error) {
	at := time.Now()
	acks, err := w.Store.Flush(ctx, group, b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flushes = append(w.flushes, flushed{at, b.Candidates, acks})
	return acks, err
}

// offer is a message that is sent at a moment.
type offer struct {
	at       time.Duration
	priority chat.Priority
	server   bool
}

// class is what frequency control sees of an offer's priority.
func class(p chat.Priority) chat.Priority {
	switch p {
	case chat.High, chat.Normal:
		return p
	case chat.Low, chat.Lowest:
		return chat.Low
	default:
		return chat.Normal
	}
}

// flood sends offers, in their order and each at its time, and returns the answers.
func flood(s *chat.Service, offers []offer, users int) ([]chat.Ack, error) {
	acks, errs := make([]chat.Ack, len(offers)), make([]error, len(offers))
	var wg sync.WaitGroup
	began := time.Now()
	for i, o := range offers {
		time.Sleep(time.Until(began.Add(o.at)))
		wg.Go(func() {
			m := chat.Message{Group: "demo", Body: text(fmt.Sprint(i)), Priority: o.priority}
			if o.server {
				acks[i], errs[i] = s.SendServer(context.Background(), m)
				return
			}
			acks[i], errs[i] = s.Send(context.Background(), m, named(fmt.Sprint("user", i%users)))
		})
		synctest.Wait() // so that they arrive in this order
	}
	wg.Wait()
	return acks, errors.Join(errs...)
}

// audience fills the room with users and returns what the last of them receives.
func audience(t testing.TB, s *chat.Service, users int) *session {
	t.Helper()
	create(t, s, "demo")
	var last *session
	for i := range users {
		last, _ = join(t, s, "demo", fmt.Sprint("user", i))
	}
	return last
}

// TestFrequencyControlOfAnyMix: whatever is offered, each flush lets as much pass as the trailing second has room for, High
// first and then Normal, and no more; what passes is delivered in the order it came; senders and the server notice nothing.
func TestFrequencyControlOfAnyMix(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.SampledFrom([]int{40, 40, 40, 7}).Draw(rt, "rate")
		pending := limit * rapid.SampledFrom([]int{1, 2, 25}).Draw(rt, "pending")
		offers := mix(rt)
		var failed error
		synctest.Test(t, func(t *testing.T) {
			store := &watched{Store: chat.NewMemory()}
			s := start(t, chat.Config{RatePerSecond: limit, Pending: pending, CountEvery: time.Hour}, store)
			member := audience(t, s, 5)
			acks, err := flood(s, offers, 5)
			failed = errors.Join(err, checkFlushes(store.flushes, limit), checkCrowded(store.flushes, offers, acks, pending), checkDelivered(member, offers, acks))
		})
		if failed != nil {
			rt.Fatal(failed)
		}
	})
}

// mix draws what is offered: a few stretches of time, each with its own rates.
func mix(t *rapid.T) (all []offer) {
	var at time.Duration
	for range rapid.IntRange(1, 4).Draw(t, "stretches") {
		length := rapid.IntRange(20, 1200).Draw(t, "ms")
		var each []time.Duration // from one message to the next; 0: none
		for _, kind := range []string{"High", "Normal", "Low", "Lowest", "server"} {
			perSecond := rapid.SampledFrom([]int{0, 0, 3, 20, 39, 41, 60, 200}).Draw(t, kind)
			each = append(each, 0)
			if perSecond > 0 {
				each[len(each)-1] = time.Second / time.Duration(perSecond)
			}
		}
		if rapid.Bool().Draw(t, "burst") { // at once
			for range rapid.IntRange(1, 150).Draw(t, "messages") {
				all = append(all, offer{at: at, priority: chat.Priority(rapid.IntRange(0, int(chat.Lowest)).Draw(t, "priority"))})
			}
		}
		for ms := range length {
			for i, gap := range each {
				now := time.Duration(ms) * time.Millisecond
				if gap > 0 && now/gap != (now+time.Millisecond)/gap {
					all = append(all, offer{at: at + now, priority: chat.Priority(min(i+1, int(chat.Lowest))), server: i == 4})
				}
			}
		}
		at += time.Duration(length) * time.Millisecond
	}
	return all
}

// checkFlushes compares each flush with the rule of design §6, in slots of 50 ms since the first.
func checkFlushes(flushes []flushed, limit int) error {
	type passed struct {
		slot int64
		high bool
	}
	var all []passed
	var seq uint64
	for n, f := range flushes {
		slot := int64(f.at.Sub(flushes[0].at) / (50 * time.Millisecond))
		high, total := 0, 0
		for _, p := range all {
			if p.slot > slot-20 {
				total++
				if p.high {
					high++
				}
			}
		}
		offered, got := map[chat.Priority]int{}, map[chat.Priority]int{}
		for i, c := range f.candidates {
			p := class(c.Message.Priority)
			switch ack := f.acks[i]; {
			case c.Message.Server && ack.Dropped:
				return fmt.Errorf("flush %d dropped a message of the server", n)
			case !ack.Dropped:
				if seq++; ack.Seq != seq {
					return fmt.Errorf("flush %d: survivor %d has number %d", n, seq, ack.Seq)
				}
			}
			if c.Message.Server {
				continue
			}
			if offered[p]++; !f.acks[i].Dropped {
				got[p]++
				all = append(all, passed{slot, p == chat.High})
			}
		}
		want := map[chat.Priority]int{chat.High: min(offered[chat.High], limit-high)}
		left := max(0, limit-total-want[chat.High])
		want[chat.Normal] = min(offered[chat.Normal], left)
		want[chat.Low] = min(offered[chat.Low], left-want[chat.Normal])
		for p := chat.High; p <= chat.Low; p++ {
			if got[p] != want[p] {
				return fmt.Errorf("flush %d with %d High and %d in all before it: of %v passed %v, want %v", n, high, total, offered, got, want)
			}
		}
		if high += got[chat.High]; high > limit {
			return fmt.Errorf("flush %d: %d High in a second", n, high)
		}
		if total += got[chat.High] + got[chat.Normal] + got[chat.Low]; total > limit+high || total > 2*limit {
			return fmt.Errorf("flush %d: %d in a second, %d High", n, total, high)
		}
	}
	return nil
}

// checkCrowded: what found no place in a batch had so many before it that it could not have passed; and no batch grows
// beyond its bound.
func checkCrowded(flushes []flushed, offers []offer, acks []chat.Ack, pending int) error {
	tried := map[string]bool{}
	for n, f := range flushes {
		members, servers := 0, 0
		for _, c := range f.candidates {
			tried[textOf(c.Message)] = true
			if c.Message.Server {
				servers++
			} else {
				members++
			}
		}
		if members > pending*(servers+1) { // each of the server's closes a batch; they are flushed together
			return fmt.Errorf("flush %d holds %d, and %d of the server", n, members, servers)
		}
	}
	for i, ack := range acks {
		if tried[fmt.Sprint(i)] {
			continue
		}
		explained := false
		for _, f := range flushes {
			before := 0
			for _, c := range f.candidates {
				if !c.Message.Server && class(c.Message.Priority) <= class(offers[i].priority) {
					before++
				}
			}
			explained = explained || before >= pending && !f.at.Before(ack.Time) && f.at.Sub(ack.Time) <= 250*time.Millisecond
		}
		if !ack.Dropped || offers[i].server || !explained {
			return fmt.Errorf("message %d, %+v, came to no flush: %+v", i, offers[i], ack)
		}
	}
	return nil
}

// checkDelivered: a member received what senders were told was delivered, each once, in the order it was sent.
func checkDelivered(member *session, offers []offer, acks []chat.Ack) error {
	got := map[int]uint64{}
	last := -1
	for _, item := range member.items() {
		if item.Message == nil {
			continue
		}
		var n int
		if _, err := fmt.Sscan(textOf(item.Message), &n); err != nil || n <= last {
			return fmt.Errorf("%q came after %d", textOf(item.Message), last)
		}
		got[n], last = item.Message.Seq, n
	}
	for i, ack := range acks {
		seq, delivered := got[i]
		if delivered == ack.Dropped || delivered && seq != ack.Seq || offers[i].server && !delivered {
			return fmt.Errorf("message %d, %+v: delivered %v as %d, its sender was told %+v", i, offers[i], delivered, seq, ack)
		}
	}
	return nil
}

// TestATenSecondFlood: 1000 messages a second of 200 members for ten seconds, and one of the server each half second.
func TestATenSecondFlood(t *testing.T) {
	for _, tc := range []struct {
		name  string
		high  int // of 1000
		least int // High that must pass in a second
		most  int // in all
	}{
		// 50 High a second are ten too many. Others pass when an old High leaves the window and no new one is there yet.
		{"5 % High", 50, 39, 45},
		{"3 % High", 30, 30, 42},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &watched{Store: chat.NewMemory()}
				s := start(t, chat.Config{CountEvery: time.Hour}, store)
				member := audience(t, s, 200)
				offers := tenSeconds(tc.high)
				acks, err := flood(s, offers, 200)
				if err := errors.Join(err, checkFlushes(store.flushes, 40), checkDelivered(member, offers, acks)); err != nil {
					t.Fatal(err)
				}
				all, high, server := bySecond(member, store.flushes[0].at)
				for i := range 10 {
					if all[i] > 80 || i > 0 && (all[i] < 38 || all[i] > tc.most) || high[i] < tc.least || high[i] > 40 {
						t.Errorf("second %d delivered %d, %d of them High", i+1, all[i], high[i])
					}
				}
				if server != 20 {
					t.Errorf("%d of 20 messages of the server", server)
				}
				for _, f := range store.flushes { // what is held between two flushes
					if len(f.candidates) > 150 {
						t.Errorf("%d candidates in a flush", len(f.candidates))
					}
				}
			})
		})
	}
}

// tenSeconds are 1000 offers a second: so many of them High, 600 Normal, the rest Low.
func tenSeconds(high int) (all []offer) {
	for i := range 10_000 {
		o := offer{at: time.Duration(i) * time.Millisecond, priority: chat.Low}
		switch {
		case i*high/1000 != (i+1)*high/1000:
			o.priority = chat.High
		case i%5 < 3:
			o.priority = chat.Normal
		}
		all = append(all, o)
		if i%500 == 499 {
			all = append(all, offer{at: o.at, priority: chat.High, server: true})
		}
	}
	return all
}

// bySecond counts what members said that a member received, all and High, by the second since begin, and what the server did.
func bySecond(member *session, begin time.Time) (all, high [11]int, server int) {
	for _, item := range member.items() {
		switch m := item.Message; {
		case m == nil:
		case m.Server:
			server++
		default:
			at := m.Time.Sub(begin) / time.Second
			if all[at]++; m.Priority == chat.High {
				high[at]++
			}
		}
	}
	return all, high, server
}
